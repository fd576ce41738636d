"""What PostgreSQL needs: how a connection is set up, what must hold of a database, what its errors mean, and which of
them pass when the same is tried once more.

It knows no table.
"""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError

OLDEST = 13
"""The first version that can take accents from letters."""

CONNECTING: dict[str, Any] = {
    "application_name": "tocsin",
    "connect_timeout": 10,
    # A server that went away without a word is noticed within half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
    # A program that was frozen within a transaction holds its locks no longer than this, in milliseconds: less than the
    # lease of whatever others have to renew meanwhile.
    "options": "-c idle_in_transaction_session_timeout=10000",
}

CONFLICTS = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock: the server undid the transaction so that another one could end."""

AWAY = frozenset({"57P01", "57P02", "57P03", "25P03"})
"""Shut down, crashed, starting up, frozen for too long."""


def check(connection: Connection, name: str) -> None:
    """Raises StoreError unless the server can hold what Tocsin writes."""
    version = int((connection.dialect.server_version_info or (0,))[0])
    if version < OLDEST:
        raise StoreError(f"The server of {name} is PostgreSQL {version}; Tocsin needs {OLDEST} or newer.")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise StoreError(f"The database {name} is kept in {encoding}; make one with ENCODING 'UTF8' for Tocsin.")


def may_pass(error: DBAPIError, *, committing: bool) -> bool:
    """Whether the transaction left nothing behind and may well succeed when it is run once more.

    A connection that was lost while it was `committing` may have committed.
    """
    if _state(error) in CONFLICTS:
        return True
    return _is_away(error) and not committing


def sentence(error: BaseException, name: str) -> str | None:
    """What an error of the driver means for a person, or None if it is not the server's or the operator's affair."""
    state = _state(error)
    said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    meanings = {
        "25006": f"The database {name} is read-only, as a standby is; name the primary one.",
        "42501": f"Tocsin's user of {name} lacks rights there ({said}); make it the owner of the database.",
        "53100": f"The disk that holds the database {name} is full; make room there.",
        "XX001": f"The database {name} is damaged ({said}); put a backup in its place.",
        "XX002": f"The database {name} has a damaged index ({said}); run REINDEX on it, or put a backup in its place.",
    } | dict.fromkeys(CONFLICTS, f"The database {name} is too busy: others change the same rows; try again later.")
    if state in meanings:
        return meanings[state]
    if state[:2] in {"08", "28", "3D", "53", "57", "58"} or _is_away(error):
        return f"The database {name} cannot be used ({said}); check the address and that PostgreSQL runs."
    return None


def _is_away(error: BaseException) -> bool:
    """Whether there was no connection, or it broke: then the driver has no code of the server to show."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    cause = error.orig if isinstance(error, DBAPIError) else error
    nameless = type(cause).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}
    return lost or _state(error) in AWAY or _state(error)[:2] == "08" or (not _state(error) and nameless)


def _state(error: BaseException) -> str:
    """The code of five characters that the server gave, or ""."""
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) or ""
