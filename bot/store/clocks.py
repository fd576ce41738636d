"""What a clock that was ahead has left behind, once it is set right: times that lie ahead would hold everything up.

It reads no clock and does not notice that one was wrong (see the running bot).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, case, or_, update

from bot.store.refusals import DISCORD, WINDOW
from bot.store.schema import alerts, bulletins, feeds, hosts

AHEAD = timedelta(minutes=1)
"""Clocks of machines that are kept right differ by less, and a message is looked for from so long before its claim."""

UNKNOWN = timedelta(days=1)
"""How far a message is looked for that was sent nobody knows when."""

LEASE = timedelta(minutes=5)
"""Longer than anybody holds a row or a feed without renewing that."""

REST = timedelta(days=1)
"""The longest that a host's wish for rest is heeded; Discord's is shorter."""


def set_right(c: Connection, now: datetime) -> int:
    """Makes what was to come at a wrong time come now; how many rows that were. Done twice, it changes nothing more.

    A message whose answer was lost meanwhile is looked for over a whole day: when it was sent is not known.
    """
    later = now + AHEAD
    return sum(_outbox(c, table, now, later) for table in (alerts, bulletins)) + _edits(c, now, later) + _feeds(c, now)


def _outbox(c: Connection, table: Table, now: datetime, later: datetime) -> int:
    wrong = or_(table.c.owed_at > later, table.c.claimed_at > later, table.c.unclear_since > later)
    owed = update(table).where(table.c.state == "owed", wrong)
    due = c.execute(
        owed.values(
            owed_at=_not_after(table.c.owed_at, now),
            claimed_at=_not_after(table.c.claimed_at, now),
            unclear_since=_not_after(table.c.unclear_since, now, else_at=now - UNKNOWN),
            not_before=now,
        )
    ).rowcount
    held = update(table).where(table.c.state == "sending", table.c.lease_until > now + LEASE)
    return due + c.execute(held.values(lease_until=now + LEASE)).rowcount


def _edits(c: Connection, now: datetime, later: datetime) -> int:
    wrong = or_(alerts.c.shown_at > later, alerts.c.edit_not_before > now + UNKNOWN)
    edits = update(alerts).where(alerts.c.state == "sent", wrong)
    return c.execute(edits.values(shown_at=_not_after(alerts.c.shown_at, now), edit_not_before=None)).rowcount


def _feeds(c: Connection, now: datetime) -> int:
    """Whoever was asked in times to come is asked now; whose turn it is and who rests are bounded."""
    later = now + AHEAD
    asked = update(feeds).where(or_(feeds.c.last_polled_at > later, feeds.c.last_success_at > later))
    last = {name: _not_after(feeds.c[name], now) for name in ("last_polled_at", "last_success_at")}
    due = c.execute(asked.values(**last, due_at=now)).rowcount
    c.execute(update(feeds).where(feeds.c.claimed_until > now + LEASE).values(claimed_until=now + LEASE))
    c.execute(update(hosts).where(hosts.c.turn_until > now + LEASE).values(turn_until=now + LEASE))
    for whose, rest in ((hosts.c.name == DISCORD, WINDOW), (hosts.c.name != DISCORD, REST)):
        c.execute(update(hosts).where(whose, hosts.c.rest_until > now + rest).values(rest_until=now + rest))
    return due


def _not_after(
    column: ColumnElement[datetime], now: datetime, *, else_at: datetime | None = None
) -> ColumnElement[datetime]:
    """The column's time, or `else_at` (`now`) where it lies ahead."""
    return case((column > now + AHEAD, else_at or now), else_=column)
