"""Stopping: the wish to, by a signal or because of an error, and what follows.

It ends nothing by itself: whoever runs looks at it.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.errors import TocsinError

log = structlog.get_logger(__name__)


class Stop:
    """The wish to stop, and the error behind it if there is one."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._error: TocsinError | None = None

    def because_of(self, error: TocsinError) -> None:
        """Stops everything; the first error is the one that is told."""
        log.error("runner.cannot_go_on", why=str(error))
        self._error = self._error or error
        self.event.set()

    def raise_error(self) -> None:
        """Raises the error behind the stop, if there is one."""
        if self._error is not None:
            raise self._error


@contextmanager
def signals(stop: Stop) -> Iterator[None]:
    """Lets SIGTERM and SIGINT ask to stop; a second one ends the program as it would without us."""
    loop, signals = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)

    def ask() -> None:
        log.info("runner.stopping", then="what is under way is finished; a second signal ends at once")
        stop.event.set()
        ignore()

    def ignore() -> None:
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, ask)
    try:
        yield
    finally:
        ignore()
