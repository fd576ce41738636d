"""What a restored database does not know: which of the stories that wait stand in their channel already.

Pure: messages as they stand and rows as they wait in, what belongs together out. A story has another id after its
news came anew, so links and titles tell it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.escape import escape
from bot.core.link import link_key
from bot.core.message import LIMITS
from bot.core.story import Story

SHORTEST = 20
"""Characters of a title that tell a story where no link does: shorter ones are words that come again."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of ours as it stands: its links, its escaped texts, and whether it lists several stories or tells what
    changed in one. `place_id` is its forum post, if it is one."""

    message_id: int
    links: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()
    is_list: bool = False
    is_update: bool = False
    place_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A row that waits, and the story that it tells."""

    alert_id: int
    channel_id: int
    kind: str
    story: Story


@dataclass(frozen=True, slots=True)
class Recalled:
    """A row that was told after all: by `said`."""

    alert_id: int
    said: Said


def recalled(waiting: Sequence[Unsaid], said: Sequence[Said]) -> list[Recalled]:
    """Which rows of a channel its messages told, the oldest first of either. A message of one story stands for one row,
    a list for as many as it lists."""
    taken: set[int] = set()
    found = []
    for row in waiting:
        message = next(_telling(row, said, taken), None)
        if message is not None:
            found.append(Recalled(row.alert_id, message))
            if not message.is_list:
                taken.add(message.message_id)
    return found


def _telling(row: Unsaid, said: Sequence[Said], taken: Iterable[int]) -> Iterator[Said]:
    """Messages of its own before lists; an update only by an update."""
    links = {link_key(link) for link in _links(row.story)}
    titles = [escape(title, LIMITS["title"]) for title in _titles(row.story)]
    for is_list in (False, True):
        for each in said:
            fits = each.is_update == (row.kind == "update") and each.is_list == is_list
            if fits and each.message_id not in taken and _tells(each, links, titles):
                yield each


def _tells(said: Said, links: set[str], titles: Sequence[str]) -> bool:
    if links.intersection(map(link_key, said.links)):
        return True
    return any(title in text for title in titles if len(title) >= SHORTEST for text in said.texts)


def _links(story: Story) -> Iterator[str]:
    yield from (link for link in (story.link, *(source.link for source in story.sources)) if link)


def _titles(story: Story) -> Iterator[str]:
    yield story.title
    yield from (source.title for source in story.sources)
