"""`tocsin db backup` and `restore`: one moment of a database in one file, beside a bot that works; and back again."""

import asyncio
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import Store, feeds
from bot.store.backup import back_up, refuse_target
from bot.store.bare import existing, one_moment
from bot.store.copying import Print, copy, fingerprint
from bot.store.look import look
from bot.store.restoring import restore
from bot.store.schema import metadata
from tests.builders import NOON, a_feed
from tests.command import ROOT, call
from tests.disks import small_disk
from tests.filled import a_filled_database, fill
from tests.test_integrity import damage, found

LATER = NOON + timedelta(days=1)
KILLED = """
import asyncio, os, signal, sys
from bot.store import Store, feeds
from tests.builders import NOON, a_feed
async def main():
    async with Store.open(sys.argv[1]) as store:
        await store.write(feeds.add, a_feed("https://late.example/feed"), NOON)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await a_filled_database(tmp_path)


def prints(url: str) -> dict[str, Print]:
    """What each table holds."""
    with existing(url) as engine, one_moment(engine) as c:
        return {table.name: fingerprint(c, table) for table in metadata.sorted_tables}


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def grown(url: str, megabytes: int) -> None:
    """Makes a database so long that it is copied in several steps."""
    async with Store.open(url) as store:
        for number in range(megabytes):
            await store.write(feeds.add, a_feed(f"https://long.example/{number}", name="n" * 1_000_000), NOON)


async def test_a_backup_beside_a_bot_holds_everything_and_is_one_sound_file(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "backups" / "copy.db"
    copied.parent.mkdir()
    async with Store.open(url):
        ended = call(capsys, "db", "backup", str(copied), "--database", url)
    size = copied.stat().st_size / 1e6
    path = tmp_path / "tocsin.db"
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"The database {path} is backed up in {copied} ({size:.1f} MB).\n"
    assert names(copied.parent) == ["copy.db"]
    assert prints(f"sqlite:///{copied}") == prints(url)
    assert not [each for each in found(f"sqlite:///{copied}") if each.count]


async def test_a_writer_goes_on_during_a_backup_which_holds_the_moment_of_its_begin(url: str, tmp_path: Path) -> None:
    await grown(url, 12)
    before, written = prints(url), 0
    with closing(sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None, timeout=0)) as other:

        def write(done: int, of: int) -> None:
            nonlocal written
            written += 1
            assert written < 100, "it begins anew with each commit"
            other.execute("UPDATE feeds SET name = ? WHERE id = 1", [str(written)])

        back_up(url, tmp_path / "copy.db", told=write)
    assert written >= 3
    assert prints(f"sqlite:///{tmp_path / 'copy.db'}") == before


async def test_a_backup_replaces_nothing_unless_it_is_told_to(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "copy.db").write_text("last week's")
    ended = call(capsys, "db", "backup", str(tmp_path / "copy.db"), "--database", url)
    assert (ended.code, (tmp_path / "copy.db").read_text()) == (1, "last week's")
    assert "is there already; name another file, or replace it with --force." in ended.sentence
    assert call(capsys, "db", "backup", str(tmp_path / "copy.db"), "--force", "--database", url).code == 0
    assert prints(f"sqlite:///{tmp_path / 'copy.db'}") == prints(url)


async def test_what_cannot_be_backed_up_or_written_is_refused_and_nothing_is_left(url: str, tmp_path: Path) -> None:
    async with Store.open(f"sqlite:///{tmp_path / 'busy.db'}"):
        for name, words in (
            ("tocsin.db", "is the database itself"),
            ("busy.db", "is a database that is in use"),
            ("none/copy.db", "name a file in a folder that is there"),
            (".", "name a file in a folder that is there"),
        ):
            with pytest.raises(StoreError, match=words):
                back_up(url, tmp_path / name, force=True)
    there = names(tmp_path)
    damage(tmp_path / "tocsin.db", "deliveries")
    with pytest.raises(StoreError, match=r"is damaged, so nothing was done"):
        back_up(url, tmp_path / "copy.db")
    with pytest.raises(StoreError, match="There is no file"):
        back_up(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "copy.db")
    assert set(names(tmp_path)) <= set(there)


async def test_a_backup_that_breaks_off_or_finds_no_room_leaves_nothing(url: str, tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(url, tmp_path / "copy.db", told=stop)
    assert not list(tmp_path.glob("copy.db*"))
    with small_disk(tmp_path / "disk", megabytes=1, or_limit=True) as disk:
        disk.fill(leave=50_000)
        with pytest.raises(StoreError, match=r"has no room for a copy|cannot be"):
            back_up(url, disk.folder / "copy.db")
        assert not list(disk.folder.glob("copy.db*"))


async def test_a_backup_is_put_back_and_what_it_replaces_is_kept(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied, path = tmp_path / "copy.db", tmp_path / "tocsin.db"
    back_up(url, copied)
    async with Store.open(url) as store:
        await store.write(feeds.remove, "https://one.example/feed")
    late = prints(url)
    ended = call(capsys, "db", "restore", str(copied), "--database", url)
    (kept,) = tmp_path.glob("tocsin.db.replaced-*")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (f"The database {path} is what {copied} holds. What stood there before is kept in {kept}.\n")
    assert names(tmp_path) == ["copy.db", "tocsin.db", "tocsin.db.lock", kept.name]
    assert unmarked(prints(url)) == unmarked(prints(f"sqlite:///{copied}"))
    assert prints(f"sqlite:///{kept}") == late
    async with Store.open(url) as store:
        assert "https://one.example/feed" in {each.feed.url for each in await store.read(feeds.listed)}


def unmarked(found: dict[str, Print]) -> dict[str, Print]:
    """Without what a restored database knows of that: the time, and what may have been sent since."""
    return {name: each for name, each in found.items() if name not in ("counters", "alerts", "bulletins")}


async def test_the_log_of_a_bot_that_was_killed_does_not_get_into_what_is_restored(url: str, tmp_path: Path) -> None:
    back_up(url, tmp_path / "copy.db")
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, url, cwd=ROOT)
    assert await ended.wait() == -9
    assert (tmp_path / "tocsin.db-wal").stat().st_size > 0
    kept = restore(url, tmp_path / "copy.db", now=LATER).kept
    assert not (tmp_path / "tocsin.db-wal").exists()
    assert not [each for each in found(url) if each.count]
    for address, is_there in ((url, False), (f"sqlite:///{kept}", True)):
        async with Store.open(address) as store:
            there = {each.feed.url for each in await store.read(feeds.listed)}
            assert ("https://late.example/feed" in there) == is_there


@pytest.mark.parametrize("what", ["damaged", "no database", "missing"])
async def test_a_backup_takes_the_place_of_whatever_became_of_the_database(url: str, tmp_path: Path, what: str) -> None:
    """Fault 27: corrupted page, and the way back."""
    path = tmp_path / "tocsin.db"
    back_up(url, tmp_path / "copy.db")
    match what:
        case "damaged":
            damage(path, "deliveries")
        case "no database":
            path.write_bytes(b"\0" * 10_000)
        case _:
            path.unlink()
    restored = restore(url, tmp_path / "copy.db", now=LATER)
    assert (restored.kept is None) == (what == "missing")
    async with Store.open(url) as store:
        assert len(await store.read(feeds.listed)) == 2


async def test_what_is_no_sound_backup_or_no_place_for_one_is_refused_and_nothing_changes(
    url: str, tmp_path: Path
) -> None:
    copied, path = tmp_path / "copy.db", tmp_path / "tocsin.db"
    back_up(url, copied)
    async with Store.open(url):
        with pytest.raises(StoreError, match="in use by another Tocsin"):
            restore(url, copied, now=LATER)
    for name, content, words in (
        ("notes.txt", b"These are notes, and long enough to be read as a header.", "is not a database"),
        ("empty.db", b"", "is no database of Tocsin's"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StoreError, match=words):
            restore(url, tmp_path / name, now=LATER)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="There is no file"):
        restore(url, tmp_path / "none.db", now=LATER)
    with pytest.raises(StoreError, match="is the database itself"):
        restore(url, path, now=LATER)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE songs (name)")
    with pytest.raises(StoreError, match="belongs to another program"):
        restore(f"sqlite:///{tmp_path / 'other.db'}", copied, now=LATER)
    with closing(sqlite3.connect(copied)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(StoreError, match="newer Tocsin"):
        restore(url, copied, now=LATER)
    damage(copied, "deliveries")
    with pytest.raises(StoreError, match=r"copy.db is damaged, so nothing was done"):
        restore(url, copied, now=LATER)
    assert path.read_bytes() == before
    assert not [name for name in names(tmp_path) if ".part" in name or ".replaced" in name]


async def test_a_postgresql_database_is_backed_up_into_a_file_and_put_back(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "copy.db"
    async with Store.open(postgres_url) as store:
        await store.write(fill)
        before = prints(postgres_url)
        assert call(capsys, "db", "backup", str(copied), "--database", postgres_url).code == 0
        again = call(capsys, "db", "backup", str(copied), "--database", postgres_url)
        assert "is there already" in again.sentence
        await store.write(feeds.remove, "https://one.example/feed")
    assert prints(f"sqlite:///{copied}") == before
    ended = call(capsys, "db", "restore", str(copied), "--database", postgres_url)
    assert (ended.code, ended.err) == (0, "")
    assert unmarked(prints(postgres_url)) == unmarked(before)


KILLED_WHILE_WRITING = """
import os, pathlib, signal, sys
from datetime import UTC, datetime
from bot.store.backup import back_up, refuse_target
from bot.store.restoring import restore
def kill(done, of):
    os.kill(os.getpid(), signal.SIGKILL)
what, url, file = sys.argv[1:]
if what == "backup":
    back_up(url, pathlib.Path(file), force=True, told=kill)
else:
    restore(url, pathlib.Path(file), now=datetime.now(UTC), told=kill)
"""


@pytest.mark.parametrize("what", ["backup", "restore"])
async def test_a_kill_in_the_middle_changes_nothing_and_what_it_left_goes_with_the_next(
    url: str, tmp_path: Path, what: str
) -> None:
    copied, path = tmp_path / "copy.db", tmp_path / "tocsin.db"
    back_up(url, copied)
    before = copied.read_bytes(), path.read_bytes()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_WHILE_WRITING, what, url, str(copied), cwd=ROOT
    )
    assert await process.wait() == -9
    assert list(tmp_path.glob("*.part"))
    assert (copied.read_bytes(), path.read_bytes()) == before
    if what == "backup":
        back_up(url, copied, force=True)
    else:
        restore(url, copied, now=LATER)
    assert not list(tmp_path.glob("*.part*"))


def rights(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


async def test_nobody_may_read_more_of_a_backup_than_of_its_database(url: str, tmp_path: Path) -> None:
    copied, path = tmp_path / "copy.db", tmp_path / "tocsin.db"
    seen: list[str] = []
    path.chmod(0o600)
    back_up(url, copied, told=lambda done, of: seen.extend(map(rights, tmp_path.glob("*.part"))))
    assert (set(seen), rights(copied)) == ({"600"}, "600")
    path.chmod(0o640)
    restore(url, copied, now=LATER)
    assert rights(path) == "640"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_what_root_puts_back_belongs_to_whom_it_belonged(url: str, tmp_path: Path) -> None:
    back_up(url, tmp_path / "copy.db")
    os.chown(tmp_path / "tocsin.db", 65534, 65534)
    restore(url, tmp_path / "copy.db", now=LATER)
    assert (tmp_path / "tocsin.db").stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
async def test_who_may_not_read_or_write_there_is_told_so_in_a_sentence(url: str) -> None:
    """Most run `tocsin db` as themselves, and the bot as a user of its own."""
    with tempfile.TemporaryDirectory() as folder:
        closed, open_to_all = Path(folder, "closed"), Path(folder, "open")
        for each, mode in ((Path(folder), 0o755), (closed, 0o700), (open_to_all, 0o777)):
            each.mkdir(exist_ok=True)
            each.chmod(mode)
        secret, known = closed / "tocsin.db", open_to_all / "tocsin.db"
        for each in (secret, known):
            back_up(url, each)
            each.chmod(0o600)
        os.seteuid(65534)
        try:
            for work in (
                partial(back_up, f"sqlite:///{secret}", open_to_all / "copy.db"),
                partial(back_up, f"sqlite:///{known}", open_to_all / "copy.db"),
                partial(refuse_target, closed / "copy.db", force=False),
                partial(restore, f"sqlite:///{open_to_all / 'new.db'}", secret, now=LATER),
                partial(restore, f"sqlite:///{open_to_all / 'new.db'}", known, now=LATER),
                partial(restore, f"sqlite:///{secret}", known, now=LATER),
                partial(copy, f"sqlite:///{secret}", f"sqlite:///{open_to_all / 'new.db'}", now=LATER),
                partial(look, f"sqlite:///{known}"),
            ):
                with pytest.raises(
                    StoreError, match=r"^The database .* cannot be reached \(Permission denied\); check"
                ):
                    work()
        finally:
            os.seteuid(0)
        assert names(open_to_all) == ["tocsin.db"]


async def test_a_swap_that_fails_leaves_the_database_as_it_was_under_one_name(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(url, tmp_path / "copy.db")
    before = prints(url)

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left on device\)"):
        restore(url, tmp_path / "copy.db", now=LATER)
    assert prints(url) == before
    assert (tmp_path / "tocsin.db").stat().st_nlink == 1
    assert not [name for name in names(tmp_path) if ".part" in name or ".replaced" in name]
