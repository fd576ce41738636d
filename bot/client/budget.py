"""Counts the requests that Discord holds against a bot: 401, 403 and 429 within ten minutes.

Discord bans an address at 10,000 of them, so sends slow down at 1,000 and stop at 5,000 (RELIABILITY, section 1), and
with them everything else. It sees every request of the client, those that discord.py repeats on its own included. What
others refuse and rest for is exchanged with them every few seconds; it sends nothing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import aiohttp
import structlog

from bot.errors import BlockedError, StoreError

log = structlog.get_logger(__name__)
WINDOW = 600.0  # seconds
LONGEST_WAIT = 30.0  # seconds that discord.py waits for a rate limit by itself; it allows no less
SLOW, STOP = 1_000, 5_000
BLOCK = 600.0  # seconds that every send rests after Cloudflare answered in Discord's place, or after too many refusals
EVERY = 3.0  # seconds between two exchanges
INVALID = frozenset({401, 403, 429})

Exchange = Callable[[int, float], Awaitable[tuple[int, float]]]
"""Told how many requests were refused since it was told last, and for how many seconds all have to rest (0 where that
is no news), it tells how many of everybody's were refused in ten minutes, and for how many seconds to rest."""


class Budget:
    """The moments of the invalid requests of the last ten minutes, by the event loop's clock, and what others told."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=STOP)
        self._rest_until = 0.0
        self._of_all = 0  # as they were told last
        self._untold = 0
        self._untold_rest = False
        self._news = asyncio.Event()

    def note(self, status: int, at: float) -> None:
        """Counts an answer of Discord, if it is held against the bot."""
        if status in INVALID:
            self._moments.append(at)
            self._untold += 1

    def spent(self, at: float) -> int:
        """How many invalid requests, everybody's, lie within the window before `at`."""
        while self._moments and self._moments[0] <= at - WINDOW:
            self._moments.popleft()
        own = len(self._moments)
        return max(own, self._of_all + min(own, self._untold))

    def rest(self, at: float, seconds: float = BLOCK) -> None:
        """Nothing is sent for so long, by anybody who shares this budget."""
        self._rest_until = max(self._rest_until, at + seconds)
        self._untold_rest = True
        self._news.set()

    def rests(self, at: float) -> float:
        """For how many seconds nothing is to be sent."""
        return max(0.0, self._rest_until - at)

    @asynccontextmanager
    async def shared(self, exchange: Exchange, *, every: float = EVERY) -> AsyncIterator[None]:
        """Within it others know of the refusals of this budget, and it of theirs; a block is told at once."""
        await self._exchange(exchange)
        exchanging = asyncio.create_task(self._keep_exchanging(exchange, every), name="refusals")
        try:
            yield
        finally:
            exchanging.cancel()
            await asyncio.gather(exchanging, return_exceptions=True)
            await self._exchange(exchange)

    async def _keep_exchanging(self, exchange: Exchange, every: float) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), every)
            await self._exchange(exchange)

    async def _exchange(self, exchange: Exchange) -> None:
        """What cannot be told is told the next time."""
        untold, told_rest = self._untold, self._untold_rest
        self._news.clear()
        try:
            of_all, rest = await exchange(untold, self.rests(_now()) if told_rest else 0.0)
        except StoreError as error:
            log.warning("refusals.untold", refused=untold, why=str(error))
            return
        self._of_all, self._untold = of_all, self._untold - untold
        self._untold_rest = self._untold_rest and not told_rest
        self._rest_until = max(self._rest_until, _now() + rest if rest > 0 else 0.0)

    def trace(self) -> aiohttp.TraceConfig:
        """What an aiohttp session needs to tell this budget of every answer, and to ask nothing once it is spent."""

        async def begins(
            _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
        ) -> None:
            if params.url.scheme in ("http", "https") and self.spent(_now()) >= STOP:
                raise BlockedError("Discord refused too many requests; nothing is asked for a while", retry_after=BLOCK)

        async def ended(
            _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
        ) -> None:
            self.note(params.response.status, _now())

        config = aiohttp.TraceConfig()
        config.on_request_start.append(begins)
        config.on_request_end.append(ended)
        return config


def _now() -> float:
    return asyncio.get_running_loop().time()
