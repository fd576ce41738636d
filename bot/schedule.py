"""The clock: runs ticks every so often, never two of one name at a time, and at once when woken.

The only home of APScheduler. It stores no jobs, knows nothing of what a tick does, and no error of a tick stops it, nor
a machine whose time is set forward or back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.errors import TocsinError

log = structlog.get_logger(__name__)
Tick = Callable[[], Awaitable[object]]

PATIENCE = timedelta(seconds=7)
"""How long a running tick may go on after the clock was stopped: the whole program is to end within ten seconds."""

LOOK = 1.0
"""Seconds between two looks whether the machine's time was set back."""


class _Every(BaseTrigger):  # type: ignore[misc]
    """So long after each run began. APScheduler's own trigger would count every interval up to a time that was set
    forward, one by one, which takes hours where a machine started in 1970."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._interval


class Schedule:
    """An asynchronous context manager: inside it, each tick runs at once and then after every interval.

    `ticks` maps a name to (interval, coroutine function). Leaving waits up to `patience` for ticks that run, then
    cancels them.
    """

    def __init__(self, ticks: Mapping[str, tuple[timedelta, Tick]], *, patience: timedelta = PATIENCE) -> None:
        self._ticks = ticks
        self._patience = patience
        self._running: dict[str, asyncio.Task[object]] = {}
        self._woken: set[str] = set()
        self._clock = AsyncIOScheduler(timezone=UTC)
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for name, (interval, tick) in self._ticks.items():
            self._clock.add_job(
                self._run,
                _Every(interval),
                args=(name, tick),
                id=name,
                max_instances=1,
                misfire_grace_time=None,  # the default of one second drops ticks of a busy loop
                next_run_time=datetime.now(UTC),
            )
        self._clock.start()
        self._looking = asyncio.create_task(self._look_at_the_time(), name="schedule")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._clock.pause()
        self._woken.clear()
        await self._finish()
        self._clock.shutdown(wait=False)
        await asyncio.sleep(0)  # the shutdown itself is only put on the loop

    def wake(self, name: str) -> None:
        """Runs the tick at once; if it is running, once more after that. Raises KeyError for an unknown name."""
        if name not in self._ticks:
            raise KeyError(name)
        if name in self._running:
            self._woken.add(name)
        else:
            self._clock.modify_job(name, next_run_time=datetime.now(UTC))

    async def _look_at_the_time(self) -> None:
        """APScheduler waits for a time of day, and where the machine's was set back, for hours or days: what is further
        off than its interval is due."""
        while True:
            await asyncio.sleep(LOOK)
            now = datetime.now(UTC)
            for name, (interval, _) in self._ticks.items():
                if self._clock.get_job(name).next_run_time > now + interval:
                    self._clock.modify_job(name, next_run_time=now)

    async def _run(self, name: str, tick: Tick) -> None:
        task = asyncio.current_task()
        if task is None or name in self._running:
            return
        self._running[name] = task
        try:
            await self._run_once(name, tick)
            while name in self._woken:
                self._woken.discard(name)
                await self._run_once(name, tick)
        except asyncio.CancelledError:
            log.info("tick.cancelled", tick=name)  # the job ends here; APScheduler would report an error
        finally:
            del self._running[name]

    async def _run_once(self, name: str, tick: Tick) -> None:
        try:
            await tick()
        except TocsinError as error:
            log.error("tick.failed", tick=name, why=str(error))
        except Exception:
            log.exception("tick.failed", tick=name)

    async def _finish(self) -> None:
        """Lets running ticks end by themselves, then cancels those that do not."""
        running = {task for task in self._running.values() if task is not asyncio.current_task()}
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=self._patience.total_seconds())
        for task in late:
            task.cancel()
        if late:
            names = [name for name, task in self._running.items() if task in late]
            log.warning("tick.outlasted_stop", ticks=names, patience=self._patience.total_seconds())
            await asyncio.wait(late)
