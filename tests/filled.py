"""A database with rows in every table, sound and of many shapes, for tests of what is done with whole databases."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from bot.core.alert import Habits
from bot.core.bulletin import Bulletin, Content
from bot.core.feed import FeedState
from bot.core.hours import DigestPlan
from bot.core.importance import Importance
from bot.core.story import MergingRules, Placement
from bot.store import Store, alerts, bulletins, corrections, feeds, guilds, polls, prune, servers, subscriptions, votes
from bot.store.corrections import Hand
from bot.store.guilds import Watch
from bot.store.polls import Judged, Outcome
from bot.store.schema import guild_feeds, hosts, metadata, places, refusals, runners
from bot.store.votes import Vote
from handlers.admin.means import unweighed
from tests.builders import MINUTE, NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry

LEASE = timedelta(minutes=2)
HERE = 10
HAND = Hand(HERE, 7, NOON, MergingRules(), unweighed)
ODD = "Ünïcödé “quoted”\n\t'; DROP TABLE stories; -- 🛰️ \\ % _ 軍事"


async def a_filled_database(folder: Path, name: str = "tocsin.db") -> str:
    """The address of an SQLite database with rows in every table."""
    url = f"sqlite:///{folder / name}"
    async with Store.open(url) as store:
        await store.write(fill)
    return url


def fill(c: Connection) -> None:
    """Rows in every table, as those who know the tables write them."""
    _people(c)
    _news(c)
    _messages(c)
    _corrections(c)
    _runners(c)
    empty = [table.name for table in metadata.sorted_tables if not c.scalar(select(func.count()).select_from(table))]
    assert not empty, f"these tables have no rows; fill them in tests/filled.py: {empty}"


def _people(c: Connection) -> None:
    plan = Habits(digest=DigestPlan(8, timezone="Europe/Berlin"), max_per_hour=3)
    subscriptions.add(c, a_subscription(20, HERE, organisations=("NATO", ODD), events=("contract",), languages=("en",)))
    subscriptions.add(c, a_subscription(21, HERE, mode="digest", habits=plan))
    subscriptions.add(c, a_subscription(2**62 + 1, 11, topic="ai-defence", paused="asked for"))
    gone = subscriptions.add(c, a_subscription(23, 11))
    subscriptions.remove(c, gone)
    subscriptions.add(c, a_subscription(24, 12))
    prune.server(c, 12, NOON, 100)  # the row is gone, and its number not given again
    servers.change(c, HERE, timezone="Asia/Tokyo", ops_channel_id=22)
    servers.change(c, 11, manager_role_id=2**62)
    guilds.add_watch(c, Watch(HERE, "watch", ODD, None, 7, NOON))
    guilds.add_watch(c, Watch(HERE, "mute", "rumours", NOON + MINUTE, 7, NOON))
    alerts.pause_channel(c, 24, reason="no right", now=NOON)
    alerts.close_channel(c, 25, reason="gone", now=NOON)


def _news(c: Connection) -> None:
    for number, name in enumerate(("one", "two", "three"), start=1):
        feeds.add(c, a_feed(f"https://{name}.example/feed", name=ODD, outlet=name if number > 1 else None), NOON)
    feeds.remove(c, "https://three.example/feed")
    c.execute(insert(guild_feeds).values(guild_id=HERE, feed_id=2, name=ODD, added_by=7, added_at=NOON))
    told = [a_story(f"s{number}", title=f"{ODD} {number}", relevance=0.1 + number / 3) for number in range(1, 5)]
    told[1] = a_story("s2", follows="s1", stage=None)
    placed = [
        Judged(
            an_entry(number),
            an_article(number, text=f"{ODD} words {number}"),
            an_analysis(),
            Placement(story, True, 1 / 3),
        )
        for number, story in enumerate(told, start=1)
    ]
    silent = Judged(an_entry(9, published=None), an_article(9, published=None), an_analysis(relevant=False))
    owed = [an_alert(1, story.id, reasons=(ODD,)) for story in told[:3]]
    owed += [an_alert(2, story.id, kind="digest") for story in told]
    outcome = Outcome(
        1,
        FeedState(etag=ODD, first_polled_at=NOON, last_polled_at=NOON + timedelta(microseconds=1)),
        (*placed, silent),
        adopted=((an_entry(10), "a storm"),),
        stories=tuple(told),
        weights={"s1": Importance("high", 0.7)},
        alerts=tuple(owed),
    )
    polls.commit(c, outcome, NOON)


def _messages(c: Connection) -> None:
    (first,) = alerts.claim(c, now=NOON, lease=LEASE, limit=5)
    alerts.settle_sent(c, first.alert_id, message_id=2**60, shown_revision=1, now=NOON, place_id=2**60)
    alerts.settle_edit(c, first.alert_id, shown_revision=1, now=NOON)
    (second,) = alerts.claim(c, now=NOON, lease=LEASE, limit=5)
    alerts.settle_retry(c, second.alert_id, not_before=NOON + MINUTE, problem="a 502", now=NOON)
    alerts.claim(c, now=NOON + MINUTE, lease=LEASE, limit=5)
    digest = Bulletin(HERE, 21, "digest", "2@2026-03-04", Content(("s1", "s2"), since=NOON), 2)
    assert bulletins.make(c, digest, NOON, members=[4, 5])
    for key in ("sent", "owed"):
        bulletins.make(c, Bulletin(HERE, 22, "notice", key, Content(lines=(ODD,))), NOON)
    for each in bulletins.claim(c, now=NOON, lease=LEASE, limit=1):
        bulletins.settle_sent(c, each.id, message_id=2**60 + 1, now=NOON)


def _corrections(c: Connection) -> None:
    votes.cast_vote(c, Vote(HERE, "s1", 7, True, "not_relevant", NOON), {})
    votes.cast_vote(c, Vote(HERE, "s1", 8, False, "wrong_merge", NOON), {})
    corrections.merge(c, "s4", "s3", HAND)
    corrections.note(c, "s1", {"what": ODD, "number": 1e-9, "nested": [{"a": None}]}, HAND)


def _runners(c: Connection) -> None:
    c.execute(insert(hosts).values(name="one.example", turn_by="r1", turn_until=NOON, rest_until=None))
    c.execute(insert(hosts).values(name="two.example", rest_until=NOON + MINUTE))
    c.execute(insert(places).values(channel_id=20, guild_id=HERE, kind="forum", seen_at=NOON))
    c.execute(insert(refusals).values(minute=NOON, count=3))
    c.execute(
        insert(runners).values(
            id="r1", roles="poll", machine=ODD, pid=1, version="1", started_at=NOON, seen_at=NOON, facts={"lag": 0.1}
        )
    )
