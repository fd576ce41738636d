"""The few places where SQLite and PostgreSQL are told apart."""

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> sqlite.Insert:
    """An INSERT that knows ON CONFLICT. PostgreSQL's has the same methods, which is all that callers use."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)


def take_turn(connection: Connection, turn: int) -> None:
    """Waits until no other transaction holds `turn`, until this one ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(0x70C51, turn)))


def has_turn(connection: Connection, turn: int) -> bool:
    """Takes `turn` until this transaction ends, unless another one holds it: then False, without waiting."""
    if has_one_writer(connection):
        return True
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(0x70C51, turn))))


def has_one_writer(connection: Connection) -> bool:
    """Whether no other transaction can write while this one does."""
    return connection.dialect.name == "sqlite"
