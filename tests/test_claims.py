"""Who is served next: servers take turns, edits leave room, and a new start frees what the last one held."""

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.core.alert import Delivery
from bot.core.owing import told_by
from bot.store import Store, alerts, stories, subscriptions
from tests.builders import MINUTE, NOON, a_story, a_subscription, an_alert

LEASE = timedelta(seconds=60)
OTHER_SERVER = 99


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


async def owe(store: Store, *story_ids: str, channel_id: int = 20, guild_id: int = 10, **changes: object) -> int:
    """A subscription that is owed an alert of each story, oldest first; its id."""

    def work(c: Connection) -> int:
        wanted = subscriptions.add(c, a_subscription(channel_id, guild_id))
        stories.save(c, [a_story(id) for id in story_ids])
        alerts.owe(c, [an_alert(wanted, id, **changes) for id in story_ids], NOON)
        return wanted

    return await store.write(work)


async def claim(store: Store, now: datetime = NOON, limit: int = 50) -> list[Delivery]:
    return await store.write(alerts.claim, now=now, lease=LEASE, limit=limit)


async def settle(store: Store, delivery: Delivery, message_id: int = 500) -> None:
    await store.write(alerts.settle_sent, delivery.alert_id, message_id=message_id, shown_revision=1, now=NOON)


async def states(store: Store, *rows: int) -> list[tuple[str, str | None]]:
    return [found for row in rows if (found := await store.read(alerts.state_of, row))]


async def test_a_server_with_many_busy_channels_leaves_the_next_turn_to_another(store: Store) -> None:
    for channel in range(30):
        await owe(store, "a", "b", channel_id=channel)
    await owe(store, "c", channel_id=77, guild_id=OTHER_SERVER)
    first = await claim(store, limit=2)
    assert {delivery.subscription.guild_id for delivery in first} == {10, OTHER_SERVER}


async def test_a_server_that_has_nothing_under_way_goes_before_one_that_has(store: Store) -> None:
    for channel in range(30):
        await owe(store, "a", channel_id=channel)
    await claim(store, limit=3)
    await owe(store, "c", channel_id=77, guild_id=OTHER_SERVER)
    (next_one,) = await claim(store, limit=1)
    assert next_one.subscription.guild_id == OTHER_SERVER


async def test_five_thousand_owed_alerts_of_one_server_delay_no_other(store: Store) -> None:
    for channel in range(50):
        await owe(store, *(str(number) for number in range(100)), channel_id=channel)
    await owe(store, "c", channel_id=77, guild_id=OTHER_SERVER)
    began = time.process_time()
    claimed = await claim(store, limit=20)
    assert time.process_time() - began < 1
    assert OTHER_SERVER in {delivery.subscription.guild_id for delivery in claimed}


async def test_something_is_due_only_while_it_could_be_claimed(store: Store) -> None:
    await owe(store, "a")
    assert await store.read(alerts.is_due, now=NOON)
    (delivery,) = await claim(store)
    assert not await store.read(alerts.is_due, now=NOON)
    await settle(store, delivery)
    assert not await store.read(alerts.is_due, now=NOON + MINUTE)


async def test_a_new_start_frees_what_the_last_one_was_sending(tmp_path: Path) -> None:
    async with Store.open(f"sqlite:///{tmp_path / 'tocsin.db'}") as store:
        await owe(store, "a")
        await claim(store)
        assert await store.write(alerts.release, NOON + timedelta(seconds=1)) == 1
        (again,) = await claim(store, NOON + timedelta(seconds=1))
        assert (again.earlier_claim, again.attempt) == (NOON, 2)


async def test_a_new_start_frees_nothing_where_another_may_be_sending_it(postgres_url: str) -> None:
    async with Store.open(postgres_url) as store:
        await owe(store, "a")
        await claim(store)
        assert await store.write(alerts.release, NOON + timedelta(seconds=1)) == 0
        assert await claim(store, NOON + timedelta(seconds=1)) == []
        (again,) = await claim(store, NOON + LEASE)
        assert (again.earlier_claim, again.attempt) == (NOON, 2)


async def test_one_channel_with_hundreds_of_due_edits_leaves_room_for_another(store: Store) -> None:
    await owe(store, *(f"a{number}" for number in range(60)), channel_id=1)
    await owe(store, "b", channel_id=2)
    while claimed := await claim(store):
        for delivery in claimed:
            await settle(store, delivery)
    await store.write(stories.save, [a_story(id, revision=2) for id in ("b", *(f"a{number}" for number in range(60)))])
    due = await store.read(alerts.due_edits, now=NOON + 5 * MINUTE, debounce=MINUTE, limit=200)
    assert len(due) == 21
    assert "b" in {edit.story.id for edit in due}


async def test_an_edit_keeps_why_the_subscription_wanted_the_story(store: Store) -> None:
    await owe(store, "a", reasons=("asked for NATO",))
    await settle(store, (await claim(store))[0])
    await store.write(stories.save, [a_story("a", revision=2)])
    (edit,) = await store.read(alerts.due_edits, now=NOON + 5 * MINUTE, debounce=MINUTE, limit=200)
    assert edit.reasons == ("asked for NATO",)


async def test_a_story_waiting_for_a_subscription_that_ends_is_told_by_the_next_of_the_channel(store: Store) -> None:
    first = await owe(store, "a")
    second = await owe(store, "a", suppressed=told_by(first))
    third = await owe(store, "a", suppressed=told_by(first))
    await store.write(subscriptions.remove, first)
    assert [state for state, _ in await states(store, 1, 2, 3)] == ["suppressed", "owed", "suppressed"]
    assert (await states(store, 3))[0][1] == told_by(second)
    (delivery,) = await claim(store)
    assert delivery.subscription.id == second
    await store.write(subscriptions.remove, third)
    await settle(store, delivery)
    assert (await store.read(alerts.counts))["sent"] == 1


async def test_a_channel_that_was_told_is_not_told_again_after_its_subscription_is_replaced(store: Store) -> None:
    first = await owe(store, "a")
    await settle(store, (await claim(store))[0])
    await store.write(subscriptions.remove, first)
    await owe(store, "a")
    assert await claim(store) == []
    assert (await states(store, 2))[0][0] == "suppressed"
    await store.write(stories.save, [a_story("a", revision=2)])
    due = await store.read(alerts.due_edits, now=NOON + 5 * MINUTE, debounce=MINUTE, limit=9)
    assert [edit.message_id for edit in due] == [500], "the message lives on"


async def test_a_message_of_a_channel_that_wants_nothing_any_more_is_left_alone(store: Store) -> None:
    first = await owe(store, "a")
    await settle(store, (await claim(store))[0])
    await store.write(subscriptions.remove, first)
    await store.write(stories.save, [a_story("a", revision=2)])
    assert await store.read(alerts.due_edits, now=NOON + 5 * MINUTE, debounce=MINUTE, limit=9) == []


async def test_counts_can_be_those_of_one_server(store: Store) -> None:
    await owe(store, "a", "b")
    await owe(store, "a", channel_id=77, guild_id=OTHER_SERVER)
    assert (await store.read(alerts.counts))["owed"] == 3
    assert (await store.read(alerts.counts, OTHER_SERVER))["owed"] == 1


async def test_servers_that_are_not_served_wait_and_go_on_when_they_are(store: Store) -> None:
    await owe(store, "a")
    await owe(store, "a", channel_id=77, guild_id=OTHER_SERVER)
    paused_before = await owe(store, "a", channel_id=78, guild_id=OTHER_SERVER)
    await store.write(subscriptions.pause, paused_before, "by a person")
    terminal = await owe(store, "a", channel_id=0, guild_id=0)
    assert await store.write(subscriptions.serve_only, {OTHER_SERVER}, "not served") == 1
    told = {delivery.subscription.guild_id for delivery in await claim(store)}
    assert told == {OTHER_SERVER, 0}
    assert await store.write(subscriptions.serve_only, None, "not served") == 0
    assert [delivery.subscription.guild_id for delivery in await claim(store)] == [10]
    kept = await store.read(subscriptions.get, paused_before)
    assert kept is not None and kept.paused == "by a person"
    assert terminal
