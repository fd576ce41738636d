"""The poll tick: due feeds in, stories and owed alerts out, one transaction for each feed.

Feeds are fetched, parsed and analysed side by side, then placed and committed one after another in the order in which
they were due, so that the same answers lead to the same stories; a feed that keeps the others waiting loses its place.
A feed's fault is counted on the feed; a fault of ours costs that feed's transaction and no more; an unusable database
ends the tick. It sends nothing (see deliver).
"""

import asyncio
import math
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.core.alert import Alert, owed
from bot.core.article import read_entry
from bot.core.entry import Entry, body_hash
from bot.core.feed import (
    FeedRules,
    FeedState,
    StoredFeed,
    address_of,
    after_failure,
    after_not_modified,
    after_success,
    is_first_poll,
    postponed,
)
from bot.core.link import host_of
from bot.core.merging import OpenStories
from bot.core.novelty import Sifted, calm, is_storm, sift
from bot.core.story import MergingRules, Report, Story
from bot.errors import FeedError, StoreError
from bot.fetch import Fetched, Fetcher, FetchError, HostRestsError, NotModified
from bot.language import Language
from bot.store import Store, alerts, entries, feeds, polls, stories, subscriptions

log = structlog.get_logger(__name__)

OURS = "Tocsin itself failed on this feed: its log says where; please report it."
"""What a feed's state says after a bug of ours: even then its publisher must not be asked again at once."""

GRACE = 5.0
"""Seconds for which what was read waits for a feed that was due before it: long enough for any host in good health,
short beside the pause between two polls."""


@dataclass(frozen=True, slots=True)
class PollRules:
    """How to poll: `at_once` feeds side by side; entries dated more than `stale_after` ago owe no alert."""

    feeds: FeedRules = field(default_factory=FeedRules)
    merging: MergingRules = field(default_factory=MergingRules)
    stale_after: timedelta = timedelta(days=14)
    at_once: int = 50


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a poll led to. `feeds` = `fetched` + `not_modified` + `failed`; `alerts` are rows owed.

    A feed that was not asked because its host wants rest counts as failed here, but not on the feed.
    """

    feeds: int = 0
    fetched: int = 0
    not_modified: int = 0
    failed: int = 0
    entries_new: int = 0
    relevant: int = 0
    stories_new: int = 0
    stories_grown: int = 0
    alerts: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Tick:
    """What every step of one tick is given.

    `turns` are the hosts', one feed on the wire at each; `slots` are for feeds that are on the wire or worked on.
    After `last_begin` (monotonic) no further feed is begun.
    """

    now: datetime
    store: Store
    fetcher: Fetcher
    language: Language
    rules: PollRules
    slots: asyncio.Semaphore
    last_begin: float
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A feed after fetching, parsing and analysis: `kind` is "fetched", "not_modified" or "failed".

    `rest` is a host that wants rest, and until when.
    """

    kind: str
    state: FeedState
    judged: tuple[polls.Judged, ...] = ()
    sifted: Sifted = field(default_factory=Sifted)
    rest: tuple[str, datetime] | None = None


async def poll(
    now: datetime,
    *,
    store: Store,
    fetcher: Fetcher,
    language: Language,
    rules: PollRules,
    everything: bool = False,
    open_stories: OpenStories | None = None,
    begin_within: float | None = None,
) -> PollReport:
    """Polls the feeds that are due at `now`; with `everything`, all that are active.

    `open_stories` is kept true to what was committed, and may be kept from one tick to the next while nobody else
    writes stories; without it, it is loaded when the first relevant article turns up. After a cancelled poll it must
    be loaded anew. Feeds that could not be begun for `begin_within` seconds stay due. Raises StoreError.
    """
    began = time.monotonic()
    last_begin = began + begin_within if begin_within is not None else math.inf
    tick = _Tick(now, store, fetcher, language, rules, asyncio.Semaphore(rules.at_once), last_begin)
    due = await store.read(feeds.due, now, everything=everything)
    readings = {asyncio.create_task(_read(tick, feed)): feed for feed in due}
    desk = _Desk(tick, open_stories)
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


async def load_stories(store: Store, rules: MergingRules, now: datetime) -> OpenStories:
    """The stories that reports of `now` may join or follow, from the store."""
    found = await store.read(stories.open_since, now - rules.follow)
    return await asyncio.to_thread(OpenStories, found, rules)


async def _settle(desk: "_Desk", readings: dict["asyncio.Task[_Reading | None]", StoredFeed]) -> None:
    """Takes the readings to the desk in their order; those that are done wait for the first one at most `GRACE`."""
    while readings:
        first = next(iter(readings))
        await asyncio.wait({first}, timeout=GRACE)
        ready = [first] if first.done() else [reading for reading in readings if reading.done()]
        for reading in ready:
            await desk.take(readings.pop(reading), reading)


async def _read(tick: _Tick, feed: StoredFeed) -> _Reading | None:
    """Fetches one feed, and reads and judges what is new in it; None where it was too late to begin.

    Raises only for bugs and a broken database.
    """
    address = address_of(feed.feed.url, feed.state)
    async with AsyncExitStack() as slot:
        try:
            async with tick.turns[host_of(address)]:  # before the slot: a host with many feeds holds one slot at most
                await slot.enter_async_context(tick.slots)
                if time.monotonic() > tick.last_begin:
                    return None
                state = feed.state
                answer = await tick.fetcher.fetch(address, etag=state.etag, last_modified=state.last_modified)
            return await _understand(tick, feed, answer)
        except FeedError as error:
            return _failed(tick, feed, error)


async def _understand(tick: _Tick, feed: StoredFeed, answer: Fetched | NotModified) -> _Reading:
    """Cheap before dear: a 304, then an unchanged body, then entries that are known, and only then analysis."""
    state, url = feed.state, feed.feed.url
    if isinstance(answer, NotModified):
        after = after_not_modified(state, url=url, now=tick.now, rules=tick.rules.feeds, max_age=answer.max_age)
        return _Reading("not_modified", after)
    digest = body_hash(answer.body)
    if digest == state.body_hash:
        return _Reading("fetched", _after_success(tick, feed, answer, digest))
    parsed = await tick.language.parse(answer.body, url=answer.url, content_type=answer.content_type, now=tick.now)
    sifted = await _sift(tick, feed, parsed.entries)
    judged = await _judge(tick, feed, sifted)
    if parsed.unfinished:  # a 304 to these validators would leave out for good what is missing
        answer = replace(answer, etag=None, last_modified=None)
    return _Reading("fetched", _after_success(tick, feed, answer, digest, ttl=parsed.ttl), judged, sifted)


async def _sift(tick: _Tick, feed: StoredFeed, found: Sequence[Entry]) -> Sifted:
    last = feed.state.last_success_at
    known = await tick.store.read(entries.find, feed.id, {alias for entry in found for alias in entry.aliases})
    sifted = sift(found, known)
    if last is None or not is_storm(sifted.new, in_body=len(found), last_polled=last):
        return sifted
    titles = await tick.store.read(entries.titles, feed.id)
    calmed = calm(sifted, known, titles, last_polled=last)
    count = {name: len(getattr(calmed, name)) for name in ("new", "adopted", "swept")}
    log.warning("storm of entries", feed=feed.feed.url, in_body=len(found), **count)
    return calmed


async def _judge(tick: _Tick, feed: StoredFeed, sifted: Sifted) -> tuple[polls.Judged, ...]:
    """New entries with their analysis, in the order in which their publisher told them."""
    quiet = {entry.identity: why for entry, why in sifted.swept}
    told = enumerate([*sifted.new, *(entry for entry, _ in sifted.swept)])
    ordered = [entry for _, entry in sorted(told, key=lambda pair: (pair[1].published or tick.now, -pair[0]))]
    articles = [read_entry(entry, feed=feed.feed, first_seen=tick.now) for entry in ordered]
    analyses = await tick.language.analyse(articles) if articles else ()
    return tuple(
        # the article has markup and text, made readable
        polls.Judged(replace(entry, markup="", text=""), article, analysis, quiet=quiet.get(entry.identity))
        for entry, article, analysis in zip(ordered, articles, analyses, strict=True)
    )


def _after_success(
    tick: _Tick, feed: StoredFeed, answer: Fetched, digest: str, ttl: timedelta | None = None
) -> FeedState:
    return after_success(
        feed.state,
        url=feed.feed.url,
        now=tick.now,
        rules=tick.rules.feeds,
        etag=answer.etag,
        last_modified=answer.last_modified,
        body_hash=digest,
        max_age=answer.max_age,
        ttl=ttl,
        moved_to=answer.moved_to,
    )


def _after_failure(tick: _Tick, feed: StoredFeed, error: FeedError) -> FeedState:
    if feed.state.failures == 0:
        log.warning("feed fails", feed=feed.feed.url, reason=str(error))
    answered = error if isinstance(error, FetchError) else None
    return after_failure(
        feed.state,
        url=feed.feed.url,
        now=tick.now,
        rules=tick.rules.feeds,
        error=str(error),
        status=answered.status if answered else None,
        retry_after=answered.retry_after if answered else None,
    )


def _failed(tick: _Tick, feed: StoredFeed, error: FeedError) -> _Reading:
    """A feed's fault; a host that wants rest gets it from all its feeds, and those that were not asked are not at
    fault."""
    if not isinstance(error, FetchError) or error.retry_after is None:
        return _Reading("failed", _after_failure(tick, feed, error))
    until = tick.now + error.retry_after
    rested = isinstance(error, HostRestsError)
    after = postponed(feed.state, until) if rested else _after_failure(tick, feed, error)
    return _Reading("failed", after, rest=None if rested else (error.host, until))


class _Desk:
    """Takes readings one after another: places reports in stories, owes alerts, commits, and counts."""

    def __init__(self, tick: _Tick, open_stories: OpenStories | None) -> None:
        self._tick = tick
        self._stories = open_stories
        self._counts: Counter[str] = Counter()
        self._new: set[str] = set()
        self._grown: set[str] = set()
        self._rests: dict[str, datetime] = {}

    async def take(self, feed: StoredFeed, reading: asyncio.Task[_Reading | None]) -> None:
        """Settles one feed. Only an unusable database and cancellation get out of it."""
        try:
            found = await reading
            if found is None:
                return
            await self._commit(feed, found)
        except StoreError:
            raise
        except Exception:
            log.exception("feed abandoned", feed=feed.feed.url)
            self._counts["failed"] += 1
            state = _after_failure(self._tick, feed, FeedError(OURS))
            await self._tick.store.write(feeds.save_state, feed.id, state)
        else:
            self._counts[found.kind] += 1

    def report(self) -> PollReport:
        grown = len(self._grown - self._new)
        feeds = sum(self._counts[kind] for kind in ("fetched", "not_modified", "failed"))
        return PollReport(**self._counts, feeds=feeds, stories_new=len(self._new), stories_grown=grown)

    async def _commit(self, feed: StoredFeed, found: _Reading) -> None:
        """One transaction. Stories in memory are put back as they were if it does not come to be."""
        if not any(each.analysis.relevance.relevant for each in found.judged):
            await self._write(feed, found, found.judged)
            return
        if self._stories is None:
            self._stories = await load_stories(self._tick.store, self._tick.rules.merging, self._tick.now)
        before, placed = {story.id: story for story in self._stories}, list[polls.Judged]()
        try:
            for each in found.judged:
                placed.append(_place(each, self._stories, self._tick.now))
            await self._write(feed, found, placed)
        except BaseException:
            _put_back(self._stories, before, placed)
            raise

    async def _write(self, feed: StoredFeed, found: _Reading, placed: Sequence[polls.Judged]) -> None:
        changed = {each.placement.story.id: each.placement.story for each in placed if each.placement}
        outcome = polls.Outcome(
            feed_id=feed.id,
            state=self._rested(feed, found),
            judged=tuple(placed),
            adopted=found.sifted.adopted,
            renamed=found.sifted.renamed,
            stories=tuple(changed.values()),
            alerts=await self._owed(feed, placed),
            rest=found.rest,
        )
        committed = await self._tick.store.write(polls.commit, outcome, self._tick.now)
        self._counts += Counter(
            entries_new=committed.entries,
            alerts=committed.alerts,
            relevant=sum(each.placement is not None for each in placed),
        )
        for each in placed:
            self._count_story(each)

    def _rested(self, feed: StoredFeed, found: _Reading) -> FeedState:
        """The state to keep: it was found before a later feed heard that their host wants rest."""
        if found.rest:
            host, until = found.rest
            self._rests[host] = max(until, self._rests.get(host, until))
        wanted = self._rests.get(host_of(address_of(feed.feed.url, feed.state)))
        return postponed(found.state, wanted) if wanted else found.state

    async def _owed(self, feed: StoredFeed, placed: Sequence[polls.Judged]) -> tuple[Alert, ...]:
        """What the stories with fresh reports owe; the first poll of a feed owes nothing."""
        oldest = self._tick.now - self._tick.rules.stale_after
        fresh = {
            each.placement.story.id
            for each in placed
            if each.placement
            and each.quiet is None
            and (each.article.published is None or each.article.published >= oldest)
        }
        if not fresh or is_first_poll(feed.state):
            return ()
        latest = {each.placement.story.id: each.placement.story for each in placed if each.placement}
        wanted = await self._tick.store.read(subscriptions.listed)
        matched = await self._tick.store.read(alerts.matched, fresh)
        return tuple(owed([story for id, story in latest.items() if id in fresh], wanted, matched=matched))

    def _count_story(self, judged: polls.Judged) -> None:
        if judged.placement is None:
            return
        story = judged.placement.story
        (self._new if judged.placement.is_new else self._grown).add(story.id)
        log.info(
            "story begun" if judged.placement.is_new else "story grown",
            story=story.id,
            title=story.title,
            outlet=judged.article.outlet,
            revision=story.revision,
        )


def _place(judged: polls.Judged, open_stories: OpenStories, now: datetime) -> polls.Judged:
    if not judged.analysis.relevance.relevant:
        return judged
    placement = open_stories.place(Report(judged.article, judged.analysis), now=now, new_id=_new_id)
    return replace(judged, placement=placement)


def _put_back(open_stories: OpenStories, before: Mapping[str, Story], placed: Iterable[polls.Judged]) -> None:
    """Makes the stories in memory those that were committed."""
    for story_id in {each.placement.story.id for each in placed if each.placement}:
        open_stories.remove(story_id)
        if story_id in before:
            open_stories.put(before[story_id])


def _new_id() -> str:
    """A story's id: 16 characters, so that it fits into a button."""
    return secrets.token_hex(8)
