"""What the steps of one delivery tick share: the sender, the rules, the clock, the counts, and when to stop.

It claims, sends and settles nothing.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.message import Message
from bot.errors import BlockedError
from bot.store import Store


class Sender(Protocol):
    """Where messages go: Discord, or the terminal. Every method raises nothing but DeliveryErrors."""

    async def create(
        self, channel_id: int, message: Message, *, nonce: str, reply_to: int | None = None, guild_id: int | None = None
    ) -> int: ...

    async def create_post(
        self, forum_id: int, message: Message, *, name: str, tag: str = "", guild_id: int | None = None
    ) -> int: ...

    async def open_thread(self, channel_id: int, message_id: int, name: str) -> int: ...

    async def publish(self, channel_id: int, message_id: int) -> None: ...

    async def is_forum(self, channel_id: int) -> bool: ...

    async def edit(self, channel_id: int, message_id: int, message: Message) -> None: ...

    async def find(self, channel_id: int, mark: str, after: datetime) -> int | None: ...


@dataclass(frozen=True, slots=True)
class DeliverRules:
    """How deliveries are tried.

    `lease` is for how long a row is ours when it is claimed; it is renewed while its send is under way. A row whose
    earlier attempt began less than `remembered` ago is resent with its nonce, which Discord still knows; an older one
    is first looked up in the channel, from `search_back` before that attempt on. Pauses grow from `first_pause`
    fourfold to `longest_pause`.
    """

    lease: timedelta = timedelta(seconds=120)
    debounce: timedelta = timedelta(seconds=60)
    attempts: int = 60
    at_once: int = 20
    remembered: timedelta = timedelta(seconds=90)
    search_back: timedelta = timedelta(minutes=1)
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=10)
    look_again: float = 1.0  # seconds between two looks for other channels' alerts while a slow one is under way


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What one tick did: rows by what became of them. `found` were sent by an earlier attempt, `unread` could not be
    looked up before a resend, `lost` were not ours any more: this runner was away for longer than its lease."""

    sent: int = 0
    found: int = 0
    unread: int = 0
    retried: int = 0
    dead: int = 0
    paused: int = 0
    edited: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """What the steps of one tick share. `moment` is the tick's time, moved on by the time that has passed since."""

    store: Store
    sender: Sender
    rules: DeliverRules
    moment: Callable[[], datetime]
    jitter: Callable[[], float]
    counts: Counter[str]


class Halt:
    """Why nothing more is begun in this tick: the program stops, or one answer concerned every channel."""

    def __init__(self, stop: asyncio.Event | None) -> None:
        self._stop = stop
        self._problem: Exception | None = None
        self.blocked = False

    def is_set(self) -> bool:
        return self.blocked or self._problem is not None or (self._stop is not None and self._stop.is_set())

    def because_of(self, problem: BaseException | None) -> None:
        """Ends the tick with the first problem. A block by Cloudflare ends it, too, and is none for the caller."""
        if isinstance(problem, BlockedError):
            self.blocked = True
        elif isinstance(problem, Exception):
            self._problem = self._problem or problem

    def note(self, finished: "set[asyncio.Task[None]]") -> None:
        """Keeps the first problem of the finished tasks for the end of the tick."""
        for task in finished:
            self.because_of(task.exception())

    def raise_problem(self) -> None:
        if self._problem is not None:
            raise self._problem


@asynccontextmanager
async def ended_with_the_tick(running: "set[asyncio.Task[None]]") -> AsyncIterator[None]:
    """When the tick is cancelled, so is what it began: the rows are claimed again after their lease."""
    try:
        yield
    except BaseException:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        raise


def pause(attempt: int, rules: DeliverRules, jitter: float) -> timedelta:
    """How long to wait after the given failed attempt (from 1); `jitter` of 0…1 spreads it over its second half."""
    grown = rules.first_pause * 4.0 ** min(max(attempt - 1, 0), 8)
    return min(grown, rules.longest_pause) * (0.5 + jitter / 2)
