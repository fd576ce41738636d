"""The whole path in one process: the bytes of a feed in, a message on the fake Discord out, every step the real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.app import Resources, deliver_tick, open_fetcher, open_language, poll_tick
from bot.client import DiscordSender
from bot.core.alert import Subscription
from bot.core.feed import Feed
from bot.demo.edition import Edition
from bot.demo.server import FeedServer, feed_server
from bot.language import Language
from bot.settings import Overrides, Settings, load_settings
from bot.store import Store, alerts, feeds, subscriptions
from handlers.deliver import DeliverReport
from tests.discord_fake import FakeDiscord, Fault, QuickClient, point_client

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOON = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
TALKS = (
    "OpenAI in talks with NATO over AI models for unclassified networks",
    "<p>OpenAI is in talks with NATO about a €30 million contract to use its artificial intelligence models on the "
    "alliance's unclassified networks, two people familiar with the matter said.</p><p>The talks are at an early "
    "stage.</p><script>alert(1)</script>",
)
TALKS_TOO = (
    "NATO weighs OpenAI contract for its unclassified networks",
    "<p>NATO is weighing a €30 million contract with OpenAI for artificial intelligence models on its unclassified "
    "networks, officials said. The talks with OpenAI are at an early stage.</p>",
)
CAKE = ("Ten cakes for spring", "<p>Lemon, almond and rhubarb: our favourite cakes.</p>")
OUTLETS = ("harbour-post.example", "defence-ledger.example")


@dataclass(frozen=True, slots=True)
class Scene:
    """The feeds, Discord and the settings of a Tocsin that may be opened again and again."""

    server: FeedServer
    discord: FakeDiscord
    channel: Any
    settings: Settings
    language: Language

    @asynccontextmanager
    async def started(self, now: datetime) -> AsyncIterator[Resources]:
        """A Tocsin of its own; only the workers, which remember nothing, are the same for all."""
        async with (
            Store.open(self.settings.database_url.get_secret_value()) as store,
            open_fetcher(self.settings) as fetcher,
        ):
            await store.write(feeds.sync_catalogue, self.settings.feeds, now)
            yield Resources(self.settings, store, fetcher, self.language)

    def publish(self, *told: tuple[tuple[str, str], ...]) -> None:
        """What each outlet's feed holds from now on, the oldest first."""
        self.server.publish({f"/{host}": feed_of(host, entries) for host, entries in zip(OUTLETS, told, strict=True)})

    async def poll(self, now: datetime) -> int:
        """A poll by a Tocsin that is started for it and stopped after it; how many alerts it owes."""
        async with self.started(now) as resources:
            await self.subscribe(resources)
            return (await poll_tick(resources, now=now)).alerts

    async def deliver(self, now: datetime) -> DeliverReport:
        """A delivery by another one."""
        async with self.started(now) as resources, logged_in(self.discord) as client:
            return await deliver_tick(resources, DiscordSender(client, timeout=3), now=now)

    async def subscribe(self, resources: Resources) -> None:
        if not await resources.store.read(subscriptions.listed):
            wanted = Subscription(id=0, guild_id=self.channel.guild_id, channel_id=self.channel.id, created_at=NOON)
            await resources.store.write(subscriptions.add, wanted)

    async def states(self) -> dict[str, int]:
        async with self.started(NOON) as resources:
            found = await resources.store.read(alerts.counts)
        return {state: count for state, count in found.items() if count}

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.discord.messages(self.channel)


def feed_of(host: str, told: tuple[tuple[str, str], ...]) -> Edition:
    entries = "".join(
        f"<item><guid>{host}-{number}</guid><title>{title}</title><link>https://{host}/{number}?utm_source=rss</link>"
        f"<description><![CDATA[{markup}]]></description><pubDate>{format_datetime(NOON)}</pubDate></item>"
        for number, (title, markup) in reversed(list(enumerate(told)))
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{host}</title>{entries}</channel></rss>'
    return Edition(body.encode(), "application/rss+xml")


@asynccontextmanager
async def logged_in(fake: FakeDiscord) -> AsyncIterator[QuickClient]:
    with point_client(fake):
        async with QuickClient() as client:
            await client.login(fake.token)
            yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def language() -> AsyncIterator[Language]:
    async with open_language(load_settings()) as language:
        yield language


@pytest_asyncio.fixture(loop_scope="module")
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language) -> AsyncIterator[Scene]:
    monkeypatch.setenv("TOCSIN_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings = load_settings(Overrides(database=f"sqlite:///{tmp_path / 'tocsin.db'}"))
    async with feed_server() as server, FakeDiscord() as discord:
        listed = tuple(Feed(url=f"{server.base}/{host}", name=host) for host in OUTLETS)
        deliver = settings.deliver.model_copy(update={"debounce": 0})
        channel = discord.add_channel(discord.add_guild())
        yield Scene(server, discord, channel, replace(settings, feeds=listed, deliver=deliver), language)
    assert discord.unknown == []
    assert discord.pings == []


async def test_feed_bytes_become_one_explained_message_across_restarts(scene: Scene) -> None:
    scene.publish((CAKE,), (CAKE,))
    assert await scene.poll(NOON) == 0, "what a first poll finds is known from now on and alerts nobody"

    scene.publish((CAKE, TALKS), (CAKE,))
    assert await scene.poll(NOON + HOUR) == 1
    assert scene.messages == [], "nothing is said before it is committed, and only deliver says it"

    report = await scene.deliver(NOON + HOUR)
    (message,) = scene.messages
    (embed,) = message["embeds"]
    assert report.sent == 1
    assert embed["title"] == TALKS[0]
    assert embed["url"] == "https://harbour-post.example/1", "the tracking parameter is off"
    assert "two people familiar with the matter said." in embed["description"]
    assert "alert(1)" not in str(message)
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert fields["Amount"] == "€30 million"
    assert fields["Seller → Buyer"] == "OpenAI → NATO"
    assert "harbour-post.example" in embed["footer"]["text"]
    labels = [button["label"] for row in message["components"] for button in row["components"]]
    assert labels == ["Read", "Sources", "Key points", "Why?", "Not relevant"]


async def test_a_second_outlet_edits_the_message_instead_of_sending_another(scene: Scene) -> None:
    scene.publish((), ())
    await scene.poll(NOON)
    scene.publish((TALKS,), ())
    await scene.poll(NOON + HOUR)
    await scene.deliver(NOON + HOUR)
    scene.publish((TALKS,), (TALKS_TOO,))
    assert await scene.poll(NOON + 2 * HOUR) == 0, "the channel has been told; what follows is an edit"
    report = await scene.deliver(NOON + 2 * HOUR)
    (message,) = scene.messages
    assert (report.sent, report.edited) == (0, 1)
    assert message["edited_timestamp"] is not None
    assert "2 outlets" in message["embeds"][0]["author"]["name"]


async def test_a_story_found_in_silence_is_told_with_its_next_report(scene: Scene) -> None:
    scene.publish((TALKS,), ())
    assert await scene.poll(NOON) == 0
    scene.publish((TALKS,), (TALKS_TOO,))
    assert await scene.poll(NOON + HOUR) == 1
    await scene.deliver(NOON + HOUR)
    assert "2 outlets" in scene.messages[0]["embeds"][0]["author"]["name"]


@pytest.mark.parametrize("do", ["drop", "reset"])
async def test_a_connection_lost_after_the_message_was_stored_sends_no_second_one(scene: Scene, do: Any) -> None:
    scene.publish((), ())
    await scene.poll(NOON)
    scene.publish((TALKS,), ())
    await scene.poll(NOON + HOUR)
    scene.discord.faults.add(Fault(do, when="after", method="POST", times=1))
    await scene.deliver(NOON + HOUR)
    await scene.deliver(NOON + HOUR + timedelta(seconds=30))
    assert len(scene.messages) == 1
    assert await scene.states() == {"sent": 1}


async def test_no_rights_in_the_channel_pause_it_and_lose_nothing(scene: Scene) -> None:
    scene.publish((), ())
    await scene.poll(NOON)
    scene.publish((TALKS,), ())
    await scene.poll(NOON + HOUR)
    scene.discord.set_permissions(scene.channel, deny=1 << 11)
    report = await scene.deliver(NOON + HOUR)
    assert report.paused == 1
    assert scene.messages == []
    assert await scene.states() == {"owed": 1}


async def test_an_unknown_channel_ends_its_rows_with_the_reason(scene: Scene) -> None:
    scene.publish((), ())
    await scene.poll(NOON)
    scene.publish((TALKS,), ())
    await scene.poll(NOON + HOUR)
    scene.discord.delete_channel(scene.channel)
    await scene.deliver(NOON + HOUR)
    assert await scene.states() == {"dead": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><html><body>Down for maintenance</body></html>",
        b"",
        b"<rss><channel><item>",
        b"\x1f\x8b\x08 not gzip",
    ],
    ids=["HTML", "empty", "cut", "noise"],
)
async def test_a_bad_feed_stops_no_other(scene: Scene, body: bytes) -> None:
    scene.publish((), ())
    await scene.poll(NOON)
    good = feed_of(OUTLETS[1], (TALKS,))
    scene.server.publish({f"/{OUTLETS[0]}": Edition(body, "application/rss+xml"), f"/{OUTLETS[1]}": good})
    async with scene.started(NOON + HOUR) as resources:
        report = await poll_tick(resources, now=NOON + HOUR)
    assert (report.failed, report.fetched, report.alerts) == (1, 1, 1)


async def test_two_deliveries_at_once_send_each_alert_once(scene: Scene) -> None:
    scene.publish((), ())
    await scene.poll(NOON)
    scene.publish((TALKS,), ())
    await scene.poll(NOON + HOUR)
    now = NOON + HOUR
    async with scene.started(now) as resources, logged_in(scene.discord) as client:
        sender = DiscordSender(client, timeout=3)
        await asyncio.gather(*(deliver_tick(resources, sender, now=now) for _ in range(3)))
    assert len(scene.messages) == 1
