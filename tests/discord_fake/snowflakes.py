"""Discord's ids: milliseconds since 2015 in the upper bits, a counter in the lower 22 (API docs, "Snowflakes")."""

from datetime import UTC, datetime
from typing import Protocol

from tests.discord_fake.clock import Clock

EPOCH_MS = 1_420_070_400_000
LOW_BITS = 22


class HasId(Protocol):
    @property
    def id(self) -> int: ...


Ref = HasId | int | str
"""Anything that names an object: the object itself, its id, or its id as text."""


def id_of(thing: Ref) -> int:
    return int(thing) if isinstance(thing, int | str) else int(thing.id)


def time_of(snowflake: int) -> datetime:
    return datetime.fromtimestamp(((snowflake >> LOW_BITS) + EPOCH_MS) / 1000, UTC)


class Snowflakes:
    """Hands out ids that only grow, whatever the clock does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        by_time = (int(self._clock.time() * 1000) - EPOCH_MS) << LOW_BITS
        self._last = max(self._last + 1, by_time)
        return self._last
