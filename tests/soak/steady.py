"""A steady hour: one program polls and delivers without a fault, and its memory is written down as time goes on.

It judges nothing; whoever reads the table does.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.soak.soak import soak

WARM = 600.0
"""Seconds after which it counts as started: by then every worker has worked, and what fills with time is full."""
BETWEEN_LOOKS = 300.0
BETWEEN_NEWS = 20.0
FEEDS = 20
SETTINGS = """
[poll]
tick = 5
interval = 0.08
shortest = 0.08
[deliver]
tick = 5
debounce = 5
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident megabytes `minutes` after the start, of the program itself and of its workers together; and what it had
    done by then."""

    minutes: float
    program: float
    workers: float
    polls: int
    messages: int


async def steady(folder: Path, *, seed: int, minutes: float, database: str = "") -> AsyncIterator[Memory]:
    """Runs for so long; gives its memory when it is warm, every five minutes, and at the end."""
    async with soak(folder, seed=seed, database=database, feeds=FEEDS) as running:
        (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
        crew, answers = running.scene.crew, running.scene.feeds.answers
        await crew.start()
        pids = crew.pids
        began = time.monotonic()
        end, look = began + 60 * minutes, began + min(WARM, 30 * minutes)
        while look <= end:
            while time.monotonic() < look:
                running.press.report(1, again=running.scene.random.randint(0, 1))
                await asyncio.sleep(min(BETWEEN_NEWS, max(look - time.monotonic(), 0)))
            crew.check()
            told = sum(1 for _ in running.town.told())
            workers = sum(_resident(child) for pid in pids for child in _children(pid))
            yield Memory((look - began) / 60, sum(map(_resident, pids)), workers, answers.total(), told)
            look = min(look + BETWEEN_LOOKS, end) if look < end else end + 1
        verdict = await running.calm(last=True)
        if verdict.lost or verdict.twice:
            raise AssertionError(f"lost {verdict.lost[:3]}, twice {verdict.twice[:3]}")


def _resident(pid: int) -> float:
    """Megabytes of memory that a process holds; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _children(pid: int) -> list[int]:
    """Every process below this one."""
    found = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, tasks.read_text().split()):
            found += [child, *_children(child)]
    return found
