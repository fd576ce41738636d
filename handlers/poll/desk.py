"""The desk of one tick: readings become stories, owed alerts and new states, one transaction for each feed.

It fetches and judges nothing, and sends nothing.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import structlog

from bot.core.alert import Alert
from bot.core.conditions import storm_content
from bot.core.feed import FeedState, StoredFeed, address_of, is_first_poll, postponed
from bot.core.importance import Importance, importance
from bot.core.link import host_of
from bot.core.merging import OpenStories
from bot.core.story import Report, Story
from bot.errors import FeedError, StoreError
from bot.store import Connection, aftermath, changes, feeds, polls
from handlers.poll.dues import dues
from handlers.poll.reading import Reading, Tick, fault
from handlers.poll.shelf import Shelf
from handlers.poll.telling import tell_entered, tell_feed, tell_judged

log = structlog.get_logger(__name__)

OURS = "Tocsin itself failed on this feed: its log says where; please report it."
"""What a feed's state says after a bug of ours: even then its publisher must not be asked again at once."""


class ClaimLostError(Exception):
    """The feed is no longer claimed by this runner: what was read rests on what is no longer known of it."""


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


class Desk:
    """Takes readings one after another: places reports in stories, owes alerts, commits, and counts."""

    def __init__(self, tick: Tick, shelf: Shelf) -> None:
        self._tick = tick
        self._shelf = shelf
        self._counts: Counter[str] = Counter()
        self._new: set[str] = set()
        self._grown: set[str] = set()
        self._rests: dict[str, datetime] = {}

    async def take(self, ready: Mapping[asyncio.Task[Reading | None], StoredFeed]) -> None:
        """Settles feeds in the order of `ready`; neighbours of which only the state is new share a transaction.

        Only an unusable database and cancellation get out of it.
        """
        for is_quiet, group in groupby(ready.items(), key=lambda pair: _is_quiet(pair[0])):
            if is_quiet:
                await self._take_quiet([(feed, reading.result()) for reading, feed in group])
            else:
                for reading, feed in group:
                    await self._take_one(feed, reading)

    async def _take_quiet(self, settled: Sequence[tuple[StoredFeed, Reading | None]]) -> None:
        found = [(feed, reading) for feed, reading in settled if reading is not None]
        states = {feed.id: self._rested(feed, reading) for feed, reading in found}
        await self._tick.store.write(feeds.settle, states, runner=self._tick.runner)
        for feed, reading in found:
            self._counts[reading.kind] += 1
            tell_feed(feed, states[feed.id])

    async def _take_one(self, feed: StoredFeed, reading: asyncio.Task[Reading | None]) -> None:
        try:
            found = await reading
            if found is None:
                return
            await self._commit(feed, found)
        except StoreError:
            raise
        except ClaimLostError:
            why = "another runner reads it, or a person changed it"
            log.warning("feed.abandoned", feed=feed.id, url=feed.feed.url, why=why)
        except Exception:
            log.exception("feed.abandoned", feed=feed.id, url=feed.feed.url)
            self._counts["failed"] += 1
            state = fault(self._tick, feed, FeedError(OURS))
            await self._tick.store.write(feeds.settle, {feed.id: state}, runner=self._tick.runner)
        else:
            self._counts[found.kind] += 1

    def report(self) -> PollReport:
        grown = len(self._grown - self._new)
        feeds = sum(self._counts[kind] for kind in ("fetched", "not_modified", "failed"))
        return PollReport(**self._counts, feeds=feeds, stories_new=len(self._new), stories_grown=grown)

    async def _commit(self, feed: StoredFeed, found: Reading) -> None:
        """One transaction. Stories in memory are put back as they were if it does not come to be."""
        if any(each.analysis.relevance.relevant for each in found.judged):
            await self._shelf.load(self._tick.store, self._tick.now)
        placed: list[polls.Judged] = []
        try:
            committed = await self._tick.store.write(self._settle, feed, found, placed)
        except BaseException:
            self._shelf.put_back(_story_ids(placed))
            raise
        self._shelf.keep()
        self._counts += Counter(
            entries_new=committed.entries,
            alerts=committed.alerts,
            relevant=sum(each.placement is not None for each in placed),
        )
        for each in placed:
            self._count_story(each)
        tell_feed(feed, found.state)
        tell_judged(feed, placed)
        tell_entered(committed.entered)

    def _settle(self, c: Connection, feed: StoredFeed, found: Reading, placed: list[polls.Judged]) -> polls.Committed:
        """Everything that follows from a reading. `placed` is filled with what was judged, placed in stories."""
        if not feeds.hold(c, feed.id, runner=self._tick.runner):
            raise ClaimLostError
        self._place(c, found, placed)
        changed = {each.placement.story.id: each.placement.story for each in placed if each.placement}
        outcome = polls.Outcome(
            feed_id=feed.id,
            state=self._rested(feed, found),
            judged=tuple(placed),
            adopted=found.sifted.adopted,
            renamed=found.sifted.renamed,
            stories=tuple(changed.values()),
            weights={id: self._weigh(story) for id, story in changed.items()},
            alerts=() if is_first_poll(feed.state) else self._dues(c, feed, placed),
            rest=found.rest,
            notice=storm_content(feed.feed.name, len(found.sifted.swept)) if found.sifted.swept else None,
        )
        committed = polls.commit(c, outcome, self._tick.now)
        if changed:
            self._shelf.end(c)
        return committed

    def _place(self, c: Connection, found: Reading, placed: list[polls.Judged]) -> None:
        """Places what is relevant. A transaction that is tried again begins with the stories as they were."""
        self._shelf.put_back(_story_ids(placed))
        placed.clear()
        if not any(each.analysis.relevance.relevant for each in found.judged):
            placed += found.judged
            return
        open_stories = self._shelf.begin(c, self._tick.now)
        begun: set[str] = set()
        for each in found.judged:
            placed.append(_placed(c, each, open_stories, self._tick.now, begun))

    def _dues(self, c: Connection, feed: StoredFeed, placed: Sequence[polls.Judged]) -> tuple[Alert, ...]:
        """What a feed lists as new that was not read since a backup was put back waits to be looked for."""
        gather = aftermath.may_be_old(c, feed.state.last_success_at, self._tick.now)
        return dues(c, self._tick, placed, self._weigh, gather=gather)

    def _rested(self, feed: StoredFeed, found: Reading) -> FeedState:
        """The state to keep: it was found before a later feed heard that their host wants rest."""
        if found.rest:
            host, until = found.rest
            self._rests[host] = max(until, self._rests.get(host, until))
        wanted = self._rests.get(host_of(address_of(feed.feed.url, feed.state)))
        return postponed(found.state, wanted) if wanted else found.state

    def _weigh(self, story: Story, watched: Collection[str] = ()) -> Importance:
        rules = self._tick.rules
        return importance(story, rules.importance, kinds=rules.kinds, watched=watched, usual=self._tick.usual)

    def _count_story(self, judged: polls.Judged) -> None:
        if judged.placement is None:
            return
        (self._new if judged.placement.is_new else self._grown).add(judged.placement.story.id)


def _is_quiet(reading: asyncio.Task[Reading | None]) -> bool:
    """Whether nothing but the feed's state comes of it, or nothing at all."""
    if reading.cancelled() or reading.exception() is not None:
        return False
    found = reading.result()
    return found is None or not (found.judged or found.rest or not found.sifted.is_nothing)


def _placed(
    c: Connection, judged: polls.Judged, open_stories: OpenStories, now: datetime, begun: set[str]
) -> polls.Judged:
    """A report with its story. One that leans on a story which has been deleted meanwhile is placed anew without it;
    `begun` are the stories of this transaction, which are not stored yet."""
    if not judged.analysis.relevance.relevant:
        return judged
    while True:
        placement = open_stories.place(Report(judged.article, judged.analysis), now=now, new_id=_new_id)
        story = placement.story
        leant_on = story.follows if placement.is_new else story.id
        if leant_on is None or leant_on in begun or changes.is_kept(c, leant_on):
            begun.update([story.id] if placement.is_new else [])
            return replace(judged, placement=placement)
        for id in (leant_on, story.id):
            open_stories.remove(id)


def _story_ids(placed: Iterable[polls.Judged]) -> set[str]:
    return {each.placement.story.id for each in placed if each.placement}


def _new_id() -> str:
    """A story's id: 16 characters, so that it fits into a button."""
    return secrets.token_hex(8)
