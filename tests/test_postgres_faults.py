"""What befalls a PostgreSQL server, and what the store makes of it: nothing lost, nothing twice, and a sentence."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store import Store, feeds
from tests.builders import NOON, a_feed
from tests.postgres import Server

ADDRESS = "https://news.example/1"


async def kept(store: Store) -> list[str]:
    return [each.feed.url for each in await store.read(feeds.listed)]


async def in_the_middle(store: Store, happens: Callable[[], object]) -> int:
    """A write of two statements, in whose first run something happens between the two; how often it ran."""
    runs = 0

    def work(c: Connection) -> None:
        nonlocal runs
        runs += 1
        feeds.add(c, a_feed(ADDRESS), NOON)
        if runs == 1:
            happens()
        feeds.add(c, a_feed("https://news.example/2"), NOON)

    await store.write(work)
    return runs


async def test_a_restart_in_the_middle_of_a_transaction_costs_a_moment_alone(
    postgres_server: Server,
) -> None:
    """Fault 29: PostgreSQL restarted mid-transaction."""
    async with Store.open(postgres_server.create("tocsin")) as store:
        assert await in_the_middle(store, postgres_server.restart) == 2
        assert await kept(store) == [ADDRESS, "https://news.example/2"]


async def test_a_server_that_dies_in_the_middle_of_a_transaction_leaves_nothing_of_it(postgres_server: Server) -> None:
    """Fault 29: and does not come back so soon."""
    async with Store.open(postgres_server.create("tocsin")) as store:
        with pytest.raises(StoreError, match=r"cannot be used \(.*\); check the address and that PostgreSQL runs\."):
            await in_the_middle(store, postgres_server.kill)
        with pytest.raises(StoreError):
            await kept(store)
        postgres_server.start()
        assert await kept(store) == []
        assert await in_the_middle(store, lambda: None) == 1
        assert len(await kept(store)) == 2


async def test_a_connection_that_broke_while_it_was_told_to_commit_is_not_trusted_either_way(postgres_url: str) -> None:
    """Fault 29: what was being committed is not written a second time, whatever became of it."""
    runs = 0

    def work(c: Connection) -> None:
        nonlocal runs
        runs += 1
        feeds.add(c, a_feed(), NOON)
        end_all_others(postgres_url)

    async with Store.open(postgres_url) as store:
        with pytest.raises(StoreError, match="cannot be used"):
            await store.write(work)
        assert runs == 1
        assert await kept(store) == []


async def test_connections_that_a_restart_left_dead_are_replaced_without_an_error(postgres_server: Server) -> None:
    """Fault 30: stale pool."""
    async with Store.open(postgres_server.create("tocsin")) as store:
        for _ in range(3):
            barrier = threading.Barrier(4)
            await asyncio.gather(*(store.read(lambda _c: barrier.wait(5)) for _ in range(4)))  # noqa: B023
            postgres_server.restart()
            await asyncio.gather(*(kept(store) for _ in range(8)), store.write(feeds.add, a_feed(), NOON))
        assert await kept(store) == [a_feed().url]


async def test_connections_that_are_cut_at_any_moment_cost_nothing(postgres_url: str) -> None:
    """Fault 30: also between the look at a connection and the first statement on it."""

    def cut_then_look(c: Connection) -> int:
        end_all_others(postgres_url, once)
        return int(c.scalar(text("SELECT 1")) or 0)

    once: list[bool] = []
    async with Store.open(postgres_url) as store:
        assert await store.read(cut_then_look) == 1
        once.clear()
        assert await store.write(cut_then_look) == 1


def end_all_others(url: str, once: list[bool] | None = None) -> None:
    """Has the server end all connections to this database, but once only where that is asked."""
    if once:
        return
    if once is not None:
        once.append(True)
    with closing(psycopg.connect(url, autocommit=True)) as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_what_two_change_at_once_is_done_by_both_one_after_the_other(postgres_url: str) -> None:
    """Fault 31: serialization failure."""
    runs = 0

    def count_up(c: Connection, meanwhile: Callable[[], object]) -> None:
        nonlocal runs
        runs += 1
        c.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        before = c.scalar(text("SELECT value FROM counters WHERE name = 'both'"))
        meanwhile()
        c.execute(text("UPDATE counters SET value = :value WHERE name = 'both'"), {"value": before + 1})

    def another() -> None:
        if runs == 1:
            with closing(psycopg.connect(postgres_url, autocommit=True)) as raw:
                raw.execute("UPDATE counters SET value = value + 10 WHERE name = 'both'")

    async with Store.open(postgres_url) as store:
        await store.write(lambda c: c.execute(text("INSERT INTO counters VALUES ('both', 0)")))
        await store.write(count_up, another)
        assert runs == 2
        assert await store.read(lambda c: c.scalar(text("SELECT value FROM counters"))) == 11


async def test_two_that_wait_for_each_other_both_get_through(postgres_url: str) -> None:
    """Fault 31: deadlock."""
    both_begun = threading.Barrier(2)
    runs = 0

    def count_up(c: Connection, *names: str) -> None:
        nonlocal runs
        runs += 1
        first, second = (text(f"UPDATE counters SET value = value + 1 WHERE name = '{name}'") for name in names)  # noqa: S608
        c.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
        c.execute(first)
        if runs <= 2:
            both_begun.wait(5)
        c.execute(second)

    async with Store.open(postgres_url) as one, Store.open(postgres_url) as other:
        await one.write(lambda c: c.execute(text("INSERT INTO counters VALUES ('a', 0), ('b', 0)")))
        await asyncio.gather(one.write(count_up, "a", "b"), other.write(count_up, "b", "a"))
        assert runs == 3
        assert await one.read(lambda c: c.scalars(text("SELECT value FROM counters")).all()) == [2, 2]


async def test_who_never_gets_through_is_told_so_in_a_sentence(postgres_url: str) -> None:
    """Fault 31: every time anew."""
    runs = 0

    def work(c: Connection) -> None:
        nonlocal runs
        runs += 1
        c.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no luck' USING ERRCODE = '40001'; END $$")

    async with Store.open(postgres_url) as store:
        began = time.monotonic()
        with pytest.raises(StoreError, match="is too busy"):
            await store.write(work)
        assert runs > 2
        assert time.monotonic() - began < 4


async def test_a_mistake_of_ours_is_neither_tried_again_nor_called_the_servers(postgres_url: str) -> None:
    runs = 0

    def work(c: Connection, statement: str, values: dict[str, object]) -> None:
        nonlocal runs
        runs += 1
        c.execute(text(statement), values)

    async with Store.open(postgres_url) as store:
        for statement, values in (
            ("SELECT nothing FROM nowhere", {}),
            ("INSERT INTO counters VALUES (NULL, 1)", {}),
            ("SELECT :value || ''", {"value": "\0"}),
            ("SELECT 1 / 0", {}),
        ):
            with pytest.raises(DBAPIError):
                await store.write(work, statement, values)
        assert runs == 4


async def test_a_read_sees_one_moment_and_cannot_write(postgres_url: str) -> None:
    def twice(c: Connection) -> tuple[int, int]:
        first = len(feeds.listed(c))
        with closing(psycopg.connect(postgres_url, autocommit=True)) as raw:
            raw.execute("UPDATE feeds SET removed = true")
        return first, len(feeds.listed(c))

    async with Store.open(postgres_url) as store:
        await store.write(feeds.add, a_feed(), NOON)
        assert await store.read(twice) == (1, 1)
        assert await kept(store) == []
        with pytest.raises(StoreError, match="read-only"):
            await store.read(feeds.add, a_feed(), NOON)


async def test_a_write_sees_what_others_committed_before_each_statement(postgres_url: str) -> None:
    def twice(c: Connection) -> tuple[int, int]:
        first = len(feeds.listed(c))
        with closing(psycopg.connect(postgres_url, autocommit=True)) as raw:
            raw.execute("UPDATE feeds SET removed = true")
        return first, len(feeds.listed(c))

    async with Store.open(postgres_url) as store:
        await store.write(feeds.add, a_feed(), NOON)
        assert await store.write(twice) == (1, 0)


async def test_who_is_frozen_within_a_transaction_holds_up_others_for_ten_seconds_at_most(
    postgres_url: str,
) -> None:
    async with Store.open(postgres_url) as store:
        shown = await store.write(lambda c: c.scalar(text("SHOW idle_in_transaction_session_timeout")))
        assert shown == "10s"


async def test_what_a_frozen_program_had_begun_is_begun_anew_when_it_wakes(postgres_url: str) -> None:
    runs = 0

    def work(c: Connection) -> None:
        nonlocal runs
        runs += 1
        c.execute(text("SET idle_in_transaction_session_timeout = '30ms'"))
        if runs == 1:
            time.sleep(0.2)
        feeds.add(c, a_feed(), NOON)

    async with Store.open(postgres_url) as store:
        await store.write(work)
        assert (runs, await kept(store)) == (2, [a_feed().url])


async def test_several_that_start_at_once_on_an_empty_database_make_its_tables_once(empty_postgres_url: str) -> None:
    async def start() -> bool:
        async with Store.open(empty_postgres_url) as store:
            assert await kept(store) == []
            return store.upgraded

    assert sorted(await asyncio.gather(*(start() for _ in range(4)))) == [False, False, False, True]


async def test_a_database_that_tocsin_may_not_use_is_refused_in_a_sentence(postgres_server: Server) -> None:
    postgres_server.create("theirs")
    postgres_server.execute("CREATE ROLE guest LOGIN")
    postgres_server.execute("CREATE DATABASE odd ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    guest = postgres_server.url("theirs").replace("postgres@", "guest@")
    nobody = postgres_server.url("theirs").replace("postgres@", "nobody:hunter2@")
    for url, words in (
        (guest, "lacks rights there (permission denied for schema public"),
        (nobody, 'role "nobody" does not exist'),
        (postgres_server.url("missing"), 'database "missing" does not exist'),
        (postgres_server.url("odd"), "is kept in LATIN1"),
    ):
        with pytest.raises(StoreError) as refused:
            async with Store.open(url):
                pass
        sentence = str(refused.value)
        assert words in sentence and sentence.endswith(".")
        assert "\n" not in sentence and "hunter2" not in sentence
