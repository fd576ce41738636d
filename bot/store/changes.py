"""Changes of stories, numbered, so that whoever holds stories in memory can follow what others did.

Whoever changes stories has the turn until the end of the transaction; so numbers are committed in their order, and
nobody who has read up to one of them ever misses a smaller one.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bot.core.story import Story
from bot.store import rows
from bot.store.dialect import insert, take_turn
from bot.store.schema import counters, stories

CHANGING = 2
COUNTER = "stories"


@dataclass(frozen=True, slots=True)
class Changes:
    """Stories as they stand after the change `number`, and the ids of those that a person merged into others."""

    number: int
    stories: tuple[Story, ...] = ()
    gone: tuple[str, ...] = ()


def take_the_turn(c: Connection) -> None:
    """Waits until nobody else changes stories; nobody else will before this transaction ends."""
    take_turn(c, CHANGING)


def next_number(c: Connection) -> int:
    """The number of a change that is made now."""
    take_the_turn(c)
    counted = insert(c, counters).values(name=COUNTER, value=1)
    counted = counted.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return int(c.execute(counted.returning(counters.c.value)).scalar_one())


def latest(c: Connection) -> int:
    """The number of the last change."""
    return c.scalar(select(counters.c.value).where(counters.c.name == COUNTER)) or 0


def since(c: Connection, number: int) -> Changes:
    """What changed after the change `number`."""
    now = latest(c)
    if now == number:
        return Changes(now)
    found = c.execute(select(stories).where(stories.c.touched > number)).mappings().all()
    return Changes(
        number=now,
        stories=tuple(rows.story(row) for row in found if row["merged_into"] is None),
        gone=tuple(row["id"] for row in found if row["merged_into"] is not None),
    )


def touch(c: Connection, ids: Collection[str]) -> None:
    """Gives stories that were changed in place the number of a change."""
    if ids:
        c.execute(update(stories).where(stories.c.id.in_(ids)).values(touched=next_number(c)))


def is_kept(c: Connection, story_id: str) -> bool:
    """Whether the story has not been deleted."""
    return c.scalar(select(stories.c.id).where(stories.c.id == story_id)) is not None
