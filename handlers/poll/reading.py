"""Reading one feed: fetch, parse, tell new entries from known ones, and judge those.

Cheap before dear. It reads from the store and writes nothing; a feed's fault is a reading too.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.core.article import Article, read_entry
from bot.core.entry import Entry, ParsedFeed, body_hash
from bot.core.event import EventType
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
from bot.core.importance import ImportanceRules
from bot.core.link import host_of, leads_to
from bot.core.novelty import Sifted, calm, is_storm, sift
from bot.core.story import MergingRules
from bot.errors import FeedError
from bot.fetch import Fetched, Fetcher, FetchError, HostRestsError, NotModified
from bot.language import Language
from bot.store import Connection, Store, entries, polls

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PollRules:
    """How to poll: `at_once` feeds side by side; entries dated more than `stale_after` ago owe no alert.

    Feeds that are claimed stay so for `lease`, which is renewed for as long as the poll goes on.
    `kinds` maps the organisations that importance may weigh to their kinds, `thresholds` topics to the score from
    which an article is relevant, `topics` to what people call them.
    """

    feeds: FeedRules = field(default_factory=FeedRules)
    merging: MergingRules = field(default_factory=MergingRules)
    stale_after: timedelta = timedelta(days=14)
    at_once: int = 50
    lease: timedelta = timedelta(seconds=60)
    importance: ImportanceRules = field(default_factory=ImportanceRules)
    kinds: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """What every step of one tick is given.

    `turns` are the hosts', one feed on the wire at each; `slots` are for feeds that are on the wire or worked on.
    After `last_begin` (monotonic) no further feed is begun. After a `long_stop` what is owed is gathered first. `usual`
    is how many stories a day of each type of event there were lately. `runner` is who polls, in whose name feeds are
    claimed.
    """

    now: datetime
    store: Store
    fetcher: Fetcher
    language: Language
    rules: PollRules
    slots: asyncio.Semaphore
    last_begin: float
    long_stop: bool = False
    usual: Mapping[EventType, float] = field(default_factory=dict)
    runner: str = ""
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


@dataclass(frozen=True, slots=True)
class Reading:
    """A feed after fetching, parsing and analysis: `kind` is "fetched", "not_modified" or "failed".

    `rest` is a host that wants rest, and until when.
    """

    kind: str
    state: FeedState
    judged: tuple[polls.Judged, ...] = ()
    sifted: Sifted = field(default_factory=Sifted)
    rest: tuple[str, datetime] | None = None


async def read(tick: Tick, feed: StoredFeed) -> Reading | None:
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


async def _understand(tick: Tick, feed: StoredFeed, answer: Fetched | NotModified) -> Reading:
    """Cheap before dear: a 304, then an unchanged body, then entries that are known, and only then analysis."""
    state, url = feed.state, feed.feed.url
    if isinstance(answer, NotModified):
        after = after_not_modified(state, url=url, now=tick.now, rules=tick.rules.feeds, max_age=answer.max_age)
        return Reading("not_modified", after)
    digest = body_hash(answer.body)
    if digest == state.body_hash:
        return Reading("fetched", _after_success(tick, feed, answer, digest))
    parsed = await tick.language.parse(answer.body, url=answer.url, content_type=answer.content_type, now=tick.now)
    found = _without_ways_back(parsed.entries, (url, state.moved_to, answer.url))
    sifted = await _sift(tick, feed, found, reuses_guids=state.reuses_guids or parsed.reuses_guids)
    judged = await _judge(tick, feed, sifted)
    after = _after_success(tick, feed, answer, digest, parsed)
    return Reading("fetched", replace(after, reuses_guids=sifted.reuses_guids), judged, sifted)


def _without_ways_back(found: Sequence[Entry], addresses: Sequence[str | None]) -> Sequence[Entry]:
    """The entries, without links that lead to the feed itself: nobody can read a feed, and its address may hold a key
    that its server paid for, while a story's links are shown to every server."""
    back = (any(leads_to(entry.link, address) for address in addresses) for entry in found)
    return [replace(entry, link=None) if leads else entry for entry, leads in zip(found, back, strict=True)]


async def _sift(tick: Tick, feed: StoredFeed, found: Sequence[Entry], *, reuses_guids: bool) -> Sifted:
    sifted, stormed = await tick.store.read(_sifted, feed, found, reuses_guids=reuses_guids)
    if stormed:
        count = {name: len(getattr(sifted, name)) for name in ("new", "adopted", "swept")}
        log.warning("feed.stormed", feed=feed.id, url=feed.feed.url, in_body=len(found), **count)
    return sifted


def _sifted(c: Connection, feed: StoredFeed, found: Sequence[Entry], *, reuses_guids: bool) -> tuple[Sifted, bool]:
    """The entries by what is known of them, and whether they came as a storm. In the store's thread, because strangers'
    titles may cost a second."""
    last = None if is_first_poll(feed.state) else feed.state.last_success_at
    known = entries.find(c, feed.id, {alias for entry in found for alias in entry.aliases})
    sifted = sift(found, known, reuses_guids=reuses_guids)
    if last is None or not is_storm(sifted.new, in_body=len(found), last_polled=last):
        return sifted, False
    return calm(sifted, known, entries.titles(c, feed.id), last_polled=last), True


async def _judge(tick: Tick, feed: StoredFeed, sifted: Sifted) -> tuple[polls.Judged, ...]:
    """New entries with their analysis, in the order in which their publisher told them."""
    quiet = {entry.identity: why for entry, why in sifted.swept}
    told = enumerate([*sifted.new, *(entry for entry, _ in sifted.swept)])
    ordered = [entry for _, entry in sorted(told, key=lambda pair: (pair[1].published or tick.now, -pair[0]))]
    if not ordered:
        return ()
    articles = await asyncio.to_thread(_articles, ordered, feed, tick.now)
    analyses = await tick.language.analyse(articles)
    return tuple(
        # the article has markup and text, made readable
        polls.Judged(replace(entry, markup="", text=""), article, analysis, quiet=quiet.get(entry.identity))
        for entry, article, analysis in zip(ordered, articles, analyses, strict=True)
    )


def _articles(found: Sequence[Entry], feed: StoredFeed, now: datetime) -> list[Article]:
    """The entries made readable. In a thread, because some texts of strangers cost far more than others."""
    return [read_entry(entry, feed=feed.feed, first_seen=now) for entry in found]


def _after_success(
    tick: Tick, feed: StoredFeed, answer: Fetched, digest: str, parsed: ParsedFeed | None = None
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
        ttl=parsed.ttl if parsed else None,
        moved_to=answer.moved_to,
        empty=parsed is not None and not parsed.entries,
        unfinished=parsed is not None and parsed.unfinished,
    )


def fault(tick: Tick, feed: StoredFeed, error: FeedError) -> FeedState:
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


def _failed(tick: Tick, feed: StoredFeed, error: FeedError) -> Reading:
    """A feed's fault; a host that wants rest gets it from all its feeds, and those that were not asked are not at
    fault."""
    if not isinstance(error, FetchError) or error.retry_after is None:
        return Reading("failed", fault(tick, feed, error))
    until = tick.now + error.retry_after
    rested = isinstance(error, HostRestsError)
    after = postponed(feed.state, until) if rested else fault(tick, feed, error)
    return Reading("failed", after, rest=None if rested else (error.host, until))
