"""Schedule, with the real APScheduler and short intervals."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.schedule import Schedule

SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_tick_runs_at_once_and_then_after_every_interval() -> None:
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)

    async with Schedule({"poll": (SOON, tick)}):
        await until(lambda: len(ran) >= 3)


async def test_a_tick_that_raises_is_logged_with_its_traceback_and_runs_again() -> None:
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)
        raise ValueError("broken")

    with capture_logs() as logs:
        async with Schedule({"poll": (SOON, tick)}):
            await until(lambda: len(ran) >= 2)
    assert {"event": "tick.failed", "tick": "poll", "exc_info": True, "log_level": "error"} in logs


async def test_one_tick_never_runs_twice_at_a_time() -> None:
    at_once = most = ran = 0

    async def tick() -> None:
        nonlocal at_once, most, ran
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        ran += 1

    async with Schedule({"poll": (SOON, tick)}):
        await until(lambda: ran >= 3)
    assert most == 1


async def test_a_slow_tick_does_not_hold_up_another() -> None:
    released = asyncio.Event()
    ran: list[int] = []

    async def slow() -> None:
        await released.wait()

    async def quick() -> None:
        ran.append(1)

    async with Schedule({"slow": (SOON, slow), "quick": (SOON, quick)}):
        await until(lambda: len(ran) >= 3)
        released.set()


async def test_a_woken_tick_runs_at_once() -> None:
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)

    async with Schedule({"deliver": (NEVER, tick)}) as schedule:
        await until(lambda: len(ran) == 1)
        schedule.wake("deliver")
        await until(lambda: len(ran) == 2)


async def test_a_tick_woken_while_it_runs_runs_once_more() -> None:
    going, gate = asyncio.Event(), asyncio.Event()
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)
        going.set()
        await gate.wait()

    async with Schedule({"deliver": (NEVER, tick)}) as schedule:
        await going.wait()
        schedule.wake("deliver")
        schedule.wake("deliver")
        gate.set()
        await until(lambda: len(ran) == 2)
        await asyncio.sleep(0.03)
    assert len(ran) == 2


async def test_waking_an_unknown_tick_is_refused() -> None:
    async with Schedule({}) as schedule:
        with pytest.raises(KeyError):
            schedule.wake("nothing")


async def test_leaving_waits_for_a_running_tick() -> None:
    going = asyncio.Event()
    ended: list[int] = []

    async def tick() -> None:
        going.set()
        await asyncio.sleep(0.1)
        ended.append(1)

    async with Schedule({"deliver": (NEVER, tick)}):
        await going.wait()
    assert ended == [1]


async def test_leaving_cancels_a_tick_that_does_not_end(caplog: pytest.LogCaptureFixture) -> None:
    going = asyncio.Event()
    cancelled: list[int] = []

    async def tick() -> None:
        going.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    async with Schedule({"deliver": (NEVER, tick)}, patience=SOON):
        await going.wait()
    assert cancelled == [1]
    assert not [record for record in caplog.records if record.exc_info], "a stop is no error"


async def test_no_tick_starts_after_leaving() -> None:
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)

    async with Schedule({"poll": (SOON, tick)}):
        await until(lambda: ran)
    before = len(ran)
    await asyncio.sleep(0.08)
    assert len(ran) == before


async def test_a_clock_that_was_set_back_keeps_no_tick_waiting_until_it_shows_the_old_time_again() -> None:
    """Faults 36 and 37: what APScheduler noted down as due lies an hour, or three days, ahead from then on."""
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)

    async with Schedule({"poll": (SOON, tick)}) as schedule:
        await until(lambda: ran)
        schedule._clock.modify_job("poll", next_run_time=datetime.now(UTC) + timedelta(days=3))
        before = len(ran)
        await until(lambda: len(ran) >= before + 2)


async def test_a_clock_that_was_set_forward_by_months_holds_nothing_up() -> None:
    """Fault 37: a machine without a clock of its own starts years ago, and is told the time once it has a network."""
    ran: list[int] = []

    async def tick() -> None:
        ran.append(1)

    async with Schedule({"poll": (SOON, tick)}) as schedule:
        await until(lambda: ran)
        began, before = time.monotonic(), len(ran)
        schedule._clock.modify_job("poll", next_run_time=datetime.now(UTC) - timedelta(days=2))
        await until(lambda: len(ran) >= before + 2)
        assert time.monotonic() - began < 3, "each tick that was left out was counted"
