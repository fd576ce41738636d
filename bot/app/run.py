"""The running bot: its clock, its outlet, and how it stops."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from importlib.metadata import version

import structlog

from bot.app.clockwork import Clockwork
from bot.app.outlet import Outlet, now_utc, open_outlet
from bot.app.resources import Resources, open_resources
from bot.app.ticks import was_stopped_long
from bot.client import Index
from bot.errors import DatabaseLostError, TocsinError, TokenRefusedError
from bot.health import Vitals, beating, serving
from bot.schedule import Schedule, Tick
from bot.settings import Settings
from handlers.poll import Shelf

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
    stop, index, shelf = Stop(), Index(), Shelf(settings.merging)
    with _signals(stop):
        async with (
            open_resources(settings, now=now_utc()) as resources,
            _account(resources) as vitals,
            open_outlet(resources, index, fatal=stop.because_of) as outlet,
        ):
            vitals.connected = outlet.connected
            await _tick_until(stop, resources, outlet, index, shelf, vitals)
        log.info("stopped")
    stop.raise_error()


@asynccontextmanager
async def _account(resources: Resources) -> AsyncIterator[Vitals]:
    """What this runner tells of itself, and to whoever asks at its port if it has one. Raises TocsinError."""
    chosen = resources.settings.health
    vitals = Vitals(version=version("tocsin"))
    vitals.workers = resources.language.losses
    resources.store.committed = vitals.committed
    port = serving(vitals, address=str(chosen.address), port=chosen.port) if chosen.port else nullcontext()
    async with beating(vitals):
        with port:
            yield vitals


async def _tick_until(
    stop: Stop, resources: Resources, outlet: Outlet, index: Index, shelf: Shelf, vitals: Vitals
) -> None:
    await shelf.load(resources.store, now_utc())
    long_stop = await was_stopped_long(resources.store, now_utc())
    work = Clockwork(resources, outlet, index, shelf, stop.event, vitals=vitals, long_stop=long_stop)
    async with Schedule(vitals.watch(work.every(stopping=partial(_stopping, stop)))) as schedule:
        work.wake = schedule.wake
        log.info("started", feeds=len(resources.settings.feeds), database=resources.store.name)
        await stop.event.wait()


def _stopping(stop: Stop, tick: Tick) -> Tick:
    """`tick`, after which everything stops if Discord no longer takes the token or the database is lost."""

    async def run_tick() -> None:
        try:
            await tick()
        except (DatabaseLostError, TokenRefusedError) as error:
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
