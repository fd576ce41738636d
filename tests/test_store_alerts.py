"""The outbox on real SQLite files: what is claimed when, and how each row ends."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from bot.core.alert import Alert, Delivery
from bot.core.story import Story
from bot.store import Store, alerts, stories, subscriptions
from bot.store.engine import address, engine_for
from bot.store.schema import alerts as alert_table
from bot.store.schema import deliveries
from bot.store.transactions import writing
from tests.builders import MINUTE, NOON, a_story, a_subscription, an_alert
from tests.postgres import FreshDatabase

LEASE, MONTH = timedelta(seconds=60), timedelta(days=30)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


async def owed(store: Store, *story_ids: str, channel_id: int = 20, **changes: object) -> int:
    """A subscription in the channel that is owed an alert of each story, oldest first; its id."""

    def work(c: Connection) -> int:
        wanted = subscriptions.add(c, a_subscription(channel_id))
        stories.save(c, [a_story(id) for id in story_ids])
        alerts.owe(c, [an_alert(wanted, id, **changes) for id in story_ids], NOON)
        return wanted

    return await store.write(work)


async def claim(store: Store, now: object = NOON, limit: int = 50, **options: object) -> list[Delivery]:
    return await store.write(alerts.claim, now=now, lease=LEASE, limit=limit, **options)


async def claim_one(store: Store, now: object = NOON) -> Delivery:
    (delivery,) = await claim(store, now)
    return delivery


async def sent(store: Store, message_id: int = 500, now: object = NOON, shown_revision: int = 1) -> Delivery:
    delivery = await claim_one(store, now)
    await store.write(
        alerts.settle_sent, delivery.alert_id, message_id=message_id, shown_revision=shown_revision, now=now
    )
    return delivery


async def stories_of(store: Store, now: object = NOON) -> list[str]:
    return [delivery.story.id for delivery in await claim(store, now)]


async def attempts(store: Store, alert_id: int) -> list[tuple[int, str]]:
    def work(c: Connection) -> list[tuple[int, str]]:
        wanted = select(deliveries.c.attempt, deliveries.c.outcome).where(deliveries.c.alert_id == alert_id)
        return [(row.attempt, row.outcome) for row in c.execute(wanted.order_by(deliveries.c.id))]

    return await store.read(work)


async def test_an_alert_is_owed_once(store: Store) -> None:
    wanted = await owed(store, "a")
    assert await store.write(alerts.owe, [an_alert(wanted, "a")], NOON) == 0
    assert await store.write(alerts.owe, [an_alert(wanted, "a", revision=2)], NOON) == 0
    assert await store.write(alerts.owe, [an_alert(wanted, "a", kind="update", revision=2)], NOON) == 1
    assert (await store.read(alerts.counts))["owed"] == 2


async def test_a_row_has_a_nonce_of_its_own_that_discord_takes(store: Store) -> None:
    await owed(store, "a", channel_id=1)
    await owed(store, "a", channel_id=2)
    one, other = await claim(store)
    assert one.nonce != other.nonce
    assert max(len(one.nonce), len(other.nonce)) <= 25


async def test_matched_stories_are_those_with_a_row_in_any_state(store: Store) -> None:
    wanted = await owed(store, "a", "b")
    await sent(store)
    assert await store.read(alerts.matched, ["a", "b", "c"]) == {(wanted, "a"), (wanted, "b")}


async def test_a_claim_carries_the_whole_delivery(store: Store) -> None:
    wanted = await owed(store, "a")
    delivery = await claim_one(store)
    assert delivery.story == a_story("a")
    assert delivery.subscription == a_subscription(id=wanted)
    assert (delivery.kind, delivery.attempt, delivery.claimed_at) == ("alert", 1, NOON)
    assert delivery.reasons == ("AI: model",)
    assert (delivery.earlier_claim, delivery.reply_to, delivery.minimal) == (None, None, False)


async def test_a_channel_gets_its_alerts_one_at_a_time_and_in_order(store: Store) -> None:
    await owed(store, "a", "b")
    assert await stories_of(store) == ["a"]
    assert await stories_of(store) == []
    await store.write(alerts.settle_sent, 1, message_id=5, shown_revision=1, now=NOON)
    assert await stories_of(store) == ["b"]


async def test_two_subscriptions_of_one_channel_share_its_turn(store: Store) -> None:
    await owed(store, "a", channel_id=20)
    await owed(store, "b", channel_id=20)
    assert await stories_of(store) == ["a"]


async def test_a_busy_channel_holds_up_no_other(store: Store) -> None:
    await owed(store, "a", "b", channel_id=1)
    assert await stories_of(store) == ["a"]
    await owed(store, "c", channel_id=2)
    assert await stories_of(store) == ["c"]


async def test_a_channel_with_many_alerts_leaves_room_for_others(store: Store) -> None:
    await owed(store, *(f"a{number}" for number in range(30)), channel_id=1)
    await owed(store, "b", channel_id=2)
    assert {delivery.story.id for delivery in await claim(store, limit=2)} == {"a0", "b"}


async def test_only_the_channels_asked_for_are_claimed(store: Store) -> None:
    await owed(store, "a", channel_id=1)
    await owed(store, "b", channel_id=2)
    assert [delivery.story.id for delivery in await claim(store, channels=[2])] == ["b"]


async def test_a_row_whose_lease_ran_out_is_claimed_again_and_knows_since_when_it_is_half_sent(store: Store) -> None:
    await owed(store, "a")
    first = await claim_one(store)
    assert await claim(store, NOON + LEASE - timedelta(seconds=1)) == []
    second = await claim_one(store, NOON + LEASE)
    third = await claim_one(store, NOON + 3 * LEASE)
    assert (first.nonce, first.alert_id) == (second.nonce, second.alert_id) == (third.nonce, third.alert_id)
    assert (second.earlier_claim, third.earlier_claim) == (NOON, NOON)
    assert (second.attempt, third.attempt) == (2, 3)
    assert await attempts(store, first.alert_id) == [(1, "unsettled"), (2, "unsettled"), (3, "sending")]


async def test_a_half_sent_row_is_found_after_a_restart(database_url: str) -> None:
    url = database_url
    async with Store.open(url) as store:
        await owed(store, "a")
        first = await claim_one(store)
    async with Store.open(url) as store:
        again = await claim_one(store, NOON + 10 * MINUTE)
    assert (again.nonce, again.earlier_claim) == (first.nonce, NOON)


async def test_a_retry_after_an_unclear_answer_is_half_sent(store: Store) -> None:
    await owed(store, "a")
    row = (await claim_one(store)).alert_id
    await store.write(alerts.settle_retry, row, not_before=NOON + MINUTE, problem="time-out", now=NOON)
    assert await claim(store) == []
    again = await claim_one(store, NOON + MINUTE)
    assert (again.attempt, again.earlier_claim) == (2, NOON)
    assert (await attempts(store, row))[0] == (1, "retry")


async def test_a_rate_limit_takes_the_attempt_back_and_leaves_nothing_half_sent(store: Store) -> None:
    await owed(store, "a")
    row = (await claim_one(store)).alert_id
    await store.write(alerts.settle_retry, row, not_before=NOON + MINUTE, problem="429", now=NOON, counts=False)
    again = await claim_one(store, NOON + MINUTE)
    assert (again.attempt, again.earlier_claim) == (1, None)


async def test_a_refused_body_is_tried_once_more_as_minimal_text(store: Store) -> None:
    await owed(store, "a")
    row = (await claim_one(store)).alert_id
    await store.write(alerts.settle_retry, row, not_before=NOON, problem="50035", now=NOON, minimal=True)
    again = await claim_one(store)
    assert (again.minimal, again.earlier_claim) == (True, None)


async def test_a_rate_limit_after_an_unclear_answer_forgets_nothing(store: Store) -> None:
    await owed(store, "a")
    row = (await claim_one(store)).alert_id
    await store.write(alerts.settle_retry, row, not_before=NOON, problem="502", now=NOON)
    await claim_one(store, NOON + MINUTE)
    await store.write(alerts.settle_retry, row, not_before=NOON, problem="429", now=NOON, counts=False)
    assert (await claim_one(store, NOON + 2 * MINUTE)).earlier_claim == NOON


async def test_a_row_that_waits_for_its_next_try_holds_its_channel(store: Store) -> None:
    await owed(store, "a", "b")
    row = (await claim_one(store)).alert_id
    await store.write(alerts.settle_retry, row, not_before=NOON + MINUTE, problem="502", now=NOON)
    assert await stories_of(store) == []
    assert await stories_of(store, NOON + MINUTE) == ["a"]


async def test_a_row_held_back_on_purpose_lets_later_ones_pass(store: Store) -> None:
    wanted = await owed(store)
    await store.write(stories.save, [a_story("a"), a_story("b")])
    await store.write(alerts.owe, [an_alert(wanted, "a")], NOON, not_before=NOON + MINUTE)
    await store.write(alerts.owe, [an_alert(wanted, "b")], NOON)
    assert await stories_of(store) == ["b"]


async def test_a_paused_subscription_keeps_what_it_is_owed_and_lets_others_pass(store: Store) -> None:
    paused = await owed(store, "a")
    await owed(store, "b")
    await store.write(subscriptions.pause, paused, "asked for")
    assert await stories_of(store) == ["b"]
    await store.write(alerts.settle_sent, 2, message_id=5, shown_revision=1, now=NOON)
    await store.write(subscriptions.resume, paused)
    assert await stories_of(store) == ["a"]


async def test_a_paused_channel_holds_everything_until_it_is_resumed(store: Store) -> None:
    wanted = await owed(store, "a")
    assert await store.write(alerts.pause_channel, 20, reason="no right to send", now=NOON)
    assert not await store.write(alerts.pause_channel, 20, reason="again", now=NOON + MINUTE)
    assert await stories_of(store) == []
    assert (await store.read(subscriptions.get, wanted)).paused == "no right to send"
    assert await store.read(alerts.paused_channels) == {20: ("no right to send", NOON)}
    assert await store.write(alerts.resume_channel, 20)
    assert await stories_of(store) == ["a"]


async def test_resuming_a_channel_does_not_end_a_persons_pause(store: Store) -> None:
    wanted = await owed(store, "a")
    await store.write(subscriptions.pause, wanted, "asked for")
    await store.write(alerts.pause_channel, 20, reason="no right to send", now=NOON)
    await store.write(alerts.resume_channel, 20)
    assert await stories_of(store) == []


async def test_a_closed_channel_ends_what_it_is_owed_now_and_later(store: Store) -> None:
    wanted = await owed(store, "a", "b")
    await claim_one(store)
    assert await store.write(alerts.close_channel, 20, reason="10003", now=NOON) == 1
    await store.write(alerts.settle_dead, 1, reason="10003", now=NOON)
    await store.write(alerts.owe, [an_alert(wanted, "a", kind="update", revision=2)], NOON)
    assert await claim(store) == []
    assert await store.read(alerts.counts) == {
        "owed": 0, "sending": 0, "sent": 0, "digested": 0, "suppressed": 0, "dead": 3,
    }  # fmt: skip
    assert await store.read(alerts.state_of, 3) == ("dead", "10003")


async def test_a_removed_subscription_is_owed_nothing_more(store: Store) -> None:
    wanted = await owed(store, "a", "b")
    await claim_one(store)
    assert await store.write(subscriptions.remove, wanted)
    assert await store.read(alerts.state_of, 2) == ("suppressed", "the subscription was removed")
    await store.write(alerts.settle_retry, 1, not_before=NOON, problem="502", now=NOON)
    assert await claim(store, NOON + MINUTE) == []
    assert await store.read(alerts.state_of, 1) == ("suppressed", "the subscription was removed")


async def test_a_message_that_was_sent_while_its_subscription_was_removed_is_sent(store: Store) -> None:
    wanted = await owed(store, "a")
    delivery = await claim_one(store)
    await store.write(subscriptions.remove, wanted)
    await store.write(alerts.settle_sent, delivery.alert_id, message_id=5, shown_revision=1, now=NOON)
    assert await store.read(alerts.state_of, delivery.alert_id) == ("sent", "delivered")


async def test_every_way_to_end_is_kept_with_its_reason(store: Store) -> None:
    for channel in range(1, 3):
        await owed(store, "a", channel_id=channel)
    rows = [delivery.alert_id for delivery in await claim(store)]
    await store.write(alerts.settle_sent, rows[0], message_id=5, shown_revision=1, now=NOON)
    await store.write(alerts.settle_dead, rows[1], reason="refused twice", now=NOON)
    found = [await store.read(alerts.state_of, row) for row in rows]
    assert found == [("sent", "delivered"), ("dead", "refused twice")]


async def test_a_row_ends_only_once(store: Store) -> None:
    await owed(store, "a")
    row = (await sent(store)).alert_id
    await store.write(alerts.settle_dead, row, reason="late", now=NOON)
    await store.write(alerts.settle_retry, row, not_before=NOON, problem="late", now=NOON)
    assert await store.read(alerts.state_of, row) == ("sent", "delivered")
    assert await claim(store, NOON + MINUTE) == []


async def test_a_follow_up_answers_the_alert_of_the_story_that_it_follows(store: Store) -> None:
    wanted = await owed(store, "a")
    await sent(store, message_id=500)
    await store.write(stories.save, [a_story("b", follows="a")])
    await store.write(alerts.owe, [an_alert(wanted, "b")], NOON)
    assert (await claim_one(store)).reply_to == 500


async def test_an_update_answers_the_alert_of_its_own_story(store: Store) -> None:
    wanted = await owed(store, "a")
    await sent(store, message_id=500)
    await store.write(alerts.owe, [an_alert(wanted, "a", kind="update", revision=2)], NOON)
    assert (await claim_one(store)).reply_to == 500


async def test_a_follow_up_answers_nothing_in_another_channel(store: Store) -> None:
    await owed(store, "a", channel_id=1)
    await sent(store, message_id=500)
    other = await owed(store, channel_id=2)
    await store.write(stories.save, [a_story("b", follows="a")])
    await store.write(alerts.owe, [an_alert(other, "b")], NOON)
    assert (await claim_one(store)).reply_to is None


async def grow(store: Store, story: Story) -> None:
    await store.write(stories.save, [story])


async def test_a_message_that_shows_an_older_revision_is_due_for_an_edit_once_its_story_is_quiet(store: Store) -> None:
    await owed(store, "a")
    row = (await sent(store)).alert_id
    grown = a_story("a", revision=3, last_seen=NOON + MINUTE)
    await grow(store, grown)
    due = {"debounce": timedelta(seconds=60), "limit": 10}
    assert await store.read(alerts.due_edits, now=NOON + MINUTE, **due) == []
    (edit,) = await store.read(alerts.due_edits, now=NOON + 2 * MINUTE, **due)
    assert (edit.alert_id, edit.message_id, edit.shown_revision, edit.story) == (row, 500, 1, grown)
    await store.write(alerts.settle_edit, row, shown_revision=3, now=NOON + 2 * MINUTE)
    assert await store.read(alerts.due_edits, now=NOON + 9 * MINUTE, **due) == []


async def test_a_story_that_is_never_quiet_gets_its_edit_all_the_same(store: Store) -> None:
    await owed(store, "a")
    await sent(store)
    later = NOON + 10 * MINUTE
    await grow(store, a_story("a", revision=9, last_seen=later))
    assert len(await store.read(alerts.due_edits, now=later, debounce=MINUTE, limit=10)) == 1


@pytest.mark.parametrize("corrected", [True, False])
async def test_of_old_stories_those_are_edited_that_a_person_corrected_lately(store: Store, corrected: bool) -> None:
    await owed(store, "a")
    await sent(store)
    old = a_story("a", revision=2, first_seen=NOON - MONTH, last_seen=NOON - MONTH)
    reported = a_story("b", revision=2)
    for each in (reported, old) if corrected else (old, reported):
        await grow(store, each)
    due = await store.read(alerts.due_edits, now=NOON + MINUTE, debounce=MINUTE, limit=10)
    assert [edit.story.id for edit in due] == ["a"] * corrected


async def test_a_failed_edit_waits_and_an_ended_one_never_comes_back(store: Store) -> None:
    await owed(store, "a")
    row = (await sent(store)).alert_id
    await grow(store, a_story("a", revision=2))
    due = {"debounce": timedelta(0), "limit": 10}
    await store.write(alerts.delay_edit, row, not_before=NOON + MINUTE, problem="502", now=NOON)
    assert await store.read(alerts.due_edits, now=NOON, **due) == []
    assert len(await store.read(alerts.due_edits, now=NOON + MINUTE, **due)) == 1
    await store.write(alerts.end_edits, row, "the message was deleted")
    assert await store.read(alerts.due_edits, now=NOON + MINUTE, **due) == []
    assert (await attempts(store, row))[-1] == (1, "edit failed")


async def test_a_message_that_is_known_no_longer_is_neither_edited_nor_answered(store: Store) -> None:
    wanted = await owed(store, "a")
    delivery = await claim_one(store)
    await store.write(alerts.settle_sent, delivery.alert_id, message_id=None, shown_revision=1, now=NOON)
    await store.write(stories.save, [a_story("a", revision=2), a_story("b", follows="a")])
    assert await store.read(alerts.due_edits, now=NOON + MINUTE, debounce=timedelta(0), limit=10) == []
    await store.write(alerts.owe, [an_alert(wanted, "b")], NOON)
    assert (await claim_one(store)).reply_to is None


@contextmanager
def outbox(fresh_database: FreshDatabase, channels: int, each: int) -> Iterator[Engine]:
    """A database where every channel is owed `each` alerts."""
    with fresh_database() as url:
        engine = engine_for(address(url), busy=1, connections=1)
        with writing(engine).begin() as c:
            ids = [subscriptions.add(c, a_subscription(channel)) for channel in range(channels)]
            stories.save(c, [a_story(str(number)) for number in range(each)])
            alerts.owe(c, [Alert(id, str(number), "alert", 1) for number in range(each) for id in ids], NOON)
        yield engine
        engine.dispose()


ANSWERS = ("sent", "retry", "dead", "crash", "limited", "pause", "resume", "close")
STEPS = st.lists(st.sampled_from(ANSWERS), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, channels=st.integers(1, 3), each=st.integers(1, 4))
def test_whatever_happens_every_row_ends_once_and_channels_keep_their_order(
    fresh_database: FreshDatabase, steps: list[str], channels: int, each: int
) -> None:
    now, sent_rows = NOON, list[Delivery]()
    with outbox(fresh_database, channels, each) as engine:
        for step in [*steps, "resume", *["sent"] * (each + 1)]:
            now += 2 * LEASE
            with writing(engine).begin() as c:
                for channel in alerts.paused_channels(c) if step == "resume" else ():
                    alerts.resume_channel(c, channel)
                claimed = alerts.claim(c, now=now, lease=LEASE, limit=10)
                assert len({delivery.subscription.channel_id for delivery in claimed}) == len(claimed)
                for delivery in claimed:
                    sent_rows += [delivery] if apply(c, step, delivery, now) else []
        with writing(engine).begin() as c:
            counts = alerts.counts(c)
            nonces = c.execute(select(alert_table.c.nonce).where(alert_table.c.state == "sent")).scalars().all()
    assert counts["owed"] == counts["sending"] == 0
    assert counts["sent"] + counts["dead"] == channels * each
    assert sorted(nonces) == sorted(delivery.nonce for delivery in sent_rows)
    for channel in range(channels):
        rows = [delivery.alert_id for delivery in sent_rows if delivery.subscription.channel_id == channel]
        assert rows == sorted(rows)


def apply(c: Connection, step: str, delivery: Delivery, now: object) -> bool:
    """What an attempt comes to; True if the message was sent."""
    row, channel = delivery.alert_id, delivery.subscription.channel_id
    match step:
        case "sent":
            alerts.settle_sent(c, row, message_id=row, shown_revision=1, now=now)
        case "retry" | "limited" | "resume":
            alerts.settle_retry(c, row, not_before=now, problem=step, now=now, counts=step == "retry")
        case "dead":
            alerts.settle_dead(c, row, reason=step, now=now)
        case "pause":
            alerts.settle_retry(c, row, not_before=now, problem=step, now=now, counts=False)
            alerts.pause_channel(c, channel, reason=step, now=now)
        case "close":
            alerts.settle_dead(c, row, reason=step, now=now)
            alerts.close_channel(c, channel, reason=step, now=now)
    return step == "sent"
