"""Ticks, and the whole program, while PostgreSQL restarts, goes away and comes back: nothing is lost or told twice."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.demo.edition import Edition
from bot.demo.server import feed_server
from bot.errors import StoreError
from bot.fetch import Fetcher
from bot.language import Language
from bot.settings.knowledge import read_knowledge
from bot.store import Store, stories, subscriptions
from handlers.poll import Shelf
from tests.builders import a_subscription
from tests.bureau import MINUTE, Bureau, open_bureau
from tests.discord_fake import FakeDiscord, Fault
from tests.postgres import Server
from tests.test_poll import CAKE, CONFIG, NATO, NATO_TOO, RULES, Desk, counts
from tests.test_run import Stage, check_oracle, publish, sample_steps, set_the_stage, tocsin, until


@pytest.fixture
async def bureau(postgres_server: Server) -> AsyncIterator[Bureau]:
    async with open_bureau(postgres_server.create("tocsin")) as bureau:
        yield bureau


async def test_a_server_that_goes_away_while_messages_are_sent_leaves_each_sent_once(
    bureau: Bureau, postgres_server: Server
) -> None:
    """Fault 29: between a send and the word of it."""
    places = [bureau.place() for _ in range(3)]
    for each in places:
        await bureau.subscribe(each)
    await bureau.tell("One", "Two")
    bureau.fake.faults.add(Fault("slow", seconds=0.4, times=None))
    ticking = asyncio.create_task(bureau.tick())
    await bureau.fake.until(lambda: bureau.fake.requests)
    postgres_server.stop()
    with pytest.raises(StoreError, match="cannot be used"):
        await ticking
    with pytest.raises(StoreError):
        await bureau.tick()
    bureau.fake.faults.clear()
    postgres_server.start()
    await bureau.live(6 * MINUTE)
    assert [bureau.shown(each) for each in places] == [["One", "Two"]] * 3
    await bureau.settled()


async def test_a_server_that_restarts_again_and_again_delays_messages_alone(
    bureau: Bureau, postgres_server: Server
) -> None:
    """Fault 30: every connection is stale, whatever is done with it next."""
    place = bureau.place()
    await bureau.subscribe(place)
    for number in range(4):
        postgres_server.restart()
        await bureau.tell(f"Story {number}")
        postgres_server.restart()
        await bureau.tick(MINUTE)
    assert bureau.shown(place) == [f"Story {number}" for number in range(4)]
    await bureau.settled()


class Trap(dict[str, Edition]):
    """Feeds whose first reader loses its database."""

    def __init__(self, editions: Mapping[str, Edition], database: Server) -> None:
        super().__init__(editions)
        self.database = database

    def get(self, path: str, default: Any = None) -> Any:
        self.database.stop()
        return super().get(path, default)


async def test_a_poll_without_its_database_is_made_up_for_by_the_next(postgres_server: Server) -> None:
    """Fault 29: what was fetched and placed but not committed is found again, as if for the first time."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(postgres_server.create("tocsin")))
        fetcher = await stack.enter_async_context(Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]))
        server = await stack.enter_async_context(feed_server())
        language = await stack.enter_async_context(Language(knowledge=read_knowledge(CONFIG.joinpath)))
        desk = Desk(store, fetcher, language, server)
        await store.write(subscriptions.add, a_subscription())
        await desk.list_feeds("one", "two")
        desk.publish("one", CAKE)
        desk.publish("two", CAKE)
        shelf = Shelf(RULES.merging)
        await desk.poll(shelf=shelf)
        desk.publish("one", CAKE, NATO)
        desk.publish("two", CAKE, NATO_TOO)
        served, server.editions = server.editions, Trap(server.editions, postgres_server)
        with pytest.raises(StoreError, match="cannot be used"):
            await desk.poll(shelf=shelf)
        server.editions = served
        postgres_server.start()
        found = counts(await desk.poll(shelf=shelf))
        assert (found["entries_new"], found["stories_new"], found["alerts"]) == (2, 1, 1)
        (story,) = await store.read(stories.latest)
        assert len(story.sources) == 2
        assert await desk.owed() == 1


@dataclass(frozen=True, slots=True)
class OnServer(Stage):
    """The program on PostgreSQL."""

    url: str = ""

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bot", *words, "--config", str(self.folder), "--database", self.url]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self.url)) as database:
            return database.execute(sql.encode()).fetchall()


async def test_the_program_goes_on_by_itself_when_its_database_is_back(tmp_path: Path, postgres_server: Server) -> None:
    """Faults 29 and 30, from outside: a restart while news come in, then some seconds without a server."""
    steps = sample_steps()
    async with feed_server() as news, FakeDiscord() as discord:
        guild = discord.add_guild(name="Newsroom")
        channel = discord.add_channel(guild, name="alerts")
        scene = OnServer(tmp_path, news, discord, guild, channel, postgres_server.create("tocsin"))
        set_the_stage(scene, steps)
        async with tocsin(scene, end=signal.SIGTERM):
            await publish(scene, steps[0])
            read = news.answers[200]
            news.publish(steps[1])
            await until(lambda: news.answers[200] > read)
            postgres_server.restart()
            await publish(scene, steps[1])
            check_oracle(scene)
            postgres_server.kill()
            said = missed(scene)
            news.publish(steps[2])
            await until(lambda: missed(scene) >= said + 3)
            postgres_server.start()
            await publish(scene, steps[2])
            check_oracle(scene)
        assert len(scene.messages()) >= 8


def missed(scene: Stage) -> int:
    """How many ticks had no database."""
    return scene.log.read_text().count("tick.failed")
