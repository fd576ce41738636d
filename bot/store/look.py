"""A look at a database beside whoever works with it: what stands there, of which version, with how much room.

It takes no lock, makes nothing and upgrades nothing; where there is no database yet it says so.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from bot.errors import StoreError
from bot.store import sqlite
from bot.store.engine import address, engine_for, file_of, name_of, sentences
from bot.store.offset import ahead
from bot.store.upgrade import revisions

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

BUSY = 5.0
"""Seconds to wait for another program's lock."""


@dataclass(frozen=True, slots=True)
class Look:
    """What stands at an address. `present` and `newest` are versions of the tables: those there ("" for none) and this
    program's. `size` of the database and `free` room beside it are in bytes, None for one on a server; `held` says
    whether another Tocsin has the file; `ahead` is how many seconds a server's clock is ahead of ours."""

    name: str
    present: str = ""
    newest: str = ""
    size: int | None = None
    free: int | None = None
    held: bool = False
    ahead: float = 0.0


def look(url: str, *, thorough: bool = True) -> Look:
    """The database at `url`; `thorough` lets SQLite read through the whole file. Raises StoreError where it cannot be
    used, as a sentence."""
    where = address(url)
    file = file_of(where)
    if file is not None and not _has_content(file):
        return _not_yet(file, name_of(where))
    with glancing(url) as c:
        if file is not None and thorough:
            sqlite.check(c, name_of(where))
        present, newest = revisions(c)
        if file is None:
            return Look(name_of(where), present, newest, ahead=ahead(c, _now).total_seconds())
    size = sum(each.stat().st_size for each in (file, Path(f"{file}-wal")) if each.exists())
    return Look(name_of(where), present, newest, size, shutil.disk_usage(file.parent).free, held=_is_held(file))


def glance(
    url: str,
    work: Callable[Concatenate[Connection, Parameters], Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    """`work(connection, …)`, which must only read. Raises StoreError, and what `work` raises."""
    with glancing(url) as c:
        return work(c, *args, **kwargs)


@contextmanager
def glancing(url: str) -> Iterator[Connection]:
    """A connection for reading; errors of the database inside the block are StoreErrors."""
    where = address(url)
    file = file_of(where)
    if file is not None:
        if not _has_content(file):
            raise StoreError(f"There is no database at {file} yet; `tocsin run` or `tocsin db upgrade` makes it.")
        sqlite.prepare(file)
    engine = engine_for(where, busy=BUSY, connections=1)
    try:
        with sentences(where), engine.begin() as c:
            if file is not None:
                c.exec_driver_sql("PRAGMA query_only=ON")
            yield c
    finally:
        engine.dispose()


def _not_yet(file: Path, name: str) -> Look:
    """Where the database will be made: the nearest folder that is there has to take it."""
    folder = next(each for each in file.absolute().parents if each.exists())
    if not folder.is_dir() or not sqlite.may_write(folder):
        raise StoreError(sqlite.read_only(name))
    return Look(name, size=0, free=shutil.disk_usage(folder).free)


def _has_content(file: Path) -> bool:
    """False for what SQLite would take for a new database."""
    try:
        return file.is_dir() or file.stat().st_size > 0
    except OSError:
        return False


def _is_held(file: Path) -> bool:
    """Asks the lock beside the file for a moment, if there ever was one."""
    lock = Path(f"{file.resolve()}.lock")
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # it is another's, whose rights are not ours
        return True


def _now() -> datetime:
    return datetime.now(UTC)
