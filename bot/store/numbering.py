"""The numbers that a database gives to new rows: how far each table has come, read and set on either engine.

Ids of rows that are gone are not given again where a table promises it, so the number may be beyond the highest id.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, Table, func, select, text

from bot.store.schema import metadata


def numbered() -> Iterator[Table]:
    """The tables whose rows the database numbers."""
    return (table for table in metadata.sorted_tables if table.autoincrement_column is not None)


def highest_ids(c: Connection) -> Mapping[str, int]:
    """The highest id in each numbered table, 0 for none."""
    return {table.name: c.scalar(select(func.max(table.c.id))) or 0 for table in numbered()}


def last_given(c: Connection) -> Mapping[str, int]:
    """The last number given in each numbered table, 0 for none. Tables without a memory of it are left out."""
    if c.dialect.name == "sqlite":
        known = {row.name: int(row.seq) for row in c.execute(text("SELECT name, seq FROM sqlite_sequence"))}
        return {table.name: known.get(table.name, 0) for table in numbered() if _remembers(table)}
    return {table.name: _drawn(c, table) for table in numbered()}


def go_on_from(c: Connection, last: Mapping[str, int]) -> None:
    """Makes the next number of each table one beyond the highest id and beyond `last`."""
    for name, id in highest_ids(c).items():
        number = max(id, last.get(name, 0))
        if c.dialect.name != "sqlite":
            following = {"of": _sequence_of(name), "number": max(number, 1), "used": number > 0}
            c.execute(text("SELECT setval(:of, :number, :used)"), following)
        elif _remembers(metadata.tables[name]):
            c.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
            c.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), {"name": name, "seq": number}
            )


def _remembers(table: Table) -> bool:
    return bool(table.dialect_options["sqlite"]["autoincrement"])


def _drawn(c: Connection, table: Table) -> int:
    row = c.execute(text(f"SELECT last_value, is_called FROM {_sequence_of(table.name)}")).one()  # noqa: S608
    return int(row.last_value) if row.is_called else 0


def _sequence_of(name: str) -> str:
    """As PostgreSQL names the sequence of a BIGSERIAL column `id`."""
    return f"{name}_id_seq"
