"""Stopping: the wish to, by a signal or because of an error, and what follows.

Whoever runs looks at it and ends by himself. Only where he does not, because something that cannot be called off keeps
him waiting, is the program ended for him, which is no worse than a kill: what was not committed was not done.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.errors import TocsinError

log = structlog.get_logger(__name__)

LONGEST = 9.0
"""Seconds from a signal to the end at the latest: who runs programs gives them ten, then he kills them."""


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
    """Lets SIGTERM and SIGINT ask to stop; a second one kills the program. It ends well within `LONGEST` seconds of the
    first, whatever happens."""
    loop, signals = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
    last = threading.Timer(LONGEST, _end)
    last.daemon = True

    def ask() -> None:
        stop.event.set()
        ignore()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own would wait for every thread
        last.start()
        log.info("runner.stopping", then="what is under way is finished; a second signal ends at once")

    def ignore() -> None:
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, ask)
    try:
        yield
    finally:
        ignore()
        last.cancel()


def _end() -> None:
    """A thread that waits for a server which does not answer can be ended in no other way."""
    try:
        log.warning("runner.cut_short", why=f"something was still waited for after {LONGEST:g} s, such as the database")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:  # whoever read along may have gone before
        os._exit(0)
