"""The running bot: its clock, its outlet, and how it stops."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from bot.app.clockwork import Clockwork
from bot.app.outlet import Outlet, now_utc, open_outlet
from bot.app.resources import Resources, open_resources
from bot.app.shelf import Shelf
from bot.app.ticks import was_stopped_long
from bot.client import Index
from bot.errors import TocsinError, TokenRefusedError
from bot.schedule import Schedule, Tick
from bot.settings import Settings
from handlers.poll import load_stories

log = structlog.get_logger(__name__)


class Stop:
    """The wish to stop, and the error behind it if there is one."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._error: TocsinError | None = None

    def because_of(self, error: TocsinError) -> None:
        """Stops everything; the first error is the one that is told."""
        self._error = self._error or error
        self.event.set()

    def raise_error(self) -> None:
        """Raises the error behind the stop, if there is one."""
        if self._error is not None:
            raise self._error


async def run(settings: Settings) -> None:
    """The bot, until a signal ends it. Raises TocsinError where it cannot go on."""
    stop, index, shelf = Stop(), Index(), Shelf()
    with _signals(stop):
        async with (
            open_resources(settings, now=now_utc()) as resources,
            open_outlet(resources, index, shelf, fatal=stop.because_of) as outlet,
        ):
            await _tick_until(stop, resources, outlet, index, shelf)
        log.info("stopped")
    stop.raise_error()


async def _tick_until(stop: Stop, resources: Resources, outlet: Outlet, index: Index, shelf: Shelf) -> None:
    async with shelf.turn:
        shelf.stories = await load_stories(resources.store, resources.settings.merging, now_utc())
    long_stop = await was_stopped_long(resources.store, now_utc())
    work = Clockwork(resources, outlet, index, shelf, stop.event, long_stop=long_stop)
    async with Schedule(work.every(stopping=partial(_stopping, stop))) as schedule:
        work.wake = schedule.wake
        log.info("started", feeds=len(resources.settings.feeds), database=resources.store.name)
        await stop.event.wait()


def _stopping(stop: Stop, tick: Tick) -> Tick:
    """`tick`, after which everything stops if Discord no longer takes the token."""

    async def run_tick() -> None:
        try:
            await tick()
        except TokenRefusedError as error:
            stop.because_of(error)

    return run_tick


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Lets SIGTERM and SIGINT ask to stop; a second one ends the program as it would without us."""
    loop, signals = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)

    def ask() -> None:
        log.info("stopping", then="what is under way is finished; a second signal ends at once")
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
