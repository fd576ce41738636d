"""Moves everything from one database to another, between the engines in either direction, and compares the two.

Batch by batch, so that memory is bounded. What breaks off leaves nothing behind: PostgreSQL takes all in one
transaction, an SQLite file gets its name only at the end.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    RowMapping,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)  # fmt: skip

from bot.errors import StoreError
from bot.store import runners, sqlite
from bot.store.backup import Progress, alone, belong_like, making, nobody, refuse_target, settle_log, sync
from bot.store.bare import existing, name, one_moment
from bot.store.engine import address, engine_for, file_of, sentences
from bot.store.numbering import go_on_from, last_given
from bot.store.schema import metadata
from bot.store.upgrade import revisions, upgrade

BATCH = 500
ALIVE = timedelta(minutes=2)
"""A program that wrote down that it is there less long ago is taken to run."""

SUM = 2**256
NOT_EMPTY = "The database {name} is not empty; name an empty one, or replace it with --force."


@dataclass(frozen=True, slots=True)
class Print:
    """How many rows a table has, and the sum of their digests: the same whatever the engine and the order."""

    rows: int = 0
    digest: int = 0

    def and_of(self, found: Sequence[RowMapping]) -> "Print":
        """The same with more rows."""
        return Print(self.rows + len(found), (self.digest + sum(map(_digest, found))) % SUM)


def copy(
    source: str, target: str, *, now: datetime, force: bool = False, beside: bool = False, told: Progress = nobody
) -> int:
    """Makes `target` hold exactly what `source` holds; how many rows that is. Both are addresses of databases.

    `force` replaces what `target` holds; `beside` allows that somebody works with `source`, of which one moment is
    copied. Raises StoreError, and then `target` is what it was.
    """
    if address(source) == address(target) or _same_file(source, target):
        raise StoreError("That is one and the same database; name two.")
    with ExitStack() as held:
        there = held.enter_context(existing(source))
        if not beside:
            _hold(source, held)
        old = held.enter_context(one_moment(there))
        _refuse_outdated(old, source)
        if not beside:
            _refuse_runners(old, source, now)
        new = held.enter_context(_target(target, now, force=force))
        return _move(old, new, told)


def fingerprint(c: Connection, table: Table) -> Print:
    """What is compared of a table."""
    found = Print()
    for rows in _batches(c, table):
        found = found.and_of(rows)
    return found


def _move(old: Connection, new: Connection, told: Progress) -> int:
    total = sum(_count(old, table) for table in metadata.sorted_tables)
    done, prints = 0, {}
    for table in metadata.sorted_tables:
        copied = Print()
        for rows in _batches(old, table):
            new.execute(insert(table), [_early(table, row) for row in rows])
            copied = copied.and_of(rows)
            told(done + copied.rows, 2 * total)
        _fill_late(old, new, table)
        prints[table.name] = copied
        done += copied.rows
    go_on_from(new, last_given(old))
    _compare(new, prints, lambda checked: told(total + checked, 2 * total))
    return done


def _compare(new: Connection, prints: Mapping[str, Print], told: Any) -> None:  # noqa: ANN401 - a function of a number
    checked = 0
    for table in metadata.sorted_tables:
        if fingerprint(new, table) != prints[table.name]:
            raise StoreError(
                f"The copy of {table.name} differs from the original, so nothing was kept; please report it."
            )
        checked += prints[table.name].rows
        told(checked)


def _batches(c: Connection, table: Table) -> Iterator[Sequence[RowMapping]]:
    streaming = c.execution_options(stream_results=True, max_row_buffer=BATCH)
    yield from streaming.execute(select(table)).mappings().partitions(BATCH)


def _late(table: Table) -> list[Column[Any]]:
    """Columns that point to rows of the same table, which may not be there yet."""
    return [column for column in table.columns for key in column.foreign_keys if key.column.table is table]


def _early(table: Table, row: RowMapping) -> dict[str, Any]:
    return dict(row) | {column.name: None for column in _late(table)}


def _fill_late(old: Connection, new: Connection, table: Table) -> None:
    for column in _late(table):
        wanted = select(table.c.id.label("row_id"), column.label("points_to")).where(column.is_not(None))
        by_id = update(table).where(table.c.id == bindparam("row_id")).values({column.name: bindparam("points_to")})
        for rows in old.execute(wanted).mappings().partitions(BATCH):
            new.execute(by_id, [dict(row) for row in rows])


def _digest(row: RowMapping) -> int:
    plain = json.dumps(list(row.values()), sort_keys=True, default=datetime.isoformat)
    return int.from_bytes(sha256(plain.encode()).digest())


def _count(c: Connection, table: Table) -> int:
    return c.scalar(select(func.count()).select_from(table)) or 0


# -- Where it may come from and go to


@contextmanager
def _target(url: str, now: datetime, *, force: bool) -> Iterator[Connection]:
    """A transaction on empty tables; `target` changes only where the block ends well."""
    file = file_of(address(url))
    with ExitStack() as held:
        if file is None:
            engine = held.enter_context(existing(url))
        else:
            engine = held.enter_context(_new_file(file, held, force=force))
        with engine.execution_options(writes=True).begin() as new:
            upgrade(new, name(url))
            if file is None:
                _refuse_runners(new, url, now)
                _empty(new, url, force=force)
            yield new


@contextmanager
def _new_file(file: Path, held: ExitStack, *, force: bool) -> Iterator[Engine]:
    """An engine on a file that takes the place of `file` in the end."""
    sqlite.prepare(file)
    held.enter_context(sqlite.lock(file))
    if force:
        settle_log(file)
    elif _holds_anything(file):
        raise StoreError(NOT_EMPTY.format(name=file))
    refuse_target(file, force=True)
    part = held.enter_context(making(file))
    where = address(f"sqlite:///{part}")
    engine = engine_for(where, busy=1, connections=1)
    try:
        with sentences(where):
            yield engine
    finally:
        engine.dispose()
    with closing(sqlite3.connect(part)) as raw:
        alone(raw)
    if file.exists():
        belong_like(part, file)
    sync(part)


def _holds_anything(file: Path) -> bool:
    """Whether there are rows in a file, or what cannot be read."""
    if not file.exists() or not file.stat().st_size:
        return False
    with existing(f"sqlite:///{file}") as engine, one_moment(engine) as c:
        _refuse_outdated(c, f"sqlite:///{file}")
        return any(_count(c, table) for table in metadata.sorted_tables)


def _empty(new: Connection, url: str, *, force: bool) -> None:
    if not any(_count(new, table) for table in metadata.sorted_tables):
        return
    if not force:
        raise StoreError(NOT_EMPTY.format(name=name(url)))
    names = ", ".join(table.name for table in metadata.sorted_tables)
    new.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


def _hold(url: str, held: ExitStack) -> None:
    """Keeps an SQLite file from being worked with meanwhile."""
    file = file_of(address(url))
    if file is not None:
        held.enter_context(sqlite.lock(file))


def _refuse_runners(c: Connection, url: str, now: datetime) -> None:
    if c.dialect.name == "sqlite":
        return  # the lock says it
    alive = runners.listed(c, now - ALIVE)
    if alive:
        where = ", ".join(f"{each.machine} (process {each.pid})" for each in alive)
        raise StoreError(
            f"Tocsin works with the database {name(url)} on {where}; stop it, wait two minutes, try again."
        )


def _refuse_outdated(c: Connection, url: str) -> None:
    present, wanted = revisions(c)
    if present != wanted:
        raise StoreError(f"The database {name(url)} is of another version; run `tocsin db upgrade` on it first.")


def _same_file(source: str, target: str) -> bool:
    one, other = file_of(address(source)), file_of(address(target))
    return one is not None and other is not None and one.resolve() == other.resolve()
