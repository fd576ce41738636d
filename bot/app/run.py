"""The running bot: its clock, its outlet, and how it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version

import structlog
from structlog.contextvars import bound_contextvars

from bot.app.clock import Clock
from bot.app.clockwork import Clockwork
from bot.app.outlet import Outlet, open_outlet
from bot.app.resources import Resources, open_resources
from bot.app.runner import GATEWAY, POLL, ROLES, Me, leave, take_the_seat, wait_for_the_seat
from bot.app.stop import Stop, signals
from bot.app.ticks import was_stopped_long
from bot.client import Index
from bot.health import Vitals, beating, serving
from bot.schedule import Schedule
from bot.settings import Settings
from handlers.poll import Shelf

log = structlog.get_logger(__name__)


async def run(settings: Settings, *, roles: frozenset[str] = frozenset(ROLES), clock: Clock | None = None) -> None:
    """The bot, or those of its roles, until a signal ends it. Raises TocsinError where it cannot go on."""
    clock = clock or Clock()
    stop, me = Stop(), Me(roles, clock())
    with bound_contextvars(runner=me.id), signals(stop):
        async with (
            open_resources(settings, clock=clock, lists=me.has(POLL)) as resources,
            _account(resources, me) as vitals,
        ):
            store = resources.store
            if not (store.shared and me.has(GATEWAY)) or await _seated(stop, resources, me, vitals):
                try:
                    await _work(stop, resources, me, vitals)
                finally:
                    await leave(store, me)
        log.info("runner.stopped")
    stop.raise_error()


async def _seated(stop: Stop, resources: Resources, me: Me, vitals: Vitals) -> bool:
    """Waits to be the gateway; to stand by is to be well, as long as the database answers."""

    async def ask() -> bool:
        await resources.clock.set_by(resources.store)
        seated = await take_the_seat(resources.store, me, resources.clock())
        vitals.answered()
        return seated

    vitals.stands_by = True
    seated = await wait_for_the_seat(ask, stop.event)
    vitals.stands_by = False
    return seated


async def _work(stop: Stop, resources: Resources, me: Me, vitals: Vitals) -> None:
    if stop.event.is_set():  # since the database was opened, which may take long
        return
    index = Index()
    async with open_outlet(resources, index, me, fatal=stop.because_of) as outlet:
        vitals.connected = outlet.connected
        await _tick_until(stop, resources, outlet, index, me, vitals)


@asynccontextmanager
async def _account(resources: Resources, me: Me) -> AsyncIterator[Vitals]:
    """What this runner tells of itself, and to whoever asks at its port if it has one. Raises TocsinError."""
    chosen = resources.settings.health
    vitals = Vitals(version=version("tocsin"), roles=me.named_roles, now=resources.clock)
    vitals.workers = resources.language.losses
    resources.store.committed = vitals.committed
    port = serving(vitals, address=str(chosen.address), port=chosen.port) if chosen.port else nullcontext()
    async with beating(vitals):
        with port:
            yield vitals


async def _tick_until(stop: Stop, resources: Resources, outlet: Outlet, index: Index, me: Me, vitals: Vitals) -> None:
    shelf = Shelf(resources.settings.merging)
    if me.has(POLL):
        await shelf.load(resources.store, resources.clock())
    long_stop = await was_stopped_long(resources.store, resources.clock())
    work = Clockwork(resources, outlet, index, shelf, stop, me=me, vitals=vitals, long_stop=long_stop)
    async with Schedule(vitals.watch(work.every())) as schedule:
        work.wake = schedule.wake
        feeds, database = len(resources.settings.feeds), resources.store.name
        log.info("runner.started", roles=me.named_roles, feeds=feeds, database=database)
        await stop.event.wait()
