"""A short soak: twenty kills of the real program at moments drawn at random, and nothing is lost or told twice.

`make soak` runs a long one. A failure prints its seed, with which it is run again.
"""

import asyncio
import secrets
from pathlib import Path

import pytest

from bot.store import Store
from tests.soak.__main__ import run, table

CYCLES = 10
"""Of each of two that run side by side."""


@pytest.mark.timeout(400)
async def test_random_kills_and_faults_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    """Faults 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 43, 44, 49 and 50, in any order and together."""
    folders = [tmp_path / "one", tmp_path / "another"]
    for folder in folders:
        folder.mkdir()
        async with Store.open(f"sqlite:///{folder / 'tocsin.db'}"):
            pass  # one after the other: alembic upgrades one database at a time
    tallies = await asyncio.gather(*(run(CYCLES, secrets.randbelow(1_000_000), "", folder) for folder in folders))
    told = "\n\n".join(map(table, tallies))
    print(told)  # noqa: T201 - the seeds and figures, for whoever asks
    assert not any(tally.lost or tally.twice for tally in tallies), told
    assert all(tally.kills.total() >= CYCLES and tally.sent > 20 for tally in tallies), told
