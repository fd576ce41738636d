"""How long an event loop was not free: beats that should come every few milliseconds, and the latest of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PAUSE = 0.005


class Beats:
    """The longest time in seconds between two beats beyond what was wanted: `late` by the clock; `busy` of it in
    which the loop's own thread worked, whatever else the machine does."""

    def __init__(self) -> None:
        self.late = 0.0
        self.busy = 0.0

    async def go_on(self) -> None:
        while True:
            clock, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(PAUSE)
            self.late = max(self.late, time.perf_counter() - clock - PAUSE)
            self.busy = max(self.busy, time.thread_time() - worked)


@asynccontextmanager
async def beats() -> AsyncIterator[Beats]:
    """Beats for as long as the block takes."""
    found = Beats()
    task = asyncio.create_task(found.go_on())
    try:
        yield found
        await asyncio.sleep(2 * PAUSE)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
