"""A bureau: servers with channels on a fake Discord, the project's client in them, and what they are owed, with one
clock for all and another for Tocsin, which may be wrong.

Store, rules, ticks, client and sender are the real ones; `settled` is the oracle of delivery. A test module takes the
fixture by a name of its own: `bureau = bureau_of_both`.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Row, select

from bot.client import DiscordSender, Index
from bot.core.alert import Alert, Subscription
from bot.core.importance import Importance, Level
from bot.core.message import mark_of
from bot.core.owing import owed
from bot.store import Store, alerts, plans, stories, subscriptions
from bot.store.schema import alerts as alert_table
from bot.store.schema import bulletins as bulletin_table
from handlers.clock import look_at_the_clock
from handlers.deliver import DeliverReport, DeliverRules, deliver
from handlers.digest import digest
from handlers.membership import Membership
from handlers.poll.wishes import wishes
from tests.builders import a_story, a_subscription
from tests.discord_fake import FakeDiscord, running
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.world import Channel
from tests.stage import a_client

RULES = DeliverRules(look_again=0.02)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2036, 3, 4, 12, tzinfo=UTC)
"""Later than any machine's clock: the ids of Discord only grow, and have to be those of the world's time."""


@dataclass
class Bureau:
    """`skew` is how far Tocsin's clock is ahead of the world's; `matched` are the (subscription, story) that are owed
    a row by the rules."""

    store: Store
    fake: FakeDiscord
    sender: DiscordSender
    skew: timedelta = timedelta(0)
    matched: set[tuple[int, str]] = field(default_factory=set)
    looked_at: datetime | None = None

    @property
    def now(self) -> datetime:
        return self.fake.clock.now() + self.skew

    def wait(self, time: timedelta) -> None:
        """Time passes, for everybody."""
        self.fake.clock.advance(time.total_seconds())

    def wait_until(self, moment: datetime) -> None:
        """Time passes until Tocsin's clock shows `moment`."""
        self.wait(moment - self.now)

    def place(self, guild: int | None = None) -> Channel:
        """A channel, in a server of its own unless `guild` names one."""
        return self.fake.add_channel(guild if guild is not None else self.fake.add_guild().id)

    async def subscribe(self, channel: Channel, **changes: Any) -> Subscription:
        """A subscription of the channel as `/alerts add` makes it."""
        wanted = a_subscription(channel.id, channel.guild_id, **changes)
        return await self.store.write(plans.add, wanted, self.now, _zone(wanted), _anything)

    async def change(self, wanted: Subscription, **changes: Any) -> Subscription:
        """The subscription as `/alerts edit` changes it."""
        known = await self.store.read(subscriptions.get, wanted.id)
        assert known is not None
        changed = replace(known, **changes)
        assert await self.store.write(plans.change, changed, self.now, _zone(changed), _anything)
        return changed

    async def tell(self, *titles: str, level: Level = "low", **changes: Any) -> None:
        """New stories; what they owe is owed, as a poll would."""
        importance = Importance(level, 1.0)
        told = [a_story(each, title=each, first_seen=self.now, last_seen=self.now, **changes) for each in titles]

        def commit(c: Connection) -> Sequence[Alert]:
            wanted = wishes(c, self.now)
            rows = owed(
                told,
                wanted.subscriptions,
                matched=alerts.matched(c, titles),
                tellers=alerts.tellers(c, titles),
                weigh=lambda *_: importance,
                servers=wanted.servers,
                holds=wanted.holds,
            )
            stories.save(c, told, dict.fromkeys(titles, importance))
            alerts.owe(c, rows, self.now)
            return rows

        rows = await self.store.write(commit)
        self.matched |= {(row.subscription_id, row.story_id) for row in rows}

    async def tick(self, after: timedelta = timedelta(0), **changes: Any) -> DeliverReport:
        """The ticks, so much later: what waits is gathered, and what is owed is sent."""
        self.wait(after)
        self.looked_at = await look_at_the_clock(self.now, self.looked_at, store=self.store)
        await digest(self.now, store=self.store)
        options: dict[str, Any] = {"sender": self.sender, "rules": RULES, "jitter": lambda: 1.0}
        return await deliver(self.now, store=self.store, **(options | changes))

    async def live(self, time: timedelta, *, step: timedelta = MINUTE) -> None:
        """Ticks, every `step`, for so long."""
        for _ in range(time // step):
            await self.tick(step)

    async def rows(self) -> list[Row[Any]]:
        """The alerts, as they stand."""

        def found(c: Connection) -> list[Row[Any]]:
            return list(c.execute(select(alert_table).order_by(alert_table.c.id)))

        return await self.store.read(found)

    async def bulletins(self) -> list[Row[Any]]:
        def found(c: Connection) -> list[Row[Any]]:
            return list(c.execute(select(bulletin_table).order_by(bulletin_table.c.id)))

        return await self.store.read(found)

    def shown(self, channel: Channel) -> list[str]:
        """What stands in the channel: titles of alerts, and for lists their title with the number of their stories."""
        return [_shown(message) for message in self.fake.messages(channel)]

    async def settled(self, *, waiting: Collection[Channel] = (), gone: Collection[int] = ()) -> None:
        """The oracle: every row in one terminal state but those of channels in `waiting`, one row for each match, and
        on Discord just the messages of the rows that were sent. Of channels in `gone` nobody can read messages."""
        rows, lists = await self.rows(), await self.bulletins()
        held = {channel.id for channel in waiting}
        pending = [row for row in (*rows, *lists) if row.state in ("owed", "sending")]
        assert not [row for row in pending if row.channel_id not in held]
        assert all(row.state_reason for row in (*rows, *lists) if row not in pending)
        matched = Counter((row.subscription_id, row.story_id) for row in rows if row.kind != "update")
        assert matched == Counter(self.matched)
        sent = {(row.channel_id, row.nonce, row.message_id) for row in (*rows, *lists) if row.state == "sent"}
        assert sorted(self._standing()) == sorted(each for each in sent if each[0] not in gone)
        told = Counter((row.channel_id, row.story_id) for row in rows if row.state in ("sent", "digested"))
        assert not [each for each, times in told.items() if times > 1]
        made = {row.id: row for row in lists}
        for row in rows:
            if row.state == "digested":
                content = made[row.bulletin_id].content
                assert made[row.bulletin_id].state in ("sent", "owed")
                assert row.story_id in (*content["stories"], *content["left_out"])

    def _standing(self) -> Sequence[tuple[int, str, int]]:
        """Channel, mark and id of each message."""
        return [
            (place.id, mark, int(message["id"]))
            for place in list(self.fake.world.channels.values())
            for message in self.fake.messages(place)
            for mark in [_mark(message)]
        ]


@pytest.fixture
async def bureau_of_both(database_url: str) -> AsyncIterator[Bureau]:
    """A bureau on each engine."""
    async with open_bureau(database_url) as bureau:
        yield bureau


@asynccontextmanager
async def open_bureau(url: str) -> AsyncIterator[Bureau]:
    async with FakeDiscord(openapi=at_hand()) as fake, Store.open(url) as store:
        fake.clock.set(START)
        bureau: list[Bureau] = []

        async def resume(channels: Sequence[int]) -> None:
            for channel in set(await store.read(alerts.paused_channels)).intersection(channels):
                await store.write(alerts.resume_channel, channel)

        membership = Membership(store, Index(), lambda: bureau[0].now)
        client = a_client(channels_open=resume, membership=membership)
        bureau.append(Bureau(store, fake, DiscordSender(client, timeout=2)))
        async with running(fake, client):
            yield bureau[0]
        assert not fake.unknown
        assert not fake.violations


def _zone(wanted: Subscription) -> ZoneInfo | None:
    return ZoneInfo(wanted.digest_plan.timezone) if wanted.digest_plan else None


def _anything(_others: Sequence[Subscription]) -> None:
    """A server may have any subscriptions."""


def _shown(message: dict[str, Any]) -> str:
    (embed,) = message["embeds"]
    lines = [line for line in embed.get("description", "").splitlines() if line.startswith("- [")]
    return f"{embed['title']}: {len(lines)}" if lines else str(embed["title"])


def _mark(message: dict[str, Any]) -> str:
    names = [button.get("custom_id") for row in message["components"] for button in row["components"]]
    (mark,) = {mark for name in names if (mark := mark_of(name))}
    return mark
