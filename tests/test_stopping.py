"""Stopping the real program while its database is away: in time, without a word of failure, by one signal."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.discord_fake import FakeDiscord
from tests.postgres import Server
from tests.soak.crew import Crew

IN_TIME = 10.0


@asynccontextmanager
async def a_program(folder: Path, url: str, *words: str, **environment: str) -> AsyncIterator[Crew]:
    """`tocsin run` with these words on a database, just started."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(FakeDiscord())
        surroundings = {
            "TOCSIN_DATABASE_URL": url,
            "TOCSIN_DISCORD_TOKEN": discord.token,
            "TOCSIN_DISCORD_API_BASE": discord.api_base,
            "TOCSIN_DISCORD_GATEWAY_URL": discord.gateway_url,
        }
        crew = Crew({"tocsin": words}, (), surroundings | environment, folder / "log.txt")
        stack.push_async_callback(crew.end)
        await crew.start()
        yield crew


async def says(crew: Crew, words: str) -> None:
    async with asyncio.timeout(60):
        while not crew.log.exists() or words not in crew.log.read_text(encoding="utf-8"):
            crew.check()
            await asyncio.sleep(0.05)


@contextmanager
def all_frozen(server: Server) -> Iterator[None]:
    """While inside, the server and everyone who serves a connection stand still, as when its machine is cut off."""
    pids = [server.pid]
    for tasks in Path(f"/proc/{server.pid}/task").glob("*/children"):
        pids += map(int, tasks.read_text().split())
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.timeout(180)
async def test_a_program_whose_database_is_gone_stops_in_time_and_well(tmp_path: Path, postgres_server: Server) -> None:
    """Faults 29 and 35: SIGTERM while PostgreSQL is down. What is held runs out by itself."""
    async with a_program(tmp_path, postgres_server.create("tocsin"), "--role", "deliver") as crew:
        await says(crew, "runner.started")
        postgres_server.stop()
        assert await crew.stop(within=IN_TIME) < IN_TIME
        assert "Traceback" not in crew.log.read_text(), crew.log.read_text()


@pytest.mark.timeout(180)
async def test_a_program_whose_database_answers_no_more_stops_in_time_and_well(
    tmp_path: Path, postgres_server: Server
) -> None:
    """Faults 29 and 35: SIGTERM while PostgreSQL's machine is cut off, so that no transaction ends."""
    async with a_program(tmp_path, postgres_server.create("tocsin"), "--role", "deliver") as crew:
        await says(crew, "runner.started")
        with all_frozen(postgres_server):
            await asyncio.sleep(2.5)  # now a tick waits for an answer
            assert await crew.stop(within=IN_TIME) < IN_TIME
        assert "Traceback" not in crew.log.read_text(), crew.log.read_text()


@pytest.mark.timeout(180)
async def test_a_gateway_that_stands_by_goes_on_doing_so_while_its_database_is_away(
    tmp_path: Path, postgres_server: Server
) -> None:
    """Fault 29: who stands by is there to take over when the server is back."""
    url = postgres_server.create("tocsin")
    async with a_program(tmp_path, url, "--role", "gateway") as first:
        await says(first, "runner.started")
        (tmp_path / "second").mkdir()
        async with a_program(tmp_path / "second", url, "--role", "gateway") as second:
            await says(second, "gateway.standing_by")
            postgres_server.stop()
            first.kill(first.pids[0])
            await asyncio.sleep(9)
            second.check()
            postgres_server.start()
            began = time.monotonic()
            await says(second, "runner.started")
            assert time.monotonic() - began < 30
            await second.stop(within=IN_TIME)
