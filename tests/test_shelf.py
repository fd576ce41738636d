"""The stories that a poller holds in memory, and what is committed: whatever becomes of a transaction, they are one."""

from collections.abc import AsyncIterator

import pytest

from bot.core.story import MergingRules, Story
from bot.store import Connection, Store, stories
from handlers.poll import Shelf
from tests.builders import NOON, a_story


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    shelf = Shelf(MergingRules())
    await shelf.load(store, NOON)
    return shelf


class BrokenError(Exception):
    """The transaction did not come to be."""


def place(c: Connection, shelf: Shelf, story: Story, *, breaks: bool = False) -> None:
    """What a poll does with a story."""
    shelf.begin(c, NOON).put(story)
    stories.save(c, [story])
    shelf.end(c)
    if breaks:
        raise BrokenError


def held(c: Connection, shelf: Shelf) -> set[str]:
    return {story.id for story in shelf.begin(c, NOON)}


async def fails(store: Store, shelf: Shelf, story: Story) -> None:
    with pytest.raises(BrokenError):
        await store.write(place, shelf, story, breaks=True)
    shelf.put_back({story.id})


async def test_what_another_changed_after_a_transaction_of_ours_failed_is_not_missed(
    store: Store, shelf: Shelf
) -> None:
    await fails(store, shelf, a_story("ours"))
    shelf.keep()  # a poll that placed nothing was committed
    await store.write(stories.save, [a_story("theirs")])
    assert await store.write(held, shelf) == {"theirs"}


async def test_a_story_whose_commit_was_taken_for_failed_is_met_again(store: Store, shelf: Shelf) -> None:
    await store.write(place, shelf, a_story("ours"))
    shelf.put_back({"ours"})  # the word of the commit was lost
    shelf.keep()
    assert await store.write(held, shelf) == {"ours"}


async def test_a_story_that_came_to_be_is_held_and_not_read_again(store: Store, shelf: Shelf) -> None:
    await store.write(place, shelf, a_story("ours"))
    shelf.keep()
    assert {story.id for story in shelf.stories} == await store.write(held, shelf) == {"ours"}
