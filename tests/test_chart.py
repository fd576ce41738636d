"""Counts over time as charts, and their figures in words."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.chart import (
    LONGEST_ALT,
    MOST_SERIES,
    OTHERS,
    PAIR,
    Chart,
    Daily,
    Period,
    Series,
    alt_text,
    by_event,
    counts_of,
    mix,
    period_of,
    total,
    within,
)
from bot.core.escape import length
from bot.core.event import EVENT_TYPES
from bot.core.message import LOOKS
from tests.builders import NOON

TODAY = NOON.date()


def days_ago(days: int, stories: int = 1, **changes: object) -> Daily:
    values = {"day": TODAY - timedelta(days=days), "event": "contract", "stories": stories} | changes
    return Daily(**values)  # type: ignore[arg-type]


def test_a_month_has_a_bar_for_each_day_and_a_year_one_for_each_week() -> None:
    month, year = period_of(30, NOON), period_of(364, NOON)
    assert (len(month.starts), month.starts[-1], month.words) == (30, TODAY, "30 days")
    assert (len(year.starts), year.starts[-1], year.words) == (52, TODAY - timedelta(days=6), "52 weeks")


@given(st.integers(1, 1000))
def test_the_period_before_touches_this_one_and_is_as_long(days: int) -> None:
    period = period_of(days, NOON)
    assert period.before.last + timedelta(days=1) == period.first
    assert period.before.ends == period.begins <= NOON < period.ends
    assert len(period.before.starts) == len(period.starts)


def test_each_story_stands_in_the_step_of_its_day() -> None:
    week = Period(TODAY, 14, 7)
    assert counts_of([days_ago(0), days_ago(6), days_ago(7, 3), days_ago(14, 50)], week) == (3, 2)


@given(st.lists(st.builds(days_ago, st.integers(0, 60), st.integers(0, 9), event=st.sampled_from(EVENT_TYPES))))
def test_no_story_of_the_period_is_lost_in_its_rows(found: list[Daily]) -> None:
    for period in (period_of(30, NOON), period_of(56, NOON)):
        rows = by_event(found, period)
        assert (
            sum(row.total for row in rows)
            == total(within(found, period))
            == sum(dict(mix(within(found, period))).values())
        )
        assert len(rows) <= MOST_SERIES


def test_rare_kinds_stand_in_one_row() -> None:
    found = [days_ago(1, 20 - number, event=event) for number, event in enumerate(EVENT_TYPES)]
    rows = by_event(found, period_of(7, NOON))
    assert [row.label for row in rows][:2] == ["contract", "partnership"]
    assert "other" not in [row.label for row in rows]
    assert (rows[-1].label, rows[0].colour) == (OTHERS, LOOKS["contract"][1])


def test_the_figures_are_told_in_words() -> None:
    period = period_of(7, NOON)
    chart = Chart("Stories a day", period, by_event([days_ago(1, 4), days_ago(2, event="policy")], period))
    assert alt_text(chart) == (
        "Stories a day, 26 Feb 2026 to 4 Mar 2026. 5 stories, most on 3 Mar 2026 (4). contract: 4. policy: 1."
    )


def test_every_count_of_two_lines_is_told() -> None:
    period = period_of(7, NOON)
    series = (Series("NATO", PAIR[0], (0, 1, 2, 3, 4, 5, 6)), Series("Acme", PAIR[1], (0,) * 7))
    text = alt_text(Chart("Stories a day", period, series, stacked=False))
    assert text.endswith("NATO: 21 in all; 0, 1, 2, 3, 4, 5, 6. Acme: 0 in all; 0, 0, 0, 0, 0, 0, 0.")


def test_words_of_strangers_never_make_them_too_long() -> None:
    period = period_of(364, NOON)
    series = tuple(Series("🛰" * 900, colour, (99_999,) * 52) for colour in PAIR)
    assert length(alt_text(Chart("x" * 2_000, period, series, stacked=False))) <= LONGEST_ALT


def test_nothing_is_told_of_a_period_without_stories() -> None:
    period = Period(date(2026, 3, 4), 7, 1)
    assert alt_text(Chart("Stories a day", period, ())) == "Stories a day, 26 Feb 2026 to 4 Mar 2026."
