"""The books: Tocsin's database as somebody else reads it, on either engine, and how time is made to pass in it.

It judges nothing (see oracle).
"""

import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, and_, exists, false, func, or_, select, text, true, update

from bot.store.engine import address, engine_for
from bot.store.schema import (
    alerts,
    articles,
    bulletins,
    channels,
    entries,
    feeds,
    hosts,
    places,
    runners,
    stories,
    subscriptions,
)
from bot.store.types import UtcTime

OUTBOXES = (alerts, bulletins)
BUSY = (
    "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000)"
    " SELECT i FROM n)"
)
LOOKS, LOOK = 4, 0.01
"""So many times, so many seconds apart, a writer is found at work before it counts as slow."""


class Books:
    """The database at `url`, read and written beside Tocsin."""

    def __init__(self, url: str) -> None:
        self.url = address(url)
        self.engine = engine_for(self.url, busy=10, connections=2)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._let_go(), self.engine.execution_options(writes=True).begin() as c:
            yield c

    def rows(self, wanted: Any) -> Sequence[Row[Any]]:
        with self._let_go(), self.engine.begin() as c:
            return c.execute(wanted).all()

    @contextmanager
    def _let_go(self) -> Iterator[None]:
        """Keeps no file open between two uses: whoever opens and closes it elsewhere in this process, as a look at its
        first bytes does, would free every lock that SQLite holds on it (https://sqlite.org/howtocorrupt.html, 2.2).
        """
        try:
            yield
        finally:
            if self.engine.dialect.name == "sqlite":
                self.engine.dispose()

    # -- what is going on

    def guids(self) -> list[str]:
        """Of every entry that is kept, one for each row."""
        return [row.guid for row in self.rows(select(entries.c.guid))]

    def polled(self) -> int:
        """How many feeds were polled at least once."""
        return self.count(feeds, feeds.c.first_polled_at.is_not(None))

    def alerts(self) -> Sequence[Row[Any]]:
        return self.rows(select(alerts).order_by(alerts.c.id))

    def bulletins(self) -> Sequence[Row[Any]]:
        return self.rows(select(bulletins).order_by(bulletins.c.id))

    def subscriptions(self) -> Sequence[Row[Any]]:
        return self.rows(select(subscriptions))

    def told_later(self) -> dict[str, datetime]:
        """The stories with a report that came after the first poll of its feed, which alone are owed, and when the last
        such report came."""
        reported = articles.join(entries, entries.c.id == articles.c.entry_id).join(feeds)
        later = and_(articles.c.story_id.is_not(None), entries.c.first_seen > feeds.c.first_polled_at)
        last = func.max(entries.c.first_seen, type_=entries.c.first_seen.type)
        wanted = select(articles.c.story_id, last).select_from(reported).where(later).group_by(articles.c.story_id)
        return dict(map(tuple, self.rows(wanted)))

    def count(self, table: Table, *conditions: Any) -> int:
        return int(self.rows(select(func.count()).select_from(table).where(*conditions))[0][0])

    def unfinished(self) -> list[str]:
        """Rows in no terminal state that wait for nothing but their turn, and messages that show less than is known."""
        waiting = and_(alerts.c.state == "owed", alerts.c.kind == "digest")
        pending = [
            self.rows(select(box).where(box.c.state.in_(("owed", "sending")), ~waiting if box is alerts else true()))
            for box in OUTBOXES
        ]
        behind = and_(
            alerts.c.state == "sent", alerts.c.kind == "alert", alerts.c.edits_ended.is_(None),
            alerts.c.message_id.is_not(None), alerts.c.shown_revision < stories.c.revision,
            ~exists().where(channels.c.channel_id == alerts.c.channel_id, channels.c.state == "closed"),
        )  # fmt: skip
        edits = self.rows(select(alerts).select_from(alerts.join(stories)).where(behind))
        said = [f"{row.kind} {row.id} is {row.state} ({row.state_reason}, not before {row.not_before})"
                for rows in pending for row in rows]  # fmt: skip
        return said + [f"alert {row.id} is to be edited, not before {row.edit_not_before}" for row in edits]

    def waiting(self) -> int:
        """Rows that wait for a digest."""
        return self.count(alerts, alerts.c.state == "owed", alerts.c.kind == "digest")

    def busy(self, seconds: float) -> bool:
        """Whether anything may move by itself within so many seconds: is being sent, or due by then and not held."""
        soon = datetime.now(UTC) + timedelta(seconds=seconds)
        for box in OUTBOXES:
            shut = exists().where(channels.c.channel_id == box.c.channel_id)
            due = and_(box.c.state == "owed", box.c.not_before <= soon, ~shut)
            held = or_(alerts.c.kind == "digest", alerts.c.held.is_not(None)) if box is alerts else false()
            if self.count(box, or_(box.c.state == "sending", and_(due, ~held))):
                return True
        return False

    def unclear(self, channel_ids: Collection[int]) -> int:
        """Rows for these channels of which it is not known whether their message arrived."""
        half = [
            or_(box.c.state == "sending", and_(box.c.state == "owed", box.c.unclear_since.is_not(None)))
            for box in OUTBOXES
        ]
        theirs = [box.c.channel_id.in_(channel_ids) for box in OUTBOXES]
        return sum(map(self.count, OUTBOXES, half, theirs))

    def attempts(self) -> set[tuple[str, int, int]]:
        """The claims under way: which outbox, row and attempt."""
        return {
            (box.name, row.id, row.attempt)
            for box in OUTBOXES
            for row in self.rows(select(box.c.id, box.c.attempt).where(box.c.state == "sending"))
        }

    # -- time

    def let_pass(self, seconds: float) -> None:
        """Moves what is on its way, leased or at rest so far into the past; nothing of it may run meanwhile."""
        moved = timedelta(seconds=seconds)
        with self._writing() as c:
            for box in OUTBOXES:
                _age(c, box, _times(box), moved, box.c.state.in_(("owed", "sending")))
            for table in (hosts, runners, places, channels):
                _age(c, table, _times(table), moved)
            _age(c, feeds, [feeds.c.claimed_until, feeds.c.due_at], moved)
            c.execute(update(alerts).values(edit_not_before=None))

    def let_a_day_pass(self) -> None:
        """Digests that were told today were told yesterday, so that one is due again."""
        with self._writing() as c:
            told = c.execute(select(bulletins.c.id, bulletins.c.period).where(bulletins.c.kind == "digest")).all()
            for row in sorted(told, key=lambda row: row.period.rpartition("@")[2]):
                owner, at, due = row.period.rpartition("@")
                before = datetime.fromisoformat(due) - timedelta(days=1)
                written = before.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
                c.execute(update(bulletins).where(bulletins.c.id == row.id).values(period=owner + at + written))

    # -- to be met inside a transaction

    def slow_down(self, table: str, event: str) -> None:
        """From now on each such change of `table` takes its transaction about half a second: time to kill it."""
        with self._writing() as c:
            if self.engine.dialect.name == "sqlite":
                c.execute(text(
                    f"CREATE TRIGGER soak_slow AFTER {event} ON {table} BEGIN {BUSY}; END"
                ))  # fmt: skip
            else:
                c.execute(text(
                    "CREATE OR REPLACE FUNCTION soak_slow() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$"
                ))  # fmt: skip
                c.execute(text(
                    f"CREATE TRIGGER soak_slow AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION soak_slow()"
                ))  # fmt: skip

    def speed_up(self, table: str) -> None:
        with self._writing() as c:
            on = "" if self.engine.dialect.name == "sqlite" else f" ON {table}"
            c.execute(text(f"DROP TRIGGER IF EXISTS soak_slow{on}"))

    def slow_writer(self) -> int | None:
        """The port of the client whose transaction is slowed down just now, 0 where that is no server's business."""
        if self.engine.dialect.name != "sqlite":
            asleep = "SELECT client_port FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND client_port > 0"
            found = self.rows(text(asleep))
            return int(found[0][0]) if found else None
        return 0 if all(self._is_locked() for _ in range(LOOKS)) else None

    def _is_locked(self) -> bool:
        """Whether somebody writes; a slow one does so at the next look, too."""
        with closing(sqlite3.connect(self.url.database or "", timeout=0, isolation_level=None)) as raw:
            try:
                raw.execute("BEGIN IMMEDIATE")
                raw.execute("ROLLBACK")
            except sqlite3.OperationalError:
                time.sleep(LOOK)
                return True
        return False


def _times(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if isinstance(column.type, UtcTime)]


def _age(c: Connection, table: Table, times: Sequence[Column[Any]], moved: timedelta, *conditions: Any) -> None:
    """Puts these times of the rows that meet the conditions so much earlier."""
    (key,) = table.primary_key.columns
    for row in c.execute(select(key.label("key"), *times).where(*conditions)).mappings().all():
        earlier = {name: at - moved for name, at in row.items() if isinstance(at, datetime)}
        if earlier:
            c.execute(update(table).where(key == row["key"]).values(**earlier))
