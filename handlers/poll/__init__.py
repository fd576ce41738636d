"""The poll tick: due feeds in, stories and owed alerts out.

Feeds are fetched, parsed and analysed side by side, then placed and committed one after another in the order in which
their news were published, so that the same answers lead to the same stories whatever the feeds' addresses and whoever
answers first; a feed that keeps the others waiting loses its place.
A feed's fault is counted on the feed; a fault of ours costs that feed's transaction and no more; an unusable database
ends the tick. It sends nothing (see deliver).
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import structlog

from bot.core.feed import StoredFeed
from bot.core.merging import OpenStories
from bot.fetch import Fetcher
from bot.language import Language
from bot.store import Store, feeds, stories
from handlers.poll.desk import OURS, Desk, PollReport, load_stories
from handlers.poll.reading import PollRules, Reading, Tick, read

__all__ = ["OURS", "PollReport", "PollRules", "load_stories", "poll"]

log = structlog.get_logger(__name__)

GRACE = 5.0
"""Seconds for which what was read waits for the next feed to answer: long enough for any host in good health, short
beside the pause between two polls."""

TOGETHER = 50
"""Feeds that are put in order with each other: more than are due in an ordinary tick, and few enough that what a first
poll reads need not all be held at once."""

_Answers = dict["asyncio.Task[Reading | None]", StoredFeed]


async def poll(
    now: datetime,
    *,
    store: Store,
    fetcher: Fetcher,
    language: Language,
    rules: PollRules,
    everything: bool = False,
    open_stories: OpenStories | None = None,
    turn: asyncio.Lock | None = None,
    begin_within: float | None = None,
    long_stop: bool = False,
) -> PollReport:
    """Polls the feeds that are due at `now`; with `everything`, all that are active.

    `open_stories` is kept true to what was committed, and may be kept from one tick to the next while nobody else
    writes stories; without it, it is loaded when the first relevant article turns up. After a cancelled poll it must
    be loaded anew. `turn` is held while reports are placed and committed, so that nobody else changes stories
    meanwhile. After a `long_stop` what is owed is gathered into one message for each subscription. Feeds that could
    not be begun for `begin_within` seconds stay due. Raises StoreError.
    """
    began = time.monotonic()
    last_begin = began + begin_within if begin_within is not None else math.inf
    usual = await store.read(stories.usual, now)
    slots = asyncio.Semaphore(rules.at_once)
    placing = turn or asyncio.Lock()
    tick = Tick(now, store, fetcher, language, rules, slots, last_begin, long_stop, usual, placing)
    due = await store.read(feeds.due, now, everything=everything)
    readings = {asyncio.create_task(read(tick, feed)): feed for feed in due}
    desk = Desk(tick, open_stories)
    try:
        await _settle(desk, dict(readings))
    finally:
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)
    report = replace(desk.report(), seconds=round(time.monotonic() - began, 3))
    if due:
        log.info("polled", **{name: getattr(report, name) for name in PollReport.__slots__})
    return report


async def _settle(desk: Desk, readings: _Answers) -> None:
    """Takes the readings to the desk, those that were due first together, by when their news were published."""
    while readings:
        group = list(islice(readings, TOGETHER))
        await _answered(group)
        ready = [each for each in group if each.done()] or [each for each in readings if each.done()]
        await desk.take({each: readings.pop(each) for each in sorted(ready, key=_published)})


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
