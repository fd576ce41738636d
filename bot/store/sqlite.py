"""What an SQLite file needs before and at each connection: its folder, its lock, its pragmas, its first check, and to
stand where it stood.

It says in one sentence why a file cannot be used; it knows no table.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from bot.errors import DatabaseLostError, InUseError, StoreError

HEADER = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Standing:
    """Which file stands at a path, and which write-ahead log beside it, by device and number.

    The system lets a program write on into a file that was deleted or renamed, and nobody finds it afterwards.
    """

    path: Path
    file: tuple[int, int] | None
    log: tuple[int, int] | None

    @classmethod
    def of(cls, path: Path) -> "Standing":
        """What stands there now, while a connection is open: the log goes with the last one."""
        real = path.resolve()
        return cls(path, _number(real), _number(Path(f"{real}-wal")))

    def check(self) -> None:
        """Raises DatabaseLostError unless the same files stand there still."""
        now = Standing.of(self.path)
        if self.file != now.file:
            raise DatabaseLostError(_lost(self.path, "deleted or moved" if now.file is None else "replaced"))
        if self.log is not None and self.log != now.log:
            raise DatabaseLostError(_lost(self.path, "parted from its write-ahead log"))


@contextmanager
def reached(path: Path) -> Iterator[None]:
    """Says in a sentence what the system says against a look at `path`: that a folder is closed to us, say."""
    try:
        yield
    except OSError as error:
        raise StoreError(_no_access(path, error)) from error


def prepare(path: Path) -> None:
    """Makes the folder of `path`. Raises StoreError where no usable database can stand there."""
    with reached(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreError(f"The database {path} is a folder; name a file in it, such as {path / 'tocsin.db'}.")
        _check_header(path)
        if is_of_another_program(path):
            raise StoreError(foreign(str(path)))
    if not may_write(path.parent) or (path.exists() and not may_write(path)):
        raise StoreError(read_only(str(path)))


def lock(path: Path) -> FileLock:
    """Takes the lock file beside the database, which the system frees when this process ends, however it ends.

    Beside the file itself, by whatever link it is reached.
    """
    beside = FileLock(f"{path.resolve()}.lock", timeout=0, thread_local=False)
    try:
        beside.acquire()
    except Timeout as error:
        raise InUseError(
            f"The database {path} is in use by another Tocsin; stop that one first, or name another with --database."
        ) from error
    except OSError as error:
        raise StoreError(_no_access(path, error)) from error
    return beside


def pragmas(connection: sqlite3.Connection, *, busy: float) -> None:
    """Sets up a fresh connection; we begin transactions ourselves. `busy` in seconds."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={int(busy * 1000)}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def check(connection: Connection, name: str) -> None:
    """Raises DatabaseLostError if SQLite finds the file damaged. It does not compare indexes with their tables."""
    problems = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    if problems != ["ok"]:
        raise DatabaseLostError(damaged(name))


def is_beyond_use(error: BaseException) -> bool:
    """Whether an error of the driver says that the file is no database of ours any more."""
    return any(words in str(error).lower() for words in ("malformed", "not a database"))


def sentence(error: BaseException, name: str) -> str | None:
    """What an error of the driver means for a person, or None if it is not the file's fault."""
    text = str(error).lower()
    meanings: dict[str, Any] = {
        "database is locked": f"The database {name} is locked by another program; close it and try again.",
        "readonly": read_only(name),
        "not a database": f"The file {name} is not a database; name another with --database, or move it away.",
        "malformed": damaged(name),
        "disk is full": f"The disk that holds the database {name} is full; make room there.",
        "disk i/o error": f"The database {name} cannot be read or written; check its disk and that nobody replaced it.",
        "unable to open": f"The database {name} cannot be opened; check that its folder exists and may be written.",
    }
    return next((meaning for words, meaning in meanings.items() if words in text), None)


def read_only(name: str) -> str:
    return f"The database {name} or its folder is read-only; allow Tocsin to write there, or name another file."


def foreign(name: str) -> str:
    return f"The database {name} belongs to another program; name another one for Tocsin."


def damaged(name: str) -> str:
    return (
        f"The database {name} is damaged; put a backup in its place (tocsin db restore), or move it away to start anew."
    )


def _number(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _lost(path: Path, what: str) -> str:
    return f"The database {path} was {what} while Tocsin worked with it; put the right one there and start again."


def may_write(path: Path) -> bool:
    """Whether this program may write there: asked beforehand, because SQLite opens a file that it may not write without
    a word."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def is_of_another_program(path: Path) -> bool:
    """Whether there are tables and none of ours. Looks without a trace: to open a file the usual way already turns it
    into one with a write-ahead log."""
    if not path.exists():
        return False
    tables = _tables(path)
    return bool(tables) and "alembic_version" not in tables


def refuse_other_files(path: Path) -> None:
    """Raises StoreError unless a database of Tocsin stands at `path`, damaged or not."""
    with reached(path):
        if not path.is_file():
            raise StoreError(f"There is no file {path}; check the path.")
        _check_header(path)
        if not path.stat().st_size or is_of_another_program(path):
            raise StoreError(f"The file {path} is no database of Tocsin's; name one that `tocsin db backup` made.")


def _tables(path: Path) -> set[str]:
    """The names of the tables in a file; none if it cannot be read."""
    with (
        suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as look,
    ):
        return {name for (name,) in look.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return set()


def _check_header(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as file:
        start = file.read(len(HEADER))
    if start and start != HEADER:
        raise StoreError(f"The file {path} is not a database; name another with --database, or move it away.")


def _no_access(path: Path, error: OSError) -> str:
    return f"The database {path} cannot be reached ({error.strerror}); check its folder and the rights on it."
