"""Who was away for longer than its lease undoes nothing that another has written since, and sends nothing any more.

Fault 34: a deliverer that is paused past its lease.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.core.alert import Delivery
from bot.core.bulletin import Bulletin, Content
from bot.errors import DestinationForbiddenError, StoreError, TryAgainError
from bot.store import Store, alerts, bulletins, stories, subscriptions
from bot.store.schema import alerts as alert_table
from bot.store.schema import bulletins as bulletin_table
from bot.store.schema import deliveries
from handlers.deliver import DeliverReport, DeliverRules, deliver
from tests.builders import MINUTE, NOON, a_story, a_subscription, an_alert

LEASE = timedelta(minutes=2)
AFTER = NOON + LEASE


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


async def owe(store: Store, *ids: str) -> None:
    def work(c: Connection) -> None:
        wanted = subscriptions.add(c, a_subscription())
        stories.save(c, [a_story(id) for id in ids or ("a",)])
        alerts.owe(c, [an_alert(wanted, id) for id in ids or ("a",)], NOON)

    await store.write(work)


async def claim(store: Store, now: datetime = NOON) -> Delivery:
    (delivery,) = await store.write(alerts.claim, now=now, lease=LEASE, limit=1)
    return delivery


def of(delivery: Delivery) -> alerts.Claim:
    return delivery.attempt, delivery.claimed_at


async def row(store: Store, table: Any = alert_table) -> Any:
    return await store.read(lambda c: c.execute(select(table)).one())


# -- alerts


@pytest.mark.parametrize("answer", ["retry", "dead", "rate limit"])
async def test_a_late_answer_changes_nothing_of_what_another_has_begun(store: Store, answer: str) -> None:
    await owe(store)
    mine, theirs = await claim(store), await claim(store, AFTER)
    before = await row(store)
    await settle(store, mine, answer)
    assert await row(store) == before
    await settle(store, theirs, "retry")
    assert (await row(store)).state == "owed"


async def settle(store: Store, delivery: Delivery, answer: str) -> None:
    late: dict[str, Any] = {"now": AFTER + MINUTE, "claim": of(delivery)}
    if answer == "dead":
        await store.write(alerts.settle_dead, delivery.alert_id, reason="refused", **late)
    else:
        again = {"not_before": AFTER + MINUTE, "problem": answer, "counts": answer == "retry"}
        await store.write(alerts.settle_retry, delivery.alert_id, **again, **late)


async def test_a_claim_of_the_same_number_is_not_the_same_claim(store: Store) -> None:
    """A rate limit takes its attempt back, so that the next one has its number."""
    await owe(store)
    mine = await claim(store)
    await settle(store, await claim(store, AFTER), "rate limit")
    theirs = await claim(store, AFTER + MINUTE)
    await settle(store, theirs, "rate limit")
    again = await claim(store, AFTER + 2 * MINUTE)
    assert again.attempt == theirs.attempt == mine.attempt + 1
    await settle(store, theirs, "dead")
    assert (await row(store)).state == "sending"


async def test_what_has_ended_meanwhile_stays_as_it_is(store: Store) -> None:
    await owe(store)
    mine, theirs = await claim(store), await claim(store, AFTER)
    await store.write(alerts.settle_sent, theirs.alert_id, message_id=5, shown_revision=1, now=AFTER)
    for answer in ("retry", "dead", "rate limit"):
        await settle(store, mine, answer)
    await store.write(alerts.settle_sent, mine.alert_id, message_id=6, shown_revision=1, now=AFTER)
    assert ((await row(store)).state, (await row(store)).message_id) == ("sent", 5)


@pytest.mark.parametrize("since", ["being sent by another", "given back by another"])
async def test_a_message_that_stands_is_the_truth_however_late(store: Store, since: str) -> None:
    await owe(store)
    mine, theirs = await claim(store), await claim(store, AFTER)
    if since == "given back by another":
        await settle(store, theirs, "retry")
    await store.write(alerts.settle_sent, mine.alert_id, message_id=5, shown_revision=1, now=AFTER + MINUTE)
    assert ((await row(store)).state, (await row(store)).message_id) == ("sent", 5)
    await settle(store, theirs, "dead")
    assert await store.write(alerts.claim, now=AFTER + 9 * MINUTE, lease=LEASE, limit=1) == []
    ends = await store.read(lambda c: list(c.scalars(select(deliveries.c.outcome).order_by(deliveries.c.id))))
    assert ends[0] == "unsettled" and "sending" not in ends


async def test_a_lease_is_renewed_by_whoever_holds_it_alone(store: Store) -> None:
    await owe(store)
    mine = await claim(store)
    assert await store.write(alerts.renew, mine.alert_id, claim=of(mine), until=AFTER + LEASE)
    assert await store.write(alerts.claim, now=AFTER, lease=LEASE, limit=1) == []
    theirs = await claim(store, AFTER + LEASE)
    assert not await store.write(alerts.renew, mine.alert_id, claim=of(mine), until=AFTER + 9 * LEASE)
    assert (await row(store)).lease_until == AFTER + 2 * LEASE
    await settle(store, theirs, "retry")
    assert not await store.write(alerts.renew, theirs.alert_id, claim=of(theirs), until=AFTER + 9 * LEASE)


# -- bulletins


async def test_the_same_holds_for_digests(store: Store) -> None:
    notice = Bulletin(10, 20, "notice", "1", Content(lines=("x",)))
    await store.write(bulletins.make, notice, NOON)
    (mine,) = await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=1)
    late = (mine.attempt, mine.claimed_at)
    assert await store.write(bulletins.renew, mine.id, claim=late, until=AFTER)
    (theirs,) = await store.write(bulletins.claim, now=AFTER, lease=LEASE, limit=1)
    before = await row(store, bulletin_table)
    assert not await store.write(bulletins.renew, mine.id, claim=late, until=AFTER + 9 * LEASE)
    await store.write(bulletins.settle_dead, mine.id, reason="late", now=AFTER, claim=late)
    await store.write(bulletins.settle_retry, mine.id, not_before=AFTER, problem="late", now=AFTER, claim=late)
    assert await row(store, bulletin_table) == before
    await store.write(bulletins.settle_sent, mine.id, message_id=7, now=AFTER)
    await store.write(
        bulletins.settle_retry, theirs.id, not_before=AFTER, problem="x", now=AFTER,
        claim=(theirs.attempt, theirs.claimed_at),
    )  # fmt: skip
    assert (await row(store, bulletin_table)).state == "sent"


async def test_a_bulletin_that_is_under_way_holds_its_channel_even_when_its_subscription_is_paused(
    store: Store,
) -> None:
    wanted = await store.write(subscriptions.add, a_subscription())
    for period in ("1", "2"):
        made = Bulletin(10, 20, "catch_up", period, Content(), subscription_id=wanted if period == "1" else None)
        await store.write(bulletins.make, made, NOON)
    (first,) = await store.write(bulletins.claim, now=NOON, lease=LEASE, limit=9)
    await store.write(subscriptions.pause, wanted, "by a person")
    assert await store.write(bulletins.claim, now=NOON + MINUTE, lease=LEASE, limit=9) == []
    await store.write(bulletins.settle_sent, first.id, message_id=1, now=NOON + MINUTE)
    assert len(await store.write(bulletins.claim, now=NOON + MINUTE, lease=LEASE, limit=9)) == 1


# -- sending


@dataclass
class Slow:
    """A sender whose first look-up takes its time; it counts what was created."""

    store: Store
    seconds: float
    steals: bool = False
    created: int = 0

    async def find(self, *_: object) -> int | None:
        if self.steals:
            await self.store.write(alerts.claim, now=NOON + timedelta(hours=9), lease=LEASE, limit=9)
        seconds, self.seconds = self.seconds, 0.0
        await self.wait(seconds)
        return None

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def create(self, *_: object, **__: object) -> int:
        self.created += 1
        return 500

    async def edit(self, *_: object) -> None:
        self.created += 1

    async def create_post(self, *_: object, **__: object) -> int:
        raise DestinationForbiddenError("no forum")

    async def open_thread(self, *_: object) -> int:
        raise DestinationForbiddenError("no threads")

    async def publish(self, *_: object) -> None: ...

    async def is_forum(self, _: int) -> bool:
        return False


QUICK = DeliverRules(lease=timedelta(seconds=2.4), look_again=0.05, remembered=timedelta(0))


async def tick(store: Store, sender: Slow, *, now: datetime = AFTER) -> DeliverReport:
    return await deliver(now, store=store, sender=sender, rules=QUICK, jitter=lambda: 1.0)


async def test_a_send_that_takes_longer_than_its_lease_keeps_its_row(store: Store) -> None:
    """Nobody else may claim it meanwhile, and it is sent."""
    await owe(store)
    await claim(store)
    sender, began = Slow(store, seconds=5), time.monotonic()
    ticking = asyncio.create_task(tick(store, sender))
    for _ in range(8):
        await asyncio.sleep(0.5)
        passed = timedelta(seconds=time.monotonic() - began)
        assert await store.write(alerts.claim, now=AFTER + passed, lease=LEASE, limit=1) == []
    assert await ticking == DeliverReport(sent=1)
    assert (sender.created, (await row(store)).state) == (1, "sent")


async def test_what_another_has_claimed_meanwhile_is_not_sent(store: Store) -> None:
    await owe(store)
    await claim(store)
    sender = Slow(store, seconds=1.0, steals=True)
    assert await tick(store, sender) == DeliverReport(lost=1)
    assert sender.created == 0
    assert (await row(store)).state == "sending"


async def test_a_lease_that_cannot_be_renewed_runs_out_before_anything_is_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away, and what another makes of the row is not known."""
    await owe(store)
    await claim(store)

    def away(*_: object, **__: object) -> bool:
        raise StoreError("away")

    monkeypatch.setattr(alerts, "renew", away)
    sender = Slow(store, seconds=2.7)
    assert await tick(store, sender) == DeliverReport(lost=1, sent=1)
    assert sender.created == 1, "by another attempt, which has a claim of its own"


async def test_a_runner_that_was_frozen_past_its_lease_sends_nothing_when_it_wakes(store: Store) -> None:
    """The whole program stands still, and with it what renews the lease."""
    await owe(store)
    await claim(store)

    class Frozen(Slow):
        async def wait(self, seconds: float) -> None:
            time.sleep(seconds)  # noqa: ASYNC251 - the loop is to stand still

    sender = Frozen(store, 2.7)
    assert await tick(store, sender) == DeliverReport(lost=1, sent=1)
    assert sender.created == 1, "by another attempt, which has a claim of its own"


async def test_a_message_whose_attempt_lies_in_the_future_is_looked_for(store: Store) -> None:
    """Fault 36: the clock was put back after a kill, and a message may stand there for longer than Discord knows."""
    await owe(store)
    await claim(store, NOON + timedelta(hours=1))
    await store.write(lambda c: c.execute(update(alert_table).values(lease_until=NOON)))
    looked: list[datetime] = []

    class Looking(Slow):
        async def find(self, channel: object, mark: object, after: object) -> int | None:
            assert isinstance(after, datetime)
            looked.append(after)
            return 77

    rules = replace(QUICK, remembered=timedelta(seconds=90))
    report = await deliver(NOON, store=store, sender=Looking(store, 0.0), rules=rules)
    assert report == DeliverReport(sent=1, found=1)
    assert looked[0] < NOON - timedelta(hours=1)


# -- edits


async def test_an_edit_is_made_by_one_and_again_when_that_one_is_lost(store: Store) -> None:
    await owe(store)
    delivery = await claim(store)
    await store.write(alerts.settle_sent, delivery.alert_id, message_id=5, shown_revision=1, now=NOON)
    await store.write(stories.save, [a_story("a", revision=2)])
    assert await store.write(alerts.take_edit, 1, now=AFTER, lease=LEASE) is not None
    assert await store.write(alerts.take_edit, 1, now=AFTER + MINUTE, lease=LEASE) is None
    assert await store.read(alerts.due_edits, now=AFTER + MINUTE, debounce=timedelta(0), limit=9) == []
    again = await store.write(alerts.take_edit, 1, now=AFTER + LEASE, lease=LEASE)
    assert again is not None and again.story.revision == 2
    await store.write(alerts.settle_edit, 1, shown_revision=2, now=AFTER + LEASE)
    assert await store.write(alerts.take_edit, 1, now=AFTER + 2 * LEASE, lease=LEASE) is None


async def test_an_edit_shows_the_story_as_it_is_when_its_turn_comes(store: Store) -> None:
    """Not as it was when the edits of the tick were looked for: another may have shown more since."""
    await owe(store)
    delivery = await claim(store)
    await store.write(alerts.settle_sent, delivery.alert_id, message_id=5, shown_revision=1, now=NOON)
    await store.write(stories.save, [a_story("a", revision=2)])
    await store.write(stories.save, [a_story("a", revision=3)])
    edit = await store.write(alerts.take_edit, 1, now=AFTER, lease=LEASE)
    assert edit is not None and edit.story.revision == 3


async def test_an_answer_that_comes_when_another_has_the_row_changes_nothing_and_is_counted(store: Store) -> None:
    await owe(store)

    class Late(Slow):
        async def create(self, *_: object, **__: object) -> int:
            await self.store.write(alerts.claim, now=NOON + timedelta(hours=9), lease=LEASE, limit=9)
            raise TryAgainError("no answer")

    rules = replace(QUICK, lease=LEASE)
    report = await deliver(NOON, store=store, sender=Late(store, 0.0), rules=rules)
    assert report == DeliverReport(lost=1)
    assert ((await row(store)).state, (await row(store)).claimed_at) == ("sending", NOON + timedelta(hours=9))
