"""The aftermath of a restored backup: what was said after it was made is not in it, and feeds list their news as new.

A restored database knows since when it lacks what was said, until every feed has been read again. What waited then may
have been sent since: it is looked for in its channel before it is sent. It reads no channel (see the recall handler).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Table, func, select, update

from bot.core.story import Story
from bot.store import rows
from bot.store.dialect import insert
from bot.store.schema import alerts, bulletins, counters, deliveries, feeds, stories

SINCE, AT = "restored_since", "restored_at"
LONGEST = timedelta(days=1)
"""A feed that has not answered by then does not keep everybody waiting."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was said between `since` and `at`, when the backup was put back, is not in the database."""

    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A row that waits, and the story that it tells."""

    alert_id: int
    channel_id: int
    kind: str
    story: Story


def begin(c: Connection, now: datetime) -> None:
    """Marks a database that was just put back. The latest time in it stands for that of the backup."""
    since = last_moment(c)
    if since is None:
        return
    _save(c, SINCE, since)
    _save(c, AT, now)
    for table in (alerts, bulletins):
        began = func.coalesce(table.c.unclear_since, table.c.claimed_at, since)
        c.execute(update(table).where(table.c.state == "owed").values(unclear_since=began))


def of(c: Connection, now: datetime) -> Aftermath | None:
    """The aftermath that lasts at `now`: until each feed that is read has been read since, or for a day."""
    found = c.execute(select(counters).where(counters.c.name.in_((SINCE, AT))))
    known = {row.name: row.value for row in found}
    if len(known) < 2:
        return None
    since, at = (datetime.fromtimestamp(known[name], UTC) for name in (SINCE, AT))
    if now - at >= LONGEST:
        return None
    unread = feeds.c.last_success_at.is_(None) | (feeds.c.last_success_at < at)
    lacking = select(feeds.c.id).where(~feeds.c.removed, feeds.c.status == "active", unread).limit(1)
    return Aftermath(since, at) if c.execute(lacking).first() else None


def unsaid(c: Connection) -> Sequence[Unsaid]:
    """Every alert that waits, alone or for a digest, in the order of owing."""
    wanted = (
        select(stories, alerts.c.id.label("alert_id"), alerts.c.channel_id, alerts.c.kind)
        .join_from(alerts, stories)
        .where(alerts.c.state == "owed")
        .order_by(alerts.c.id)
    )
    found = c.execute(wanted).mappings()
    return [Unsaid(row["alert_id"], row["channel_id"], row["kind"], rows.story(row)) for row in found]


def last_moment(c: Connection) -> datetime | None:
    """The latest time at which anything was asked, owed, tried or settled."""
    found = [c.scalar(select(func.max(table.c[name]))) for table, name in _moments()]
    return max((each for each in found if each is not None), default=None)


def _moments() -> Iterator[tuple[Table, str]]:
    yield feeds, "last_polled_at"
    yield deliveries, "began_at"
    for table in (alerts, bulletins):
        for name in ("owed_at", "claimed_at", "settled_at"):
            yield table, name


def _save(c: Connection, name: str, when: datetime) -> None:
    value = int(when.timestamp())
    statement = insert(c, counters).values(name=name, value=value)
    c.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
