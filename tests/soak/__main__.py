"""`python -m tests.soak [--cycles 200] [--seed N] [--database URL] [--minutes N]`: prints what was survived.

On PostgreSQL two pollers, two deliverers and a gateway are killed one at a time, and now and then all at once.
With `--minutes` nothing is killed: polling goes on steadily, and memory at the end stands beside that at the start.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.postgres import Server, initialise
from tests.soak.soak import Soak, Tally, soak
from tests.soak.steady import steady

CALM_AFTER = 10
"""Cycles between two questions to the oracle."""
LOSE_AFTER = 40
"""Cycles between two channels that are deleted."""


async def run(cycles: int, seed: int, database: str, folder: Path) -> Tally:
    began = time.monotonic()
    async with soak(folder, seed=seed, database=database) as running:
        for number in range(1, cycles + 1):
            if number % LOSE_AFTER == LOSE_AFTER // 2:
                await running.lose_a_channel(str(running.scene.books.url))
            await running.cycle()
            if number % CALM_AFTER == 0 or number == cycles:
                found = await running.calm(last=number == cycles)
                say("\n".join([progress(running, cycles), *found.lost, *found.twice]))
        running.tally.seconds = time.monotonic() - began
        return running.tally


def progress(running: Soak, cycles: int) -> str:
    tally = running.tally
    return f"{tally.cycles}/{cycles} cycles · {tally.sent} messages · lost {len(tally.lost)} · twice {len(tally.twice)}"


def table(tally: Tally) -> str:
    rows = [("seed", tally.seed), ("cycles", tally.cycles), ("kills", tally.kills.total())]
    rows += [(f"  {name}", count) for name, count in sorted(tally.kills.items()) if count]
    rows += [(f"  not met: {name}", count) for name, count in sorted(tally.missed.items()) if count]
    rows += [("faults", tally.troubles.total())]
    rows += [(f"  {name}", count) for name, count in sorted(tally.troubles.items())]
    rows += [("messages that stand", tally.sent), ("lost", len(tally.lost)), ("twice", len(tally.twice))]
    seconds = [("longest time to recover", tally.recovered), ("longest stop", tally.stopped), ("in all", tally.seconds)]
    lines = [f"{name:<42}{value:>10}" for name, value in rows] + [f"{name:<42}{took:>8.1f} s" for name, took in seconds]
    return "\n".join([*lines, *(f"lost: {each}" for each in tally.lost), *(f"twice: {each}" for each in tally.twice)])


async def watch(minutes: float, seed: int, database: str, folder: Path) -> None:
    say(f"{'minute':>8}{'program':>12}{'workers':>12}{'polls':>10}{'messages':>10}")
    async for at in steady(folder, seed=seed, minutes=minutes, database=database):
        say(f"{at.minutes:>8.0f}{at.program:>9.0f} MB{at.workers:>9.0f} MB{at.polls:>10}{at.messages:>10}")


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


@contextmanager
def a_server() -> Iterator[str]:
    """An empty database on a PostgreSQL of our own, as its address."""
    with tempfile.TemporaryDirectory(prefix="tocsin-soak-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        initialise(home / "data")
        server = Server(home / "data")
        server.start()
        try:
            yield server.create("soak")
        finally:
            server.kill()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--database", default="", help="an empty one; just the word postgresql starts a server for it")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--keep", type=Path, help="an empty folder for the database and the log, which stay")
    wanted = parser.parse_args()
    say(f"seed {wanted.seed}")
    with ExitStack() as stack:
        database = stack.enter_context(a_server()) if wanted.database == "postgresql" else wanted.database
        folder = wanted.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-soak-")))
        if wanted.minutes:
            asyncio.run(watch(wanted.minutes, wanted.seed, database, folder))
            return 0
        tally = asyncio.run(run(wanted.cycles, wanted.seed, database, folder))
    say(table(tally))
    return bool(tally.lost or tally.twice)


if __name__ == "__main__":
    sys.exit(main())
