"""When a digest is due in any zone and which period it closes; when quiet reigns; what people write for times."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hours import (
    DAILY,
    MOST_SHOWN,
    DigestPlan,
    QuietHours,
    is_due,
    next_due,
    period,
    quiet_until,
    read_days,
    read_time,
)
from bot.errors import TocsinError
from tests.builders import NOON

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
BERLIN = ZoneInfo("Europe/Berlin")


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


def local(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).isoformat(" ", "minutes")


# ---- when it is due


def test_the_next_digest_is_today_until_its_time_has_come_then_on_the_next_listed_day() -> None:
    plan = DigestPlan(8, 30, frozenset([2, 4]), "Europe/Berlin")  # Wednesdays and Fridays
    assert next_due(plan, utc("2026-03-04T07:29:59"), BERLIN) == utc("2026-03-04T07:30")
    assert next_due(plan, utc("2026-03-04T07:30"), BERLIN) == utc("2026-03-06T07:30")
    assert next_due(plan, utc("2026-03-06T07:30"), BERLIN) == utc("2026-03-11T07:30")


@pytest.mark.parametrize(
    ("zone", "plan", "after", "due"),
    [
        ("Europe/Berlin", (2, 30), "2026-03-28T12:00", "2026-03-29 03:00+02:00"),  # 02:00 becomes 03:00
        ("Europe/Berlin", (2, 0), "2026-03-28T12:00", "2026-03-29 03:00+02:00"),
        ("Europe/Berlin", (1, 59), "2026-03-28T12:00", "2026-03-29 01:59+01:00"),
        ("America/New_York", (2, 45), "2026-03-07T12:00", "2026-03-08 03:00-04:00"),
        ("Australia/Lord_Howe", (2, 15), "2026-10-03T00:00", "2026-10-04 02:30+11:00"),  # half an hour
        ("America/Havana", (0, 30), "2026-03-07T12:00", "2026-03-08 01:00-04:00"),  # no midnight
        ("America/Nuuk", (23, 30), "2026-03-28T03:00", "2026-03-29 00:00-01:00"),  # the gap ends the day
    ],
)
def test_a_wall_time_that_is_left_out_means_the_first_instant_after_the_gap(
    zone: str, plan: tuple[int, int], after: str, due: str
) -> None:
    assert local(next_due(DigestPlan(*plan, timezone=zone), utc(after), ZoneInfo(zone)), ZoneInfo(zone)) == due


@pytest.mark.parametrize(
    ("zone", "plan", "first", "then"),
    [
        ("Europe/Berlin", (2, 30), "2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"),
        ("Australia/Lord_Howe", (1, 45), "2026-04-05 01:45+11:00", "2026-04-06 01:45+10:30"),
        ("Pacific/Kwajalein", (13, 0), "1969-09-30 13:00+11:00", "1969-10-01 13:00-12:00"),  # 23 hours back
    ],
)
def test_a_wall_time_that_comes_twice_is_due_once(zone: str, plan: tuple[int, int], first: str, then: str) -> None:
    one, place = DigestPlan(*plan, timezone=zone), ZoneInfo(zone)
    due = next_due(one, datetime.fromisoformat(first).astimezone(UTC) - SECOND, place)
    assert local(due, place) == first
    assert local(next_due(one, due, place), place) == then


@pytest.mark.parametrize("hour", [0, 8, 23])
def test_a_day_that_a_zone_leaves_out_has_no_digest(hour: int) -> None:
    plan, apia = DigestPlan(hour, 0, timezone="Pacific/Apia"), ZoneInfo("Pacific/Apia")
    before = next_due(plan, utc("2011-12-29T09:59"), apia)
    assert local(before, apia) == f"2011-12-29 {hour:02}:00-10:00"
    assert local(next_due(plan, before, apia), apia) == f"2011-12-31 {hour:02}:00+14:00"


def test_a_weekly_digest_whose_day_is_left_out_comes_a_week_later() -> None:
    plan, apia = DigestPlan(8, 0, frozenset([4]), "Pacific/Apia"), ZoneInfo("Pacific/Apia")
    assert local(next_due(plan, utc("2011-12-24T00:00"), apia), apia) == "2012-01-06 08:00+14:00"


@pytest.mark.parametrize("hours", [-14, -12, 0, 14])
def test_a_fixed_offset_is_a_zone_as_well(hours: int) -> None:
    zone = timezone(hours * HOUR)
    assert next_due(DigestPlan(8), NOON, zone).astimezone(zone).time().hour == 8


# ---- what holds in every zone and year

ZONES = st.sampled_from([
    "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns",
    "America/Sao_Paulo", "America/Havana", "America/Nuuk", "America/Scoresbysund", "America/Caracas",
    "Africa/Casablanca", "Africa/Cairo", "Africa/Monrovia", "Asia/Tokyo", "Asia/Kathmandu", "Asia/Gaza",
    "Asia/Tehran", "Asia/Beirut", "Asia/Pyongyang", "Australia/Lord_Howe", "Australia/Adelaide",
    "Australia/Eucla", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Kwajalein", "Pacific/Chatham",
    "Pacific/Pago_Pago", "Antarctica/Troll", "Etc/GMT+12", "Etc/GMT-14", "UTC",
])  # fmt: skip
MOMENTS = st.datetimes(datetime(1965, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CHANGES = st.sampled_from(
    ["2011-12-30T10:00", "1994-12-31T10:00", "1993-08-21T12:00", "1969-10-01T00:00", "2026-03-29T01:00",
     "2026-10-25T01:00", "2010-11-07T02:31", "2026-03-08T07:00", "2026-04-04T15:00", "2026-10-03T15:30",
     "2024-03-31T01:00"]
).map(utc)  # fmt: skip
NEAR = st.builds(lambda change, minutes: change + timedelta(minutes=minutes), CHANGES, st.integers(-4000, 4000))
ANY_MOMENT = MOMENTS | NEAR
PLANS = st.builds(
    DigestPlan,
    hour=st.integers(0, 23) | st.sampled_from([0, 1, 2, 23]),
    minute=st.integers(0, 59) | st.sampled_from([0, 15, 30]),
    days=st.just(DAILY) | st.frozensets(st.integers(0, 6), min_size=1),
    timezone=ZONES,
)


def following(plan: DigestPlan, after: datetime, count: int) -> list[datetime]:
    zone, dues = ZoneInfo(plan.timezone), [after]
    for _ in range(count):
        dues.append(next_due(plan, dues[-1], zone))
    return dues[1:]


def days_shown(first: datetime, last: datetime, zone: tzinfo) -> set[date]:
    """The local days that clocks show between two moments, looked at every quarter of an hour."""
    quarters = int((last - first) / timedelta(minutes=15))
    return {(first + timedelta(minutes=15 * n)).astimezone(zone).date() for n in range(quarters + 1)}


@given(PLANS, ANY_MOMENT)
def test_dues_strictly_rise_and_lie_at_most_two_weeks_apart(plan: DigestPlan, after: datetime) -> None:
    dues = following(plan, after, 6)
    assert all(one < other <= one + 15 * DAY for one, other in pairwise([after, *dues]))
    assert all(due.tzinfo is UTC for due in dues)


@given(PLANS, ANY_MOMENT)
def test_each_listed_local_day_has_exactly_one_digest(plan: DigestPlan, after: datetime) -> None:
    zone = ZoneInfo(plan.timezone)
    dues = following(plan, after, 12)
    first, last = dues[0], dues[-1]
    listed = {day for day in days_shown(first, last, zone) if day.weekday() in plan.days}
    nominal = [meant(due, plan, zone) for due in dues]
    assert len(set(nominal)) == len(nominal)
    assert set(nominal) == {day for day in listed if nominal[0] <= day <= nominal[-1]}


def meant(due: datetime, plan: DigestPlan, zone: tzinfo) -> date:
    """The local day that a digest stands for: that of the instant before, where a gap moved it past midnight."""
    wall = due.astimezone(zone)
    moved = (wall.hour, wall.minute) < (plan.hour, plan.minute)
    return (due - SECOND).astimezone(zone).date() if moved else wall.date()


@given(PLANS, ANY_MOMENT)
def test_a_digest_comes_at_its_wall_time_or_at_the_end_of_a_gap(plan: DigestPlan, after: datetime) -> None:
    zone = ZoneInfo(plan.timezone)
    for due in following(plan, after, 4):
        wall = due.astimezone(zone)
        if (wall.hour, wall.minute, wall.second) != (plan.hour, plan.minute, 0):
            assert (due - SECOND).astimezone(zone).utcoffset() != wall.utcoffset()
        assert wall.fold == 0


@given(PLANS, ANY_MOMENT)
def test_nothing_is_due_between_a_moment_and_the_next_due(plan: DigestPlan, after: datetime) -> None:
    zone = ZoneInfo(plan.timezone)
    due = next_due(plan, after, zone)
    for share in (0.1, 0.5, 0.9):
        assert next_due(plan, after + (due - after) * share, zone) == due


# ---- the key of a period


@given(PLANS, ANY_MOMENT)
def test_a_period_is_named_by_its_due_and_keeps_its_key_to_the_next(plan: DigestPlan, moment: datetime) -> None:
    zone = ZoneInfo(plan.timezone)
    due, after = following(plan, moment, 2)
    key = period(plan, due, zone)
    assert utc(key.removesuffix("Z")) == due
    assert period(plan, due + (after - due) / 2, zone) == key == period(plan, after - SECOND, zone)
    assert period(plan, due - SECOND, zone) < key < period(plan, after, zone)


@given(PLANS, ANY_MOMENT, ZONES)
def test_keys_in_two_zones_are_equal_only_for_one_and_the_same_moment(
    plan: DigestPlan, moment: datetime, other: str
) -> None:
    here, there = ZoneInfo(plan.timezone), ZoneInfo(other)
    keys = period(plan, moment, here), period(replace(plan, timezone=other), moment, there)
    assert utc(keys[0].removesuffix("Z")) <= moment
    assert utc(keys[1].removesuffix("Z")) <= moment
    assert (keys[0] < keys[1]) == (utc(keys[0].removesuffix("Z")) < utc(keys[1].removesuffix("Z")))


def test_a_day_that_clocks_take_back_after_midnight_stays_begun() -> None:
    plan, place = DigestPlan(0, 0, timezone="America/St_Johns"), ZoneInfo("America/St_Johns")
    due = utc("2010-11-07T02:30")  # at 00:01 clocks went back to 23:01 of the day before
    assert local(due, place) == "2010-11-07 00:00-02:30"
    second_evening = due + 30 * timedelta(minutes=1)
    assert local(second_evening, place) == "2010-11-06 23:30-03:30"
    assert period(plan, second_evening, place) == "2010-11-07T02:30:00Z"
    assert local(next_due(plan, second_evening, place), place) == "2010-11-08 00:00-03:30"


def test_keys_sort_as_time_does_even_in_early_years() -> None:
    assert period(DigestPlan(8), utc("0999-01-05T09:00"), UTC) == "0999-01-05T08:00:00Z"


# ---- is it due now


def test_no_digest_comes_for_the_time_before_the_plan_was_made() -> None:
    plan = DigestPlan(8, 0, timezone="Europe/Berlin")
    made = utc("2026-03-04T12:00")
    told = {period(plan, made, BERLIN)}
    assert not is_due(plan, told, made, BERLIN)
    assert not is_due(plan, told, made - 3 * DAY, BERLIN)
    assert not is_due(plan, told, utc("2026-03-05T06:59:59"), BERLIN)
    assert is_due(plan, told, utc("2026-03-05T07:00"), BERLIN)


def test_without_any_period_done_a_digest_is_due_at_once() -> None:
    assert is_due(DigestPlan(8), (), NOON, UTC)


def test_after_a_long_stop_one_digest_is_due_not_one_for_each_day() -> None:
    plan, later = DigestPlan(8), NOON + 10 * DAY
    told = {period(plan, NOON, UTC)}
    assert is_due(plan, told, later, UTC)
    assert not is_due(plan, told | {period(plan, later, UTC)}, later, UTC)


def test_a_clock_that_went_back_an_hour_with_a_digest_due_sends_it_once() -> None:
    plan = DigestPlan(8)
    told = {period(plan, NOON - DAY, UTC)}
    at = utc("2026-03-04T08:00:30")
    assert is_due(plan, told, at, UTC)
    told.add(period(plan, at, UTC))
    assert not any(is_due(plan, told, at + minutes * timedelta(minutes=1), UTC) for minutes in range(-60, 600, 7))


def test_a_clock_that_was_three_days_ahead_keeps_no_digest_of_those_days_from_coming() -> None:
    plan = DigestPlan(8)
    told = {period(plan, NOON, UTC), period(plan, NOON + 3 * DAY, UTC)}
    assert [is_due(plan, told, NOON + days * DAY, UTC) for days in range(5)] == [False, True, True, False, True]


def test_a_changed_zone_or_hour_takes_effect_with_its_next_due_and_not_before() -> None:
    berlin, tokyo = DigestPlan(8, timezone="Europe/Berlin"), DigestPlan(18, timezone="Asia/Tokyo")
    place = ZoneInfo("Asia/Tokyo")
    changed = utc("2026-03-04T08:30")
    told = {period(berlin, changed, BERLIN), period(tokyo, changed, place)}
    assert not is_due(tokyo, told, changed, place)
    assert next_due(tokyo, changed, place) == utc("2026-03-04T09:00")
    assert is_due(tokyo, told, utc("2026-03-04T09:00"), place)


# ---- when quiet reigns

QUIETS = st.tuples(st.integers(0, 1439), st.integers(0, 1439), ZONES).filter(lambda q: q[0] != q[1])


@pytest.mark.parametrize(
    ("quiet", "moment", "until"),
    [
        ((22 * 60, 7 * 60), "2026-03-04T22:30", "2026-03-05T06:00"),
        ((22 * 60, 7 * 60), "2026-03-05T05:59", "2026-03-05T06:00"),
        ((22 * 60, 7 * 60), "2026-03-05T06:00", None),
        ((12 * 60, 13 * 60), "2026-03-05T11:30", "2026-03-05T12:00"),
        ((12 * 60, 13 * 60), "2026-03-05T10:59", None),
        ((22 * 60, 2 * 60 + 30), "2026-03-28T23:30", "2026-03-29T01:00"),  # 02:30 is left out: it ends at 03:00
        ((2 * 60 + 10, 2 * 60 + 40), "2026-03-29T01:10", None),  # both are left out
        ((22 * 60, 2 * 60 + 30), "2026-10-25T01:10", None),  # 02:10 comes twice: quiet ended with the first 02:30
    ],
)  # fmt: skip
def test_quiet_hours_end_at_their_local_time(quiet: tuple[int, int], moment: str, until: str | None) -> None:
    found = quiet_until(QuietHours(*quiet, timezone="Europe/Berlin"), utc(moment), BERLIN)
    assert found == (utc(until) if until else None)


@given(QUIETS, ANY_MOMENT)
def test_quiet_always_ends_within_two_days_and_not_before_its_moment(
    chosen: tuple[int, int, str], moment: datetime
) -> None:
    quiet, zone = QuietHours(*chosen), ZoneInfo(chosen[2])
    until = quiet_until(quiet, moment, zone)
    assert until is None or moment < until <= moment + 2 * DAY
    assert until is None or quiet_until(quiet, until, zone) is None


@pytest.mark.parametrize("hours", [(0, 0), (-1, 5), (5, 1440)])
def test_quiet_hours_that_could_never_be_kept_are_refused_in_a_sentence(hours: tuple[int, int]) -> None:
    with pytest.raises(TocsinError, match=r"\.$"):
        QuietHours(*hours)


# ---- what a person writes


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("daily", DAILY), ("", DAILY), ("Weekdays", frozenset(range(5))), ("mon, thu", frozenset([0, 3])),
        ("Sundays", frozenset([6])), ("tues and sat", frozenset([1, 5])), ("weekdays sat", frozenset(range(6))),
    ],
)  # fmt: skip
def test_days_are_read_as_people_write_them(words: str, days: frozenset[int]) -> None:
    assert read_days(words) == days


@pytest.mark.parametrize("words", ["someday", "mo", "sus", "mon;tue", "8"])
def test_a_word_that_is_no_day_is_told(words: str) -> None:
    with pytest.raises(TocsinError, match="is no day; write daily, weekdays"):
        read_days(words)


@pytest.mark.parametrize(
    ("words", "read"), [("08:30", (8, 30)), ("8:05", (8, 5)), (" 23:59 ", (23, 59)), ("7", (7, 0))]
)
def test_a_time_is_read_as_people_write_it(words: str, read: tuple[int, int]) -> None:
    assert read_time(words) == read


@pytest.mark.parametrize("words", ["24:00", "8:5", "8:60", "8am", "", ":", "8:", "-1:00", "٨:٣٠", "008:00"])
def test_what_is_no_time_is_told(words: str) -> None:
    with pytest.raises(TocsinError, match="is no time of day"):
        read_time(words)


@pytest.mark.parametrize(
    "fields", [{"hour": 24}, {"hour": 8, "minute": 60}, {"hour": 8, "days": frozenset()}, {"hour": 8, "top": 0},
               {"hour": 8, "days": frozenset([7])}, {"hour": 8, "top": MOST_SHOWN + 1}]
)  # fmt: skip
def test_a_plan_that_could_never_be_kept_is_refused_in_a_sentence(fields: dict[str, Any]) -> None:
    with pytest.raises(TocsinError, match=r"\.$"):
        DigestPlan(**fields)
