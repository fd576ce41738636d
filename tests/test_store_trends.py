"""Counts over the archive on a real SQLite file."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.core.chart import Daily
from bot.core.importance import Importance
from bot.store import Store, stories, trends
from tests.builders import NOON, a_story

DAY = timedelta(days=1)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


ARCHIVE = (
    a_story("old", first_seen=NOON - 9 * DAY, last_seen=NOON, organisations=("NATO", "Acme")),
    a_story("one", first_seen=NOON - DAY, last_seen=NOON, organisations=("NATO", "OpenAI")),
    a_story("two", first_seen=NOON - DAY, last_seen=NOON - DAY, organisations=("OpenAI",)),
    a_story("three", first_seen=NOON, last_seen=NOON, event="policy", organisations=("NATO", "OpenAI", "Acme")),
)


async def test_stories_count_on_the_day_they_were_first_told(store: Store) -> None:
    await store.write(stories.save, ARCHIVE)
    today = NOON.date()
    assert await store.read(trends.a_day, NOON - 2 * DAY) == [
        Daily(today - DAY, "contract", 2),
        Daily(today, "policy", 1),
    ]
    assert await store.read(trends.a_day, NOON - 30 * DAY, organisation="Acme") == [
        Daily(today - 9 * DAY, "contract", 1),
        Daily(today, "policy", 1),
    ]


async def test_the_time_before_and_the_time_now_are_told_apart(store: Store) -> None:
    await store.write(stories.save, ARCHIVE)
    assert await store.read(trends.named, NOON - DAY, NOON + DAY) == {"NATO": 2, "OpenAI": 3, "Acme": 1}
    assert await store.read(trends.named, NOON - 10 * DAY, NOON - DAY) == {"NATO": 1, "Acme": 1}


async def test_partners_are_those_that_stories_name_together(store: Store) -> None:
    await store.write(stories.save, ARCHIVE)
    assert await store.read(trends.partners, "NATO", NOON - 30 * DAY) == [("Acme", 2), ("OpenAI", 2)]
    assert await store.read(trends.partners, "NATO", NOON - DAY, limit=1) == [("OpenAI", 2)]
    assert await store.read(trends.partners, "nobody", NOON - DAY) == []
    assert await store.read(trends.together, "NATO", "OpenAI", NOON - 30 * DAY) == 2
    assert await store.read(trends.together, "NATO", "OpenAI", NOON) == 1


async def test_an_empty_archive_has_no_first_day(store: Store) -> None:
    assert await store.read(trends.first_day) is None
    await store.write(stories.save, ARCHIVE)
    assert await store.read(trends.first_day) == (NOON - 9 * DAY).date()


async def test_the_most_important_come_first_and_the_newest_of_equal_ones(store: Store) -> None:
    weights = {"two": Importance("high", 5.0), "old": Importance("notable", 2.0)}
    await store.write(stories.save, ARCHIVE, weights)
    found = await store.read(stories.top)
    assert [each.story.id for each in found] == ["two", "old", "one", "three"]
    assert found[0].importance.level == "high"
    assert [each.story.id for each in await store.read(stories.top, since=NOON, limit=1, offset=1)] == ["one"]


async def test_the_stories_that_name_both_are_found(store: Store) -> None:
    await store.write(stories.save, ARCHIVE)
    assert [each.id for each in await store.read(stories.naming, ("NATO", "Acme"))] == ["three", "old"]
    assert await store.read(stories.is_named, "Acme")
    assert not await store.read(stories.is_named, "acme")


async def test_the_chain_of_a_story_goes_both_ways_and_ends(store: Store) -> None:
    chain = [a_story(f"step-{n}", first_seen=NOON + n * DAY, follows=f"step-{n - 1}" if n else None) for n in range(6)]
    branch = a_story("branch", first_seen=NOON + 9 * DAY, follows="step-3")
    await store.write(stories.save, [*chain, branch])
    assert [each.id for each in await store.read(stories.before, chain[3])] == ["step-0", "step-1", "step-2"]
    assert [each.id for each in await store.read(stories.before, chain[3], limit=1)] == ["step-2"]
    assert [each.id for each in await store.read(stories.after, chain[2])] == ["step-3", "step-4", "step-5", "branch"]
    assert [each.id for each in await store.read(stories.after, chain[5])] == []


async def test_a_chain_that_bites_its_tail_ends_too(store: Store) -> None:
    one, other = a_story("one", follows="other"), a_story("other", follows="one")
    await store.write(stories.save, [one, other])
    assert [each.id for each in await store.read(stories.before, one)] == ["other"]
    assert [each.id for each in await store.read(stories.after, one)] == ["other"]
