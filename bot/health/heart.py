"""The heartbeat of an event loop: a tick so small that its lateness is the loop's.

It hinders nothing and cures nothing; a loop that was stuck leaves one line in the log when it turns again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.core.vitals import LOOP_STUCK
from bot.health.vitals import Vitals

log = structlog.get_logger(__name__)
BEAT = 0.25
"""Seconds between two beats."""

WORTH_A_LINE = min(1.0, LOOP_STUCK)
"""Seconds of lateness from which an operator should hear of it: people wait that long for an answer."""


@asynccontextmanager
async def beating(vitals: Vitals) -> AsyncIterator[None]:
    """Inside it, `vitals` hears of each turn of the event loop."""
    heart = asyncio.create_task(_beat(vitals), name="heart")
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)


async def _beat(vitals: Vitals) -> None:
    while True:
        due = vitals.clock() + BEAT
        await asyncio.sleep(BEAT)
        lag = max(vitals.clock() - due, 0.0)
        vitals.turned(lag)
        if lag >= WORTH_A_LINE:
            log.warning("loop.late", seconds=round(lag, 3))
