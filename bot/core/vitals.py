"""Vital signs: what tells whether a runner works as it should, and the verdict over them in plain sentences.

It measures nothing and shows nothing; times are seconds of one clock that never steps back, unless they are datetimes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

LOOP_STUCK = 5.0
"""Seconds without a turn of the event loop from which it counts as stuck; it turns at least twice a second."""

DATABASE_SILENT = 60.0
"""Seconds without an answer: longer than the 30 that one look waits for another program's lock."""

DISCORD_AWAY = 300.0
"""Seconds without a connection: a gateway's restart and the pauses before a reconnect end sooner."""

NO_HEADWAY = 600.0
"""Seconds in which a tick that runs commits nothing. A long backlog may keep one busy for hours, but never still."""

FAILS_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Outbox:
    """One outbox: how many rows could go out now, how many wait on purpose (for a digest, a paused channel), and since
    when the oldest of the former is owed."""

    name: str
    due: int = 0
    waiting: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """How the work goes, as the database tells it: feeds by their health, both outboxes, how many requests Discord
    refused in the last ten minutes, and how many runners there are of each role."""

    feeds: Mapping[str, int] = field(default_factory=dict)
    last_polled: datetime | None = None
    outboxes: tuple[Outbox, ...] = ()
    refused: int = 0
    runners: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """A runner as others see it: its roles, when it last wrote down how it is, whether that was well, and the most by
    which its event loop was late in ten minutes, in seconds."""

    roles: tuple[str, ...]
    at: datetime
    well: bool = True
    lag: float = 0.0


@dataclass(frozen=True, slots=True)
class TickSigns:
    """One tick: how often it is due, since when it runs (None while it does not), when it last made headway or ended,
    and how many runs in a row failed, the last one with `error`."""

    name: str
    every: float
    moved: float
    running_since: float | None = None
    failures: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Signs:
    """All of one runner at `now`. `loop_turned`, `answered` and `connected` are when the event loop last turned, the
    database last answered and Discord was last connected; None for a Discord that this runner does not listen to.

    `busy_with` is what the event loop's thread is at; one that `stands_by` waits for work that another runner has.
    """

    now: float
    loop_turned: float
    answered: float
    connected: float | None = None
    ticks: tuple[TickSigns, ...] = ()
    busy_with: str = ""
    stands_by: bool = False


def troubles(signs: Signs) -> tuple[str, ...]:
    """What is wrong, a sentence each; none where all is well. What follows from a stuck event loop is not told."""
    stuck = signs.now - signs.loop_turned
    if stuck > LOOP_STUCK:
        where = f"; it is at {signs.busy_with}" if signs.busy_with else ""
        return (f"The event loop has been stuck for {spoken(stuck)}{where}.",)
    if not signs.ticks and not signs.stands_by:
        return ("Tocsin is still starting.",)
    silent = signs.now - signs.answered
    found = [f"The database has not answered for {spoken(silent)}."] if silent > DATABASE_SILENT else []
    found += [sentence for tick in signs.ticks if (sentence := _of_tick(tick, signs.now))]
    if signs.connected is not None and (away := signs.now - signs.connected) > DISCORD_AWAY:
        found.append(f"Discord has not been connected for {spoken(away)}.")
    return tuple(found)


def _of_tick(tick: TickSigns, now: float) -> str:
    still = now - tick.moved
    if tick.running_since is not None:
        return f"The tick “{tick.name}” has made no headway for {spoken(still)}." if still > NO_HEADWAY else ""
    if still > 3 * tick.every + DATABASE_SILENT:
        return f"The tick “{tick.name}” has not run for {spoken(still)}, though it is due every {spoken(tick.every)}."
    if tick.failures >= FAILS_IN_A_ROW:
        return f"The tick “{tick.name}” has failed {tick.failures} times in a row ({tick.error})."
    return ""


def spoken(seconds: float) -> str:
    """A length of time in words, no finer than it matters: "7 seconds", "12 minutes", "3 hours"."""
    for size, unit in ((172_800, 86_400), (7_200, 3_600), (120, 60)):
        if seconds >= size:
            return f"{seconds / unit:.0f} {NAMES[unit]}"
    return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"


NAMES = {86_400: "days", 3_600: "hours", 60: "minutes"}
