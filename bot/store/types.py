"""Column types that behave the same in SQLite and PostgreSQL.

They refuse what one engine would take and the other would not; they know no table.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator

from bot.store.codec import clean


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. A naive one is a bug and raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text of strangers: what UTF-8 or PostgreSQL cannot hold (lone surrogates, NUL) is replaced or dropped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)


class Json(TypeDecorator[Any]):
    """A JSON-able value; None is SQL NULL. See `codec` for values of core."""

    impl = JSON(none_as_null=True)
    cache_ok = True


def row_id() -> BigInteger:
    """A 64-bit row id; SQLite counts up only a plain INTEGER."""
    return BigInteger().with_variant(Integer, "sqlite")
