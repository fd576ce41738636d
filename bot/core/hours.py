"""Local hours: when a digest is due and which local period it closes; when a channel wants quiet, and until when.

It reads no clock, and no time zones from disk: `zone` is the `tzinfo` of the name in the plan.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.errors import TocsinError

DAILY = frozenset(range(7))
"""Every day; days are numbered as `datetime.weekday` does, Monday 0 to Sunday 6."""

MOST_SHOWN = 25
"""Stories that one digest may list: so many find room in one message."""

MINUTES = 24 * 60
"""Minutes of a local day."""

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_LONGEST_SEARCH = 30
"""Days within which a listed weekday comes, even where a zone leaves one out."""


@dataclass(frozen=True, slots=True)
class DigestPlan:
    """A local wall time on chosen weekdays in `timezone` (an IANA name); `top` is how many stories a digest lists.

    Raises TocsinError where there is no such time, no day, or no room for `top`.
    """

    hour: int
    minute: int = 0
    days: frozenset[int] = DAILY
    timezone: str = "UTC"
    top: int = 10

    def __post_init__(self) -> None:
        if not (0 <= self.hour < 24 and 0 <= self.minute < 60):
            raise TocsinError(f"{self.hour}:{self.minute:02} is no time of day; write one from 00:00 to 23:59.")
        if not self.days or not self.days <= DAILY:
            raise TocsinError("A digest needs at least one day of the week; name days such as mon, thu.")
        if not 1 <= self.top <= MOST_SHOWN:
            raise TocsinError(f"A digest lists 1 to {MOST_SHOWN} stories; {self.top} is outside.")


def next_due(plan: DigestPlan, after: datetime, zone: tzinfo) -> datetime:
    """The first moment later than `after` at which a digest is due; both aware UTC.

    A wall time that daylight saving leaves out means the first instant after the gap; one that comes twice, its first
    coming. A day that the zone leaves out altogether has no digest. Raises OverflowError at the end of the calendar.
    """
    today = after.astimezone(zone).date()
    return next(due for due in _dues(plan, today, 1, zone) if due > after)


def period(plan: DigestPlan, moment: datetime, zone: tzinfo) -> str:
    """The key of the local period that was last closed at `moment`: the UTC time at which its digest was due.

    It is the same until the next digest is due, however often and from whatever clock it is asked for; two occurrences
    never share one, in whatever zones; and keys sort as time does ("2026-03-04T07:00:00Z").
    """
    tomorrow = moment.astimezone(zone).date() + _DAY  # may have begun already, where clocks were put back over midnight
    last = next(due for due in _dues(plan, tomorrow, -1, zone) if due <= moment)
    return last.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def is_due(plan: DigestPlan, told: Collection[str], now: datetime, zone: tzinfo) -> bool:
    """Whether the digest of `period(plan, now, zone)` is still to be made.

    `told` are the keys of the periods that are done since the plan was made or changed, the latest at least. The first
    of them is that moment's own, written down as done with the plan, so that no digest comes for the time before:
    what lies before all of `told` is past and never due. Without any key a digest is due at once. A clock that was
    ahead leaves later keys behind, which keep no period between them from its digest.
    """
    current = period(plan, now, zone)
    return current not in told and current > min(told, default="")


def _dues(plan: DigestPlan, day: date, step: int, zone: tzinfo) -> Iterator[datetime]:
    """When digests are due from the local `day` on, forwards or (`step` -1) backwards."""
    for _ in range(_LONGEST_SEARCH):
        if day.weekday() in plan.days and _exists(day, zone):
            yield _instant(datetime.combine(day, time(plan.hour, plan.minute)), zone)
        day += step * _DAY


def _exists(day: date, zone: tzinfo) -> bool:
    """Whether clocks in `zone` ever show `day`: Samoa went from 29 to 31 December 2011."""
    return _instant(datetime.combine(day, time()), zone).astimezone(zone).date() == day


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    """When clocks in `zone` first show `wall` or, if they skip it, what comes after. Aware UTC."""
    local = wall.replace(tzinfo=zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return _first_after(local.replace(fold=1).astimezone(UTC), instant, zone)


def _first_after(before: datetime, behind: datetime, zone: tzinfo) -> datetime:
    """The change of offset between two instants, found by halving; offsets change on whole seconds (RFC 8536)."""
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, round((behind - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        same = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return before + timedelta(seconds=high)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` to `ends`, both minutes after local midnight in `timezone` (an IANA name), nothing is sent.

    Hours that end before they begin go over midnight. `critical_override` lets critical stories through. Raises
    TocsinError for hours without length or outside a day.
    """

    begins: int
    ends: int
    timezone: str = "UTC"
    critical_override: bool = True

    def __post_init__(self) -> None:
        if not (0 <= self.begins < MINUTES and 0 <= self.ends < MINUTES):
            raise TocsinError("Quiet hours begin and end between 00:00 and 23:59.")
        if self.begins == self.ends:
            raise TocsinError("Quiet hours need two different times; pause the subscription to hear nothing at all.")


def quiet_until(quiet: QuietHours, moment: datetime, zone: tzinfo) -> datetime | None:
    """When the quiet that reigns at `moment` ends, aware UTC; None where there is none.

    Begins and ends are single instants, as those of digests are: an hour that comes twice is not quiet twice.
    """
    begins, ends = (DigestPlan(*divmod(minute, 60)) for minute in (quiet.begins, quiet.ends))
    tomorrow = moment.astimezone(zone).date() + _DAY
    begun = next(due for due in _dues(begins, tomorrow, -1, zone) if due <= moment)
    ended = next_due(ends, begun - timedelta.resolution, zone)  # both may lie in one gap: no quiet at all
    return ended if moment < ended else None


def read_days(words: str) -> frozenset[int]:
    """ "daily", "weekdays", or names of days such as "mon, thu" as days; no word means daily. Raises TocsinError for
    any other word."""
    named = [word for word in words.casefold().replace(",", " ").split() if word != "and"]
    return frozenset(day for word in named for day in _days(word)) if named else DAILY


def _days(word: str) -> Sequence[int]:
    if word in ("daily", "weekdays"):
        return range(7 if word == "daily" else 5)
    begun = word.removesuffix("s")
    found = [day for day, name in enumerate(_NAMES) if len(begun) >= 3 and name.startswith(begun)]
    if not found:
        raise TocsinError(f"{word[:40]!r} is no day; write daily, weekdays, or days such as mon, thu.")
    return found


def read_time(words: str) -> tuple[int, int]:
    """ "08:30", "8:30" or "8" as hour and minute. Raises TocsinError for anything else."""
    hour, colon, minute = words.strip().partition(":")
    digits = hour.isascii() and hour.isdigit() and len(hour) <= 2
    exact = minute.isascii() and minute.isdigit() and len(minute) == 2 if colon else True
    if digits and exact and int(hour) < 24 and int(minute or 0) < 60:
        return int(hour), int(minute or 0)
    raise TocsinError(f"{words.strip()[:40]!r} is no time of day; write it like 08:30.")
