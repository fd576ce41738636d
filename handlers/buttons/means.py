"""What the buttons and menus of an alert work with. It holds no button."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.client.index import Index
from bot.client.replies import RefusedError
from bot.core.story import Story
from bot.store import Store, stories

Clock = Callable[[], datetime]
FORGOTTEN = "This story is no longer kept; Tocsin forgets stories after a year unless its operator chose otherwise."


@dataclass(frozen=True, slots=True)
class Means:
    """The store, who manages which server, the present, and by topic the score that a story needs."""

    store: Store
    index: Index
    clock: Clock
    thresholds: Mapping[str, float] = field(default_factory=dict)


async def kept_story(means: Means, story_id: str) -> Story:
    """The story, or the one that it was merged into. Raises RefusedError where it is no longer kept."""
    story = await means.store.read(stories.get, story_id)
    if story is None:
        raise RefusedError(FORGOTTEN)
    return story
