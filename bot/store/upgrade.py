"""Brings the tables to the shape that this program knows, in one transaction.

The only home of alembic. It never steps back: a database newer than the program is refused.
"""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.errors import StoreError


def upgrade(connection: Connection, name: str) -> bool:
    """Applies the migrations that are missing; True if there were any. Runs inside the caller's transaction."""
    config = _config(connection)
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_heads()
    if present == tuple(scripts.get_heads()):
        return False
    _refuse_unknown(connection, scripts, present, name)
    command.upgrade(config, "head")
    return True


def refuse_outdated(connection: Connection, name: str) -> None:
    """Raises StoreError unless the tables are those of this program; changes nothing."""
    scripts = ScriptDirectory.from_config(_config(connection))
    if MigrationContext.configure(connection).get_current_heads() != tuple(scripts.get_heads()):
        raise StoreError(f"The Tocsin that uses {name} is of another version than this one; stop it first.")


def revisions(connection: Connection) -> tuple[str, str]:
    """The version of the tables, "" where there are none, and the one that this program knows; changes nothing."""
    newest = ScriptDirectory.from_config(_config(connection)).get_heads()
    return ", ".join(MigrationContext.configure(connection).get_current_heads()), ", ".join(newest)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_unknown(connection: Connection, scripts: ScriptDirectory, present: tuple[str, ...], name: str) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if not set(present) <= known:
        raise StoreError(
            f"The database {name} was written by a newer Tocsin; install that version, or name another database."
        )
    if not present and inspect(connection).get_table_names():
        raise StoreError(f"The database {name} belongs to another program; name another one for Tocsin.")
