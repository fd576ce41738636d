"""Brings the tables to the shape that this program knows, in one transaction, one program at a time.

The only home of alembic, which is loaded only where there is something to do. It never steps back: a database newer
than the program is refused.
"""

import pkgutil

from sqlalchemy import Connection, column, inspect, select, table

from bot.errors import DatabaseLostError, StoreError
from bot.store.dialect import take_turn
from bot.store.migrations import versions

UPGRADING = 7
"""The turn that is taken to upgrade."""


def upgrade(connection: Connection, name: str) -> bool:
    """Applies the migrations that are missing; True if there were any. Runs inside the caller's transaction."""
    if _present(connection) == {_newest()}:
        return False
    take_turn(connection, UPGRADING)
    present = _present(connection)
    if present == {_newest()}:  # another program was quicker
        return False
    _refuse_unknown(connection, present, name)
    _apply(connection)
    return True


def refuse_outdated(connection: Connection, name: str) -> None:
    """Raises StoreError unless the tables are those of this program; changes nothing."""
    if _present(connection) != {_newest()}:
        raise StoreError(f"The Tocsin that uses {name} is of another version than this one; stop it first.")


def refuse_changed(connection: Connection, name: str) -> None:
    """Raises DatabaseLostError once a newer program has changed the tables that this one opened; changes nothing."""
    if not _present(connection) <= set(known()):
        raise DatabaseLostError(
            f"The database {name} was upgraded by a newer Tocsin meanwhile; install that version here as well."
        )


def revisions(connection: Connection) -> tuple[str, str]:
    """The version of the tables, "" where there are none, and the one that this program knows; changes nothing."""
    return ", ".join(sorted(_present(connection))), _newest()


def known() -> list[str]:
    """The versions that this program knows, by the names of their files, the newest last."""
    return sorted(module.name[1:5] for module in pkgutil.iter_modules(versions.__path__))


def _newest() -> str:
    return known()[-1]


def _present(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(select(table("alembic_version", column("version_num")).c.version_num)))


def _apply(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_unknown(connection: Connection, present: set[str], name: str) -> None:
    if not present <= set(known()):
        raise StoreError(
            f"The database {name} was written by a newer Tocsin; install that version, or name another database."
        )
    if not present and inspect(connection).get_table_names():
        raise StoreError(f"The database {name} belongs to another program; name another one for Tocsin.")
