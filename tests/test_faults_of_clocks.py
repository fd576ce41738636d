"""Clocks that jump, hours that are left out or come twice, zones that change: each story is told once, and in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.alert import Habits
from bot.core.feed import FeedState, is_due
from bot.core.hours import DigestPlan, QuietHours
from bot.store import clocks, feeds, hosts, refusals
from tests import bureau as bureaus
from tests.builders import a_feed
from tests.bureau import DAY, HOUR, MINUTE, Bureau
from tests.discord_fake import CREATE, Fault

bureau = bureaus.bureau_of_both


def digests(hour: int, minute: int = 0, zone: str = "UTC", **habits: Any) -> dict[str, Any]:
    return {"mode": "digest", "habits": Habits(digest=DigestPlan(hour, minute, timezone=zone), **habits)}


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


@pytest.mark.parametrize("before", [False, True], ids=["after it was sent", "just before it"])
async def test_a_clock_that_goes_back_an_hour_around_a_digest_brings_it_once(bureau: Bureau, before: bool) -> None:
    """Fault 36: the clock goes back an hour with a digest due."""
    channel = bureau.place()
    await bureau.subscribe(channel, **digests(8))
    await bureau.tell("a", "b")
    bureau.wait_until(utc("2036-03-05T07:59:30"))
    if not before:
        await bureau.tick(MINUTE)
        assert bureau.shown(channel) == ["Digest: 2"]
    bureau.skew = -HOUR
    await bureau.tell("c")
    await bureau.live(2 * HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == (["Digest: 3"] if before else ["Digest: 2"])
    bureau.wait_until(utc("2036-03-06T08:00"))
    await bureau.tick()
    assert bureau.shown(channel) == (["Digest: 3"] if before else ["Digest: 2", "Digest: 1"])
    await bureau.settled()


async def test_a_digest_that_was_made_before_the_clock_went_back_is_sent_and_no_second_one(bureau: Bureau) -> None:
    """Fault 36, between the making of the digest and its sending: Discord gives no answer until the clock is back."""
    channel = bureau.place()
    await bureau.subscribe(channel, **digests(8))
    await bureau.tell("a", "b")
    bureau.wait_until(utc("2036-03-05T08:00"))
    outage = bureau.fake.faults.add(Fault("status", status=503, route=CREATE, times=None))
    await bureau.tick()
    outage.times = 0
    bureau.skew = -HOUR
    await bureau.live(2 * HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == ["Digest: 2"]
    await bureau.settled()


async def test_what_was_sent_without_an_answer_is_looked_for_though_the_clock_went_back(bureau: Bureau) -> None:
    """Fault 36, after an answer was lost: to the clock, the attempt lies ahead, however long ago it was."""
    channel = bureau.place()
    await bureau.subscribe(channel)
    bureau.skew = HOUR
    await bureau.tell("a")
    bureau.fake.faults.add(Fault("drop", when="after", route=CREATE))
    await bureau.tick()
    bureau.skew = timedelta(0)
    bureau.wait(30 * MINUTE)  # Discord has forgotten the nonce
    await bureau.live(2 * HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == ["a"]
    await bureau.settled()


async def test_a_clock_that_is_ahead_all_the_time_tells_nothing_twice(bureau: Bureau) -> None:
    """Fault 36, before anybody sets the clock right: what was sent seems older than its own claim."""
    channel = bureau.place()
    await bureau.subscribe(channel)
    bureau.skew = HOUR
    await bureau.tell("a")
    bureau.fake.faults.add(Fault("drop", when="after", route=CREATE))
    await bureau.tick()
    await bureau.tick(30 * MINUTE)  # Discord has forgotten the nonce
    assert bureau.shown(channel) == ["a"]
    await bureau.settled()


async def test_a_clock_that_is_three_days_ahead_makes_one_digest_and_loses_none_of_the_days(bureau: Bureau) -> None:
    """Fault 37: the clock jumps three days ahead, and back."""
    channel = bureau.place()
    await bureau.subscribe(channel, **digests(8))
    await bureau.tell("a", "b")
    bureau.skew = 3 * DAY
    await bureau.live(HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == ["Digest: 2"]
    bureau.skew = timedelta(0)
    for number in range(4):
        await bureau.tell(f"of day {number}")
        await bureau.live(DAY, step=4 * HOUR)
    # the morning three days ahead had its digest already, so what came the day before waits for the next one
    assert bureau.shown(channel) == ["Digest: 2", "Digest: 1", "Digest: 1", "Digest: 2"]
    await bureau.settled()


async def test_a_clock_that_was_three_days_ahead_keeps_nothing_back_that_was_tried_meanwhile(bureau: Bureau) -> None:
    """Fault 37: what was owed, or to be tried again, by the clock of those days does not wait for them."""
    channel, other = bureau.place(), bureau.place()
    for place in (channel, other):
        await bureau.subscribe(place)
    bureau.skew = 3 * DAY
    bureau.fake.faults.add(Fault("status", status=503, route=CREATE, channel=channel.id))
    await bureau.tell("a")
    await bureau.tick()
    await bureau.tell("b")
    bureau.skew = timedelta(0)
    await bureau.live(30 * MINUTE, step=5 * MINUTE)
    assert bureau.shown(channel) == bureau.shown(other) == ["a", "b"]
    await bureau.settled()


async def test_a_feed_that_was_asked_three_days_ahead_is_asked_now_and_its_news_are_no_storm(bureau: Bureau) -> None:
    """Fault 37, for feeds: the next poll would wait for three days, and what came meanwhile would seem old."""
    ahead = bureau.now + 3 * DAY
    state = FeedState(
        first_polled_at=ahead, last_polled_at=ahead, last_success_at=ahead, due_at=ahead + 10 * MINUTE, etag="kept"
    )
    await bureau.store.write(feeds.save_state, await bureau.store.write(feeds.add, a_feed(), ahead), state)
    await bureau.tick()
    (due,) = [each for each in await bureau.store.read(feeds.listed) if is_due(each.state, bureau.now)]
    assert due.state.etag == "kept"
    assert due.state.last_success_at is not None
    assert due.state.last_success_at <= bureau.now


async def test_a_rest_of_discord_that_began_three_days_ahead_ends_within_ten_minutes(bureau: Bureau) -> None:
    """Fault 37, when Cloudflare had just asked for rest: nobody would send anything for three days."""
    ahead = bureau.now + 3 * DAY
    await bureau.store.write(refusals.tell, ahead, refused=1, rest=10 * MINUTE)
    await bureau.store.write(hosts.let_rest, "news.example", ahead)
    await bureau.tick()
    _, rest = await bureau.store.read(refusals.standing, bureau.now)
    assert timedelta(0) < rest <= 10 * MINUTE
    until = await bureau.store.read(hosts.rests_until, "news.example")
    assert until is not None
    assert until <= bureau.now + DAY


async def test_what_was_set_right_once_is_left_alone(bureau: Bureau) -> None:
    """Fault 37: pauses between tries are as long as ever afterwards."""
    await bureau.subscribe(bureau.place())
    bureau.skew = 3 * DAY
    await bureau.tell("a")
    bureau.skew = timedelta(0)
    assert await bureau.store.write(clocks.set_right, bureau.now) == 1
    bureau.fake.faults.add(Fault("status", status=503, route=CREATE))
    await bureau.tick()
    assert await bureau.store.write(clocks.set_right, bureau.now) == 0
    assert (await bureau.rows())[0].not_before > bureau.now


async def test_a_digest_whose_wall_time_is_left_out_comes_at_the_end_of_the_gap(bureau: Bureau) -> None:
    """Fault 38: clocks go from 02:00 to 03:00 on 30 March, the digest is asked for at 02:30."""
    channel = bureau.place()
    bureau.wait_until(utc("2036-03-29T12:00"))
    await bureau.subscribe(channel, **digests(2, 30, "Europe/Berlin"))
    await bureau.tell("a", "b")
    bureau.wait_until(utc("2036-03-30T00:59"))
    await bureau.tick()
    assert bureau.shown(channel) == []
    await bureau.tick(MINUTE)
    assert bureau.shown(channel) == ["Digest: 2"]
    await bureau.tell("c")
    await bureau.live(3 * HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == ["Digest: 2"]
    bureau.wait_until(utc("2036-03-31T00:30"))
    await bureau.tick()
    assert bureau.shown(channel) == ["Digest: 2", "Digest: 1"]
    await bureau.settled()


async def test_a_digest_in_an_hour_that_comes_twice_comes_once(bureau: Bureau) -> None:
    """Fault 39: on 26 October it is 02:30 twice."""
    channel = bureau.place()
    bureau.wait_until(utc("2036-10-25T12:00"))
    await bureau.subscribe(channel, **digests(2, 30, "Europe/Berlin"))
    await bureau.tell("a", "b")
    bureau.wait_until(utc("2036-10-26T00:30"))
    await bureau.tick()
    assert bureau.shown(channel) == ["Digest: 2"]
    await bureau.tell("c")
    await bureau.live(4 * HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == ["Digest: 2"]
    bureau.wait_until(utc("2036-10-27T01:30"))
    await bureau.tick()
    assert bureau.shown(channel) == ["Digest: 2", "Digest: 1"]
    await bureau.settled()


async def test_what_quiet_hours_hold_over_a_repeated_hour_comes_once_when_they_end(bureau: Bureau) -> None:
    """Fault 39, for quiet hours that end in the repeated hour."""
    channel = bureau.place()
    bureau.wait_until(utc("2036-10-25T21:00"))
    quiet = QuietHours(22 * 60, 2 * 60 + 30, "Europe/Berlin")
    await bureau.subscribe(channel, habits=Habits(quiet=quiet))
    await bureau.tell("a", "b")
    bureau.wait_until(utc("2036-10-26T00:29"))
    await bureau.tick()
    assert bureau.shown(channel) == []
    await bureau.live(3 * HOUR, step=10 * MINUTE)
    assert bureau.shown(channel) == ["What you missed: 2"]
    await bureau.settled()


@pytest.mark.parametrize("minutes", [-5, 5], ids=["before it", "after it"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
async def test_a_time_zone_changed_around_a_digest_tells_each_story_once(
    bureau: Bureau, zone: str, minutes: int
) -> None:
    """Fault 40: the zone of a plan changes shortly before or after its digest."""
    channel = bureau.place()
    wanted = await bureau.subscribe(channel, **digests(8, 0, "Europe/Berlin"))
    await bureau.tell("a", "b")
    for step in sorted((minutes, 0)):
        bureau.wait_until(utc("2036-03-05T07:00") + min(step, minutes) * MINUTE)
        await bureau.tick()
    before = bureau.shown(channel)
    assert before == (["Digest: 2"] if minutes > 0 else [])
    await bureau.change(wanted, **digests(8, 0, zone))
    await bureau.tick()
    assert bureau.shown(channel) == before
    await bureau.tell("c")
    await bureau.live(DAY, step=2 * HOUR)
    assert bureau.shown(channel) == ([*before, "Digest: 1"] if before else ["Digest: 3"])
    await bureau.live(DAY, step=4 * HOUR)
    assert len(bureau.shown(channel)) == len(before) + 1
    await bureau.settled()
