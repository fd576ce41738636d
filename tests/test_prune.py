"""What is deleted when its time has come, and what is not."""

from collections.abc import AsyncIterator, Sized
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, event, func, select, update

from bot.core.bulletin import Bulletin
from bot.core.feed import FeedState
from bot.core.story import MergingRules, Placement, Story
from bot.store import (
    Store,
    alerts,
    bulletins,
    entries,
    feeds,
    guilds,
    polls,
    prune,
    servers,
    stories,
    subscriptions,
    votes,
)
from bot.store import corrections as correction_store
from bot.store.corrections import Hand
from bot.store.polls import Judged, Outcome
from bot.store.schema import metadata
from bot.store.votes import Vote
from handlers.admin.means import unweighed
from handlers.poll import Shelf
from handlers.prune import PruneReport, prune_tick
from tests.builders import MINUTE, NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry

YEAR = timedelta(days=365)
LATER = NOON + YEAR + timedelta(days=1)
HERE = 10


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


async def tick(store: Store, now: datetime = LATER) -> PruneReport:
    return await prune_tick(now, store=store, keep=YEAR, idle=timedelta(days=5))


async def keep(store: Store, story: Story, number: int = 1, *, at: datetime = NOON) -> None:
    """A story with one report of that time."""
    feed = await store.write(feeds.add, a_feed(), NOON)
    article = an_article(number, first_seen=at)
    judged = Judged(an_entry(number), article, an_analysis(), Placement(story, True, 0.0))
    await store.write(polls.commit, Outcome(feed, FeedState(), (judged,), stories=(story,)), at)


async def size(store: Store, name: str) -> int:
    return await store.read(lambda c: c.scalar(select(func.count()).select_from(metadata.tables[name])) or 0)


async def test_an_old_story_goes_with_its_articles_and_all_that_is_about_it(store: Store) -> None:
    await keep(store, a_story())
    subscription = await store.write(subscriptions.add, a_subscription())
    await store.write(alerts.owe, [an_alert(subscription)], NOON)
    [claimed] = await store.write(alerts.claim, now=NOON, lease=MINUTE, limit=1)
    await store.write(alerts.settle_sent, claimed.alert_id, message_id=1, shown_revision=1, now=NOON)
    await store.write(votes.cast_vote, Vote(HERE, "story-1", 7, True, "not_relevant", NOON), {})
    report = await tick(store)
    assert (report.articles, report.stories) == (1, 1)
    for name in ("articles", "stories", "story_organisations", "alerts", "deliveries", "votes"):
        assert await size(store, name) == 0, name
    assert await size(store, "subscriptions") == 1


async def test_an_old_story_goes_however_many_were_told_of_it(store: Store) -> None:
    """A statement takes some ten thousand values: the ids of a story's alerts may be more."""
    await keep(store, a_story())
    told = [await store.write(subscriptions.add, a_subscription(number, number)) for number in range(1, 60)]
    await store.write(alerts.owe, [an_alert(each) for each in told], NOON)
    await store.write(lambda c: c.execute(update(metadata.tables["alerts"]).values(state="dead")))
    most = 0

    def count(_c: object, _cursor: object, _statement: str, values: Sized, *_: object) -> None:
        nonlocal most
        most = max(most, len(values))

    def prune_all(c: Connection) -> int:
        event.listen(c, "before_cursor_execute", count)
        return prune.old_articles(c, LATER, LATER, 20) + prune.old_stories(c, LATER, 20)

    assert await store.write(prune_all) == 2
    assert await size(store, "alerts") == 0
    assert 0 < most < len(told)


async def test_what_is_younger_stays(store: Store) -> None:
    await keep(store, a_story())
    assert (await tick(store, NOON + YEAR - MINUTE)).articles == 0
    assert await size(store, "stories") == 1


async def test_articles_of_a_story_that_still_takes_reports_stay(store: Store) -> None:
    await keep(store, a_story(last_seen=LATER - timedelta(days=1)))
    assert (await tick(store)).articles == 0


async def test_articles_and_stories_that_still_owe_an_alert_stay(store: Store) -> None:
    await keep(store, a_story())
    subscription = await store.write(subscriptions.add, a_subscription())
    await store.write(alerts.owe, [an_alert(subscription)], LATER - YEAR)
    report = await tick(store)
    assert (report.articles, report.stories) == (0, 0)


async def test_a_story_that_followed_an_old_one_follows_none_in_memory_too(store: Store) -> None:
    await keep(store, a_story("old"))
    young = a_story("young", first_seen=LATER, last_seen=LATER, follows="old")
    await keep(store, young, 2, at=LATER)
    shelf = Shelf(MergingRules())
    await shelf.load(store, LATER)
    await tick(store, LATER + MINUTE)
    on_shelf = await store.write(lambda c: {each.id: each.follows for each in shelf.begin(c, LATER)})
    assert on_shelf["young"] is None
    kept = await store.read(stories.get, "young")
    assert kept is not None
    assert kept.follows is None


async def test_a_merged_story_goes_with_the_one_that_it_went_into(store: Store) -> None:
    await keep(store, a_story("one", profile={}))
    await keep(store, a_story("two", profile={}), 2)
    hand = Hand(HERE, 7, NOON, MergingRules(), unweighed)
    await store.write(correction_store.merge, "two", "one", hand)
    assert (await tick(store)).stories == 2
    assert await size(store, "corrections") == 0


async def test_the_newest_entries_of_a_feed_are_remembered_however_old(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "SPARED", 2)
    feed = await store.write(feeds.add, a_feed(), NOON)
    await store.write(entries.add, feed, [an_entry(number) for number in range(5)], NOON, adopted={})
    assert (await tick(store)).entries == 3
    known = await store.read(entries.known, feed, [f"guid:{number}" for number in range(5)])
    assert known == {"guid:3", "guid:4"}


async def test_an_entry_whose_article_is_kept_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "SPARED", 0)
    await keep(store, a_story(last_seen=LATER))
    assert (await tick(store)).entries == 0
    await keep(store, a_story("s2"), 2)
    assert (await tick(store)).entries == 1


async def test_who_voted_is_forgotten_after_thirty_days_and_the_vote_counts_on(store: Store) -> None:
    await keep(store, a_story(relevance=0.55))
    least = {"ai-defence": 0.5}
    await store.write(votes.cast_vote, Vote(HERE, "story-1", 7, True, "not_relevant", NOON), least)
    assert (await tick(store, NOON + timedelta(days=29))).voters == 0
    assert (await tick(store, NOON + timedelta(days=31))).voters == 1
    assert await store.read(votes.of_person, HERE, "story-1", 7) == []
    assert (await store.write(votes.settle, HERE, least))[1] == 0.02


async def test_what_a_pause_outlasts_is_given_up_with_its_reason_when_stories_of_its_age_go(store: Store) -> None:
    wanted = await store.write(subscriptions.add, a_subscription())
    await store.write(subscriptions.pause, wanted, "by a manager")
    await keep(store, a_story("old"), 1)
    await keep(store, a_story("young"), 2, at=LATER - YEAR)
    for each, at in (("old", NOON), ("young", LATER - YEAR)):
        await store.write(alerts.owe, [an_alert(wanted, each)], at)
    report = await tick(store)
    assert (report.alerts, report.stories) == (1, 1)
    assert await store.read(stories.get, "old") is None
    assert await store.read(alerts.state_of, 2) == ("owed", None)


async def test_old_bulletins_go_and_owed_ones_stay(store: Store) -> None:
    for key in ("ended", "owed"):
        await store.write(bulletins.make, Bulletin(HERE, 20, "notice", key), NOON)
    await store.write(bulletins.claim, now=NOON, lease=MINUTE, limit=1)
    await store.write(bulletins.settle_sent, 1, message_id=5, now=NOON)
    assert (await tick(store)).bulletins == 1
    assert await size(store, "bulletins") == 1


async def test_a_server_that_was_left_is_deleted_after_thirty_days(store: Store) -> None:
    await keep(store, a_story())
    for guild in (HERE, 11):
        subscription = await store.write(subscriptions.add, a_subscription(guild + 10, guild))
        await store.write(alerts.owe, [an_alert(subscription)], NOON)
        await store.write(votes.cast_vote, Vote(guild, "story-1", 7, True, "not_relevant", NOON), {})
        await store.write(bulletins.make, Bulletin(guild, guild + 10, "notice", "key"), NOON)
        await store.write(servers.change, guild, timezone="Asia/Tokyo")
    await store.write(servers.leave, HERE, NOON)
    assert (await tick(store, NOON + timedelta(days=29))).servers == 0
    assert (await tick(store, NOON + timedelta(days=31))).servers == 1
    left = await store.read(prune.kept_of, HERE)
    assert set(left.values()) == {0}
    assert sum((await store.read(prune.kept_of, 11)).values()) == 5
    assert [each.guild_id for each in await store.read(guilds.all_settings)] == [11]


async def test_what_discord_said_of_a_servers_channels_goes_with_the_server(store: Store) -> None:
    for guild in (HERE, 11):
        await store.write(subscriptions.add, a_subscription(guild + 10, guild))
        await store.write(servers.change, guild, ops_channel_id=guild + 20)
    for channel in (20, 21, 30, 31):
        await store.write(alerts.close_channel, channel, reason="no right to write there", now=NOON)
    while await store.write(prune.server, HERE, NOON, 5):
        pass
    assert await store.read(lambda c: set(c.scalars(select(metadata.tables["channels"].c.channel_id)))) == {21, 31}


async def test_many_rows_take_many_small_steps(store: Store) -> None:
    await keep(store, a_story())
    subscription = await store.write(subscriptions.add, a_subscription())
    await store.write(stories.save, [replace(a_story(), id=f"s{number}") for number in range(12)])
    await store.write(alerts.owe, [an_alert(subscription, f"s{number}") for number in range(12)], NOON)
    await store.write(prune.silence, HERE)
    steps = 0
    while await store.write(prune.server, HERE, NOON, 5):
        steps += 1
    assert steps == 4
    assert await size(store, "alerts") == 0


async def test_an_edit_of_a_message_whose_row_is_gone_is_no_fault(store: Store) -> None:
    await store.write(alerts.settle_edit, 999, shown_revision=1, now=NOON)
    assert await size(store, "deliveries") == 0
