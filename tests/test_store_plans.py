"""Subscriptions with the beginning of their digests, forecasts' stories and lists of words, on a real SQLite file."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from bot.core.alert import Habits, Subscription
from bot.core.hours import DigestPlan
from bot.core.importance import Importance
from bot.errors import TocsinError
from bot.store import Store, alerts, bulletins, forecasts, guilds, plans, stories, subscriptions, watches
from bot.store.guilds import Watch
from tests.builders import NOON, a_story, a_subscription, an_alert

DAY = timedelta(days=1)
PLAN = DigestPlan(8)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


def welcome(_others: Sequence[Subscription]) -> None:
    """Leaves room for any subscription."""


def no_room(_others: Sequence[Subscription]) -> None:
    raise TocsinError("no room")


async def add(store: Store, **changes: Any) -> Subscription:
    return await store.write(plans.add, a_subscription(**changes), NOON, UTC, welcome)


async def told(store: Store) -> list[frozenset[str]]:
    return [each.told for each in await store.read(bulletins.backlogs)]


async def test_a_new_subscription_begins_its_digests_and_one_of_alerts_has_none(store: Store) -> None:
    await add(store, mode="digest", habits=Habits(digest=PLAN))
    await add(store)
    assert await told(store) == [{"2026-03-04T08:00:00Z"}]


async def test_what_finds_no_room_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(TocsinError, match="no room"):
        await store.write(plans.add, a_subscription(mode="digest", habits=Habits(digest=PLAN)), NOON, UTC, no_room)
    assert await store.read(subscriptions.listed) == []
    kept = await add(store)
    with pytest.raises(TocsinError, match="no room"):
        await store.write(plans.change, replace(kept, topic="t"), NOON, UTC, no_room)
    assert await store.read(subscriptions.get, kept.id) == kept


async def test_a_changed_plan_begins_anew_and_the_same_one_does_not(store: Store) -> None:
    kept = await add(store, mode="digest", habits=Habits(digest=PLAN))
    await store.write(plans.change, replace(kept, topic="t"), NOON + DAY, UTC, welcome)
    assert await told(store) == [{"2026-03-04T08:00:00Z"}]
    evening = replace(kept, habits=Habits(digest=DigestPlan(18)))
    await store.write(plans.change, evening, NOON + DAY, UTC, welcome)
    assert await told(store) == [{"2026-03-04T08:00:00Z", "2026-03-04T18:00:00Z"}]


async def test_a_subscription_is_not_in_the_way_of_itself_and_is_changed_in_its_server_alone(store: Store) -> None:
    kept = await add(store)
    seen: list[Sequence[Subscription]] = []
    assert await store.write(plans.change, replace(kept, topic="t"), NOON, None, seen.append)
    assert seen == [[]]
    assert not await store.write(plans.change, replace(kept, guild_id=99), NOON, None, welcome)
    assert not await store.write(plans.change, replace(kept, id=99), NOON, None, welcome)


async def test_without_digests_what_waits_for_one_waits_on_for_a_last_message(store: Store) -> None:
    kept = await add(store, mode="digest", habits=Habits(digest=PLAN))
    await store.write(stories.save, [a_story("a"), a_story("b")])
    await store.write(alerts.owe, [an_alert(1, "a", kind="digest"), an_alert(1, "b")], NOON)
    await store.write(plans.change, replace(kept, mode="alerts", habits=Habits()), NOON, None, welcome)
    counts = await store.read(alerts.counts)
    assert (counts["owed"], counts["suppressed"]) == (2, 0)


async def test_a_forecast_is_made_of_the_newest_stories_with_their_weights(store: Store) -> None:
    days = [a_story(f"d{n}", first_seen=NOON - n * DAY, last_seen=NOON - n * DAY) for n in range(40)]
    await store.write(stories.save, days, {"d1": Importance("high", 5.0)})
    past = await store.read(forecasts.past, NOON - 30 * DAY)
    assert [each.story.id for each in past.stories] == [f"d{n}" for n in range(31)]
    assert (past.stories[1].importance, past.since, past.begun) == (
        Importance("high", 5.0),
        NOON - 30 * DAY,
        NOON - 39 * DAY,
    )


async def test_where_too_much_came_in_a_forecast_looks_back_less_far(store: Store) -> None:
    await store.write(stories.save, [a_story(f"d{n}", last_seen=NOON - n * DAY) for n in range(9)])
    past = await store.read(lambda c: forecasts.past(c, NOON - 30 * DAY, most=5))
    assert (len(past.stories), past.since) == (5, NOON - 4 * DAY)


async def test_an_empty_archive_has_no_beginning(store: Store) -> None:
    past = await store.read(forecasts.past, NOON)
    assert (past.stories, past.begun) == ([], None)


def a_watch(words: str, **changes: object) -> Watch:
    return replace(Watch(10, "mute", words, None, 1, NOON), **changes)  # type: ignore[arg-type]


async def test_words_stand_on_one_list_in_one_spelling(store: Store) -> None:
    assert not await store.write(watches.put, a_watch("Acme"), most=5)
    assert not await store.write(watches.put, a_watch("ACME", until=NOON + DAY), most=5)
    assert await store.read(guilds.listed_watches, NOON) == [a_watch("ACME", until=NOON + DAY)]
    assert await store.write(watches.put, a_watch("acme", kind="watch"), most=5)
    assert await store.read(guilds.listed_watches, NOON) == [a_watch("acme", kind="watch")]


async def test_a_full_list_takes_no_more_but_what_stands_on_it(store: Store) -> None:
    await store.write(watches.put, a_watch("a b"), most=1)
    await store.write(watches.put, a_watch("A B"), most=1)
    await store.write(watches.put, a_watch("c d", guild_id=11), most=1)
    with pytest.raises(TocsinError, match="holds 1 already"):
        await store.write(watches.put, a_watch("c d"), most=1)


async def test_words_are_lifted_from_their_server_alone(store: Store) -> None:
    await store.write(watches.put, a_watch("Acme"), most=5)
    assert await store.write(watches.lift, 11, "Acme", NOON) == ()
    assert await store.write(watches.lift, 10, "aCME", NOON) == ("mute",)
    assert await store.write(watches.lift, 10, "Acme", NOON) == ()
