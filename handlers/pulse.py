"""The tick that looks how the work goes, so that whoever asks this runner is told without asking the database, and
that writes down that the runner is there and how it is, for the others.

That it can do so is a sign of life of its own.
"""

from dataclasses import replace
from datetime import datetime

from bot.health import Vitals
from bot.store import Store, runners
from bot.store.pulse import work
from bot.store.runners import Runner


async def pulse(now: datetime, *, store: Store, vitals: Vitals, runner: Runner | None = None) -> None:
    """Tells `vitals` of the work, and the other runners of this one, if it has a name to be known by. Raises
    StoreError."""
    if runner is not None:
        await store.write(runners.put, replace(runner, seen_at=now, facts={**runner.facts, **vitals.facts()}))
    vitals.looked(await store.read(work, now))
