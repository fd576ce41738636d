"""Trends: what is rising, how many stories there were of which kind, as an answer with a chart.

It draws and compares; the counts come from the store, the picture from charts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from bot.core.chart import Chart, Daily, Period, by_event, day_name, figure, mix, total, within
from bot.core.escape import escape
from bot.core.event import EventType
from bot.core.message import ACCENT, LOOKS, Field, Message, event_name, joined

FLOOR = 3
"""Stories below which nothing is called rising: two instead of one say nothing."""

GROWTH = 1.5
"""How many times as many as before there have to be."""

MOST_RISING = 6


@dataclass(frozen=True, slots=True)
class Rise:
    """A name that is told of more than before: in how many stories now, and in how many in as long a time before."""

    name: str
    now: int
    before: int


@dataclass(frozen=True, slots=True)
class Trends:
    """What the archive says of a period: `days` from the period before it on, who is named now and before.
    `known_since` is the first day that the archive knows."""

    period: Period
    days: Sequence[Daily]
    named: Mapping[str, int]
    named_before: Mapping[str, int]
    known_since: date | None


def rising(now: Mapping[str, int], before: Mapping[str, int], *, most: int = MOST_RISING) -> list[Rise]:
    """What is told of clearly more than before, the clearest first.

    Clear is by how many deviations the number now lies over the number before, both taken as counts by chance (Poisson;
    the square root of their sum is the deviation of their difference).
    """
    found = [
        Rise(name, number, before.get(name, 0))
        for name, number in now.items()
        if number >= FLOOR and number >= GROWTH * before.get(name, 0)
    ]
    return sorted(found, key=lambda rise: (-(rise.now - rise.before) / sqrt(rise.now + rise.before), rise.name))[:most]


def trends_chart(trends: Trends) -> Chart:
    """Stories by type of event over the period."""
    step = "day" if trends.period.step == 1 else "week"
    title = f"Stories a {step} by kind of event, last {trends.period.words}"
    return Chart(title, trends.period, by_event(trends.days, trends.period))


def trends_message(trends: Trends) -> Message:
    """The figures in words; the picture is added to it."""
    period = trends.period
    found = within(trends.days, period)
    name = f"Trends of the last {period.words}"
    if not found:
        since = f" Its archive begins on {day_name(trends.known_since)}." if trends.known_since else ""
        text = f"Tocsin has told no story in the last {period.words}.{since} Choose a longer window, or see `/status`."
        return Message(title=name, description=text, colour=ACCENT)
    fields = (
        Field("By kind", mix_line(mix(found)), inline=False),
        Field("Rising", _rising_lines(trends), inline=False),
    )
    return Message(title=name, description=_opening(trends, found), fields=fields, colour=ACCENT)


def total_line(number: int, before: int | None, period: Period) -> str:
    """ "**42 stories** in the last 30 days · 30 in the 30 days before"."""
    told = f"**{stories_of(number)}** in the last {period.words}"
    return told if before is None else f"{told} · {figure(before)} in the {period.words} before"


def stories_of(number: int) -> str:
    """ "1 story", "1,234 stories"."""
    return f"{figure(number)} {'story' if number == 1 else 'stories'}"


def before_of(days: Sequence[Daily], period: Period, known_since: date | None) -> int | None:
    """How many stories there were in as long a time before; None where the archive does not reach back so far."""
    before = period.before
    return total(within(days, before)) if known_since and known_since <= before.first else None


def mix_line(found: Sequence[tuple[EventType, int]], limit: int = 900) -> str:
    """ "📝 contract 12 · 🤝 partnership 5"."""
    return joined([f"{LOOKS[event][0]} {event_name(event)} {figure(number)}" for event, number in found], " · ", limit)


def _opening(trends: Trends, found: Sequence[Daily]) -> str:
    number, period = total(found), trends.period
    per_day = number / period.days
    each = f"{per_day:.1f}" if per_day < 10 else f"{per_day:.0f}"
    return f"{total_line(number, before_of(trends.days, period, trends.known_since), period)} · {each} a day"


def _rising_lines(trends: Trends) -> str:
    """What is rising, or why nothing can be said to be."""
    period = trends.period
    if trends.known_since is None or trends.known_since > period.before.first:
        return _too_young(trends.known_since, period)
    kinds = rising(_by_kind(within(trends.days, period)), _by_kind(within(trends.days, period.before)), most=3)
    names = rising(trends.named, trends.named_before)
    lines = [
        f"- {escape(rise.name, 80)}: {figure(rise.now)}, before {figure(rise.before)}" for rise in (*names, *kinds)
    ]
    return joined(lines, "\n", 1000) or f"Nothing is told of clearly more than in the {period.words} before."


def _too_young(known_since: date | None, period: Period) -> str:
    """That nothing can be compared yet, and from when on it can."""
    if known_since is None:
        return "The archive is empty."
    first = known_since + timedelta(days=2 * period.days - 1)
    told = f"The archive begins on {day_name(known_since)}: too late to compare with the {period.words} before"
    return f"{told}; from {day_name(first)} on that can be told."


def _by_kind(found: Sequence[Daily]) -> dict[str, int]:
    return {f"{LOOKS[event][0]} {event_name(event)}": number for event, number in mix(found)}
