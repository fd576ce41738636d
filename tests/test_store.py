"""Opening the store: what it makes, what it refuses and how it says so; transactions and cancellation."""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from bot.errors import StoreError
from bot.store import Store, feeds
from bot.store.engine import address, engine_for
from bot.store.schema import metadata
from tests.builders import NOON, a_feed

HOLD = """
import asyncio, sys
from bot.store import Store
async def main():
    async with Store.open(sys.argv[1]):
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'deep' / 'tocsin.db'}"


@pytest.fixture
def guest_folder() -> Iterator[Path]:
    """A folder that another user than root may enter (pytest's own are closed to others)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        async with Store.open(url, busy=0.2):
            pass
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@contextmanager
def look_into(url: str) -> Iterator[Connection]:
    """A transaction beside the store's own."""
    engine = engine_for(address(url), busy=1, connections=1)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def test_a_new_database_is_made_with_its_folder_and_tables(url: str) -> None:
    async with Store.open(url) as store:
        assert store.upgraded
        assert await store.read(feeds.listed) == []
    assert path_of(url).is_file()


async def test_a_second_start_changes_nothing_and_finds_everything(empty_database_url: str) -> None:
    async with Store.open(empty_database_url) as store:
        await store.write(feeds.add, a_feed(), NOON)
    async with Store.open(empty_database_url) as store:
        assert not store.upgraded
        assert [each.feed for each in await store.read(feeds.listed)] == [a_feed()]


async def test_the_migrations_make_exactly_the_tables_of_the_schema(empty_database_url: str) -> None:
    def ours(thing: object, name: str | None, kind: str, *_: object) -> bool:
        """What is kept for searching is each engine's own affair."""
        return not (kind == "table" and (name or "").startswith(("articles_fts", "article_words")))

    def differences(c: Connection) -> list[object]:
        options = {"compare_type": False, "include_object": ours}
        return list(compare_metadata(MigrationContext.configure(c, opts=options), metadata))

    async with Store.open(empty_database_url) as store:
        assert await store.read(differences) == []


async def test_connections_are_set_up_to_lose_nothing(url: str) -> None:
    def pragmas(c: Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    async with Store.open(url, busy=7) as store:
        found = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 7000}
        assert await store.read(pragmas) == found
        assert await store.write(pragmas) == found


async def test_a_database_newer_than_the_program_is_refused_and_left_as_it_is(database_url: str) -> None:
    async with Store.open(database_url) as store:
        await store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    assert "newer Tocsin" in await refusal(database_url)
    with look_into(database_url) as c:
        assert c.scalars(text("SELECT version_num FROM alembic_version")).all() == ["9999"]


async def test_a_database_with_tables_of_another_program_is_refused_and_left_as_it_is(empty_database_url: str) -> None:
    with look_into(empty_database_url) as c:
        c.execute(text("CREATE TABLE bookmarks (url TEXT)"))
    assert "belongs to another program" in await refusal(empty_database_url)
    with look_into(empty_database_url) as c:
        assert inspect(c).get_table_names() == ["bookmarks"]


async def test_the_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (name)")
        other.commit()
    before = path.read_bytes()
    await refusal(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("other.db-*"))


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are notes, and long enough to be read as a header.")
    assert "is not a database" in await refusal(f"sqlite:///{tmp_path / 'notes.txt'}")
    assert (tmp_path / "notes.txt").read_text().startswith("These are notes")


async def test_a_damaged_database_is_refused(url: str) -> None:
    """Fault 27: corrupted page, at the start."""
    async with Store.open(url) as store:
        for number in range(200):
            await store.write(feeds.add, a_feed(f"https://news.example/{number}"), NOON)
    path = path_of(url)
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
    assert "damaged" in await refusal(url)


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in await refusal(f"sqlite:///{tmp_path}")


async def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be reached" in await refusal(f"sqlite:///{tmp_path / 'file' / 'tocsin.db'}")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("what", ["folder", "file"])
async def test_what_another_user_owns_is_refused_as_read_only(guest_folder: Path, what: str) -> None:
    """Fault 26: file read-only."""
    url = f"sqlite:///{guest_folder / 'tocsin.db'}"
    async with Store.open(url):
        pass
    if what == "file":
        os.chmod(guest_folder, 0o777)  # noqa: PTH101, S103 a folder of this test alone
    os.seteuid(65534)
    try:
        sentence = await refusal(url)
    finally:
        os.seteuid(0)
    assert "read-only" in sentence


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://root@localhost/tocsin", "mysql"),
        ("nonsense", "cannot be read"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///file:t.db?uri=true", "takes no options"),
        ("postgresql://127.0.0.1:number/t", "cannot be read"),
        ("postgresql://[::1/t", "cannot be read"),
        ("postgresql://127.0.0.1:1/t?colour=red", 'invalid connection option "colour"'),
        ("postgresql://127.0.0.1:1/t?connect_timeout=soon", "bad value for connect_timeout"),
    ],
)
async def test_an_address_that_cannot_work_is_refused(url: str, words: str) -> None:
    assert words in await refusal(url)


async def test_an_unreachable_server_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    sentence = await refusal("postgresql://tocsin:hunter2@127.0.0.1:1/tocsin")
    assert "127.0.0.1:1" in sentence
    assert "hunter2" not in sentence


async def test_a_database_in_use_by_another_tocsin_is_refused_until_that_one_is_killed(url: str) -> None:
    """Fault 32: two processes, one SQLite file."""
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, url, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert other.stdout is not None
    assert await other.stdout.readline() == b"open\n"
    assert "in use by another Tocsin" in await refusal(url)
    other.kill()
    await other.communicate()
    async with Store.open(url) as store:
        assert await store.read(feeds.listed) == []


async def test_a_short_look_is_possible_beside_a_tocsin_that_runs(url: str) -> None:
    async with Store.open(url) as running:
        async with Store.open(url, alone=False) as beside:
            await beside.write(feeds.add, a_feed(), NOON)
        assert len(await running.read(feeds.listed)) == 1
        assert "in use" in await refusal(url)


async def test_another_program_that_holds_the_database_is_told_of_in_one_sentence(url: str) -> None:
    async with Store.open(url, busy=0.2) as store:
        raw = sqlite3.connect(path_of(url), isolation_level=None)
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            await store.write(feeds.add, a_feed(), NOON)
        assert await store.read(feeds.listed) == []
        raw.execute("ROLLBACK")
        raw.close()
        assert await store.write(feeds.add, a_feed(), NOON) == 1


async def test_work_that_raises_leaves_nothing_behind(database_url: str) -> None:
    def half(c: Connection) -> None:
        feeds.add(c, a_feed(), NOON)
        raise ValueError("half-way")

    async with Store.open(database_url) as store:
        with pytest.raises(ValueError, match="half-way"):
            await store.write(half)
        assert await store.read(feeds.listed) == []


async def test_writers_take_turns(database_url: str) -> None:
    inside = most = 0

    def work(c: Connection, number: int) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        feeds.add(c, a_feed(f"https://news.example/{number}"), NOON)
        inside -= 1

    async with Store.open(database_url) as store:
        await asyncio.gather(*(store.write(work, number) for number in range(20)))
        assert most == 1
        assert len(await store.read(feeds.listed)) == 20


async def test_readers_do_not_wait_for_a_writer(database_url: str) -> None:
    begun, released = threading.Event(), threading.Event()

    def slow(c: Connection) -> None:
        feeds.add(c, a_feed(), NOON)
        begun.set()
        released.wait(5)

    async with Store.open(database_url) as store:
        writing = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(begun.wait, 5)
        assert await store.read(feeds.listed) == []
        released.set()
        await writing


async def test_a_write_cancelled_while_it_runs_is_finished_first(database_url: str) -> None:
    begun, released = threading.Event(), threading.Event()

    def slow(c: Connection) -> None:
        begun.set()
        released.wait(5)
        feeds.add(c, a_feed(), NOON)

    async with Store.open(database_url) as store:
        writing = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(begun.wait, 5)
        writing.cancel()
        asyncio.get_running_loop().call_later(0.05, released.set)
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert len(await store.read(feeds.listed)) == 1


async def test_a_write_cancelled_while_it_waits_never_begins(database_url: str) -> None:
    begun, released = threading.Event(), threading.Event()

    def slow(_: Connection) -> None:
        begun.set()
        released.wait(5)

    async with Store.open(database_url) as store:
        first = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(begun.wait, 5)
        second = asyncio.create_task(store.write(feeds.add, a_feed(), NOON))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        released.set()
        await first
        assert await store.read(feeds.listed) == []


async def test_a_foreign_key_is_held(database_url: str) -> None:
    def orphan(c: Connection) -> None:
        c.execute(text("INSERT INTO aliases (feed_id, alias, entry_id) VALUES (1, 'guid:1', 1)"))

    async with Store.open(database_url) as store:
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            await store.write(orphan)
