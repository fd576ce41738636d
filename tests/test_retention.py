"""What is kept and what goes, for stories of any age with alerts in any state: nothing that is needed still."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from bot.core.feed import FeedState
from bot.core.story import Placement
from bot.store import Store, alerts, feeds, polls, stories, subscriptions
from bot.store.integrity import examine
from bot.store.polls import Judged, Outcome
from bot.store.runners import Runner, listed, put
from bot.store.schema import alerts as alert_table
from bot.store.schema import articles, bulletins, deliveries, hosts, refusals
from handlers.prune import prune_tick
from tests.builders import MINUTE, NOON, a_feed, a_story, a_subscription, an_alert, an_analysis, an_article, an_entry
from tests.postgres import FreshDatabase

KEEP, IDLE, DAY = timedelta(days=365), timedelta(days=5), timedelta(days=1)
LEASE = timedelta(minutes=2)
ENDED: dict[str, dict[str, Any]] = {
    "sent": {"message_id": 1, "shown_revision": 1},
    "digested": {},
    "suppressed": {},
    "dead": {},
}


@dataclass(frozen=True)
class Case:
    """A story with reports of these ages in days, and an alert in a state, if one was owed."""

    ages: tuple[int, ...]
    state: str | None

    @property
    def is_open(self) -> bool:
        return min(self.ages) * DAY <= IDLE

    @property
    def owes(self) -> bool:
        """An alert that waits for longer than stories are kept is given up."""
        return self.state == "sending" or (self.state == "owed" and max(self.ages) * DAY <= KEEP)

    def articles_kept(self) -> int:
        return len(self.ages) if self.is_open or self.owes else sum(age * DAY <= KEEP for age in self.ages)


AGES = st.one_of(st.integers(0, 10), st.integers(355, 375), st.integers(0, 800))
CASES = st.builds(
    Case, st.lists(AGES, min_size=1, max_size=3).map(tuple), st.sampled_from([None, "owed", "sending", *ENDED])
)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(CASES, min_size=1, max_size=6))
def test_no_open_story_and_no_unsettled_alert_loses_anything(fresh_database: FreshDatabase, cases: list[Case]) -> None:
    with fresh_database() as url:
        asyncio.run(pruned(url, cases))


async def pruned(url: str, cases: list[Case]) -> None:
    async with Store.open(url) as store:
        await store.write(fill, cases)
        report = await prune_tick(NOON, store=store, keep=KEEP, idle=IDLE)
        for number, case in enumerate(cases):
            id, wanted = f"s{number}", case.articles_kept()
            assert await store.read(count, articles, id) == wanted, case
            assert (await store.read(stories.get, id) is not None) == (wanted > 0 or case.owes), case
            owed = 1 if case.state and (wanted or case.owes) else 0
            assert await store.read(count, alert_table, id) == owed, case
        assert report.articles == sum(len(case.ages) - case.articles_kept() for case in cases)
        assert not [each for each in await store.read(lambda c: list(examine(c))) if each.count]


def count(c: Connection, table: Any, story_id: str) -> int:
    return len(c.execute(select(table.c.id).where(table.c.story_id == story_id)).all())


def fill(c: Connection, cases: list[Case]) -> None:
    feed, wanted = feeds.add(c, a_feed(), NOON), subscriptions.add(c, a_subscription())
    number = 0
    for place, case in enumerate(cases):
        times = sorted(NOON - age * DAY for age in case.ages)
        story = a_story(f"s{place}", first_seen=times[0], last_seen=times[-1])
        for at in times:
            number += 1
            judged = Judged(
                an_entry(number), an_article(number, first_seen=at), an_analysis(), Placement(story, True, 0.0)
            )
            polls.commit(c, Outcome(feed, FeedState(), (judged,), stories=(story,)), at)
        if case.state:
            alerts.owe(c, [an_alert(wanted, story.id)], times[0])
            settle(c, story.id, case.state, at=times[0])


def settle(c: Connection, story_id: str, state: str, *, at: Any) -> None:
    """Makes the alert of a story one that has come so far, in the words that the store itself writes."""
    row = alert_table.update().where(alert_table.c.story_id == story_id)
    if state == "sending":
        c.execute(row.values(state=state, claimed_at=at, lease_until=at + LEASE, attempt=1))
        id = c.scalar(select(alert_table.c.id).where(alert_table.c.story_id == story_id))
        c.execute(insert(deliveries).values(alert_id=id, attempt=1, began_at=at, outcome="sending"))
    elif state in ENDED:
        shown = ENDED[state] | ({"message_id": int(story_id[1:]) + 1} if state == "sent" else {})
        c.execute(row.values(state=state, state_reason="why", settled_at=at, **shown))


async def test_runners_refusals_and_hosts_are_forgotten_when_nobody_looks_back_to_them(database_url: str) -> None:
    def note(c: Connection) -> None:
        for name, ago in (("gone", DAY + MINUTE), ("here", DAY - MINUTE)):
            put(c, Runner(name, "poll", "box", 1, "1", NOON - 2 * DAY, NOON - ago))
        for minutes in (61, 59):
            c.execute(insert(refusals).values(minute=NOON - minutes * MINUTE, count=1))
        for name, turn, rest in (
            ("idle", -1, -1), ("never", None, None), ("asked", 1, -1), ("rests", None, 1),
        ):  # fmt: skip
            until = {key: None if value is None else NOON + value * MINUTE for key, value in (("t", turn), ("r", rest))}
            by = None if turn is None else "here"
            c.execute(insert(hosts).values(name=name, turn_by=by, turn_until=until["t"], rest_until=until["r"]))

    async with Store.open(database_url) as store:
        await store.write(note)
        report = await prune_tick(NOON, store=store, keep=KEEP, idle=IDLE)
        assert (report.runners, report.refusals, report.hosts) == (1, 1, 2)
        assert [each.id for each in await store.read(listed, NOON - 9 * DAY)] == ["here"]
        assert set(await store.read(lambda c: c.scalars(select(hosts.c.name)).all())) == {"asked", "rests"}
        assert (await prune_tick(NOON, store=store, keep=KEEP, idle=IDLE)).hosts == 0


@pytest.mark.parametrize("state", ["owed", "sending"])
async def test_a_digest_or_notice_that_has_not_ended_stays_however_old(database_url: str, state: str) -> None:
    values = {"guild_id": 10, "channel_id": 20, "kind": "notice", "content": {}, "not_before": NOON - 2 * KEEP}
    values |= {"owed_at": NOON - 2 * KEEP, "settled_at": None}

    def add(c: Connection, row: dict[str, Any]) -> None:
        c.execute(insert(bulletins).values(**row))

    async with Store.open(database_url) as store:
        for each in (state, "sent"):
            ended = {"settled_at": NOON - 2 * KEEP} if each == "sent" else {}
            row = values | ended | {"state": each, "period": each, "nonce": each}
            await store.write(add, row)
        assert (await prune_tick(NOON, store=store, keep=KEEP, idle=IDLE)).bulletins == 1
        assert await store.read(lambda c: c.scalars(select(bulletins.c.state)).all()) == [state]
