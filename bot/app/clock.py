"""The clock that everything here goes by: this machine's, set by the database's where several machines work on one.

Leases and due times of one are compared with another's clock. It leaves the machine's own clock as it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from bot.store import Store
from bot.store.offset import ahead

log = structlog.get_logger(__name__)

WORTH_SETTING = timedelta(seconds=1)
"""Less is told apart from a slow answer only now and then, and time would step to and fro."""


def now_utc() -> datetime:
    """What this machine takes for the present."""
    return datetime.now(UTC)


class Clock:
    """Called, it gives the present as aware UTC; `machine` is the machine's."""

    def __init__(self, machine: Callable[[], datetime] = now_utc) -> None:
        self._machine = machine
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return self._machine() + self._ahead

    async def set_by(self, store: Store) -> None:
        """Goes by the clock of the database from now on; a file has none. Raises StoreError."""
        found = await store.read(ahead, self._machine) if store.shared else timedelta(0)
        if abs(found - self._ahead) >= WORTH_SETTING:
            self._ahead = found
            log.warning("clock.set", seconds=round(found.total_seconds(), 1), why="the database's clock differs")
