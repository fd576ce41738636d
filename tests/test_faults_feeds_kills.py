"""Faults of feeds that end the program: `tocsin poll --once` is killed at a moment that the test knows, and the next
one finds and owes everything once."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.store import Store, feeds, subscriptions
from tests.builders import a_subscription
from tests.command import command, environment
from tests.site import Site, open_site
from tests.wire import CAKE, LAW, NATO, NAVY, Told, Wire, rss
from tests.workers import workers_of

Process = asyncio.subprocess.Process


class Press:
    """One feed with validators that a program of its own polls into a database that it has to itself."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.database = f"sqlite:///{folder / 'tocsin.db'}"
        self.body, self.etag = b"", ""
        self.during: Callable[[], None] | None = None
        site.paths["/feed"] = self._answer
        listed = f'[[feed]]\nname = "One"\nurl = "{site.url("/feed")}"\n'
        (folder / "feeds.toml").write_text(listed, encoding="utf-8")

    def publish(self, *told: Told) -> None:
        self.body, self.etag = rss(told, now=datetime.now(UTC)), f'"{len(told)}"'

    async def start(self) -> Process:
        options = ("--database", self.database, "--feeds", str(self.folder / "feeds.toml"))
        return await asyncio.create_subprocess_exec(
            *command("poll", "--once", "--all", "--json", *options),
            env=environment(TOCSIN_ALLOWED_NETWORKS="127.0.0.0/8"),
            stdout=asyncio.subprocess.PIPE,
        )

    async def poll(self) -> dict[str, int]:
        """A poll that comes to its end; what it reports."""
        out, _ = await (await self.start()).communicate()
        report: dict[str, int] = json.loads(out)
        return report

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers={"ETag": self.etag})
        response = web.StreamResponse(headers={"ETag": self.etag, "Content-Type": "application/rss+xml"})
        await response.prepare(request)
        half = len(self.body) // 2
        await response.write(self.body[:half])
        if self.during:
            await asyncio.sleep(0.2)
            self.during()
        with suppress(ConnectionError):
            await response.write(self.body[half:])
        return response


@pytest.fixture
async def press(tmp_path: Path) -> AsyncIterator[Press]:
    """A press that has told of cakes, to one channel that wants everything."""
    async with open_site() as site:
        press = Press(site, tmp_path)
        async with Store.open(press.database) as store:
            await store.write(subscriptions.add, a_subscription())
        press.publish(CAKE)
        assert (await press.poll())["entries_new"] == 1
        yield press


async def killed(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.communicate()
    assert process.returncode == -signal.SIGKILL


@asynccontextmanager
async def ledger(press: Press) -> AsyncIterator[Wire]:
    """The database, and where its alerts go; nothing is polled here."""
    nobody: Any = None
    async with Store.open(press.database) as store:
        yield Wire(press.site, store, nobody, nobody, now=datetime.now(UTC))


@pytest.mark.timeout(180)  # four programs, each with its language model
async def test_a_kill_during_the_download_and_one_after_the_parsing_lose_nothing(press: Press) -> None:
    """Faults 1, 3 and 51: the server has given its answer with its validators, and nothing of it was committed."""
    press.publish(CAKE, NATO, NAVY, LAW)
    process = await press.start()
    press.during = process.kill
    await process.communicate()
    assert process.returncode == -signal.SIGKILL
    press.during = None
    process = await press.start()
    while len(workers_of(process.pid)) < 3:  # the third one starts to analyse what one of the first two has parsed
        assert process.returncode is None
        await asyncio.sleep(0.01)
    await killed(process)
    async with ledger(press) as wire:
        assert sum((await wire.entries()).values()) == 1
    report = await press.poll()
    assert [request.headers.get("If-None-Match") for request in press.site.asked] == [None, '"1"', '"1"', '"1"']
    assert (report["fetched"], report["entries_new"], report["alerts"]) == (1, 3, 3)
    async with ledger(press) as wire:
        assert sum((await wire.entries()).values()) == 4
        assert sorted(await wire.settled()) == sorted([NATO[0], NAVY[0], LAW[0]])
        (feed,) = await wire.store.read(feeds.listed)
        assert feed.state.etag == '"4"'
