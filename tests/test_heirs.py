"""Subscriptions that end, move or fail: what a channel was to be told it is told once, by whoever is left."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.core.alert import Alert, Delivery, Habits
from bot.core.hours import QuietHours
from bot.core.importance import Importance, Level
from bot.core.owing import told_by
from bot.store import Store, alerts, bulletins, stories, subscriptions
from bot.store.claims import REMOVED
from bot.store.schema import alerts as table
from handlers.digest import digest
from tests.builders import MINUTE, NOON, a_story, a_subscription, an_alert

LEASE = timedelta(minutes=2)
OLD, NEW = 20, 21


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        await store.write(stories.save, [a_story("a"), a_story("b")])
        yield store


async def subscribe(store: Store, channel: int = OLD, **changes: Any) -> int:
    return await store.write(subscriptions.add, a_subscription(channel, **changes))


async def owe(store: Store, *owed: Alert) -> None:
    await store.write(alerts.owe, owed, NOON)


async def claim(store: Store, after: timedelta = timedelta(0)) -> list[Delivery]:
    return await store.write(alerts.claim, now=NOON + after, lease=LEASE, limit=50)


async def rows(store: Store) -> list[tuple[int, str, str | None]]:
    """Whose row, in which state, and why."""

    def found(c: Connection) -> list[tuple[int, str, str | None]]:
        wanted = select(table.c.subscription_id, table.c.state, table.c.state_reason).order_by(table.c.id)
        return [(row.subscription_id, row.state, row.state_reason) for row in c.execute(wanted)]

    return await store.read(found)


async def move(store: Store, id: int, channel: int = NEW) -> None:
    found = await store.read(subscriptions.get, id)
    assert found is not None
    await store.write(subscriptions.edit, replace(found, channel_id=channel))


async def two_of_one_channel(store: Store, **changes: Any) -> tuple[int, int]:
    """Two subscriptions that want the story "a"; the first is to tell it."""
    first, second = await subscribe(store), await subscribe(store)
    await owe(store, an_alert(first, "a", **changes), an_alert(second, "a", suppressed=told_by(first)))
    return first, second


async def test_a_story_given_back_after_its_subscription_ended_is_told_by_the_next(store: Store) -> None:
    first, second = await two_of_one_channel(store)
    (claimed,) = await claim(store)
    await store.write(subscriptions.remove, first)
    await store.write(
        alerts.settle_retry, claimed.alert_id, not_before=NOON, problem="a rate limit", now=NOON, counts=False
    )
    (heir,) = await claim(store, MINUTE)
    assert heir.subscription.id == second
    assert await rows(store) == [(first, "suppressed", REMOVED), (second, "sending", None)]


async def test_what_may_stand_in_the_channel_is_looked_for_by_the_next_to_tell_it(store: Store) -> None:
    first, second = await two_of_one_channel(store)
    (claimed,) = await claim(store)
    await store.write(subscriptions.remove, first)
    (heir,) = await claim(store, 2 * LEASE)
    assert (heir.subscription.id, heir.nonce, heir.earlier_claim) == (second, claimed.nonce, NOON)


async def test_a_story_owed_while_its_subscription_ended_is_told_by_the_next(store: Store) -> None:
    first, second = await subscribe(store), await subscribe(store)
    await store.write(subscriptions.remove, first)
    await owe(store, an_alert(first, "a"), an_alert(second, "a", suppressed=told_by(first)))
    assert [each.subscription.id for each in await claim(store)] == [second]


async def test_what_waits_moves_with_its_subscription_and_the_old_channel_hears_it_from_another(store: Store) -> None:
    first, second = await two_of_one_channel(store)
    await move(store, first)
    claimed = {each.subscription.id: each.subscription.channel_id for each in await claim(store)}
    assert claimed == {first: NEW, second: OLD}


async def test_a_channel_that_was_told_is_not_told_again_by_one_that_moves_there(store: Store) -> None:
    here, there = await subscribe(store), await subscribe(store, NEW)
    await owe(store, an_alert(here, "a"), an_alert(there, "a"), an_alert(here, "b"))
    await move(store, here)
    assert (here, "suppressed", told_by(there)) in await rows(store)
    assert [each.story.id for each in await claim(store)] == ["a"]


async def test_a_message_that_may_stand_in_the_old_channel_is_looked_for_there(store: Store) -> None:
    wanted = await subscribe(store)
    await owe(store, an_alert(wanted, "a"))
    await claim(store)
    await move(store, wanted)
    (again,) = await claim(store, 2 * LEASE)
    assert (again.subscription.channel_id, again.earlier_claim) == (OLD, NOON)
    await store.write(alerts.settle_retry, again.alert_id, not_before=NOON, problem="no answer", now=NOON)
    await move(store, wanted, 22)
    (again,) = await claim(store, 4 * LEASE)
    assert again.subscription.channel_id == OLD


async def test_what_cannot_be_looked_for_any_more_moves_too(store: Store) -> None:
    wanted = await subscribe(store)
    await owe(store, an_alert(wanted, "a"))
    (claimed,) = await claim(store)
    await store.write(alerts.settle_retry, claimed.alert_id, not_before=NOON, problem="no answer", now=NOON)
    await store.write(alerts.pause_channel, OLD, reason="no right", now=NOON)
    await move(store, wanted)
    assert [each.subscription.channel_id for each in await claim(store, MINUTE)] == [NEW]


async def test_a_message_that_stands_in_the_old_channel_is_edited_there(store: Store) -> None:
    wanted = await subscribe(store)
    await owe(store, an_alert(wanted, "a"))
    (claimed,) = await claim(store)
    await store.write(alerts.settle_sent, claimed.alert_id, message_id=500, shown_revision=1, now=NOON)
    await move(store, wanted)
    await store.write(stories.save, [a_story("a", revision=2)])
    (edit,) = await store.read(alerts.due_edits, now=NOON + MINUTE, debounce=timedelta(0), limit=9)
    assert (edit.subscription.channel_id, edit.message_id) == (OLD, 500)


async def a_catch_up(store: Store, wanted: int) -> None:
    await owe(store, an_alert(wanted, "a", held="pause"), an_alert(wanted, "b", held="pause"))
    assert (await digest(NOON, store=store)).catch_ups == 1


async def test_a_list_that_was_not_sent_yet_moves_with_its_subscription(store: Store) -> None:
    wanted = await subscribe(store)
    await a_catch_up(store, wanted)
    await move(store, wanted)
    (claimed,) = await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5)
    assert claimed.bulletin.channel_id == NEW


async def test_the_stories_of_a_list_that_is_never_sent_are_told_by_another_subscription(store: Store) -> None:
    first, second = await subscribe(store), await subscribe(store)
    await owe(store, an_alert(second, "a", suppressed=told_by(first)))
    await a_catch_up(store, first)
    await store.write(subscriptions.remove, first)
    assert await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5) == []
    assert [each.subscription.id for each in await claim(store)] == [second]
    assert await rows(store) == [
        (second, "sending", None),
        (first, "suppressed", REMOVED),
        (first, "suppressed", REMOVED),
    ]


async def a_list_in_doubt(store: Store) -> tuple[int, int, int, str]:
    """A list of the stories "a" and "b" that may stand in its channel, when its subscription ends: that one, two that
    were to hear of "a" from it, and the list's nonce."""
    first, second, third = [await subscribe(store) for _ in range(3)]
    await owe(store, *(an_alert(each, "a", suppressed=told_by(first)) for each in (second, third)))
    await a_catch_up(store, first)
    (claimed,) = await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5)
    await store.write(bulletins.settle_retry, claimed.id, not_before=NOON, problem="no answer", now=NOON)
    await store.write(subscriptions.remove, first)
    return first, second, third, claimed.nonce


async def test_a_list_that_may_stand_there_is_looked_for_by_those_who_were_to_hear_its_stories(store: Store) -> None:
    first, second, third, nonce = await a_list_in_doubt(store)
    (again,) = await store.write(bulletins.claim, now=NOON + MINUTE, lease=LEASE, limit=5)
    assert (again.nonce, again.earlier_claim, again.bulletin.subscription_id) == (nonce, NOON, second)
    assert [each.story.id for each in again.stories] == ["a"]
    await store.write(bulletins.settle_sent, again.id, message_id=7, now=NOON)
    assert await rows(store) == [
        (second, "digested", "told in catch-up 1"),
        (third, "suppressed", told_by(second)),
        (first, "suppressed", REMOVED),
        (first, "suppressed", REMOVED),
    ]


async def test_a_list_that_was_handed_over_is_handed_on(store: Store) -> None:
    first, second, third, nonce = await a_list_in_doubt(store)
    await store.write(bulletins.claim, now=NOON + MINUTE, lease=LEASE, limit=5)
    await store.write(subscriptions.remove, second)
    (again,) = await store.write(bulletins.claim, now=NOON + 2 * LEASE, lease=LEASE, limit=5)
    assert (again.nonce, again.bulletin.subscription_id) == (nonce, third)
    await store.write(bulletins.settle_dead, again.id, reason="refused (50035)", now=NOON)
    assert {row[0]: row[1:] for row in await rows(store)} == {
        second: ("suppressed", REMOVED),
        third: ("dead", "refused (50035)"),
        first: ("suppressed", REMOVED),
    }


async def test_a_list_in_doubt_that_nobody_else_was_to_hear_ends_with_its_subscription(store: Store) -> None:
    *_, second, third, _ = await a_list_in_doubt(store)
    for each in (second, third):
        await store.write(subscriptions.remove, each)
    assert await store.write(bulletins.claim, now=NOON + MINUTE, lease=LEASE, limit=5) == []
    assert (await rows(store))[-1][1:] == ("suppressed", REMOVED)


async def test_what_may_stand_there_is_looked_for_by_one_that_wanted_it_in_its_digest(store: Store) -> None:
    first, second = await subscribe(store), await subscribe(store, mode="digest")
    await owe(store, an_alert(first, "a"), an_alert(second, "a", kind="digest", suppressed=told_by(first)))
    (claimed,) = await claim(store)
    await store.write(subscriptions.remove, first)
    (heir,) = await claim(store, 2 * LEASE)
    assert (heir.subscription.id, heir.kind, heir.nonce, heir.earlier_claim) == (second, "alert", claimed.nonce, NOON)


async def test_the_stories_of_a_list_that_discord_never_takes_are_dead_as_it_is(store: Store) -> None:
    await a_catch_up(store, await subscribe(store))
    (claimed,) = await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5)
    await store.write(bulletins.settle_dead, claimed.id, reason="refused (50035)", now=NOON)
    assert {row[1:] for row in await rows(store)} == {("dead", "refused (50035)")}


async def test_the_stories_of_a_list_for_a_channel_that_is_gone_are_dead(store: Store) -> None:
    await a_catch_up(store, await subscribe(store))
    await store.write(alerts.close_channel, OLD, reason="the channel no longer exists", now=NOON)
    assert await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5) == []
    assert {row[1:] for row in await rows(store)} == {("dead", "the channel no longer exists")}


async def test_what_a_removed_subscription_told_in_a_list_is_not_told_again(store: Store) -> None:
    first = await subscribe(store)
    await a_catch_up(store, first)
    (claimed,) = await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5)
    await store.write(bulletins.settle_sent, claimed.id, message_id=7, now=NOON)
    await store.write(subscriptions.remove, first)
    second = await subscribe(store)
    await owe(store, an_alert(second, "a"), an_alert(second, "b", kind="digest"))
    assert [row[1:] for row in await rows(store)][2:] == [("suppressed", alerts.TOLD)] * 2


async def test_a_list_is_not_made_of_what_does_not_wait_any_more(store: Store) -> None:
    wanted = await subscribe(store)
    await owe(store, an_alert(wanted, "a", held="pause"), an_alert(wanted, "b", held="pause"))
    (backlog,) = await store.read(bulletins.backlogs)
    await digest(NOON, store=store)
    again = replace((await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=5))[0].bulletin, period="other")
    members = [each.alert_id for each in backlog.waiting]
    assert await store.write(bulletins.make, again, NOON, members=members) is None


async def test_what_a_server_missed_while_it_was_not_served_comes_in_one_message(store: Store) -> None:
    wanted = await subscribe(store)
    await store.write(subscriptions.serve_only, set(), "not served")
    await store.write(stories.save, [a_story(each) for each in "cd"])
    await owe(store, *(an_alert(wanted, each) for each in "abcd"))
    await store.write(subscriptions.serve_only, None, "not served")
    assert await claim(store) == []
    assert (await digest(NOON, store=store)).catch_ups == 1


async def test_who_tells_is_known_by_the_channel_in_which_it_was_told(store: Store) -> None:
    first, second = await two_of_one_channel(store)
    (claimed,) = await claim(store)
    await store.write(alerts.settle_sent, claimed.alert_id, message_id=500, shown_revision=1, now=NOON)
    await move(store, first)
    await owe(store, an_alert(second, "b", suppressed="this server has muted b"))
    assert await store.read(alerts.tellers, ["a", "b"]) == {(OLD, "a"): first}


async def test_one_that_moved_away_inherits_nothing_from_its_former_channel(store: Store) -> None:
    first, second = await two_of_one_channel(store)
    await move(store, second)
    await move(store, first)
    (claimed,) = await claim(store)
    assert (claimed.subscription.id, claimed.subscription.channel_id) == (first, NEW)
    assert await rows(store) == [(first, "sending", None), (second, "suppressed", told_by(first))]


QUIET = Habits(quiet=QuietHours(11 * 60, 14 * 60))


@pytest.mark.parametrize(
    ("level", "habits", "told_at_once"),
    [
        ("high", QUIET, False),
        ("critical", QUIET, True),
        ("critical", Habits(quiet=QuietHours(11 * 60, 14 * 60, critical_override=False)), False),
        ("high", Habits(), True),
    ],
)
async def test_what_is_handed_over_in_quiet_hours_waits_for_their_end(
    store: Store, level: Level, habits: Habits, told_at_once: bool
) -> None:
    await store.write(stories.save, [a_story("a")], {"a": Importance(level, 1.0)})
    first, second = await subscribe(store), await subscribe(store, habits=habits)
    await owe(store, an_alert(first, "a"), an_alert(second, "a", suppressed=told_by(first)))
    await store.write(subscriptions.remove, first)
    await digest(NOON, store=store)
    assert [each.subscription.id for each in await claim(store)] == ([second] if told_at_once else [])
    later = timedelta(hours=2)
    await digest(NOON + later, store=store)
    assert [each.subscription.id for each in await claim(store, later)] == [second]


async def test_what_is_handed_over_outside_of_quiet_hours_is_told_with_the_next_look(store: Store) -> None:
    first, second = await subscribe(store), await subscribe(store, habits=QUIET)
    await owe(store, an_alert(first, "a"), an_alert(second, "a", suppressed=told_by(first)))
    await store.write(subscriptions.remove, first)
    await digest(NOON + timedelta(hours=3), store=store)
    assert [each.subscription.id for each in await claim(store, timedelta(hours=3))] == [second]
