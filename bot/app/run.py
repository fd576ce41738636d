"""The running bot: its clock, its outlet, and how it stops."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import structlog

from bot.app.outlet import Outlet, now_utc, open_outlet
from bot.app.resources import Resources, open_resources
from bot.app.shelf import Shelf
from bot.app.ticks import deliver_tick, poll_tick, was_stopped_long
from bot.client import Index
from bot.errors import TocsinError, TokenRefusedError
from bot.schedule import Schedule, Tick
from bot.settings import Settings
from handlers.digest import digest
from handlers.notify import notify
from handlers.poll import load_stories
from handlers.prune import prune_tick
from handlers.remember import remember

log = structlog.get_logger(__name__)
REMEMBER_EVERY = timedelta(minutes=1)
GATHER_EVERY = timedelta(seconds=20)
NOTIFY_EVERY = timedelta(minutes=1)
PRUNE_EVERY = timedelta(days=1)
POLL_BEGINS_WITHIN = 60.0
"""Seconds of a poll tick after which it begins no further feed, so that those that fall due meanwhile get a turn."""


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
    settings = resources.settings
    async with shelf.turn:
        shelf.stories = await load_stories(resources.store, settings.merging, now_utc())

    stops = iter([await was_stopped_long(resources.store, now_utc())])  # what the first poll is told, and no other

    async def poll() -> None:
        report = await poll_tick(
            resources,
            now=now_utc(),
            open_stories=shelf.stories,
            turn=shelf.turn,
            begin_within=POLL_BEGINS_WITHIN,
            long_stop=next(stops, False),
        )
        if report.alerts:
            schedule.wake("deliver")

    async def deliver() -> None:
        if outlet.is_open():
            await deliver_tick(resources, outlet.sender, now=now_utc(), stop=stop.event)

    async def gather() -> None:
        report = await digest(now_utc(), store=resources.store)
        if report.digests or report.catch_ups:
            schedule.wake("deliver")

    async def tell() -> None:
        if await notify(now_utc(), store=resources.store):
            schedule.wake("deliver")

    async def refresh() -> None:
        known = settings.knowledge
        names = [organisation.name for organisation in known.organisations]
        await remember(index, store=resources.store, topics=known.topics, organisations=names)

    every: dict[str, tuple[timedelta, Tick]] = {
        "remember": (REMEMBER_EVERY, refresh),
        "poll": (timedelta(seconds=settings.poll.tick), poll),
        "digest": (GATHER_EVERY, gather),
        "notify": (NOTIFY_EVERY, tell),
        "prune": (PRUNE_EVERY, partial(_forget, resources, shelf)),
        "deliver": (timedelta(seconds=settings.deliver.tick), _stopping(stop, deliver)),
    }
    async with Schedule(every) as schedule:
        log.info("started", feeds=len(settings.feeds), database=resources.store.name)
        await stop.event.wait()


async def _forget(resources: Resources, shelf: Shelf) -> None:
    """Deletes what is kept no longer."""
    keep, idle = timedelta(days=resources.settings.archive.keep), resources.settings.merging.idle
    await prune_tick(now_utc(), store=resources.store, keep=keep, idle=idle, turn=shelf.corrected)


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
