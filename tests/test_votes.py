"""Votes in the store: each counts once, and the threshold is what they say in whatever order they came."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.core.voting import STEP, Verdict
from bot.store import Store, guilds, stories, votes
from bot.store.schema import votes as vote_table
from bot.store.votes import Vote
from tests.builders import NOON, a_story

LEAST = {"ai-defence": 0.5}
A_VOTE = Vote(10, "s1", 7, True, "not_relevant", NOON)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        await store.write(stories.save, [a_story("s1", relevance=0.55), a_story("s2", relevance=0.6)])
        yield store


async def threshold(store: Store, guild: int = 10) -> float:
    return (await store.read(guilds.settings, guild)).threshold


async def vote(store: Store, **changes: object) -> bool:
    given = replace(A_VOTE, **changes)  # type: ignore[arg-type]
    return (await store.write(votes.cast_vote, given, LEAST)).is_new


async def test_a_second_press_changes_nothing(store: Store) -> None:
    assert await vote(store)
    assert not await vote(store)
    assert await threshold(store) == STEP
    assert await store.read(lambda c: c.scalar(select(func.count()).select_from(vote_table))) == 1


async def test_readers_are_counted_and_change_nothing(store: Store) -> None:
    await vote(store, manager=False)
    assert await threshold(store) == 0.0
    assert (await store.read(votes.tally, 10, "s1")).readers_against == 1


async def test_who_becomes_a_manager_and_votes_again_counts_as_one(store: Store) -> None:
    await vote(store, manager=False)
    assert await vote(store, manager=True)
    tally = await store.read(votes.tally, 10, "s1")
    assert (tally.managers_against, tally.readers_against) == (1, 0)
    assert await threshold(store) == STEP


async def test_the_opposite_takes_the_place_of_what_was_said_before(store: Store) -> None:
    await vote(store)
    await vote(store, verdict="relevant")
    tally = await store.read(votes.tally, 10, "s1")
    assert (tally.managers_against, tally.managers_for) == (0, 1)
    assert await threshold(store) == 0.0


async def test_a_wrong_merge_stands_beside_what_is_said_of_relevance(store: Store) -> None:
    await vote(store)
    await vote(store, verdict="wrong_merge")
    assert (await store.read(votes.tally, 10, "s1")).wrong_merge == 1
    assert await threshold(store) == STEP


async def test_another_server_is_not_moved(store: Store) -> None:
    await vote(store)
    assert await threshold(store, 11) == 0.0
    assert (await store.read(votes.tally, 11, "s1")).managers_against == 0


async def test_a_vote_taken_back_moves_the_threshold_back(store: Store) -> None:
    await vote(store)
    assert (await store.write(votes.take_back, 10, "s1", 7, LEAST)).is_new
    assert await threshold(store) == 0.0
    assert not (await store.write(votes.take_back, 10, "s1", 7, LEAST)).is_new


async def test_the_same_votes_in_any_order_give_the_same_threshold(store: Store) -> None:
    given: list[tuple[str, int, Verdict]] = [
        ("s1", 1, "not_relevant"), ("s2", 1, "not_relevant"), ("s1", 2, "not_relevant"), ("s2", 3, "relevant"),
    ]  # fmt: skip
    for guild, order in ((10, given), (11, given[::-1]), (12, [given[n] for n in (2, 0, 3, 1)])):
        for story_id, user_id, verdict in order:
            await vote(store, guild_id=guild, story_id=story_id, user_id=user_id, verdict=verdict)
    assert await threshold(store, 10) == await threshold(store, 11) == await threshold(store, 12) == 2 * STEP


async def test_a_reset_forgets_managers_votes_and_can_be_taken_back(store: Store) -> None:
    await vote(store)
    await vote(store, story_id="s2")
    await vote(store, user_id=8, manager=False)
    gone = await store.write(votes.reset, 10, None, LEAST)
    assert len(gone) == 2
    assert await threshold(store) == 0.0
    assert (await store.read(votes.tally, 10, "s1")).readers_against == 1
    await vote(store, verdict="relevant")
    await store.write(votes.restore, gone, 10, LEAST)
    assert (await store.read(votes.tally, 10, "s1")).managers_for == 1
    assert await threshold(store) == 0.0
    assert (await store.read(votes.tally, 10, "s2")).managers_against == 1


async def test_a_reset_of_one_story_leaves_the_others(store: Store) -> None:
    await vote(store)
    await vote(store, story_id="s2")
    await store.write(votes.reset, 10, "s1", LEAST)
    assert await threshold(store) == STEP
