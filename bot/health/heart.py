"""The heartbeat of an event loop: a tick so small that its lateness is the loop's.

It hinders nothing and cures nothing. A loop that is stuck leaves a line in the log while it is, with the place where it
is stuck, from a thread that looks on; and one when it turns again.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import copy_context

import structlog

from bot.core.vitals import LOOP_STUCK
from bot.health.vitals import Vitals

log = structlog.get_logger(__name__)
BEAT = 0.25
"""Seconds between two beats."""

WORTH_A_LINE = 1.0
"""Seconds of lateness from which an operator should hear of it: people notice that they wait."""


@asynccontextmanager
async def beating(vitals: Vitals) -> AsyncIterator[None]:
    """Inside it, `vitals` hears of each turn of the event loop."""
    heart, ended = asyncio.create_task(_beat(vitals), name="heart"), threading.Event()
    words = copy_context()  # the runner's id stands in every line of its log
    onlooker = threading.Thread(target=words.run, args=(_look_on, vitals, ended), name="onlooker", daemon=True)
    onlooker.start()
    try:
        yield
    finally:
        ended.set()
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


def _look_on(vitals: Vitals, ended: threading.Event) -> None:
    """One line for each time that the loop is stuck."""
    told = False
    while not ended.wait(BEAT):
        signs = vitals.signs()
        stuck = signs.now - signs.loop_turned
        if stuck > LOOP_STUCK and not told:
            log.error("loop.stuck", seconds=round(stuck, 1), at=signs.busy_with)
        told = stuck > LOOP_STUCK
