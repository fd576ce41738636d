"""Counts the requests that Discord holds against a bot: 401, 403 and 429 within ten minutes.

Discord bans an address at 10,000 of them, so sends slow down at 1,000 and stop at 5,000 (RELIABILITY, section 1).
It sees every request of the client, those that discord.py repeats on its own included; it sends nothing.
"""

import asyncio
from collections import deque
from types import SimpleNamespace

import aiohttp

WINDOW = 600.0  # seconds
LONGEST_WAIT = 30.0  # seconds that discord.py waits for a rate limit by itself; it allows no less
SLOW, STOP = 1_000, 5_000
INVALID = frozenset({401, 403, 429})


class Budget:
    """The moments of the invalid requests of the last ten minutes, by the event loop's clock."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=STOP)

    def note(self, status: int, at: float) -> None:
        if status in INVALID:
            self._moments.append(at)

    def spent(self, at: float) -> int:
        """How many invalid requests lie within the window before `at`."""
        while self._moments and self._moments[0] <= at - WINDOW:
            self._moments.popleft()
        return len(self._moments)

    def trace(self) -> aiohttp.TraceConfig:
        """What an aiohttp session needs to tell this budget of every answer."""

        async def ended(
            _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
        ) -> None:
            self.note(params.response.status, asyncio.get_running_loop().time())

        config = aiohttp.TraceConfig()
        config.on_request_end.append(ended)
        return config
