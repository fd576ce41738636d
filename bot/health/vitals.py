"""Vitals: one runner's own account of itself, told by its event loop and read by the thread that answers for it.

It decides nothing: what counts as unwell stands in core/vitals.
"""

import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from prometheus_client import CollectorRegistry

from bot.core.vitals import Signs, TickSigns, Work, troubles
from bot.errors import TocsinError
from bot.health.gauges import Gauges
from bot.health.metrics import instruments
from bot.health.place import Watched

Tick = Callable[[], Awaitable[object]]
Ticks = Mapping[str, tuple[timedelta, Tick]]
Beats = deque[tuple[float, float]]

_CURRENT: ContextVar[str] = ContextVar("tick", default="")
"""The tick that is running, for everything that it starts."""

POLLS = ("fetched", "not_modified", "failed")
BETWEEN_TURNS = 1.0
"""Seconds without a turn that are no lateness yet: the loop rests between two of them."""

REMEMBERED = 600.0
"""Seconds for which the latest turn of the event loop is kept in mind."""


class Vitals:
    """Made once for a runner, which does the work of `roles`. `clock` gives seconds that never step back, `now` the
    present as aware UTC, by which rows of the database are as old as they are.

    `connected` says whether Discord is there, for a runner that listens to it; `workers` how many language workers
    were replaced, by why; `stands_by` whether it waits for work that another runner has. The composition root sets
    them. Every method may be called from any thread.
    """

    def __init__(
        self,
        *,
        version: str,
        roles: str = "poll,deliver,gateway",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.version, self.roles, self.clock, self.now = version, roles, clock, now
        self.registry = CollectorRegistry()
        self.connected: Callable[[], bool] | None = None
        self.workers: Callable[[], Mapping[str, int]] = dict
        self.stands_by = False
        self.began = self._turned = self._answered = self._there = clock()
        self.work = Work()
        self.last_poll: datetime | None = None
        self.last_delivery: datetime | None = None
        self._loop = Watched()
        self._ticks: dict[str, TickSigns] = {}
        self._lags: Beats = deque()
        self._lock = Lock()
        self._instruments = instruments(self.registry, version=version, roles=roles)
        self.registry.register(Gauges(self))

    def watch(self, ticks: Ticks) -> Ticks:
        """The same ticks, each of which tells how it goes from now on."""
        return {name: (every, self._watched(name, every, tick)) for name, (every, tick) in ticks.items()}

    def polled(self, counts: Mapping[str, float]) -> None:
        """A poll ended: how many feeds had which outcome, and what came of it, by the names of its report."""
        for outcome in POLLS:
            self._instruments.polls.labels(outcome).inc(counts.get(outcome, 0))
        self._instruments.entries.labels("new").inc(counts.get("entries_new", 0))
        self._instruments.entries.labels("relevant").inc(counts.get("relevant", 0))
        self._instruments.stories.labels("begun").inc(counts.get("stories_new", 0))
        self._instruments.stories.labels("grown").inc(counts.get("stories_grown", 0))
        self._instruments.owed.inc(counts.get("alerts", 0))
        if any(counts.get(outcome) for outcome in POLLS):
            self.last_poll = self.now()

    def delivered(self, counts: Mapping[str, float]) -> None:
        """A round of deliveries ended: how many attempts had which outcome."""
        for outcome, number in counts.items():
            self._instruments.deliveries.labels(outcome).inc(number)
        if counts.get("sent"):
            self.last_delivery = self.now()

    def committed(self, waited: float) -> None:
        """A transaction was committed after it had waited for `waited` seconds: the tick that did so makes headway."""
        self._instruments.write_wait.observe(waited)
        with self._lock:
            name = _CURRENT.get()
            if name in self._ticks:
                self._ticks[name] = replace(self._ticks[name], moved=self.clock())

    def looked(self, work: Work) -> None:
        """The database answered: how the work goes."""
        self.work = work
        self.answered()

    def answered(self) -> None:
        """The database answered, whatever it was asked."""
        self._answered = self.clock()

    def turned(self, lag: float) -> None:
        """The event loop turned, `lag` seconds later than it should. Called from its thread, and from no other."""
        now = self.clock()
        self._turned = now
        self._instruments.lag.observe(lag)
        self._loop.note()
        if self.connected is None or self.connected():
            self._there = now
        with self._lock:
            self._lags.append((now, lag))
            while self._lags[0][0] < now - REMEMBERED:
                self._lags.popleft()

    def latest_turn(self) -> float:
        """The most that the event loop was late by in the last ten minutes, in seconds; while it is stuck, that too."""
        with self._lock:
            late = max((lag for _, lag in self._lags), default=0.0)
        return max(late, self.clock() - self._turned - BETWEEN_TURNS)

    def signs(self) -> Signs:
        """What the verdict is made of."""
        with self._lock:
            ticks = tuple(self._ticks.values())
        return Signs(
            now=self.clock(),
            loop_turned=self._turned,
            answered=self._answered,
            connected=self._there if self.connected is not None else None,
            ticks=ticks,
            busy_with=self._loop.place(),
            stands_by=self.stands_by,
        )

    def facts(self) -> dict[str, object]:
        """The same for other runners to read in the database: plain values, and no secrets."""
        replaced = Counter(self.workers())
        return {
            "well": not troubles(self.signs()),
            "lag": round(self.latest_turn(), 3),
            "workers_replaced": replaced.total(),
            "last_poll": self.last_poll.isoformat() if self.last_poll else None,
            "last_delivery": self.last_delivery.isoformat() if self.last_delivery else None,
            "memory": self.memory(),
        }

    def memory(self) -> int:
        """Bytes of main memory that this process holds, its workers not counted; 0 where the system does not tell."""
        return int(self.registry.get_sample_value("process_resident_memory_bytes") or 0)

    def _watched(self, name: str, every: timedelta, tick: Tick) -> Tick:
        with self._lock:
            self._ticks[name] = TickSigns(name, every.total_seconds(), moved=self.clock())
        self._instruments.tick.labels(name)  # shown from the start, not only after the first run
        self._instruments.tick_failures.labels(name)

        async def run() -> None:
            with self._running(name):
                await tick()

        return run

    @contextmanager
    def _running(self, name: str) -> Iterator[None]:
        began = self.clock()
        self._set(name, running_since=began, moved=began)
        before = _CURRENT.set(name)  # what the tick starts inherits it
        try:
            yield
        except Exception as error:
            self._instruments.tick_failures.labels(name).inc()
            self._set(name, failures=self._ticks[name].failures + 1, error=_in_words(error))
            raise
        else:
            self._set(name, failures=0, error="")
        finally:
            _CURRENT.reset(before)
            now = self.clock()
            self._instruments.tick.labels(name).observe(now - began)
            self._set(name, running_since=None, moved=now)

    def _set(self, name: str, **changes: object) -> None:
        with self._lock:
            self._ticks[name] = replace(self._ticks[name], **changes)  # type: ignore[arg-type]


def no_headway() -> None:
    """What the running task commits from here on keeps what its tick holds, and brings that nowhere."""
    _CURRENT.set("")


def _in_words(error: Exception) -> str:
    """Our own sentence without its full stop, or the kind of a bug; its words may hold anything."""
    return str(error).rstrip(".") if isinstance(error, TocsinError) else type(error).__name__
