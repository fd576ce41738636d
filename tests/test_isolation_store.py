"""Servers are strangers to each other, in SQL: every function of the store that is given a server is called for one
that has nothing, with every id and word of another, and neither tells nor changes anything of that one.
"""

import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_type_hints

from sqlalchemy import Connection, insert, select

import bot.store
from bot.core.bulletin import Bulletin, Content
from bot.core.feed import FeedState
from bot.core.feedlist import ServerFeed
from bot.core.newfeed import NewFeed, Sorted
from bot.core.story import MergingRules, Placement
from bot.core.voting import Tally
from bot.errors import TocsinError
from bot.store import (
    Store,
    alerts,
    bulletins,
    corrections,
    feeds,
    guild_feeds,
    guilds,
    places,
    plans,
    polls,
    prune,
    pulse,
    servers,
    subscriptions,
    traces,
    verdicts,
    votes,
    watches,
)
from bot.store.corrections import Hand
from bot.store.guilds import GuildSettings, Watch
from bot.store.polls import Judged, Outcome
from bot.store.schema import metadata
from bot.store.schema import places as place_table
from bot.store.votes import Vote
from handlers.admin.means import unweighed
from tests.builders import NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry
from tests.postgres import FreshDatabase

OURS, THEIRS = 1_000_000_001, 666
"""A server with everything, and one with nothing, which asks."""
CHANNEL, OPS, MANAGER = 1_000_000_020, 1_000_000_022, 1_000_000_007
MARK = "alpha"
"""What every text of our server holds."""
ADDRESS = "https://alpha.example/feed?key=4711"
LEASE = timedelta(minutes=2)
IDS = range(1, 8)


def a_hand(server: int) -> Hand:
    return Hand(server, MANAGER, NOON, MergingRules(), unweighed)


def fill(c: Connection, ours: int = OURS, channel: int = CHANNEL) -> None:
    """Everything that one server can have."""
    feeds.add(c, a_feed(), NOON)
    _add_feed(c, ours, ADDRESS, "alpha feed")
    servers.change(c, ours, timezone="Asia/Tokyo", ops_channel_id=OPS, manager_role_id=1_000_000_009, threshold=0.07)
    guilds.add_watch(c, Watch(ours, "watch", "alpha watch", None, MANAGER, NOON))
    guilds.add_watch(c, Watch(ours, "mute", "alpha mute", None, MANAGER, NOON))
    for _ in range(2):
        subscriptions.add(c, a_subscription(channel, ours, organisations=("alpha organisation",)))
    c.execute(insert(place_table).values(channel_id=channel, guild_id=ours, kind="text", seen_at=NOON))
    _tell(c)
    subscriptions.pause(c, 2, "alpha pause")
    for claimed in alerts.claim(c, now=NOON, lease=LEASE, limit=1):
        alerts.settle_sent(c, claimed.alert_id, message_id=1_000_000_060, shown_revision=1, now=NOON)
    bulletins.make(c, Bulletin(ours, OPS, "notice", "alpha period", Content(lines=("alpha notice",))), NOON)
    votes.cast_vote(c, Vote(ours, "s1", MANAGER, True, "not_relevant", NOON), {})
    corrections.merge(c, "s3", "s2", a_hand(ours))
    corrections.note(c, "s1", {"what": "alpha correction"}, a_hand(ours))


def _tell(c: Connection) -> None:
    """Three stories out of the server's own feed, of which two are owed to it."""
    told = [a_story(f"s{number}", title=f"Story {number}") for number in (1, 2, 3)]
    judged = tuple(
        Judged(an_entry(number), an_article(number), an_analysis(), Placement(story, True, 0.5))
        for number, story in enumerate(told, 1)
    )
    owed = tuple(an_alert(number, f"s{story}", reasons=("alpha wish",)) for number, story in ((1, 1), (1, 2), (2, 2)))
    polls.commit(c, Outcome(2, FeedState(first_polled_at=NOON), judged, stories=tuple(told), alerts=owed), NOON)


def _add_feed(c: Connection, guild_id: int, url: str, name: str) -> None:
    def admit(_seen: Sequence[ServerFeed], _lately: Sequence[datetime]) -> Sorted:
        return Sorted((NewFeed(a_feed(url, name=name), name),))

    guild_feeds.add(c, guild_id, by=MANAGER, now=NOON, admit=admit)


def seen_by_admit(c: Connection, server: int) -> list[object]:
    """What a server that adds a feed is compared with."""
    told: list[object] = []

    def admit(seen: Sequence[ServerFeed], lately: Sequence[datetime]) -> Sorted:
        told.extend((seen, lately))
        return Sorted()

    guild_feeds.add(c, server, by=5, now=NOON, admit=admit)
    return told


def subscription_of(guild_id: int, id: int) -> Any:
    return replace(a_subscription(5, guild_id), id=id)


Case = Callable[[Connection, int], object]
CASES: Mapping[str, Case] = {
    "alerts.counts": lambda c, s: sum(alerts.counts(c, s).values()) and MARK,
    "bulletins.get": lambda c, s: [bulletins.get(c, id, s) for id in IDS],
    "bulletins.make": lambda c, s: bulletins.make(c, Bulletin(s, 5, "notice", "p", Content(lines=("x",))), NOON),
    "bulletins.make_notice": lambda c, s: bulletins.make_notice(
        c, Bulletin(s, 5, "notice", "q", Content(lines=("x",))), NOON, told=()
    ),
    "bulletins.notices": lambda c, s: bulletins.notices(c, s),
    "bulletins.redirect": lambda c, s: bulletins.redirect(c, s, 5),
    "corrections.close": lambda c, s: [corrections.close(c, id, a_hand(s)) for id in IDS],
    "corrections.listed": lambda c, s: corrections.listed(c, s),
    "corrections.open_correction": lambda c, s: [refused(corrections.open_correction, c, id, s) for id in IDS],
    "corrections.note": lambda c, s: corrections.note(c, "s1", {"what": "x"}, a_hand(s)),
    "corrections.titles": lambda c, s: corrections.titles(c, s),
    "corrections.undo": lambda c, s: [refused(corrections.undo, c, id, a_hand(s)) for id in IDS],
    "guild_feeds.add": seen_by_admit,
    "guild_feeds.added_lately": lambda c, s: guild_feeds.added_lately(c, s, NOON) and MARK,
    "guild_feeds.feeds_of_others": lambda c, s: guild_feeds.feeds_of_others(c, s),
    "guild_feeds.find": lambda c, s: [guild_feeds.find(c, s, id) for id in IDS],
    "guild_feeds.forget": lambda c, s: guild_feeds.forget(c, s, NOON),
    "guild_feeds.remove": lambda c, s: [guild_feeds.remove(c, s, id, NOON) for id in IDS],
    "guild_feeds.set_paused": lambda c, s: [guild_feeds.set_paused(c, s, id, True, NOON) for id in IDS],
    "guild_feeds.visible": lambda c, s: guild_feeds.visible(c, s),
    "guilds.add_watch": lambda c, s: guilds.add_watch(c, Watch(s, "mute", "alpha watch", None, 5, NOON)),
    "guilds.listed_watches": lambda c, s: guilds.listed_watches(c, NOON, s),
    "guilds.remove_watch": lambda c, s: guilds.remove_watch(c, s, "watch", "alpha watch"),
    "guilds.save": lambda c, s: guilds.save(c, GuildSettings(s, timezone="UTC")),
    "guilds.settings": lambda c, s: guilds.settings(c, s),
    "guilds.wants": lambda c, s: guilds.wants(c, s, NOON),
    "places.left": lambda c, s: places.left(c, s),
    "plans.add": lambda c, s: plans.add(c, a_subscription(5, s), NOON, None, list),
    "plans.change": lambda c, s: [plans.change(c, subscription_of(s, id), NOON, None, list) for id in IDS],
    "prune.kept_of": lambda c, s: sum(prune.kept_of(c, s).values()) and MARK,
    "prune.server": lambda c, s: prune.server(c, s, NOON, 100),
    "prune.silence": lambda c, s: prune.silence(c, s),
    "pulse.oldest_owed": lambda c, s: pulse.oldest_owed(c, NOON, s) and MARK,
    "servers.change": lambda c, s: servers.change(c, s, timezone="UTC"),
    "servers.come_back": lambda c, s: servers.come_back(c, s),
    "servers.leave": lambda c, s: servers.leave(c, s, NOON),
    "subscriptions.add": lambda c, s: subscriptions.add(c, a_subscription(5, s)),
    "subscriptions.edit": lambda c, s: [subscriptions.edit(c, subscription_of(s, id)) for id in IDS],
    "subscriptions.get": lambda c, s: [subscriptions.get(c, id, s) for id in IDS],
    "subscriptions.listed": lambda c, s: subscriptions.listed(c, s),
    "subscriptions.pause": lambda c, s: [subscriptions.pause(c, id, "x", s) for id in IDS],
    "subscriptions.remove": lambda c, s: [subscriptions.remove(c, id, s) for id in IDS],
    "subscriptions.resume": lambda c, s: [subscriptions.resume(c, id, s) for id in IDS],
    "traces.of_link": lambda c, s: named(traces.of_link(c, [f"https://news.example/{id}" for id in IDS], s)),
    "traces.of_story": lambda c, s: [named(traces.of_story(c, f"s{id}", s)) for id in IDS],
    "verdicts.give": lambda c, s: verdicts.give(c, a_story("s1"), "relevant", a_hand(s), {}),
    "verdicts.reset": lambda c, s: refused(verdicts.reset, c, None, a_hand(s), {}),
    "verdicts.undo": lambda c, s: [refused(verdicts.undo, c, id, a_hand(s), {}) for id in IDS],
    "votes.cast_vote": lambda c, s: votes.cast_vote(c, Vote(s, "s1", MANAGER, True, "relevant", NOON), {}),
    "votes.judged": lambda c, s: votes.judged(c, s) and MARK,
    "votes.of_person": lambda c, s: votes.of_person(c, s, "s1", MANAGER) and MARK,
    "votes.reset": lambda c, s: votes.reset(c, s, None, {}) and MARK,
    "votes.restore": lambda c, s: votes.restore(c, [Vote(OURS, "s1", 5, True, "relevant", NOON)], s, {}),
    "votes.settle": lambda c, s: votes.settle(c, s, {}),
    "votes.take_back": lambda c, s: votes.take_back(c, s, "s1", MANAGER, {}),
    "votes.tally": lambda c, s: votes.tally(c, s, "s1") != Tally() and MARK,
    "votes.withdraw": lambda c, s: votes.withdraw(c, Vote(s, "s1", MANAGER, True, "not_relevant", NOON)),
    "watches.lift": lambda c, s: watches.lift(c, s, "alpha watch", NOON),
    "watches.put": lambda c, s: watches.put(c, Watch(s, "mute", "alpha mute", None, 5, NOON), most=5),
}
ONLY_ADD = {
    "bulletins.make", "bulletins.make_notice", "corrections.note", "guild_feeds.feeds_of_others", "guilds.add_watch",
    "plans.add", "servers.come_back", "subscriptions.add", "votes.restore", "votes.settle",
}  # fmt: skip
"""What only adds rows here, or has nothing to do, for the server itself too."""
EVERYBODYS = {
    "corrections.merge": "stories are everybody's, and so is what managers say of them",
    "corrections.split": "the same",
    "rows.subscription_columns": "asks no database",
    "subscriptions.serve_only": "for the operator, of all servers at once",
}


def refused(function: Callable[..., object], *given: object) -> object:
    """What a function gives, or the sentence that it refuses with."""
    try:
        return function(*given)
    except (TocsinError, TypeError) as error:  # the latter of a verdict that is taken for a merge
        return str(error)


def named(found: Sequence[Any]) -> list[object]:
    """Traces without the article itself, which every server may read."""
    return [(each.feed, each.fates, each.because) for each in found]


def scoped() -> Iterator[str]:
    """Every function of the store that is given a server, by itself or within a value."""
    for module in pkgutil.iter_modules(bot.store.__path__):
        if module.name == "migrations":
            continue
        found = importlib.import_module(f"bot.store.{module.name}")
        for name, function in inspect.getmembers(found, inspect.isfunction):
            if function.__module__ != found.__name__ or name.startswith("_"):
                continue
            hints = get_type_hints(function)
            hints.pop("return", None)
            if {"guild_id", "guild_ids"} & hints.keys() or any(
                "guild_id" in getattr(hint, "__dataclass_fields__", {}) for hint in hints.values()
            ):
                yield f"{module.name}.{name}"


def every_row(c: Connection) -> set[str]:
    """Every row of the database as a text, but for the numbers that count changes, which are nobody's."""
    return {
        f"{table.name} {dict(row)}"
        for table in metadata.sorted_tables
        if table.name != "counters"
        for row in c.execute(select(table)).mappings()
    }


def test_every_function_that_is_given_a_server_is_tried_here() -> None:
    there = set(scoped())
    assert there - CASES.keys() - EVERYBODYS.keys() == set(), "add a case for each of these"
    assert CASES.keys() | EVERYBODYS.keys() <= there, "these are no more"


async def test_no_function_tells_or_changes_anything_of_another_server(fresh_database: FreshDatabase) -> None:
    async with a_full_store(fresh_database) as store:
        for name, case in CASES.items():
            told, lost = await store.write(tried, case, THEIRS)
            assert not tells(told), f"{name} tells {told}"
            assert not lost, f"{name} changes {lost}"


async def test_each_of_them_does_tell_or_change_something_for_the_server_itself(fresh_database: FreshDatabase) -> None:
    """What is tried above has something to find."""
    async with a_full_store(fresh_database) as store:
        idle = set()
        for name, case in CASES.items():
            told, lost = await store.write(tried, case, OURS)
            if not (tells(told) or lost):
                idle.add(name)
    assert idle == ONLY_ADD


@asynccontextmanager
async def a_full_store(fresh_database: FreshDatabase) -> AsyncIterator[Store]:
    with fresh_database() as url:
        async with Store.open(url) as store:
            await store.write(fill)
            yield store


def tells(told: object) -> bool:
    return any(mark in str(told) for mark in (MARK, str(CHANNEL), str(OPS), "Asia/Tokyo"))


def tried(c: Connection, case: Case, server: int) -> tuple[object, set[str]]:
    """What a case tells, and the rows that are not what they were; it is undone then."""
    before, undo = every_row(c), c.begin_nested()
    told, after = case(c, server), every_row(c)
    undo.rollback()
    return told, before - after
