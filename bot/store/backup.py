"""Backups of an SQLite database, made beside a bot that works on.

Each is one file that stands for itself, whole and checked before it gets its name. It knows no table; how one is put
back stands in restoring.
"""

import glob
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bot.errors import StoreError
from bot.store import sqlite
from bot.store.engine import address, file_of

PAGES = 1024
"""Pages that are copied in one step, after which progress is told: 4 MB."""

Progress = Callable[[int, int], object]
"""Is told how much of how much is done."""


def nobody(done: int, of: int) -> None:
    """For those who want to hear of no progress."""


def back_up(url: str, to: Path, *, force: bool = False, told: Progress = nobody) -> None:
    """Writes the SQLite database at `url`, as it is at one moment, into the file `to`; `force` replaces a file.

    Readers and the writer go on meanwhile: what they do is in the write-ahead log, which the copy does not follow.
    Raises StoreError.
    """
    source = file_of(address(url))
    if source is None:
        raise StoreError("That is no SQLite database; use `tocsin db copy`, or PostgreSQL's own pg_dump.")
    sqlite.refuse_other_files(source)
    refuse_target(to, source, force=force)
    with making(to) as part:
        copy_file(source, part, told)
        refuse_damaged(part, str(source))
        belong_like(part, source)


def refuse_target(to: Path, source: Path | None = None, *, force: bool) -> None:
    """Raises StoreError where nothing may be written to `to`."""
    with sqlite.reached(to):
        if to.is_dir() or not to.absolute().parent.is_dir():
            raise StoreError(f"{to} cannot be written; name a file in a folder that is there.")
        if source is not None and to.exists() and to.samefile(source):
            raise StoreError(f"{to} is the database itself; name another file.")
        if Path(f"{to.resolve()}-wal").exists():
            raise StoreError(f"{to} is a database that is in use; name another file.")
        if to.exists() and not force:
            raise StoreError(f"{to} is there already; name another file, or replace it with --force.")


@contextmanager
def making(to: Path) -> Iterator[Path]:
    """A name beside `to` for what is being written; it becomes `to` where the block ends well, else it goes."""
    with part_of(to) as part:
        yield part
        part.replace(to.resolve())
        sync(part.parent)


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """A file beside `path` for what is being written, which nobody else may read; afterwards nothing stands there."""
    part = path.resolve().with_name(f"{path.name}.{os.getpid()}.part")
    _clear(part, path.name)
    try:
        part.touch(mode=0o600)
        yield part
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}); make room or name another file.") from error
    finally:
        for name in all_of(part):
            name.unlink(missing_ok=True)


def _clear(part: Path, name: str) -> None:
    """Takes away what those left who were killed while they wrote."""
    for left in part.parent.glob(f"{glob.escape(name)}.*.part*"):
        number = left.name.removeprefix(f"{name}.").partition(".")[0]
        if number.isdecimal() and not _runs(int(number)):
            left.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid != os.getpid()


def copy_file(source: Path, part: Path, told: Progress = nobody) -> None:
    """Copies a database. The transaction for reading keeps one moment, so that a busy writer does not make the copy
    begin anew with each commit."""
    try:
        with (
            closing(sqlite3.connect(source, isolation_level=None, timeout=30)) as there,
            closing(sqlite3.connect(part, isolation_level=None)) as here,
        ):
            there.execute("BEGIN")
            there.execute("SELECT count(*) FROM sqlite_master").fetchone()
            there.backup(here, pages=PAGES, progress=lambda _, left, total: told(total - left, total))
            there.execute("COMMIT")
            alone(here)
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise StoreError(
                f"The disk has no room for a copy of {source}; make room, or name another disk."
            ) from error
        raise StoreError(sqlite.sentence(error, str(source)) or f"{source} cannot be copied ({error}).") from error
    sync(part)


def alone(raw: sqlite3.Connection) -> None:
    """Makes a database one file that needs no other beside it."""
    raw.execute("PRAGMA journal_mode=DELETE").close()


def refuse_damaged(part: Path, name: str) -> None:
    """Raises StoreError unless every page of a copy of `name` is sound."""
    whole = False
    with closing(sqlite3.connect(part)) as copied, suppress(sqlite3.DatabaseError):
        whole = copied.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
    if not whole:
        raise StoreError(f"{name} is damaged, so nothing was done; `tocsin db check` tells more.")


def belong_like(part: Path, other: Path) -> None:
    """Gives a file the rights of another, and its owner as far as the system lets us."""
    as_it_is = other.stat()
    with suppress(PermissionError):
        os.chown(part, as_it_is.st_uid, as_it_is.st_gid)
    part.chmod(as_it_is.st_mode & 0o777)


def settle_log(path: Path) -> None:
    """Lets SQLite put a log that was left behind into its file and take it away, which it does if the file is sound.

    Nobody else may work with it.
    """
    if path.exists():
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as left:
            left.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def all_of(path: Path) -> tuple[Path, ...]:
    """A database and what SQLite keeps beside it."""
    return tuple(Path(f"{path}{end}") for end in ("", "-wal", "-shm", "-journal"))


def sync(path: Path) -> None:
    """Has the system write a file, or the names in a folder, to the disk."""
    with suppress(PermissionError):  # some systems open no folders
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
