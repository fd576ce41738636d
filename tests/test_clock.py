"""Machines whose clocks differ, on one database: all go by its clock, and none takes what another one holds."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import Clock, run
from bot.app.clock import WORTH_SETTING
from bot.app.runner import take_the_seat
from bot.settings import load_settings
from bot.store import Store, feeds, runners
from bot.store.schema import feeds as rows
from tests.builders import MINUTE, a_feed
from tests.test_runner import a_runner

POLLED = select(rows.c.url).where(rows.c.last_polled_at.is_not(None))
HOUR = timedelta(hours=1)
CLOSE = timedelta(seconds=5)  # by so much a busy machine may be late here


def off_by(skew: timedelta) -> Callable[[], datetime]:
    """The clock of a machine on which it is later than it is, by `skew`."""
    return lambda: datetime.now(UTC) + skew


async def test_machines_whose_clocks_differ_agree_and_none_takes_the_gateway_of_another(postgres_url: str) -> None:
    """Fault 37, on one machine of several: to it, every lease of the others has run out."""
    ahead, behind = Clock(off_by(HOUR)), Clock(off_by(-HOUR))
    first, second = a_runner(), a_runner()
    async with Store.open(postgres_url) as store:
        await behind.set_by(store)
        await ahead.set_by(store)
        assert await take_the_seat(store, first, behind())
        assert not await take_the_seat(store, second, ahead())
        assert await take_the_seat(store, first, behind())
    assert abs(ahead() - behind()) < CLOSE
    assert abs(ahead() - datetime.now(UTC)) < CLOSE


async def test_a_clock_follows_a_machine_that_is_set_but_not_what_may_be_a_late_answer(postgres_url: str) -> None:
    """Fault 36, on one machine of several."""
    skew = WORTH_SETTING / 3

    def machine() -> datetime:
        return datetime.now(UTC) + skew

    clock = Clock(machine)
    async with Store.open(postgres_url) as store:
        await clock.set_by(store)
        assert machine() <= clock() <= machine()
        skew = -HOUR
        await clock.set_by(store)
    assert abs(clock() - datetime.now(UTC)) < CLOSE


async def test_a_file_goes_by_the_clock_of_its_machine(tmp_path: Path) -> None:
    clock = Clock(off_by(HOUR))
    async with Store.open(f"sqlite:///{tmp_path}/t.db") as store:
        await clock.set_by(store)
    assert abs(clock() - off_by(HOUR)()) < CLOSE


@pytest.mark.timeout(120)
async def test_a_runner_on_a_machine_that_is_an_hour_ahead_reads_no_feed_that_another_one_reads(
    postgres_url: str,
) -> None:
    """Fault 37, on one machine of several: the whole runner, beside a claim that has a minute to go."""
    taken, free = a_feed("http://127.0.0.1:9/feed"), a_feed("http://127.0.0.2:9/feed")
    settings = replace(load_settings(), database_url=SecretStr(postgres_url), feeds=(taken, free))
    async with Store.open(postgres_url) as store:
        now = datetime.now(UTC)
        await store.write(feeds.sync_catalogue, [taken], now)
        assert await store.write(feeds.claim, runner="other", now=now, until=now + MINUTE)
        running = asyncio.create_task(run(settings, roles=frozenset({"poll"}), clock=Clock(off_by(HOUR))))
        try:
            polled, there = [], []
            while not (polled and there):
                assert not running.done(), await running
                await asyncio.sleep(0.05)
                polled = list(await store.read(lambda c: c.scalars(POLLED).all()))
                there = list(await store.read(runners.listed, now))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert polled == [free.url]
    assert abs(there[0].seen_at - datetime.now(UTC)) < 3 * CLOSE
