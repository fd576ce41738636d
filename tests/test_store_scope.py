"""What a server asks of the store tells it nothing of another server, and changes nothing there.

Every function of the store that takes a server's id is called for a stranger, with the numbers of somebody else's rows:
it must answer as if the other server were not there, and leave that one's rows as they are.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select

import bot.store
from bot.core.bulletin import Bulletin
from bot.core.importance import Importance
from bot.core.newfeed import NewFeed, Sorted
from bot.core.story import MergingRules, Placement
from bot.errors import TocsinError
from bot.store import (
    alerts,
    bulletins,
    corrections,
    feeds,
    guild_feeds,
    guilds,
    plans,
    polls,
    prune,
    pulse,
    servers,
    subscriptions,
    traces,
    votes,
    watches,
)
from bot.store.corrections import Hand
from bot.store.engine import address, engine_for
from bot.store.guilds import GuildSettings, Watch
from bot.store.schema import metadata
from bot.store.upgrade import upgrade
from bot.store.votes import Vote
from tests.builders import MINUTE, NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry

HERE, STRANGER = 10, 99
SECRET = a_feed("https://secret.example/feed?key=1", name="Secret")
LEAST = {"ai-defence": 0.5}
NUMBERS = (1, 2)
"""Of the other server's subscriptions, messages, corrections and feeds."""


def shared(c: Connection) -> None:
    """What is everybody's: two stories with a report each."""
    listed = feeds.add(c, a_feed(), NOON)
    for number in NUMBERS:
        story = a_story(f"story-{number}", title=f"Story {number}")
        judged = polls.Judged(an_entry(number), an_article(number), an_analysis(), Placement(story, True, 0.0))
        outcome = polls.Outcome(listed, feeds.listed(c)[0].state, (judged,), stories=(story,))
        polls.commit(c, outcome, NOON)


def another_server(c: Connection) -> None:
    """Everything that a server can have, each thing twice or named."""
    for number in NUMBERS:
        subscription = subscriptions.add(c, a_subscription(20 + number, HERE))
        alerts.owe(c, [an_alert(subscription, f"story-{each}") for each in NUMBERS], NOON)
        bulletins.make(c, Bulletin(HERE, 20 + number, "notice", f"key {number}", subscription_id=subscription), NOON)
    for each in alerts.claim(c, now=NOON, lease=MINUTE, limit=1):
        alerts.settle_sent(c, each.alert_id, message_id=5, shown_revision=1, now=NOON)
    subscriptions.pause(c, 2, "on holiday")
    guilds.save(c, GuildSettings(HERE, timezone="Asia/Tokyo", ops_channel_id=21, manager_role_id=7, threshold=0.05))
    for kind in ("watch", "mute"):
        guilds.add_watch(c, Watch(HERE, kind, f"{kind} this", None, 1, NOON))
    add_feed(c, HERE)
    votes.cast_vote(c, Vote(HERE, "story-1", 7, True, "not_relevant", NOON), LEAST)
    corrections.note(c, "story-1", {"what": "hidden words"}, hand(HERE))


def add_feed(c: Connection, guild_id: int) -> Sorted:
    return guild_feeds.add(c, guild_id, by=1, now=NOON, admit=lambda seen, lately: Sorted((NewFeed(SECRET, "Ours"),)))


def hand(guild_id: int) -> Hand:
    return Hand(guild_id, 7, NOON, MergingRules(), lambda _: Importance("low", 0.0))


def taken_over(changes: Callable[[int], object]) -> list[object]:
    return [changes(number) for number in NUMBERS]


def stolen(number: int) -> object:
    """Somebody else's subscription, as if it were the stranger's."""
    return replace(a_subscription(77, STRANGER), id=number)


CASES: dict[str, Callable[[Connection], object]] = {
    "alerts.counts": lambda c: alerts.counts(c, STRANGER),
    "bulletins.get": lambda c: taken_over(lambda id: bulletins.get(c, id, STRANGER)),
    "bulletins.notices": lambda c: bulletins.notices(c, STRANGER),
    "bulletins.redirect": lambda c: bulletins.redirect(c, STRANGER, 77),
    "corrections.listed": lambda c: corrections.listed(c, STRANGER),
    "corrections.open_correction": lambda c: corrections.open_correction(c, 1, STRANGER),
    "corrections.titles": lambda c: corrections.titles(c, STRANGER),
    "corrections.undo": lambda c: corrections.undo(c, 1, hand(STRANGER)),
    "guild_feeds.add": lambda c: add_feed(c, STRANGER),
    "guild_feeds.added_lately": lambda c: guild_feeds.added_lately(c, STRANGER, NOON),
    "guild_feeds.find": lambda c: guild_feeds.find(c, STRANGER, 2),
    "guild_feeds.forget": lambda c: guild_feeds.forget(c, STRANGER, NOON),
    "guild_feeds.remove": lambda c: taken_over(lambda id: guild_feeds.remove(c, STRANGER, id, NOON)),
    "guild_feeds.set_paused": lambda c: taken_over(lambda id: guild_feeds.set_paused(c, STRANGER, id, True, NOON)),
    "guild_feeds.visible": lambda c: guild_feeds.visible(c, STRANGER),
    "guilds.listed_watches": lambda c: guilds.listed_watches(c, NOON, STRANGER),
    "guilds.remove_watch": lambda c: guilds.remove_watch(c, STRANGER, "watch", "watch this"),
    "guilds.settings": lambda c: guilds.settings(c, STRANGER),
    "plans.change": lambda c: taken_over(lambda id: plans.change(c, stolen(id), NOON, None, lambda _: None)),  # type: ignore[arg-type]
    "prune.kept_of": lambda c: prune.kept_of(c, STRANGER),
    "prune.server": lambda c: prune.server(c, STRANGER, NOON, 100),
    "prune.silence": lambda c: prune.silence(c, STRANGER),
    "pulse.oldest_owed": lambda c: pulse.oldest_owed(c, NOON, STRANGER),
    "servers.change": lambda c: servers.change(c, STRANGER, timezone="Europe/Oslo"),
    "servers.come_back": lambda c: servers.come_back(c, STRANGER),
    "servers.leave": lambda c: servers.leave(c, STRANGER, NOON),
    "subscriptions.edit": lambda c: taken_over(lambda id: subscriptions.edit(c, stolen(id))),  # type: ignore[arg-type]
    "subscriptions.get": lambda c: taken_over(lambda id: subscriptions.get(c, id, STRANGER)),
    "subscriptions.listed": lambda c: subscriptions.listed(c, STRANGER),
    "subscriptions.pause": lambda c: taken_over(lambda id: subscriptions.pause(c, id, "theft", STRANGER)),
    "subscriptions.remove": lambda c: taken_over(lambda id: subscriptions.remove(c, id, STRANGER)),
    "subscriptions.remove_guild": lambda c: subscriptions.remove_guild(c, STRANGER),
    "subscriptions.resume": lambda c: taken_over(lambda id: subscriptions.resume(c, id, STRANGER)),
    "traces.of_link": lambda c: traces.of_link(c, ["https://news.example/1"], STRANGER),
    "traces.of_story": lambda c: traces.of_story(c, "story-1", STRANGER),
    "votes.judged": lambda c: votes.judged(c, STRANGER),
    "votes.of_person": lambda c: votes.of_person(c, STRANGER, "story-1", 7),
    "votes.reset": lambda c: votes.reset(c, STRANGER, None, LEAST),
    "votes.restore": lambda c: votes.restore(c, [], STRANGER, LEAST),
    "votes.settle": lambda c: votes.settle(c, STRANGER, LEAST),
    "votes.take_back": lambda c: votes.take_back(c, STRANGER, "story-1", 7, LEAST),
    "votes.tally": lambda c: votes.tally(c, STRANGER, "story-1"),
    "watches.lift": lambda c: watches.lift(c, STRANGER, "mute this", NOON),
}
TELLS_NOTHING = {
    "guild_feeds.feeds_of_others": "it names, to the store alone, what has to be hidden",
    "places.left": "channels are known to Discord's own rights, and a gateway sees all of them",
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that holds only what is everybody's."""
    with database(tmp_path_factory.mktemp("alone"), shared) as engine:
        yield engine


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The same with another server in it."""
    with database(tmp_path_factory.mktemp("beside"), shared, another_server) as engine:
        yield engine


@contextmanager
def database(folder: Path, *made: Callable[[Connection], None]) -> Iterator[Engine]:
    engine = engine_for(address(f"sqlite:///{folder}/tocsin.db"), busy=1, connections=1)
    try:
        with engine.execution_options(writes=True).begin() as c:
            upgrade(c, "test")
            for make in made:
                make(c)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    """A transaction that leaves nothing behind."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def rows(c: Connection) -> set[tuple[str, str]]:
    return {(table.name, repr(row)) for table in metadata.sorted_tables for row in c.execute(select(table))}


def answered(c: Connection, case: Callable[[Connection], object]) -> str:
    try:
        return repr(case(c))
    except TocsinError as error:
        return repr(error)


@pytest.mark.parametrize("name", CASES)
def test_a_stranger_hears_nothing_of_another_server_and_changes_nothing_there(
    name: str, alone: Engine, beside: Engine
) -> None:
    with undone(alone) as c:
        expected = answered(c, CASES[name])
    with undone(beside) as c:
        before = rows(c)
        assert answered(c, CASES[name]) == expected
        assert not before - rows(c)


def test_every_function_that_takes_a_servers_id_is_tried() -> None:
    found = set()
    for each in pkgutil.iter_modules(bot.store.__path__):
        module = importlib.import_module(f"bot.store.{each.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and "guild_id" in inspect.signature(function).parameters:
                found.add(f"{each.name}.{name}")
    tried = {name for name in found if not name.rpartition(".")[2].startswith("_")}
    assert tried - CASES.keys() == TELLS_NOTHING.keys() & tried
