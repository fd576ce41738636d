"""Chart: counts over time, ready to be drawn, and their figures in words for those who cannot see it.

It draws nothing (see charts, which is an edge) and counts nothing (see the store's trends).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from bot.core.escape import cut, plain
from bot.core.event import EventType
from bot.core.message import LOOKS, counted, event_name

LONGEST_ALT = 1_000
LONGEST_DAILY = 31
"""Days up to which a chart has a bar for each; above, for each week."""

MOST_SERIES = 7
OTHERS, GREY = "other kinds", 0x78909C
PAIR = (0x1E88E5, 0xFB8C00)
"""Two colours that everybody can tell apart, for what stands side by side."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of UTC, `last` included, in steps of one day or seven; `days` is a multiple of `step`."""

    last: date
    days: int
    step: int

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.days - 1)

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return self.begins + timedelta(days=self.days)

    @property
    def before(self) -> "Period":
        """The period of the same length that ends where this one begins."""
        return Period(self.first - timedelta(days=1), self.days, self.step)

    @property
    def starts(self) -> tuple[date, ...]:
        """The first day of each step."""
        return tuple(self.first + timedelta(days=number) for number in range(0, self.days, self.step))

    @property
    def words(self) -> str:
        """ "7 days", "12 weeks"."""
        return counted(self.days, "day") if self.step == 1 else counted(self.days // self.step, "week")


@dataclass(frozen=True, slots=True)
class Daily:
    """How many stories of one type of event were first told on one day of UTC."""

    day: date
    event: EventType
    stories: int


@dataclass(frozen=True, slots=True)
class Series:
    """One row of counts, one for each step of the period; `colour` is RGB as a number."""

    label: str
    colour: int
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Chart:
    """What one picture shows: rows on top of each other, or side by side as lines."""

    title: str
    period: Period
    series: tuple[Series, ...]
    stacked: bool = True


def period_of(days: int, now: datetime) -> Period:
    """The last `days` days with today; of a long one, whole weeks."""
    step = 1 if days <= LONGEST_DAILY else 7
    return Period(now.astimezone(UTC).date(), max(days - days % step, step), step)


def within(found: Iterable[Daily], period: Period) -> list[Daily]:
    """What falls into the period."""
    return [each for each in found if period.first <= each.day <= period.last]


def total(found: Iterable[Daily]) -> int:
    return sum(each.stories for each in found)


def mix(found: Iterable[Daily]) -> list[tuple[EventType, int]]:
    """Stories by type of event, the most frequent first."""
    counts: Counter[EventType] = Counter()
    for each in found:
        counts[each.event] += each.stories
    return sorted(((event, number) for event, number in counts.items() if number), key=lambda pair: (-pair[1], pair[0]))


def by_event(found: Sequence[Daily], period: Period) -> tuple[Series, ...]:
    """A row for each type of event, the most frequent first; those beyond the first few, and what is of no type, stand
    in one row."""
    events = [event for event, _ in mix(within(found, period))]
    typed = [event for event in events if event != "other"]
    alone = typed if len(events) <= MOST_SERIES else typed[: MOST_SERIES - 1]
    rest = set(events) - set(alone)
    named = [
        Series(event_name(event), LOOKS[event][1], counts_of([each for each in found if each.event == event], period))
        for event in alone
    ]
    if rest:
        named.append(Series(OTHERS, GREY, counts_of([each for each in found if each.event in rest], period)))
    return tuple(named)


def counts_of(found: Iterable[Daily], period: Period) -> tuple[int, ...]:
    """Stories for each step of the period."""
    counts = [0] * (period.days // period.step)
    for each in within(found, period):
        counts[(each.day - period.first).days // period.step] += each.stories
    return tuple(counts)


def alt_text(chart: Chart) -> str:
    """The figures of a chart in words, at most 1,000 characters."""
    sums = [sum(step) for step in zip(*(series.counts for series in chart.series), strict=True)]
    when = "on" if chart.period.step == 1 else "in the week of"
    opening = f"{plain(chart.title)}, {day_name(chart.period.first)} to {day_name(chart.period.last)}."
    if chart.stacked and any(sums):
        start = chart.period.starts[sums.index(max(sums))]
        opening += f" {counted(sum(sums), 'story', 'stories')}, most {when} {day_name(start)} ({max(sums)})."
    rows = (f" {plain(series.label)}: {_row(series, chart.stacked)}." for series in chart.series)
    return cut(opening + "".join(rows), LONGEST_ALT)


def _row(series: Series, stacked: bool) -> str:
    """The sum of a row, and every count where the rows are few and short."""
    if stacked:
        return str(series.total)
    return f"{series.total} in all; " + ", ".join(map(str, islice(series.counts, 60)))


def figure(number: int) -> str:
    """ "1,234"."""
    return f"{number:,}"


def day_name(day: date) -> str:
    """ "4 Mar 2026"."""
    return f"{day.day} {day:%b %Y}"
