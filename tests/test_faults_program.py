"""The whole program is killed, stopped, or cut off from Discord at one certain moment, by the numbers of the faults.

What happens to single sends is in `test_faults_delivery`, what happens at random in `test_soak`; kills by the phase of
a send are in `test_kills`.
"""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.discord_fake import CREATE, EventFault, Fault
from tests.soak.moments import IN_TRANSACTION, ambush, death
from tests.soak.soak import soak
from tests.test_kills import an_outbox, ends

pytestmark = pytest.mark.timeout(240)  # several programs, one after the other, on a machine with other work
MOMENTS = (*IN_TRANSACTION, "after the commit of a poll", "after a claim", "while it reads a feed")


async def test_a_kill_inside_or_just_after_any_transaction_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Faults 3, 4, 5 and 7: K after parse, inside the transaction of a poll, a claim and a settlement, after a commit,
    and after a claim."""
    async with soak(tmp_path, seed=4) as running:
        scene = running.scene
        for moment in MOMENTS:
            running.press.report(2)
            before = len(scene.books.guids())
            async with ambush(scene, moment) as watching:
                await scene.crew.start()
                await death(scene, watching)
            if moment == "inside the transaction of a poll":
                assert len(scene.books.guids()) == before, "a transaction is whole or not at all"
        verdict = await running.calm(last=True)
        assert (verdict.lost, verdict.twice) == ([], [])
        assert verdict.sent >= 6 * len(MOMENTS)


async def test_a_second_signal_ends_at_once_and_a_first_one_in_time_and_both_lose_nothing(tmp_path: Path) -> None:
    """Fault 35: SIGTERM during a send, twice; once is in `test_kills`."""
    async with an_outbox(tmp_path) as outbox:
        hang = outbox.discord.faults.add(Fault("hang", when="after", route=CREATE))
        await outbox.owe("asked twice to stop", "the next")
        running = await outbox.start()
        await outbox.discord.until(lambda: hang.hits, seconds=60)
        running.send_signal(signal.SIGTERM)
        while "runner.stopping" not in outbox.log():
            await asyncio.sleep(0.01)
        assert running.returncode is None, "the first signal lets what is under way finish"
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        await ends(running, -signal.SIGTERM, within=5)
        assert time.monotonic() - began < 5
        running = await outbox.start()
        await outbox.settled()
        assert outbox.titles() == ["asked twice to stop", "the next"]
        assert outbox.rows("SELECT DISTINCT state FROM alerts") == [("sent",)]
        running.send_signal(signal.SIGTERM)
        await ends(running, 0)
    assert "Traceback" not in outbox.log()


async def test_ready_that_does_not_come_holds_alerts_back_and_an_invalid_session_repeats_none(tmp_path: Path) -> None:
    """Fault 50: READY comes only with a later session, and a session becomes invalid in the midst of a send."""
    async with an_outbox(tmp_path) as outbox:
        discord = outbox.discord
        for event in ("READY", "GUILD_CREATE"):
            discord.faults.add(EventFault(event, lose=True, times=None))
        await outbox.owe("before the session")
        running = await outbox.start()
        await discord.until(lambda: discord.gateway.sessions, seconds=60)
        await asyncio.sleep(3)
        assert outbox.titles() == [], "without READY nobody knows the channels"
        assert outbox.rows("SELECT state FROM alerts") == [("owed",)]
        discord.faults.clear()
        discord.invalid_session()
        await outbox.settled()
        discord.faults.add(Fault("slow", "after", seconds=1, route=CREATE))
        await outbox.owe("as the session ends", "after it")
        await discord.until(lambda: len(outbox.titles()) == 2, seconds=60)
        discord.invalid_session()
        await outbox.settled()
        assert outbox.titles() == ["before the session", "as the session ends", "after it"]
        assert outbox.rows("SELECT DISTINCT state FROM alerts") == [("sent",)]
        running.send_signal(signal.SIGTERM)
        await ends(running, 0)
    assert "Traceback" not in outbox.log()


async def test_a_program_frozen_in_the_midst_of_a_send_repeats_nothing(tmp_path: Path) -> None:
    """Fault 62: nothing in the program moves for 5 s, the event loop and every tick; then all goes on."""
    async with an_outbox(tmp_path) as outbox:
        slow = outbox.discord.faults.add(Fault("slow", "after", seconds=0.5, route=CREATE))
        await outbox.owe("frozen", "afterwards")
        running = await outbox.start()
        await outbox.discord.until(lambda: slow.hits, seconds=60)
        os.kill(running.pid, signal.SIGSTOP)
        await asyncio.sleep(5)
        os.kill(running.pid, signal.SIGCONT)
        await outbox.settled()
        assert outbox.titles() == ["frozen", "afterwards"]
        assert outbox.rows("SELECT DISTINCT state FROM alerts") == [("sent",)]
        running.send_signal(signal.SIGTERM)
        await ends(running, 0)
    assert "Traceback" not in outbox.log()
