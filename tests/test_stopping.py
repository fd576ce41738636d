"""Stopping the real program while its database is away: in time, without a word of failure, by one signal."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, text

from bot.store import Store
from bot.store.dialect import take_turn
from bot.store.engine import address
from bot.store.schema import hosts
from bot.store.upgrade import UPGRADING
from tests.command import environment
from tests.discord_fake import FakeDiscord
from tests.postgres import Server
from tests.soak.crew import Crew

IN_TIME = 10.0
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND NOT granted
"""

# `tocsin run`, which is told to stop when its first room of any size loads.
STOPPED_WHILE_LOADING = """
import os, runpy, signal, sys

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name in ("bot.cli", "bot.store"):
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Impatient())
sys.argv = ["tocsin", "run"]
runpy.run_module("bot", run_name="__main__")
"""


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
async def test_a_second_interrupt_ends_at_once_though_the_database_answers_no_more(
    tmp_path: Path, postgres_server: Server
) -> None:
    """Faults 29 and 35: Ctrl-C twice, by somebody who does not wait."""
    async with a_program(tmp_path, postgres_server.create("tocsin"), "--role", "deliver") as crew:
        await says(crew, "runner.started")
        program = crew.running["tocsin"]
        with all_frozen(postgres_server):
            await asyncio.sleep(2.5)  # now a tick waits for an answer
            program.send_signal(signal.SIGINT)
            await says(crew, "runner.stopping")
            program.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(program.wait(), 3) == -signal.SIGINT
    assert "Traceback" not in crew.log.read_text(), crew.log.read_text()


def test_a_program_that_is_stopped_while_it_loads_ends_well(tmp_path: Path) -> None:
    """Fault 35, in the first second: nothing is open yet."""
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED_WHILE_LOADING], capture_output=True, env=environment(), cwd=tmp_path, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(180)
async def test_a_program_that_is_stopped_while_it_opens_its_database_begins_nothing(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    """Fault 35, in the first seconds: what takes long there is finished, and that is all."""
    engine = create_engine(address(empty_postgres_url))
    async with a_program(tmp_path, empty_postgres_url, "--role", "poll,deliver") as crew:
        with engine.begin() as c:
            take_turn(c, UPGRADING)
            async with asyncio.timeout(60):
                while c.scalar(text(WAITING)) == 0:
                    await asyncio.sleep(0.01)
            crew.running["tocsin"].send_signal(signal.SIGTERM)
            await says(crew, "runner.stopping")
        assert await asyncio.wait_for(crew.running["tocsin"].wait(), IN_TIME) == 0
        log = crew.log.read_text(encoding="utf-8")
    assert "Traceback" not in log, log
    assert "runner.stopped" in log
    assert "runner.started" not in log
    engine.dispose()
    async with Store.open(empty_postgres_url) as store:
        held = select(func.count()).where(hosts.c.turn_by.is_not(None))
        assert await store.read(lambda c: c.scalar(held)) == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_last_resort_ends_the_program_though_nobody_hears_its_last_words(stream: str) -> None:
    """Fault 35, after whoever read along has gone, or was never there."""
    code = f"import sys; from bot.app import stop; sys.{stream} = None; stop._end()"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment(), timeout=60)
    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False)


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
