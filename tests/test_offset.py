"""How far the database's clock is ahead of a machine's."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event

from bot.store import Store
from bot.store.offset import TRIPS, ahead

HELD_UP = 0.5  # seconds


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[Store]:
    async with Store.open(postgres_url) as store:
        yield store


def off_by(skew: timedelta) -> Callable[[], datetime]:
    """The clock of a machine on which it is later than it is, by `skew`."""
    return lambda: datetime.now(UTC) + skew


@pytest.mark.parametrize("skew", [timedelta(days=3), timedelta(seconds=90), timedelta(0), timedelta(hours=-1)])
async def test_a_machine_goes_by_the_clock_of_the_database_by_adding_what_that_is_ahead(
    store: Store, skew: timedelta
) -> None:
    """Faults 36 and 37 on one machine of several: the server's clock is this machine's, so the truth is known."""
    before = time.monotonic()
    found = await store.read(ahead, off_by(skew))
    assert abs(found + skew) <= timedelta(seconds=time.monotonic() - before) / 2


async def test_a_question_that_was_held_up_on_its_way_does_not_count(store: Store) -> None:
    delays = [HELD_UP, 0.0, HELD_UP]

    def ask(c: Connection) -> timedelta:
        event.listen(c, "after_cursor_execute", lambda *_: time.sleep(delays.pop()))
        return ahead(c, off_by(timedelta(0)))

    assert len(delays) == TRIPS
    found = await store.read(ask)
    assert abs(found) < timedelta(seconds=HELD_UP / 2)  # by so much a late answer is wrong


async def test_a_file_goes_by_the_clock_of_its_machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with Store.open(f"sqlite:///{tmp_path_factory.mktemp('a')}/tocsin.db") as store:
        assert await store.read(ahead, off_by(timedelta(days=3))) == timedelta(0)
