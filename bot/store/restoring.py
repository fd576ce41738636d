"""Puts a backup in the place of the database, where no Tocsin works with it.

The backup is checked and brought up to date first, what it replaces in a file is kept beside, and the database knows
from then on that it was restored (see aftermath).
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.errors import StoreError
from bot.store import aftermath, copying, sqlite
from bot.store.backup import (
    Progress,
    all_of,
    alone,
    belong_like,
    copy_file,
    nobody,
    part_of,
    refuse_damaged,
    settle_log,
    sync,
)
from bot.store.bare import name
from bot.store.engine import address, engine_for, file_of, sentences
from bot.store.upgrade import upgrade


@dataclass(frozen=True, slots=True)
class Restored:
    """How the database is named, and where the file is kept that stood there before, if there was one."""

    name: str
    kept: Path | None = None


def restore(url: str, backup: Path, *, now: datetime, told: Progress = nobody) -> Restored:
    """Makes the database at `url` what the backup holds. Raises StoreError, and then it is what it was."""
    path = file_of(address(url))
    sqlite.refuse_other_files(backup)
    if path is None:
        with TemporaryDirectory() as folder:
            ready = _made_ready(backup, Path(folder) / "backup.db", now)
            copying.copy(f"sqlite:///{ready}", url, now=now, force=True, told=told)
        return Restored(name(url))
    with sqlite.reached(path):
        _refuse_place(path, backup)
        path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite.lock(path), part_of(path) as part:
        _made_ready(backup, part, now, told)
        belong_like(part, path if path.exists() else backup)
        return Restored(str(path), _swap(path.resolve(), part, now))


def _refuse_place(path: Path, backup: Path) -> None:
    """What is damaged may be replaced; a database of another program may not."""
    if path.exists() and backup.samefile(path):
        raise StoreError(f"{backup} is the database itself; name a backup.")
    if path.is_dir() or sqlite.is_of_another_program(path):
        raise StoreError(sqlite.foreign(str(path)))


def _made_ready(backup: Path, part: Path, now: datetime, told: Progress = nobody) -> Path:
    """A copy of the backup, checked, brought up to date, that knows that it is one."""
    copy_file(backup, part, told)
    refuse_damaged(part, str(backup))
    where = address(f"sqlite:///{part}")
    engine = engine_for(where, busy=1, connections=1)
    try:
        with sentences(where), engine.execution_options(writes=True).begin() as connection:
            upgrade(connection, str(backup))
            aftermath.begin(connection, now)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(part)) as raw:
        alone(raw)
    sync(part)
    return part


def _swap(path: Path, part: Path, now: datetime) -> Path | None:
    """There is a database at `path` at every moment. A log beside it is the old one's and must not meet the new."""
    kept = path.with_name(f"{path.name}.replaced-{now:%Y%m%dT%H%M%SZ}")
    there = path.exists()
    if there:
        settle_log(path)
        for mine, old in zip(all_of(path)[1:], all_of(kept)[1:], strict=True):
            if mine.exists():
                mine.rename(old)
        _link(path, kept)
    try:
        part.replace(path)
    except OSError:
        if path.exists():
            kept.unlink(missing_ok=True)
        raise
    sync(path.parent)
    return kept if there else None


def _link(path: Path, kept: Path) -> None:
    try:
        kept.hardlink_to(path)
    except OSError:  # a file system without links; for a moment there is no database
        path.rename(kept)
