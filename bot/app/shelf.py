"""The shelf: the open stories in memory, changed by one at a time: a poll that places reports, a person who corrects.

It decides nothing; the store stays the truth.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from bot.core.merging import OpenStories
from bot.core.story import Story
from handlers.admin import Follow


class Shelf:
    """`stories` are None until they are loaded; `turn` is held by whoever reads stories in order to change them."""

    def __init__(self) -> None:
        self.stories: OpenStories | None = None
        self.turn = asyncio.Lock()

    @asynccontextmanager
    async def corrected(self) -> AsyncIterator[Follow]:
        """The turn of a correction, with what makes the stories in memory follow it."""
        async with self.turn:
            yield self._follow

    def _follow(self, changed: Iterable[Story], gone: Iterable[str]) -> None:
        if self.stories is None:
            return
        for story_id in gone:
            self.stories.remove(story_id)
        for story in changed:
            self.stories.put(story)
