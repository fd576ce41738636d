"""Digests and catch-up messages: each story that waited is told once, in one of them, on a real SQLite file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.core.alert import Habits
from bot.core.bulletin import Dispatch, bulletin_message, minimal_bulletin
from bot.core.hours import DigestPlan, QuietHours
from bot.core.importance import Importance, ImportanceRules
from bot.core.message import mark_of
from bot.core.owing import told_by
from bot.store import Store, alerts, bulletins, guilds, plans, stories, subscriptions, waiting
from bot.store.guilds import Watch
from bot.store.schema import alerts as alert_table
from bot.store.schema import bulletins as bulletin_table
from handlers.digest import DigestReport, digest
from tests.builders import NOON, a_story, a_subscription, an_alert

HOUR, DAY, LEASE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=2)
EIGHT = Habits(digest=DigestPlan(8, timezone="Europe/Berlin"))  # 07:00 UTC in March


@dataclass
class Desk:
    """A store with its clock."""

    store: Store
    now: datetime = NOON

    async def subscribe(self, channel: int = 20, **changes: Any) -> int:
        return await self.store.write(subscriptions.add, a_subscription(channel, **changes))

    async def owe(self, subscription: int, *ids: str, **changes: Any) -> None:
        for number, id in enumerate(ids):
            weight = {id: Importance("notable", 2.0 + number)}
            await self.store.write(stories.save, [a_story(id, title=f"About {id}")], weight)
            await self.store.write(alerts.owe, [an_alert(subscription, id, **changes)], self.now)

    async def tick(self, after: timedelta = timedelta(0), **rules: Any) -> DigestReport:
        self.now += after
        return await digest(self.now, store=self.store, **rules)

    async def states(self) -> dict[str, str]:
        def found(c: Connection) -> dict[str, str]:
            rows = c.execute(select(alert_table.c.story_id, alert_table.c.state).order_by(alert_table.c.id))
            return {row.story_id: row.state for row in rows}

        return await self.store.read(found)

    async def rows(self) -> list[tuple[Any, ...]]:
        """Each row's subscription, story, kind, state and reason."""
        names = ("subscription_id", "story_id", "kind", "state", "state_reason")
        wanted = select(*(alert_table.c[name] for name in names)).order_by(alert_table.c.id)
        return await self.store.read(lambda c: [tuple(row) for row in c.execute(wanted)])

    async def sent(self) -> list[list[str]]:
        """Claims and settles what is due: the stories of each bulletin, and of each alert as "alert <id>"."""
        claimed = await self.store.write(bulletins.claim, now=self.now, lease=LEASE, limit=50)
        for each in claimed:
            await self.store.write(bulletins.settle_sent, each.id, message_id=900 + each.id, now=self.now)
        return [[ranked.story.id for ranked in each.stories] for each in claimed]

    async def claimed(self) -> list[str]:
        return [each.story.id for each in await self.store.write(alerts.claim, now=self.now, lease=LEASE, limit=50)]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with Store.open(database_url) as store:
        yield Desk(store)


async def test_a_digest_comes_at_its_time_with_what_was_new_since_the_last_one(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="digest", habits=EIGHT)
    assert await desk.tick() == DigestReport()
    await desk.owe(wanted, "a", "b", kind="digest")
    assert await desk.tick(HOUR) == DigestReport()
    assert await desk.tick(DAY) == DigestReport(digests=1)
    assert await desk.sent() == [["b", "a"]]
    assert await desk.states() == {"a": "digested", "b": "digested"}
    await desk.owe(wanted, "c", kind="digest")
    assert await desk.tick(DAY) == DigestReport(digests=1)
    assert await desk.sent() == [["c"]]


async def test_what_a_server_watches_for_comes_first_in_its_digest(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="digest", habits=EIGHT)
    await desk.tick()
    await desk.owe(wanted, "small", "large", kind="digest")
    await desk.store.write(guilds.add_watch, Watch(10, "watch", "about small", None, 1, NOON))
    await desk.tick(DAY, importance=ImportanceRules(watched=5.0))
    assert await desk.sent() == [["small", "large"]]


async def test_a_digest_is_made_once_however_often_the_tick_comes(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="digest", habits=EIGHT)
    await desk.tick()
    await desk.owe(wanted, "a", kind="digest")
    assert await desk.tick(DAY) == DigestReport(digests=1)
    await desk.owe(wanted, "b", kind="digest")
    assert await desk.tick(HOUR) == DigestReport()
    assert await desk.sent() == [["a"]]
    assert await desk.states() == {"a": "digested", "b": "owed"}


async def test_a_morning_without_news_is_silent_and_written_down(desk: Desk) -> None:
    await desk.subscribe(mode="digest", habits=EIGHT)
    await desk.tick()
    assert await desk.tick(DAY) == DigestReport()
    assert await desk.sent() == []

    def reasons(c: Connection) -> list[str]:
        return list(c.scalars(select(bulletin_table.c.state_reason).order_by(bulletin_table.c.id)))

    assert await desk.store.read(reasons) == ["the digest begins after this", "nothing was new"]


async def test_what_waits_for_a_digest_never_goes_out_as_an_alert(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="both", habits=EIGHT)
    await desk.owe(wanted, "lesser", kind="digest")
    await desk.owe(wanted, "quiet", held="quiet hours", not_before=NOON)
    await desk.owe(wanted, "plain")
    assert await desk.claimed() == ["plain"]


async def test_stories_held_by_quiet_hours_come_in_one_message_when_these_end(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.owe(wanted, "a", "b", held="quiet hours", not_before=NOON + HOUR)
    assert await desk.tick() == DigestReport()
    assert await desk.tick(HOUR) == DigestReport(catch_ups=1)
    assert await desk.sent() == [["b", "a"]]
    assert await desk.tick(HOUR) == DigestReport()


@pytest.mark.parametrize(("override", "told"), [(True, ["a"]), (False, [])])
async def test_what_becomes_critical_while_it_is_held_passes_quiet_hours_if_it_may(
    desk: Desk, override: bool, told: list[str]
) -> None:
    quiet = QuietHours(11 * 60, 15 * 60, critical_override=override)
    wanted = await desk.subscribe(mode="both", habits=replace(EIGHT, quiet=quiet))
    await desk.tick()
    await desk.owe(wanted, "a", "b", held="quiet hours", not_before=NOON + 3 * HOUR)
    await desk.store.write(stories.save, [a_story("a", revision=2)], {"a": Importance("critical", 9.0)})
    await desk.tick(HOUR)
    assert await desk.claimed() == told
    assert (await desk.tick(DAY)).digests == 1


async def test_a_story_is_told_at_once_instead_of_in_the_digests_that_it_waited_for(desk: Desk) -> None:
    both, other = await desk.subscribe(mode="both", habits=EIGHT), await desk.subscribe(mode="digest", habits=EIGHT)
    await desk.tick()
    await desk.owe(both, "a", kind="digest")
    await desk.owe(other, "b", kind="digest")
    assert await desk.store.write(waiting.for_digest, ["a", "b"]) == {(both, "a"), (other, "b")}
    await desk.owe(both, "a", "b")
    assert await desk.claimed() == ["a"]
    await desk.tick(DAY)
    assert await desk.sent() == []
    assert [row[1:] for row in await desk.rows()] == [
        ("a", "alert", "sending", None),
        ("b", "digest", "suppressed", told_by(both)),
        ("b", "alert", "owed", None),
    ]


@pytest.mark.parametrize(("kind", "updated"), [("alert", {"a"}), ("digest", set())])
async def test_what_follows_a_story_that_was_told_in_a_list_answers_the_list(
    desk: Desk, kind: str, updated: set[str]
) -> None:
    """A change is told of what was to be an alert; what was for a digest alone changes in silence."""
    wanted = await desk.subscribe(mode="both", habits=EIGHT)
    await desk.tick()
    await desk.owe(wanted, "a", "b", kind=kind, **({"held": "quiet hours"} if kind == "alert" else {}))
    assert await desk.store.read(alerts.sent_to, ["a"]) == set()
    await desk.tick(DAY)
    assert await desk.sent() == [["b", "a"]]
    assert {story for _, story in await desk.store.read(alerts.sent_to, ["a"])} == updated
    await desk.store.write(stories.save, [a_story("c", follows="a")])
    await desk.store.write(alerts.owe, [an_alert(wanted, "c"), an_alert(wanted, "a", kind="update", revision=2)], NOON)
    for _ in range(2):
        (claimed,) = await desk.store.write(alerts.claim, now=desk.now, lease=LEASE, limit=50)
        assert (claimed.reply_to, claimed.reply_place) == (902, None)
        await desk.store.write(
            alerts.settle_sent, claimed.alert_id, message_id=claimed.alert_id, shown_revision=1, now=desk.now
        )


async def test_one_story_that_was_held_comes_as_the_alert_that_it_is(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.owe(wanted, "a", held="quiet hours", not_before=NOON + HOUR)
    assert await desk.tick(HOUR) == DigestReport()
    assert await desk.claimed() == ["a"]


async def test_what_was_held_goes_into_a_digest_that_comes_soon(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="both", habits=EIGHT)
    await desk.tick()
    await desk.owe(wanted, "a", "b", held="quiet hours", not_before=NOON + HOUR)
    assert await desk.tick(HOUR) == DigestReport()
    assert await desk.tick(DAY) == DigestReport(digests=1)
    assert await desk.sent() == [["b", "a"]]


async def test_a_cap_holds_what_is_more_than_an_hour_may_bring_until_the_hour_ends(desk: Desk) -> None:
    wanted = await desk.subscribe(habits=Habits(max_per_hour=2))
    await desk.owe(wanted, "a", "b", "c", "d")
    assert await desk.claimed() == ["a"]
    assert await desk.tick(HOUR - timedelta(minutes=1)) == DigestReport()
    assert await desk.tick(timedelta(minutes=1)) == DigestReport(catch_ups=1)
    assert await desk.sent() == [["d", "c"]]


async def test_many_alerts_missed_in_a_pause_come_as_one_message(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.store.write(subscriptions.pause, wanted, "by a manager")
    await desk.owe(wanted, *"abcde")
    await desk.store.write(subscriptions.resume, wanted)
    assert await desk.claimed() == []
    assert await desk.tick() == DigestReport(catch_ups=1)
    assert await desk.sent() == [["e", "d", "c", "b", "a"]]


async def test_a_channel_that_could_not_be_written_into_catches_up_too(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.store.write(alerts.pause_channel, 20, reason="no right", now=NOON)
    await desk.owe(wanted, *"abcde")
    assert await desk.tick() == DigestReport()
    await desk.store.write(alerts.resume_channel, 20)
    assert await desk.tick() == DigestReport(catch_ups=1)


async def test_few_alerts_missed_in_a_pause_come_one_by_one(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.store.write(subscriptions.pause, wanted, "by a manager")
    await desk.owe(wanted, "a", "b")
    await desk.store.write(subscriptions.resume, wanted)
    assert await desk.tick() == DigestReport()
    assert await desk.claimed() == ["a"]


async def test_a_bulletin_that_was_being_sent_is_claimed_again_and_knows_since_when(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.owe(wanted, "a", "b", held="pause", not_before=NOON)
    await desk.tick()
    (first,) = await desk.store.write(bulletins.claim, now=desk.now, lease=LEASE, limit=5)
    assert await desk.store.write(bulletins.claim, now=desk.now, lease=LEASE, limit=5) == []
    (again,) = await desk.store.write(bulletins.claim, now=desk.now + LEASE, lease=LEASE, limit=5)
    assert (again.nonce, again.attempt, again.earlier_claim) == (first.nonce, 2, NOON)


async def test_a_bulletin_of_a_subscription_that_ends_is_not_sent(desk: Desk) -> None:
    wanted = await desk.subscribe()
    await desk.owe(wanted, "a", "b", held="pause", not_before=NOON)
    await desk.tick()
    await desk.store.write(subscriptions.remove, wanted)
    assert await desk.sent() == []


async def test_a_fault_of_one_subscription_stops_no_other(desk: Desk) -> None:
    broken = await desk.subscribe(21, mode="digest", habits=Habits(digest=DigestPlan(8, timezone="Nowhere/Land")))
    await desk.owe(broken, "x", kind="digest")
    wanted = await desk.subscribe()
    await desk.owe(wanted, "a", "b", held="pause", not_before=NOON)
    assert await desk.tick() == DigestReport(catch_ups=1)


async def whole(desk: Desk, count: int) -> Dispatch:
    wanted = await desk.subscribe()
    await desk.owe(wanted, *(f"s{n:02}" for n in range(count)), held="pause", not_before=NOON)
    await desk.tick()
    (claimed,) = await desk.store.write(bulletins.claim, now=desk.now, lease=LEASE, limit=5)
    return claimed


async def test_a_bulletin_says_how_much_it_tells_and_carries_its_mark(desk: Desk) -> None:
    claimed = await whole(desk, 30)
    message = bulletin_message(claimed)
    assert message.title == "What you missed"
    assert message.description.startswith(
        "30 stories that came while messages were held back\n\n📝 **Contract**\n- [About s29]"
    )
    assert message.description.endswith("… and 5 more of less importance")
    assert {mark_of(button.custom_id) for button in message.buttons} == {claimed.nonce}
    assert "30 stories" in minimal_bulletin(claimed).content
    assert len(message.description) <= 4096


async def test_the_whole_list_is_for_its_own_server(desk: Desk) -> None:
    claimed = await whole(desk, 30)
    found = await desk.store.read(bulletins.get, claimed.id, 10)
    assert found is not None
    assert len(found.stories) == 30
    assert await desk.store.read(bulletins.get, claimed.id, 11) is None


async def test_what_waits_for_digests_that_are_ended_comes_in_one_last_message(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="digest", habits=EIGHT)
    await desk.tick()
    await desk.owe(wanted, "a", "b", kind="digest")
    found = await desk.store.read(subscriptions.get, wanted)
    assert found is not None
    plain = replace(found, mode="alerts", habits=Habits())
    await desk.store.write(plans.change, plain, desk.now, None, lambda _others: None)
    assert await desk.tick(HOUR) == DigestReport(catch_ups=1)
    assert await desk.sent() == [["b", "a"]]
    await desk.owe(wanted, "c", kind="digest")
    assert await desk.tick(HOUR) == DigestReport(catch_ups=1)
    assert await desk.sent() == [["c"]]


async def test_nothing_that_was_held_comes_in_quiet_hours_however_long_it_was_held_for(desk: Desk) -> None:
    wanted = await desk.subscribe(habits=Habits(quiet=QuietHours(12 * 60 + 30, 15 * 60)))
    await desk.owe(wanted, "a", "b", held="hourly cap", not_before=NOON + HOUR)
    assert await desk.tick(2 * HOUR) == DigestReport()
    assert await desk.tick(HOUR) == DigestReport(catch_ups=1)


async def test_a_digest_says_since_when_whatever_a_clock_that_was_ahead_has_left_behind(desk: Desk) -> None:
    wanted = await desk.subscribe(mode="digest", habits=EIGHT)
    await desk.tick()
    await desk.tick(5 * DAY)
    desk.now -= 4 * DAY
    await desk.owe(wanted, "a", kind="digest")
    assert await desk.tick() == DigestReport(digests=1)
    (claimed,) = await desk.store.write(bulletins.claim, now=desk.now, lease=LEASE, limit=5)
    assert claimed.bulletin.content.since == NOON - 5 * HOUR
