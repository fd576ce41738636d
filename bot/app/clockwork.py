"""The ticks of the running bot as the clock calls them: what each is given, and which one wakes which.

What a tick does stands in its handler; how often is told here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta

from bot.app.outlet import Outlet
from bot.app.resources import Resources
from bot.app.runner import DELIVER, GATEWAY, POLL, PRESENCE, Me, lost_seat, take_the_seat
from bot.app.stop import Stop
from bot.app.ticks import deliver_tick, poll_tick
from bot.client import Index
from bot.core.conditions import Condition, database_condition, model_condition
from bot.core.organisations import other_names
from bot.errors import DatabaseLostError, StoreError, TokenRefusedError
from bot.health import Vitals
from bot.schedule import Tick
from bot.store import runners
from bot.store.runners import Runner
from bot.store.upgrade import refuse_changed
from handlers.clock import look_at_the_clock
from handlers.digest import digest
from handlers.notify import notify
from handlers.poll import Shelf
from handlers.prune import prune_tick
from handlers.pulse import pulse
from handlers.recall import Recall
from handlers.remember import remember

REMEMBER_EVERY = timedelta(minutes=1)
DIGEST_EVERY = timedelta(seconds=20)
NOTIFY_EVERY = timedelta(minutes=1)
LOOK_AGAIN_EVERY = timedelta(hours=1)
"""A channel that could not be written into is tried again by then, though Discord told of no change of rights."""

LOOK_FOR_WORK = 2.0
"""Seconds between two looks at what is owed, where others owe it."""

PRUNE_EVERY = timedelta(days=1)
POLL_BEGINS_WITHIN = 60.0
"""Seconds of a poll tick after which it begins no further feed, so that those that fall due meanwhile get a turn."""


class Clockwork:
    """A runner's ticks over one set of resources. `wake` is the clock's, which exists only once it knows the ticks.

    `long_stop` is told to the first poll and no other; `vitals` hear what came of polls and deliveries.
    """

    def __init__(
        self,
        resources: Resources,
        outlet: Outlet,
        index: Index,
        shelf: Shelf,
        stop: Stop,
        *,
        me: Me,
        vitals: Vitals,
        long_stop: bool,
    ) -> None:
        self.wake: Callable[[str], None] = lambda name: None
        self._resources = resources
        self._outlet = outlet
        self._index = index
        self._shelf = shelf
        self._stop = stop
        self._me = me
        self._vitals = vitals
        self._long_stop = long_stop
        self._recall = Recall(resources.store)
        self._troubles: dict[str, Condition] = {}
        self._looked_at: datetime | None = None

    def every(self) -> Mapping[str, tuple[timedelta, Tick]]:
        """Each tick of the runner's roles by its name, with how often it runs."""
        settings = self._resources.settings
        ticks: dict[str, tuple[timedelta, Tick]] = {"presence": (PRESENCE, self.presence)}
        if self._me.has(POLL):
            ticks["poll"] = (timedelta(seconds=settings.poll.tick), self.poll)
            ticks["prune"] = (PRUNE_EVERY, self.prune)
        if self._me.has(DELIVER):
            # A commit of the same process wakes it; another's has to be looked for.
            every = settings.deliver.tick if self._me.has(POLL) and not self._resources.store.shared else LOOK_FOR_WORK
            ticks["clock"] = (DIGEST_EVERY, self.clock)
            ticks["digest"] = (DIGEST_EVERY, self.digest)
            ticks["notify"] = (NOTIFY_EVERY, self.notify)
            ticks["deliver"] = (timedelta(seconds=every), self.deliver)
        if self._me.has(GATEWAY):
            ticks["remember"] = (REMEMBER_EVERY, self.remember)
        if self._me.has(DELIVER, GATEWAY):
            ticks["look again"] = (LOOK_AGAIN_EVERY, self._outlet.look_again)
        return {name: (every, self._stopping(tick)) for name, (every, tick) in ticks.items()}

    async def presence(self) -> None:
        """Looks how the work goes, tells the others how this runner is, and stays the gateway. Raises DatabaseLostError
        where the tables are not those that it opened."""
        store, clock = self._resources.store, self._resources.clock
        await clock.set_by(store)
        now = clock()
        if store.shared:  # by programs that may be of another version
            await store.read(refuse_changed, store.name)
        if store.shared and self._me.has(GATEWAY) and not await take_the_seat(store, self._me, now):
            self._stop.because_of(lost_seat(self._me.roles))
        troubles = [asdict(each) for each in self._troubles.values()]
        await pulse(now, store=store, vitals=self._vitals, runner=self._me.row(now, {"troubles": troubles}))

    async def clock(self) -> None:
        self._looked_at = await look_at_the_clock(self._now(), self._looked_at, store=self._resources.store)

    async def poll(self) -> None:
        with self._noted():
            report = await poll_tick(
                self._resources,
                now=self._now(),
                shelf=self._shelf,
                runner=self._me.id,
                begin_within=POLL_BEGINS_WITHIN,
                long_stop=self._long_stop,
            )
        self._long_stop = False
        self._vitals.polled(asdict(report))
        if report.alerts and self._me.has(DELIVER):
            self.wake("deliver")
        if report.entries_new and (warning := await self._resources.language.warning()):
            self._troubles["model"] = model_condition(warning)

    async def deliver(self) -> None:
        if self._outlet.sender is not None and self._outlet.is_open() and await self._recalled():
            report = await deliver_tick(self._resources, self._outlet.sender, now=self._now(), stop=self._stop.event)
            self._vitals.delivered(asdict(report))

    async def _recalled(self) -> bool:
        """After a backup was put back nothing is told before what stands in the channels was read."""
        now, sender = self._now(), self._outlet.sender
        if sender is not None and self._outlet.is_open():
            return await self._recall.recall(now, sender)
        return not await self._recall.is_needed(now)

    async def digest(self) -> None:
        if not await self._recalled():
            return
        report = await digest(self._now(), store=self._resources.store, importance=self._resources.settings.importance)
        if report.digests or report.catch_ups:
            self.wake("deliver")

    async def notify(self) -> None:
        now, store = self._now(), self._resources.store
        if await notify(now, store=store, troubles=await self._all_troubles(now)):
            self.wake("deliver")

    async def _all_troubles(self, now: datetime) -> list[Condition]:
        """This runner's own, and those of the others; one that several have is one."""
        others = await self._resources.store.read(runners.listed, now - 6 * PRESENCE)
        told = [Condition(**trouble) for each in others if each.id != self._me.id for trouble in _troubles_of(each)]
        return list({each.subject: each for each in [*told, *self._troubles.values()]}.values())

    async def remember(self) -> None:
        known = self._resources.settings.knowledge
        await remember(
            self._index,
            store=self._resources.store,
            topics=known.topics,
            organisations=[organisation.name for organisation in known.organisations],
            other_names=other_names(known.organisations),
        )

    async def prune(self) -> None:
        settings = self._resources.settings
        keep, idle = timedelta(days=settings.archive.keep), settings.merging.idle
        await prune_tick(self._now(), store=self._resources.store, keep=keep, idle=idle)

    def _now(self) -> datetime:
        return self._resources.clock()

    def _stopping(self, tick: Tick) -> Tick:
        """`tick`, after which everything stops if Discord no longer takes the token or the database is lost."""

        async def run_tick() -> None:
            try:
                await tick()
            except (DatabaseLostError, TokenRefusedError) as error:
                self._stop.because_of(error)

        return run_tick

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keeps in mind that the database could not be used, until it can."""
        try:
            yield
        except StoreError as error:
            self._troubles["database"] = database_condition(str(error))
            raise
        self._troubles.pop("database", None)


def _troubles_of(runner: Runner) -> list[dict[str, str]]:
    found: list[dict[str, str]] = runner.facts.get("troubles", [])
    return found
