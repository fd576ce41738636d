"""Discord's time inside the fake: the machine's time moved by an offset, and a way to wait for changes.

It does not slow down or stop time; a test that wants three seconds to be over advances the clock.
"""

import asyncio
import time
from datetime import UTC, datetime


class Pulse:
    """Wakes everybody who waits for *something* to have changed; each looks for himself whether it was his."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def fire(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def wait(self, seconds: float) -> None:
        """Return at the next `fire()`, or after `seconds` of real time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await future
        except TimeoutError:
            return
        finally:
            self._waiting.discard(future)


class Clock:
    """Virtual time: interaction tokens, the nonce memory, sessions, rate limits and snowflakes all read it."""

    def __init__(self, pulse: Pulse) -> None:
        self._offset = 0.0
        self._pulse = pulse

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._offset

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        self._offset += seconds
        self._pulse.fire()

    def set(self, moment: datetime) -> None:
        """Make it `moment` (aware) now; ids still only grow, so going back leaves newer ids behind."""
        self._offset = moment.timestamp() - time.time()
        self._pulse.fire()


def iso(moment: datetime) -> str:
    """Discord's way to write a time: ISO 8601 with microseconds and an offset."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
