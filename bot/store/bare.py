"""A database as it stands, for those who look at it as a whole: not locked, not checked, not brought up to date.

It never makes one that is not there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from bot.errors import StoreError
from bot.store import sqlite
from bot.store.engine import address, engine_for, file_of, name_of, sentences
from bot.store.transactions import reading


@contextmanager
def existing(url: str, *, busy: float = 30.0) -> Iterator[Engine]:
    """An engine on the database at `url`, which is waited for for `busy` seconds where another program holds it.

    Inside, too, what the driver says of the database becomes a StoreError.
    """
    where = address(url)
    file = file_of(where)
    if file:
        with sqlite.reached(file):
            if not file.exists():
                raise StoreError(f"There is no database {file}; check the path, or make one with `tocsin db upgrade`.")
        sqlite.prepare(file)
    engine = engine_for(where, busy=busy, connections=2)
    try:
        with sentences(where):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def one_moment(engine: Engine) -> Iterator[Connection]:
    """A transaction for reading, in which everything is as it was at its begin, however long it takes and however long
    nothing is read, as while a copy is compared with what was written."""
    with reading(engine).connect() as connection:
        begun = connection.begin()
        try:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection
        finally:
            begun.rollback()


def name(url: str) -> str:
    """How sentences name the database: its path, or its address without the password."""
    return name_of(address(url))
