"""The shelf: the stories that reports may join or follow, in memory, true to what is committed.

The store stays the truth: each time the shelf is used it first follows what others changed. It decides nothing.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from bot.core.merging import OpenStories
from bot.core.story import MergingRules, Story
from bot.store import Connection, Store, changes, stories


class Shelf:
    """Stories as they stood at one change of the store. Used by one transaction at a time, in whatever thread."""

    def __init__(self, rules: MergingRules) -> None:
        self.rules = rules
        self._stories: OpenStories | None = None
        self._number = 0
        self._before: dict[str, Story] = {}
        self._latest = 0

    @property
    def stories(self) -> OpenStories:
        """The stories; none before they are loaded."""
        return self._stories if self._stories is not None else OpenStories(rules=self.rules)

    async def load(self, store: Store, now: datetime) -> None:
        """Reads what reports of `now` may join or follow, unless that is done: outside of any transaction that writes,
        because it takes a while."""
        if self._stories is None:
            self._number, found = await store.read(_standing, now, self.rules)
            self._stories = await asyncio.to_thread(OpenStories, found, self.rules)

    def begin(self, c: Connection, now: datetime) -> OpenStories:
        """The stories as they stand, to be changed in this transaction; nobody else changes any until it ends.

        `keep` or `put_back` says afterwards what became of it.
        """
        changes.take_the_turn(c)
        if self._stories is None:
            self._number, found = _standing(c, now, self.rules)
            self._stories = OpenStories(found, self.rules)
        missed = changes.since(c, self._number)
        self._latest = missed.number
        for story_id in missed.gone:
            self._stories.remove(story_id)
        for story in missed.stories:
            self._stories.put(story)
        self._before = {story.id: story for story in self._stories}
        return self._stories

    def end(self, c: Connection) -> None:
        """Notes the number of the last change, at the end of the transaction."""
        self._latest = changes.latest(c)

    def keep(self) -> None:
        """The transaction was committed."""
        self._number = max(self._number, self._latest)
        self._before = {}

    def put_back(self, changed: Iterable[str]) -> None:
        """It was not, as far as is known: these stories are again what they were. If it was after all, they are
        found among the changes of others next time."""
        self._latest = self._number  # or a later commit, of whatever, would pass for having seen that change
        held = self.stories
        for story_id in changed:
            held.remove(story_id)
            if story_id in self._before:
                held.put(self._before[story_id])


def _standing(c: Connection, now: datetime, rules: MergingRules) -> tuple[int, list[Story]]:
    """The number of the last change, read first so that none is missed, and the open stories."""
    return changes.latest(c), stories.open_since(c, now - rules.follow)
