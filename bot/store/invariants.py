"""What must hold between the rows of a sound database beside what its constraints hold, as SQL that finds the breaches.

Each rule is a sentence and a query for the keys of the rows that break it, the same on both engines. It mends nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, and_, cast, exists, func, literal, or_, select

from bot.core.owing import told_by
from bot.store.changes import COUNTER
from bot.store.schema import (
    alerts,
    aliases,
    articles,
    bulletins,
    counters,
    deliveries,
    entries,
    feeds,
    hosts,
    metadata,
    stories,
)
from bot.store.types import Json, UtcTime

TIME = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]*"
"""How SQLite's text holds a time, as a pattern of GLOB."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` is what holds in a sound database; `broken` selects the keys of the rows for which it does not."""

    says: str
    broken: Select[Any]


def rules(engine: str) -> Iterator[Rule]:
    """Every rule for a database of this engine ("sqlite" or "postgresql")."""
    yield from _references()
    if engine == "sqlite":
        yield from _values()
    for table, noun in ((alerts, "alert"), (bulletins, "digest or notice")):
        yield from _way_out(table, noun)
    yield from _alerts()
    yield from _attempts()
    yield from _stories()
    yield from _feeds()


def keys(table: Table) -> list[ColumnElement[Any]]:
    """The primary key of a table."""
    return list(table.primary_key.columns)


def _broken(table: Table, condition: ColumnElement[bool]) -> Select[Any]:
    return select(*keys(table)).where(condition)


def _references() -> Iterator[Rule]:
    """What a row points to is there. SQLite holds this only on connections that asked it to."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            for key in column.foreign_keys:
                there = key.column.table.alias("there")
                found = exists().where(there.c[key.column.name] == column)
                says = f"each row of {table.name} has its {key.column.table.name} ({column.name})"
                yield Rule(says, _broken(table, and_(column.is_not(None), ~found)))


def _values() -> Iterator[Rule]:
    """SQLite takes any text for a time or for JSON; PostgreSQL does not."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, UtcTime):
                bad = or_(func.glob(TIME, column) == 0, func.julianday(column).is_(None))
                yield Rule(f"{table.name}.{column.name} holds times", _broken(table, and_(column.is_not(None), bad)))
            elif isinstance(column.type, Json):
                bad = and_(column.is_not(None), func.json_valid(column) == 0)
                yield Rule(f"{table.name}.{column.name} holds JSON", _broken(table, bad))


def _way_out(table: Table, noun: str) -> Iterator[Rule]:
    """Of either outbox: each row is in one state, and all that it says of itself fits that state."""
    state = table.c.state
    waits = and_(state == "owed", or_(table.c.settled_at.is_not(None), table.c.lease_until.is_not(None)))
    yield Rule(f"no {noun} that waits is under way or has ended", _broken(table, waits))
    unheld = or_(table.c.claimed_at.is_(None), table.c.lease_until.is_(None), table.c.attempt < 1)
    sending = and_(state == "sending", or_(unheld, table.c.settled_at.is_not(None)))
    yield Rule(f"each {noun} that is being sent says since when and until when", _broken(table, sending))
    ended = state.not_in(("owed", "sending"))
    yield Rule(f"each {noun} that has ended says why", _broken(table, and_(ended, table.c.state_reason.is_(None))))
    at_once = and_(ended, state != "suppressed", table.c.settled_at.is_(None))
    yield Rule(f"each {noun} that was sent or given up says when", _broken(table, at_once))
    leased = and_(ended, table.c.lease_until.is_not(None))
    yield Rule(f"no {noun} that has ended is held by anybody", _broken(table, leased))


def _alerts() -> Iterator[Rule]:
    sent = alerts.c.state == "sent"
    mute = and_(sent, alerts.c.message_id.is_(None), alerts.c.edits_ended.is_(None))
    yield Rule("each alert that was sent has its message, or a reason for having none", _broken(alerts, mute))
    yield Rule("each alert that was sent says what it shows", _broken(alerts, and_(sent, _unshown())))
    made = select(bulletins.c.id).where(bulletins.c.state.in_(("suppressed", "dead")))
    untold = and_(alerts.c.state == "digested", alerts.c.bulletin_id.in_(made))
    yield Rule("no alert was told by a digest that was never sent", _broken(alerts, untold))
    place = func.row_number().over(partition_by=alerts.c.message_id, order_by=alerts.c.id).label("place")
    standing = select(alerts.c.id, place).where(alerts.c.message_id.is_not(None)).subquery()
    again = alerts.c.id.in_(select(standing.c.id).where(standing.c.place > 1))
    yield Rule("no message stands for two alerts", _broken(alerts, and_(alerts.c.channel_id != 0, again)))
    yield Rule("each alert that another subscription tells has that one's", _broken(alerts, _without_teller()))


def _unshown() -> ColumnElement[bool]:
    newer = exists().where(stories.c.id == alerts.c.story_id, stories.c.revision < alerts.c.shown_revision)
    return or_(alerts.c.shown_revision.is_(None), newer)


def _without_teller() -> ColumnElement[bool]:
    """Suppressed because of a subscription that was never owed the story. People who merge or split stories part the
    one from the other, so stories of which that is known are left out."""
    teller, merged = alerts.alias("teller"), stories.alias("merged")
    before, after = (literal(part) for part in told_by(0).split("0"))
    reason = before + cast(teller.c.subscription_id, String) + after
    told = exists().where(teller.c.story_id == alerts.c.story_id, reason == alerts.c.state_reason)
    parted = exists().where(or_(merged.c.merged_into == alerts.c.story_id, and_(_is_own(merged), _is_merged(merged))))
    says_so = alerts.c.state_reason.like(told_by(0).replace("0", "%"))
    return and_(alerts.c.state == "suppressed", says_so, ~told, ~parted)


def _is_own(merged: Any) -> ColumnElement[bool]:  # noqa: ANN401 - an alias of `stories`
    same: ColumnElement[bool] = merged.c.id == alerts.c.story_id
    return same


def _is_merged(merged: Any) -> ColumnElement[bool]:  # noqa: ANN401 - an alias of `stories`
    there: ColumnElement[bool] = merged.c.merged_into.is_not(None)
    return there


def _attempts() -> Iterator[Rule]:
    running = deliveries.c.outcome == "sending"
    under_way = exists().where(alerts.c.id == deliveries.c.alert_id, alerts.c.state == "sending")
    yield Rule("no attempt goes on for an alert that is not being sent", _broken(deliveries, and_(running, ~under_way)))
    begun = exists().where(deliveries.c.alert_id == alerts.c.id, running)
    sending = alerts.c.state == "sending"
    yield Rule("each alert that is being sent has its attempt", _broken(alerts, and_(sending, ~begun)))


def _stories() -> Iterator[Rule]:
    told = exists().where(articles.c.story_id == stories.c.id)
    yield Rule(
        "no report stands in a story that was merged", _broken(stories, and_(stories.c.merged_into.is_not(None), told))
    )
    itself = or_(stories.c.follows == stories.c.id, stories.c.merged_into == stories.c.id)
    yield Rule("no story follows itself or was merged into itself", _broken(stories, itself))
    yield Rule("no story ends before it begins", _broken(stories, stories.c.last_seen < stories.c.first_seen))
    drawn = select(func.coalesce(func.max(counters.c.value), 0)).where(counters.c.name == COUNTER).scalar_subquery()
    yield Rule("no story was changed later than the last change", _broken(stories, stories.c.touched > drawn))
    other = exists().where(entries.c.id == aliases.c.entry_id, entries.c.feed_id != aliases.c.feed_id)
    yield Rule("each name of an entry belongs to the entry's feed", _broken(aliases, other))


def _feeds() -> Iterator[Rule]:
    half = feeds.c.claimed_by.is_(None) != feeds.c.claimed_until.is_(None)
    yield Rule("each feed that somebody reads says until when", _broken(feeds, half))
    half = hosts.c.turn_by.is_(None) != hosts.c.turn_until.is_(None)
    yield Rule("each host that somebody asks says until when", _broken(hosts, half))
    fewer = feeds.c.failures < 0
    yield Rule("no feed failed less than never", _broken(feeds, fewer))
