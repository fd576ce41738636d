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

from bot.core.conditions import storm_content
from bot.core.feed import FeedState, StoredFeed, address_of, is_first_poll, postponed
from bot.core.importance import Importance, importance
from bot.core.link import host_of
from bot.core.merging import OpenStories
from bot.core.novelty import Sifted
from bot.core.story import MergingRules, Report, Story
from bot.errors import FeedError, StoreError
from bot.store import Store, feeds, polls, stories
from handlers.poll.dues import dues
from handlers.poll.reading import Reading, Tick, fault

log = structlog.get_logger(__name__)

OURS = "Tocsin itself failed on this feed: its log says where; please report it."
"""What a feed's state says after a bug of ours: even then its publisher must not be asked again at once."""


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

    def __init__(self, tick: Tick, open_stories: OpenStories | None) -> None:
        self._tick = tick
        self._stories = open_stories
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
        await self._tick.store.write(feeds.save_states, states)
        self._counts.update(reading.kind for _, reading in found)

    async def _take_one(self, feed: StoredFeed, reading: asyncio.Task[Reading | None]) -> None:
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
            state = fault(self._tick, feed, FeedError(OURS))
            await self._tick.store.write(feeds.save_states, {feed.id: state})
        else:
            self._counts[found.kind] += 1

    def report(self) -> PollReport:
        grown = len(self._grown - self._new)
        feeds = sum(self._counts[kind] for kind in ("fetched", "not_modified", "failed"))
        return PollReport(**self._counts, feeds=feeds, stories_new=len(self._new), stories_grown=grown)

    async def _commit(self, feed: StoredFeed, found: Reading) -> None:
        """One transaction. Nobody else changes stories while reports are placed in them."""
        if not any(each.analysis.relevance.relevant for each in found.judged):
            await self._write(feed, found, found.judged)
            return
        async with self._tick.placing:
            await self._place(feed, found)

    async def _place(self, feed: StoredFeed, found: Reading) -> None:
        """Stories in memory are put back as they were if the transaction does not come to be."""
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

    async def _write(self, feed: StoredFeed, found: Reading, placed: Sequence[polls.Judged]) -> None:
        changed = {each.placement.story.id: each.placement.story for each in placed if each.placement}
        outcome = polls.Outcome(
            feed_id=feed.id,
            state=self._rested(feed, found),
            judged=tuple(placed),
            adopted=found.sifted.adopted,
            renamed=found.sifted.renamed,
            stories=tuple(changed.values()),
            weights={id: self._weigh(story) for id, story in changed.items()},
            alerts=() if is_first_poll(feed.state) else await dues(self._tick, placed, self._weigh),
            rest=found.rest,
            notice=storm_content(feed.feed.name, len(found.sifted.swept)) if found.sifted.swept else None,
        )
        committed = await self._tick.store.write(polls.commit, outcome, self._tick.now)
        self._counts += Counter(
            entries_new=committed.entries,
            alerts=committed.alerts,
            relevant=sum(each.placement is not None for each in placed),
        )
        for each in placed:
            self._count_story(each)

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
        story = judged.placement.story
        (self._new if judged.placement.is_new else self._grown).add(story.id)
        log.info(
            "story begun" if judged.placement.is_new else "story grown",
            story=story.id,
            title=story.title,
            outlet=judged.article.outlet,
            revision=story.revision,
        )


def _is_quiet(reading: asyncio.Task[Reading | None]) -> bool:
    """Whether nothing but the feed's state comes of it, or nothing at all."""
    if reading.cancelled() or reading.exception() is not None:
        return False
    found = reading.result()
    return found is None or not (found.judged or found.rest or found.sifted != Sifted())


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


async def load_stories(store: Store, rules: MergingRules, now: datetime) -> OpenStories:
    """The stories that reports of `now` may join or follow, from the store."""
    found = await store.read(stories.open_since, now - rules.follow)
    return await asyncio.to_thread(OpenStories, found, rules)
