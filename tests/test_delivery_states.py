"""Whatever people and Discord do in whatever order, each row ends once and each channel is told each story once.

The store, the rules and the tick that gathers are real; Discord is a list of messages, and attempts break off. What is
claimed is judged when it is claimed, what was told and not told at the end.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Row, select

from bot.core.alert import Delivery, Habits, Mode, Subscription
from bot.core.bulletin import Dispatch
from bot.core.hours import DigestPlan
from bot.core.importance import Importance
from bot.core.owing import Hold, owed, updates
from bot.store import Store, alerts, bulletins, plans, servers, stories, subscriptions, waiting
from bot.store.alerts import TOLD
from bot.store.engine import address, engine_for
from bot.store.integrity import broken
from bot.store.invariants import rules
from bot.store.schema import alerts as alert_table
from bot.store.schema import bulletins as bulletin_table
from bot.store.transactions import writing
from handlers.digest import digest
from tests.builders import NOON, a_story, a_subscription
from tests.postgres import FreshDatabase

LEASE = timedelta(minutes=2)
MODES: tuple[Mode, ...] = ("alerts", "digest", "both")
PLAN = Habits(digest=DigestPlan(8))


@dataclass
class World:
    """A database, a clock, and what stands in Discord: (channel, nonce, stories).

    `matched` are the (subscription, story) that are owed a row, `closed` the channels that were gone at some time.
    `held` tells by nonce where something is claimed, and until when nobody else may claim.
    """

    engine: Engine
    now: datetime = NOON
    number: int = 0
    number_of_changes: int = 0
    closed: set[int] = field(default_factory=set)
    moved: bool = False
    messages: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    matched: set[tuple[int, str]] = field(default_factory=set)
    held: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        with writing(self.engine).begin() as c:
            return work(c, *args, **kwargs)

    def listed(self) -> list[Subscription]:
        return cast(list[Subscription], self.write(subscriptions.listed))

    def chosen(self, which: int) -> Subscription | None:
        there = self.listed()
        return there[which % len(there)] if there else None

    def owe(self, which: int, *, hold: bool) -> None:
        """A new story, or more of an old one."""
        self.number += which % 3 > 0
        story = a_story(f"s{self.number}", first_seen=self.now, last_seen=self.now)
        level = ("low", "high")[which % 2]
        self.write(stories.save, [story], {story.id: Importance(level, 1.0)})  # type: ignore[arg-type]
        holds = {each.id: Hold("quiet hours", self.now + timedelta(hours=3)) for each in self.listed() if hold}
        rows = owed(
            [story],
            self.listed(),
            matched=self.write(alerts.matched, [story.id]),
            waiting=self.write(waiting.for_digest, [story.id]),
            tellers=self.write(alerts.tellers, [story.id]),
            weigh=lambda *_: Importance(level, 1.0),  # type: ignore[arg-type]
            holds=holds,
        )
        self.write(alerts.owe, rows, self.now)
        self.matched |= {(row.subscription_id, row.story_id) for row in rows}

    def grow(self, which: int) -> None:
        """Something happened in an old story that those who were told should hear of."""
        story = f"s{which % (self.number + 1)}"
        self.number_of_changes += 1
        told = self.write(alerts.sent_to, [story])
        rows = updates({story: "the sum is another one"}, sorted(told), {story: 1 + self.number_of_changes})
        self.write(alerts.owe, rows, self.now)

    def claim(self) -> tuple[list[Delivery], list[Dispatch]]:
        """The next of each channel in either outbox, judged: whose turn it is, and that nobody else has it."""
        taken = {channel for channel, until in self.held.values() if until > self.now}
        claimed = self.write(alerts.claim, now=self.now, lease=LEASE, limit=50)
        assert {each.alert_id for each in claimed} <= set(self.write(next_of_each_channel, self.now).values())
        assert not taken & {each.subscription.channel_id for each in claimed}
        assert not [each for each in claimed if each.subscription.paused]
        for each in claimed:
            self.held[each.nonce] = each.subscription.channel_id, self.now + LEASE
        lists = self.write(bulletins.claim, now=self.now, lease=LEASE, limit=50)
        assert not [each for each in lists if self.held.get(each.nonce, (0, self.now))[1] > self.now]
        for each in lists:
            self.held[each.nonce] = -each.bulletin.channel_id, self.now + LEASE  # an outbox of its own
        return claimed, lists

    def overlap(self) -> None:
        """Two programs claim one shortly after the other, then both send."""
        first = self.claim()
        self.now += LEASE / 2
        for claimed, lists in (first, self.claim()):
            self.finish(claimed, lists, "sent")

    def thaw(self, ending: str) -> None:
        """A program is frozen after its claim and wakes when another has the rows: its answers come too late."""
        claimed, lists = self.claim()
        self.now += 2 * LEASE
        others = self.claim()
        for row, late, settling in (
            *((each.alert_id, (each.attempt, each.claimed_at), alerts) for each in claimed),
            *((each.id, (each.attempt, each.claimed_at), bulletins) for each in lists),
        ):
            if ending == "dead":
                self.write(settling.settle_dead, row, reason="late", now=self.now, claim=late)
            else:
                again = {"not_before": self.now, "problem": "late", "now": self.now, "claim": late}
                self.write(settling.settle_retry, row, **again)
        self.finish(*others, "sent")

    def send(self, ending: str) -> None:
        """One attempt at whatever is due. A message whose answer was lost is looked for in its own channel alone."""
        self.finish(*self.claim(), ending)

    def finish(self, claimed: list[Delivery], lists: list[Dispatch], ending: str) -> None:
        """The answers to what was claimed."""
        for each in claimed:
            told = () if each.kind == "update" else (each.story.id,)
            place = (each.subscription.channel_id, each.nonce, told)
            if self._attempt(place, each.earlier_claim, ending):
                self.write(alerts.settle_sent, each.alert_id, message_id=1, shown_revision=1, now=self.now)
            elif ending in ("lost", "limited"):
                counts = ending == "lost"
                self.write(
                    alerts.settle_retry, each.alert_id, not_before=self.now, problem=ending, now=self.now, counts=counts
                )
        for bulletin in lists:
            content = bulletin.bulletin.content
            listed = (bulletin.bulletin.channel_id, bulletin.nonce, content.stories + content.left_out)
            if self._attempt(listed, bulletin.earlier_claim, ending):
                self.write(bulletins.settle_sent, bulletin.id, message_id=1, now=self.now)
            elif ending in ("lost", "limited"):
                clear = ending == "limited"
                self.write(
                    bulletins.settle_retry, bulletin.id, not_before=self.now, problem=ending, now=self.now,
                    counts=not clear, unclear=not clear,
                )  # fmt: skip
        if not ending.startswith("killed"):
            for nonce in [*(each.nonce for each in claimed), *(each.nonce for each in lists)]:
                self.held.pop(nonce, None)

    def _attempt(self, place: tuple[int, str, tuple[str, ...]], earlier: datetime | None, ending: str) -> bool:
        if ending in ("killed before", "limited"):
            return False
        if earlier is None or not any(each[:2] == place[:2] for each in self.messages):
            self.messages.append(place)
        return ending == "sent"


class Direct:
    """The store's two methods, on the engine at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def read(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return self._world.write(work, *args, **kwargs)

    write = read


def step(world: World, name: str, which: int) -> None:
    world.now += timedelta(minutes=5 + 60 * (which % 4))
    match name:
        case "owe" | "owe held":
            world.owe(which, hold=name == "owe held")
        case "grow":
            world.grow(which)
        case "gather":
            asyncio.run(digest(world.now, store=cast(Store, Direct(world))))
        case "sent" | "killed before" | "killed after" | "lost" | "limited":
            world.send(name)
        case "overlap":
            world.overlap()
        case "thaw":
            world.thaw("dead" if which % 2 else "retry")
        case "add":
            mode = MODES[which % 3]
            wanted = a_subscription(20 + which % 2, mode=mode, min_importance=("low", "high")[which % 2])
            wanted = replace(wanted, habits=PLAN if mode != "alerts" else Habits(max_per_hour=2 if which % 5 else None))
            world.write(plans.add, wanted, world.now, None, lambda _: None)
        case _:
            elsewhere(world, name, 20 + which % 3)
            found = world.chosen(which)
            if found is not None:
                change(world, name, found, which)


def elsewhere(world: World, name: str, channel: int) -> None:
    """What happens to a channel, or to the whole server."""
    match name:
        case "forbid":
            world.write(alerts.pause_channel, channel, reason="no right", now=world.now)
        case "allow":
            world.write(alerts.resume_channel, channel)
        case "close":
            world.closed.add(channel)
            world.write(alerts.close_channel, channel, reason="the channel is gone", now=world.now)
        case "leave":
            world.write(servers.leave, 10, world.now)
        case "come back":
            world.write(servers.come_back, 10)


def change(world: World, name: str, found: Subscription, which: int) -> None:
    match name:
        case "pause":
            world.write(subscriptions.pause, found.id, "by a manager")
        case "resume":
            world.write(subscriptions.resume, found.id)
        case "remove":
            world.write(subscriptions.remove, found.id)
        case "move":
            world.moved = True
            world.write(subscriptions.edit, replace(found, channel_id=20 + which % 3))
        case "mode":
            mode = MODES[which % 3]
            habits = PLAN if mode != "alerts" else Habits()
            world.write(plans.change, replace(found, mode=mode, habits=habits), world.now, None, lambda _: None)


def drain(world: World) -> None:
    """Everybody may hear again, for three days."""
    world.write(servers.come_back, 10)
    for channel in range(20, 23):
        world.write(alerts.resume_channel, channel)
    for each in world.listed():
        world.write(subscriptions.resume, each.id)
    for _ in range(3):
        world.now += timedelta(days=1)
        asyncio.run(digest(world.now, store=cast(Store, Direct(world))))
        for _ in range(world.number + 5):
            world.now += 2 * LEASE
            world.send("sent")


NAMES = (
    "owe", "owe", "owe", "owe held", "gather", "add", "sent", "killed before", "killed after", "lost", "limited",
    "pause", "resume", "remove", "move", "mode", "overlap", "thaw", "forbid", "allow", "close",
    "grow", "leave", "come back",
)  # fmt: skip


KNOWN = (
    [("owe", 3), ("overlap", 0)],
    [("owe", 3), ("thaw", 1)],
    [("owe", 3), ("thaw", 0)],
    [("owe", 1), ("owe", 2), ("overlap", 0)],
    [("add", 30), ("owe", 3), ("remove", 0)],
    [("add", 30), ("owe", 3), ("killed before", 0), ("remove", 0)],
    [("add", 30), ("owe", 3), ("killed after", 0), ("remove", 0)],
    [("owe", 3), ("lost", 0), ("move", 2)],
    [("remove", 1), ("owe", 3), ("lost", 0), ("move", 2)],
    [("add", 15), ("add", 15), ("owe", 3), ("move", 6)],
    [("add", 11), ("add", 4), ("owe", 2), ("owe", 3)],
    [("remove", 0), ("owe", 3), *[("gather", 3)] * 7, ("close", 0), ("sent", 0)],
)
"""Histories that tell apart what is right from what is nearly right, each from one rule that was left out."""


def known_histories(test: Callable[..., None]) -> Callable[..., None]:
    for steps in KNOWN:
        test = example(steps=steps)(test)
    return test


@pytest.mark.timeout(180)  # many histories of days, on machines that do other things too
@settings(
    max_examples=16,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@known_histories
@given(steps=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 30)), max_size=30))
def test_each_row_ends_once_and_each_channel_is_told_each_story_once(
    fresh_database: FreshDatabase, steps: list[tuple[str, int]]
) -> None:
    with fresh_database() as url:
        engine = engine_for(address(url), busy=1, connections=1)
        world = World(engine)
        for name, which in [("add", 0), ("add", 4), *steps]:
            step(world, name, which)
        world.write(sound)
        drain(world)
        world.write(check, world)
        world.write(sound)
        engine.dispose()


def sound(c: Connection) -> None:
    """Nothing that `tocsin db check` would find. (Messages have no numbers of their own here.)"""
    found = [broken(c, rule) for rule in rules(c.dialect.name) if rule.says != "no message stands for two alerts"]
    assert not [each for each in found if each.count]


def next_of_each_channel(c: Connection, now: datetime) -> dict[int, int]:
    """By channel the alert whose turn it is: the oldest that could go, or that was tried and has to be tried again."""
    shut = set(alerts.shut_channels(c))
    live = {each.id for each in subscriptions.listed(c) if each.paused is None}
    rows = c.execute(select(alert_table).order_by(alert_table.c.id)).all()
    turns: dict[int, int] = {}
    for row in rows:
        is_open = row.subscription_id in live and row.channel_id not in shut and row.state in ("owed", "sending")
        if is_open and row.kind != "digest" and not row.held and (row.claimed_at or row.not_before <= now):
            turns.setdefault(row.channel_id, row.id)
    return turns


def check(c: Connection, world: World) -> None:
    alert_rows = c.execute(select(alert_table)).all()
    bulletin_rows = c.execute(select(bulletin_table)).all()
    lives = {each.id: each.channel_id for each in subscriptions.listed(c)}
    assert not [row for row in (*alert_rows, *bulletin_rows) if row.state in ("owed", "sending")]
    assert all(row.state_reason for row in (*alert_rows, *bulletin_rows))
    sent = {row.nonce for row in (*alert_rows, *bulletin_rows) if row.state == "sent"}
    gone = {row.nonce for row in (*alert_rows, *bulletin_rows) if row.state in ("suppressed", "dead")}
    nonces = [nonce for _, nonce, _ in world.messages]
    assert len(nonces) == len(set(nonces))
    assert sent <= set(nonces) <= sent | gone  # what a removed subscription may have said is not looked for
    told = Counter((channel, story) for channel, nonce, ids in world.messages for story in ids if nonce in sent)
    assert not [each for each, times in told.items() if times > 1]
    firsts = [row for row in alert_rows if row.kind != "update"]
    assert Counter((row.subscription_id, row.story_id) for row in firsts) == Counter(world.matched)
    assert all(row.state in ("sent", "suppressed", "dead") for row in alert_rows if row.kind == "update")
    check_heirs(firsts, world)
    said = {(channel, story) for channel, _, ids in world.messages for story in ids}
    for row in firsts:
        place = row.channel_id, row.story_id
        match row.state:
            case "sent" | "digested":
                assert told[place] == 1
            case "dead":
                assert row.channel_id in world.closed
            case "suppressed" if lives.get(row.subscription_id) == row.channel_id:
                assert row.state_reason == TOLD or row.state_reason.startswith("the channel is told by subscription ")
                assert place in said or row.channel_id in world.closed
            case _:
                assert row.state == "suppressed"


def check_heirs(rows: Sequence[Row[Any]], world: World) -> None:
    """What a removed subscription has said is not said again by one that was there when both were owed it."""
    said = {nonce for _, nonce, _ in world.messages}
    for gone in [row for row in rows if row.state == "suppressed" and row.nonce in said and not world.moved]:
        place = gone.channel_id, gone.story_id
        for row in rows:
            again = (row.channel_id, row.story_id) == place and row.nonce in said and row.state == "sent"
            assert not (again and row.owed_at <= gone.owed_at)
