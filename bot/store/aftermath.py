"""The aftermath of a restored backup: what was said after it was made is not in it, and feeds list their news as new.

A restored database knows since when it lacks what was said. What waited then may have been sent since: it is looked for
in its channel before it is sent. It reads no channel (see the recall handler).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

from sqlalchemy import Connection, Table, func, select, update

from bot.core.recalling import Recalled, Unsaid
from bot.store import rows
from bot.store.dialect import insert
from bot.store.schema import alerts, bulletins, counters, deliveries, feeds, stories
from bot.store.settling import settle_sent

SINCE, AT = "restored_since", "restored_at"
STOOD = "it stood in its channel when a backup was put back"
LISTED = "it stood in a list in its channel when a backup was put back"
LONGEST = timedelta(days=1)
"""A feed that was not read again by then lists nothing any more that was told."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was said between `since` and `at`, when the backup was put back, is not in the database."""

    since: datetime
    at: datetime


def begin(c: Connection, now: datetime) -> None:
    """Marks a database that was just put back. The latest time in it stands for that of the backup."""
    since = last_moment(c)
    if since is None:
        return
    _save(c, SINCE, floor(since.timestamp()))
    _save(c, AT, ceil(now.timestamp()))
    for table in (alerts, bulletins):
        began = func.coalesce(table.c.unclear_since, table.c.claimed_at, since)
        c.execute(update(table).where(table.c.state == "owed").values(unclear_since=began))


def of(c: Connection, now: datetime) -> Aftermath | None:
    """The aftermath that lasts at `now`, for a day in all."""
    found = c.execute(select(counters).where(counters.c.name.in_((SINCE, AT))))
    known = {row.name: row.value for row in found}
    if len(known) < 2:
        return None
    since, at = (datetime.fromtimestamp(known[name], UTC) for name in (SINCE, AT))
    return Aftermath(since, at) if now - at < LONGEST else None


def may_be_old(c: Connection, last_read: datetime | None, now: datetime) -> bool:
    """Whether what a feed lists as new may have been told before the backup was put back: it was last read before."""
    lacking = of(c, now)
    return lacking is not None and (last_read is None or last_read < lacking.at)


def waiting(c: Connection) -> dict[int, int]:
    """The alerts that wait, alone or for a digest, each with the number of the last change of its story."""
    wanted = select(alerts.c.id, stories.c.touched).join_from(alerts, stories, stories.c.id == alerts.c.story_id)
    return {row.id: row.touched for row in c.execute(wanted.where(alerts.c.state == "owed"))}


def unsaid(c: Connection, ids: Collection[int]) -> Sequence[Unsaid]:
    """Those of the alerts that wait still, by channel and in the order of owing."""
    wanted = (
        select(stories, alerts.c.id.label("alert_id"), alerts.c.channel_id, alerts.c.kind)
        .join_from(alerts, stories, stories.c.id == alerts.c.story_id)
        .where(alerts.c.id.in_(ids), alerts.c.state == "owed")
        .order_by(alerts.c.channel_id, alerts.c.id)
    )
    found = c.execute(wanted).mappings()
    return [Unsaid(row["alert_id"], row["channel_id"], row["kind"], rows.story(row)) for row in found]


def known(c: Connection, message_ids: Collection[int]) -> set[int]:
    """Those of the messages that some row has as its own."""
    tables = (alerts, bulletins)
    return {
        id
        for table in tables
        for id in c.scalars(select(table.c.message_id).where(table.c.message_id.in_(message_ids)))
    }


def settle(c: Connection, found: Recalled, now: datetime) -> None:
    """Ends a row that was told after all. What its message shows is not known, so it is due for an edit."""
    said = found.said
    if said.is_list:
        told = update(alerts).where(alerts.c.id == found.alert_id, alerts.c.state == "owed")
        c.execute(told.values(state="digested", state_reason=LISTED, settled_at=now))
    else:
        settle_sent(
            c,
            found.alert_id,
            message_id=said.message_id,
            shown_revision=0,
            now=now,
            reason=STOOD,
            place_id=said.place_id,
        )


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


def _save(c: Connection, name: str, value: int) -> None:
    statement = insert(c, counters).values(name=name, value=value)
    c.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
