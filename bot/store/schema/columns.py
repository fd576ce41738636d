"""What the tables have in common: how their constraints are named, and how far a message has come."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    Table,
    false,
    literal_column,
    text,
)

from bot.store.types import UtcTime, Words

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)
PENDING = "state IN ('owed', 'sending')"


def way_out() -> tuple[Column[Any], ...]:
    """How far a message of an outbox has come: what claiming, sending and settling read and write."""
    return (
        Column("nonce", Words, nullable=False, unique=True),
        Column("state", Words, nullable=False, server_default="owed"),
        Column("state_reason", Words),
        Column("owed_at", UtcTime, nullable=False),
        Column("not_before", UtcTime, nullable=False),
        Column("attempt", Integer, nullable=False, server_default="0"),
        Column("claimed_at", UtcTime),
        Column("lease_until", UtcTime),
        Column("unclear_since", UtcTime),  # when the first attempt began of which we do not know whether it arrived
        Column("minimal", Boolean, nullable=False, server_default=false()),
        Column("settled_at", UtcTime),
        Column("message_id", BigInteger),
    )


def index_where(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that meet the condition alone, in either database."""
    return Index(name, *columns, unique=unique, sqlite_where=text(condition), postgresql_where=text(condition))


def pending(outbox: Table) -> ColumnElement[bool]:
    """Whether a row of the outbox is not settled: spelt out as its partial index has it, which SQLite does not use for
    a condition with parameters."""
    return outbox.c.state.in_([literal_column("'owed'"), literal_column("'sending'")])
