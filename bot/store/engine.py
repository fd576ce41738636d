"""A database address to an engine: which driver, how connections are set up, what errors mean.

It opens no connection by itself and knows no table.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError

from bot.errors import DatabaseLostError, StoreError
from bot.store import postgresql, sqlite

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def address(text: str) -> URL:
    """A plain `sqlite:///path` or `postgresql://…` as an address with our driver. Raises StoreError for others."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StoreError("The database address cannot be read; write sqlite:///path or postgresql://….") from error
    kind = url.drivername.partition("+")[0]
    if kind not in DRIVERS:
        raise StoreError(f"Databases of the kind {kind} are not supported; use sqlite:///path or postgresql://….")
    if kind == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise StoreError("The database needs a file, because everything must outlive a restart; use sqlite:///path.")
    if kind == "sqlite" and url.query:  # some would open another file than the one that is locked
        raise StoreError("The address of an SQLite database takes no options; write sqlite:///path alone.")
    return url.set(drivername=DRIVERS[kind])


def file_of(url: URL) -> Path | None:
    """The file of an SQLite address, else None."""
    return Path(url.database).expanduser() if url.get_backend_name() == "sqlite" and url.database else None


def name_of(url: URL) -> str:
    """How sentences name the database: its path, or its address without the password."""
    file = file_of(url)
    return str(file) if file else url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def engine_for(url: URL, *, busy: float, connections: int) -> Engine:
    """An engine with at most `connections` connections that waits `busy` seconds for another program's lock."""
    file = file_of(url)
    if file:
        engine = create_engine(url.set(database=str(file)), pool_size=connections, max_overflow=0)
        event.listen(engine, "connect", lambda raw, _record: sqlite.pragmas(raw, busy=busy))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = postgresql.CONNECTING | dict(url.query)
    try:
        return create_engine(url, pool_size=connections, max_overflow=0, pool_pre_ping=True, connect_args=options)
    except ImportError as error:
        raise StoreError('PostgreSQL needs its driver; install it with pip install "tocsin[postgres]".') from error


@contextmanager
def sentences(url: URL) -> Iterator[None]:
    """Turns what the driver says about the database (not about our SQL) into a StoreError."""
    try:
        yield
    except (DBAPIError, sqlite3.DatabaseError) as error:
        if file_of(url) and isinstance(error, IntegrityError | ProgrammingError):
            raise
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        meaning = (sqlite if file_of(url) else postgresql).sentence(cause, name_of(url))
        if meaning is None and isinstance(error, ProgrammingError) and error.statement is None:
            said = str(cause).strip()
            meaning = f"The address of the database {name_of(url)} cannot be used ({said}); check its options."
        if meaning is None:
            raise
        if file_of(url) and sqlite.is_beyond_use(cause):
            raise DatabaseLostError(meaning) from error
        raise StoreError(meaning) from error


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its turn at once, because upgrading a reader's transaction can fail half-way."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
