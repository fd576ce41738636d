"""Whatever people and Discord do in whatever order, each row ends once and each channel is told each story once.

The store, the rules and the tick that gathers are real; Discord is a list of messages, and attempts break off.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from bot.core.alert import Habits, Mode, Subscription
from bot.core.hours import DigestPlan
from bot.core.importance import Importance
from bot.core.owing import Hold, owed
from bot.store import Store, alerts, bulletins, plans, stories, subscriptions
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
    """A database, a clock, and what stands in Discord: (channel, nonce, stories)."""

    engine: Engine
    now: datetime = NOON
    number: int = 0
    messages: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)

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
            tellers=self.write(alerts.tellers, [story.id]),
            weigh=lambda *_: Importance(level, 1.0),  # type: ignore[arg-type]
            holds=holds,
        )
        self.write(alerts.owe, rows, self.now)

    def send(self, ending: str) -> None:
        """One attempt at whatever is due. A message whose answer was lost is looked for in its own channel alone."""
        for each in self.write(alerts.claim, now=self.now, lease=LEASE, limit=50):
            place = (each.subscription.channel_id, each.nonce, (each.story.id,))
            if self._attempt(place, each.earlier_claim, ending):
                self.write(alerts.settle_sent, each.alert_id, message_id=1, shown_revision=1, now=self.now)
            elif ending in ("lost", "limited"):
                counts = ending == "lost"
                self.write(
                    alerts.settle_retry, each.alert_id, not_before=self.now, problem=ending, now=self.now, counts=counts
                )
        for bulletin in self.write(bulletins.claim, now=self.now, lease=LEASE, limit=50):
            content = bulletin.bulletin.content
            place = (bulletin.bulletin.channel_id, bulletin.nonce, content.stories + content.left_out)
            if self._attempt(place, bulletin.earlier_claim, ending):
                self.write(bulletins.settle_sent, bulletin.id, message_id=1, now=self.now)
            elif ending in ("lost", "limited"):
                clear = ending == "limited"
                self.write(
                    bulletins.settle_retry, bulletin.id, not_before=self.now, problem=ending, now=self.now,
                    counts=not clear, unclear=not clear,
                )  # fmt: skip

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
        case "gather":
            asyncio.run(digest(world.now, store=cast(Store, Direct(world))))
        case "add":
            mode = MODES[which % 3]
            wanted = a_subscription(20 + which % 2, mode=mode, min_importance=("low", "high")[which % 2])
            wanted = replace(wanted, habits=PLAN if mode != "alerts" else Habits(max_per_hour=2 if which % 5 else None))
            world.write(plans.add, wanted, world.now, None, lambda _: None)
        case "sent" | "killed before" | "killed after" | "lost" | "limited":
            world.send(name)
        case _:
            found = world.chosen(which)
            if found is not None:
                change(world, name, found, which)


def change(world: World, name: str, found: Subscription, which: int) -> None:
    match name:
        case "pause":
            world.write(subscriptions.pause, found.id, "by a manager")
        case "resume":
            world.write(subscriptions.resume, found.id)
        case "remove":
            world.write(subscriptions.remove, found.id)
        case "move":
            world.write(subscriptions.edit, replace(found, channel_id=20 + which % 3))
        case "mode":
            mode = MODES[which % 3]
            habits = PLAN if mode != "alerts" else Habits()
            world.write(plans.change, replace(found, mode=mode, habits=habits), world.now, None, lambda _: None)


def drain(world: World) -> None:
    """Everybody may hear again, for three days."""
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
    "pause", "resume", "remove", "move", "mode",
)  # fmt: skip


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
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
        world.write(check, world.messages)
        world.write(sound)
        engine.dispose()


def sound(c: Connection) -> None:
    """Nothing that `tocsin db check` would find. (Messages have no numbers of their own here.)"""
    found = [broken(c, rule) for rule in rules("sqlite") if rule.says != "no message stands for two alerts"]
    assert not [each for each in found if each.count]


def check(c: Connection, messages: list[tuple[int, str, tuple[str, ...]]]) -> None:
    alert_rows = c.execute(select(alert_table)).all()
    bulletin_rows = c.execute(select(bulletin_table)).all()
    assert not [row for row in (*alert_rows, *bulletin_rows) if row.state in ("owed", "sending")]
    assert all(row.state_reason for row in (*alert_rows, *bulletin_rows))
    sent = {row.nonce for row in (*alert_rows, *bulletin_rows) if row.state == "sent"}
    gone = {row.nonce for row in (*alert_rows, *bulletin_rows) if row.state == "suppressed"}
    nonces = [nonce for _, nonce, _ in messages]
    assert len(nonces) == len(set(nonces))
    assert sent <= set(nonces) <= sent | gone  # what a removed subscription may have said is not looked for
    told = Counter((channel, story) for channel, nonce, ids in messages for story in ids if nonce in sent)
    assert not [each for each, times in told.items() if times > 1]
    for row in alert_rows:
        if row.state == "digested":
            assert told[row.channel_id, row.story_id] == 1
