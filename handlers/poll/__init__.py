"""The poll tick: due feeds in, stories and owed alerts out.

Feeds are fetched, parsed and analysed side by side, then placed and committed one after another in the order in which
their news were published, so that the same answers lead to the same stories whatever the feeds' addresses and whoever
answers first; a feed that keeps the others waiting loses its place.
A feed's fault is counted on the feed; a fault of ours costs that feed's transaction and no more; an unusable database
ends the tick. It sends nothing (see deliver).
"""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from bot.core.feed import StoredFeed
from bot.errors import StoreError
from bot.fetch import Fetcher
from bot.health import no_headway
from bot.language import Language
from bot.store import Store, feeds, stories
from handlers.poll.desk import OURS, Desk, PollReport
from handlers.poll.reading import PollRules, Reading, Tick, read
from handlers.poll.shelf import Shelf

__all__ = ["OURS", "PollReport", "PollRules", "Shelf", "poll"]

log = structlog.get_logger(__name__)

GRACE = 5.0
"""Seconds for which what was read waits for the next feed to answer: long enough for any host in good health, short
beside the pause between two polls."""

TOGETHER = 50
"""Feeds that are put in order with each other: more than are due in an ordinary tick, and few enough that what a first
poll reads need not all be held at once."""

OF_HOST = TOGETHER // 2
"""Feeds of one host that a runner claims at a time where there may be others, so that other hosts find room."""

_Answers = dict["asyncio.Task[Reading | None]", StoredFeed]


async def poll(
    now: datetime,
    *,
    store: Store,
    fetcher: Fetcher,
    language: Language,
    rules: PollRules,
    everything: bool = False,
    shelf: Shelf | None = None,
    runner: str | None = None,
    begin_within: float | None = None,
    long_stop: bool = False,
) -> PollReport:
    """Polls the feeds that are due at `now` and that no other runner reads; with `everything`, all that are active.

    `runner` is who polls, in whose name feeds are claimed. `shelf` holds the open stories from one tick to the next;
    without it, they are loaded when the first relevant article turns up. After a `long_stop` what is owed is gathered
    into one message for each subscription. Feeds that could not be begun for `begin_within` seconds stay due. Raises
    StoreError.
    """
    began = time.monotonic()
    last_begin = began + begin_within if begin_within is not None else math.inf
    usual = await store.read(stories.usual, now)
    slots = asyncio.Semaphore(rules.at_once)
    name = runner or secrets.token_hex(4)
    tick = Tick(now, store, fetcher, language, rules, slots, last_begin, long_stop, usual, name)
    desk = Desk(tick, shelf or Shelf(rules.merging))
    async with _claims_kept(tick, began):
        await _read_all(desk, tick, began, everything=everything)
    report = replace(desk.report(), seconds=round(time.monotonic() - began, 3))
    if report.feeds:
        log.info("poll.done", **{name: getattr(report, name) for name in PollReport.__slots__})
    return report


@asynccontextmanager
async def _claims_kept(tick: Tick, began: float) -> AsyncIterator[None]:
    """Within it the runner's claims do not run out; before and after it there are none."""

    async def renew() -> None:
        no_headway()  # or a poll that hangs would look well for as long as it keeps its claims
        while True:
            await asyncio.sleep(tick.rules.lease.total_seconds() / 3)
            with suppress(StoreError):  # what cannot be renewed runs out, and is then not committed
                await tick.store.write(feeds.keep_claims, runner=tick.runner, until=_until(tick, began))

    await tick.store.write(feeds.end_claims, runner=tick.runner)
    renewing = asyncio.create_task(renew(), name="claims")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with suppress(StoreError):  # the leases run out by themselves
            await tick.store.write(feeds.end_claims, runner=tick.runner)


def _until(tick: Tick, began: float) -> datetime:
    """When a claim of this moment runs out."""
    return tick.now + timedelta(seconds=time.monotonic() - began) + tick.rules.lease


async def _read_all(desk: Desk, tick: Tick, began: float, *, everything: bool) -> None:
    """Claims feeds as long as there are any, and takes the readings to the desk, those that were due first together,
    by when their news were published."""
    readings, more = _Answers(), True
    try:
        while readings or more:
            if more and len(readings) < 2 * tick.rules.at_once:
                claimed = await _claim(tick, began, everything=everything)
                more = bool(claimed) and tick.store.shared and not everything and time.monotonic() <= tick.last_begin
                readings |= {asyncio.create_task(read(tick, feed)): feed for feed in claimed}
            group = list(islice(readings, TOGETHER))
            await _answered(group)
            ready = [each for each in group if each.done()] or [each for each in readings if each.done()]
            await desk.take({each: readings.pop(each) for each in sorted(ready, key=_published)})
    finally:
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)


async def _claim(tick: Tick, began: float, *, everything: bool) -> list[StoredFeed]:
    """The next feeds: enough to be busy with where other runners want theirs, else all, and all with `everything`,
    because then none stops being due by being read."""
    at_once = everything or not tick.store.shared
    return await tick.store.write(
        feeds.claim,
        runner=tick.runner,
        now=tick.now,
        until=_until(tick, began),
        limit=None if at_once else tick.rules.at_once,
        of_host=None if at_once else OF_HOST,
        everything=everything,
    )


async def _answered(group: Sequence["asyncio.Task[Reading | None]"]) -> None:
    """Waits until all are read, or nothing more was for `GRACE`."""
    pending = {each for each in group if not each.done()}
    while pending:
        done, pending = await asyncio.wait(pending, timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return


def _published(reading: "asyncio.Task[Reading | None]") -> tuple[datetime, str, str]:
    """When the first relevant article of a reading was published, its outlet and its title; undated ones and readings
    without any come last, in the order in which they were due."""
    last = (datetime.max.replace(tzinfo=UTC), "\U0010ffff", "")
    if reading.cancelled() or reading.exception() is not None:
        return last
    found = reading.result()
    relevant = [each.article for each in found.judged if each.analysis.relevance.relevant] if found else []
    told = ((each.published or last[0], each.outlet, each.title) for each in relevant)
    return min(told, default=last)
