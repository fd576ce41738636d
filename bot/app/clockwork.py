"""The ticks of the running bot as the clock calls them: what each is given, and which one wakes which.

What a tick does stands in its handler; how often is told here.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta

from bot.app.outlet import Outlet, now_utc
from bot.app.resources import Resources
from bot.app.ticks import deliver_tick, poll_tick
from bot.client import Index
from bot.core.conditions import Condition, database_condition, model_condition
from bot.errors import StoreError
from bot.health import Vitals
from bot.schedule import Tick
from handlers.clock import look_at_the_clock
from handlers.digest import digest
from handlers.notify import notify
from handlers.poll import Shelf
from handlers.prune import prune_tick
from handlers.pulse import pulse
from handlers.remember import remember

REMEMBER_EVERY = timedelta(minutes=1)
DIGEST_EVERY = timedelta(seconds=20)
NOTIFY_EVERY = timedelta(minutes=1)
LOOK_AGAIN_EVERY = timedelta(hours=1)
"""A channel that could not be written into is tried again by then, though Discord told of no change of rights."""

PULSE_EVERY = timedelta(seconds=10)
PRUNE_EVERY = timedelta(days=1)
POLL_BEGINS_WITHIN = 60.0
"""Seconds of a poll tick after which it begins no further feed, so that those that fall due meanwhile get a turn."""


class Clockwork:
    """The ticks over one set of resources. `wake` is the clock's, which exists only once it knows the ticks.

    `long_stop` is told to the first poll and no other; `vitals` hear what came of polls and deliveries.
    """

    def __init__(
        self,
        resources: Resources,
        outlet: Outlet,
        index: Index,
        shelf: Shelf,
        stop: asyncio.Event,
        *,
        vitals: Vitals,
        long_stop: bool,
    ) -> None:
        self.wake: Callable[[str], None] = lambda name: None
        self._resources = resources
        self._outlet = outlet
        self._index = index
        self._shelf = shelf
        self._stop = stop
        self._vitals = vitals
        self._long_stop = long_stop
        self._troubles: dict[str, Condition] = {}
        self._looked_at: datetime | None = None

    def every(self, *, stopping: Callable[[Tick], Tick]) -> Mapping[str, tuple[timedelta, Tick]]:
        """Each tick by its name, with how often it runs; `stopping` wraps them, as any may have to stop everything."""
        settings = self._resources.settings
        ticks = {
            "clock": (DIGEST_EVERY, self.clock),
            "remember": (REMEMBER_EVERY, self.remember),
            "poll": (timedelta(seconds=settings.poll.tick), self.poll),
            "digest": (DIGEST_EVERY, self.digest),
            "notify": (NOTIFY_EVERY, self.notify),
            "look again": (LOOK_AGAIN_EVERY, self._outlet.look_again),
            "prune": (PRUNE_EVERY, self.prune),
            "pulse": (PULSE_EVERY, self.pulse),
            "deliver": (timedelta(seconds=settings.deliver.tick), self.deliver),
        }
        return {name: (every, stopping(tick)) for name, (every, tick) in ticks.items()}

    async def clock(self) -> None:
        self._looked_at = await look_at_the_clock(now_utc(), self._looked_at, store=self._resources.store)

    async def poll(self) -> None:
        with self._noted():
            report = await poll_tick(
                self._resources,
                now=now_utc(),
                shelf=self._shelf,
                begin_within=POLL_BEGINS_WITHIN,
                long_stop=self._long_stop,
            )
        self._long_stop = False
        self._vitals.polled(asdict(report))
        if report.alerts:
            self.wake("deliver")
        if report.entries_new and (warning := await self._resources.language.warning()):
            self._troubles["model"] = model_condition(warning)

    async def deliver(self) -> None:
        if self._outlet.is_open():
            report = await deliver_tick(self._resources, self._outlet.sender, now=now_utc(), stop=self._stop)
            self._vitals.delivered(asdict(report))

    async def digest(self) -> None:
        report = await digest(now_utc(), store=self._resources.store)
        if report.digests or report.catch_ups:
            self.wake("deliver")

    async def notify(self) -> None:
        if await notify(now_utc(), store=self._resources.store, troubles=list(self._troubles.values())):
            self.wake("deliver")

    async def remember(self) -> None:
        known = self._resources.settings.knowledge
        names = [organisation.name for organisation in known.organisations]
        await remember(self._index, store=self._resources.store, topics=known.topics, organisations=names)

    async def prune(self) -> None:
        settings = self._resources.settings
        keep, idle = timedelta(days=settings.archive.keep), settings.merging.idle
        await prune_tick(now_utc(), store=self._resources.store, keep=keep, idle=idle)

    async def pulse(self) -> None:
        await pulse(now_utc(), store=self._resources.store, vitals=self._vitals)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keeps in mind that the database could not be used, until it can."""
        try:
            yield
        except StoreError as error:
            self._troubles["database"] = database_condition(str(error))
            raise
        self._troubles.pop("database", None)
