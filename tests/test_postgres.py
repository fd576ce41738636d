"""The real PostgreSQL that tests run on: databases of their own, restarts, kills."""

import psycopg
import pytest

from bot.store import Store, feeds
from tests.builders import NOON, a_feed
from tests.postgres import Server


@pytest.mark.parametrize("again", [1, 2])
async def test_each_test_has_a_database_of_its_own(database_url: str, again: int) -> None:
    async with Store.open(database_url) as store:
        assert not store.upgraded
        assert await store.write(feeds.add, a_feed(), NOON) == 1


async def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    async with Store.open(empty_database_url) as store:
        assert store.upgraded


def test_a_server_of_a_test_comes_back_with_what_it_committed(postgres_server: Server) -> None:
    postgres_server.create("one")
    postgres_server.execute("CREATE TABLE kept (number int)", "one")
    postgres_server.execute("INSERT INTO kept VALUES (1)", "one")
    postgres_server.restart()
    postgres_server.execute("INSERT INTO kept VALUES (2)", "one")
    postgres_server.kill()
    with pytest.raises(psycopg.OperationalError):
        postgres_server.execute("SELECT 1")
    postgres_server.start()
    assert postgres_server.execute("SELECT number FROM kept", "one") == [(1,), (2,)]
