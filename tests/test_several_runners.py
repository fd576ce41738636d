"""Two pollers, two deliverers and a gateway as real programs on one PostgreSQL, some of whom die at their work."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.store.schema import alerts, bulletins
from tests.hurry import SETTINGS
from tests.soak.moments import ambush, death
from tests.soak.oracle import judge
from tests.soak.soak import Soak, soak

SHORT_LEASE = SETTINGS.replace("[deliver]", "lease = 5\n[deliver]")
SETTLED = 60.0


@pytest.mark.timeout(180)
async def test_a_poller_and_a_deliverer_that_die_leave_everything_to_the_others(
    tmp_path: Path, postgres_url: str
) -> None:
    """Fault 33: two of each on PostgreSQL, one of each killed inside a transaction; nobody is started again."""
    async with soak(tmp_path, seed=33, database=postgres_url) as running:
        (tmp_path / "settings.toml").write_text(SHORT_LEASE, encoding="utf-8")
        crew = running.scene.crew
        await all_started(running)
        for moment in ("inside the transaction of a poll", "inside the transaction of a settlement"):
            (died,) = await killed(running, moment)
            assert died.startswith("poll" if "poll" in moment else "deliver"), died
            running.press.report(2, again=1)
        await let_leases_run_out(running)
        await told(running)
        verdict = judge(running.town, running.scene.books, running.press, last=False)
        assert (verdict.lost, verdict.twice) == ([], [])
        assert verdict.sent >= 12
        assert len(crew.pids) == 3, crew.last_words()
        assert await crew.stop() < 10
        assert "Traceback" not in crew.log.read_text(encoding="utf-8")


async def all_started(running: Soak) -> None:
    crew, said = running.scene.crew, "runner.started"
    before = crew.log.read_text(encoding="utf-8").count(said)
    await crew.start()
    async with asyncio.timeout(60):
        while crew.log.read_text(encoding="utf-8").count(said) < before + len(crew.parts):
            crew.check()
            await asyncio.sleep(0.1)


async def killed(running: Soak, moment: str) -> Sequence[str]:
    """Who died at that moment."""
    async with ambush(running.scene, moment) as watching:
        running.press.report(2)
        return await death(running.scene, watching)


async def let_leases_run_out(running: Soak) -> None:
    """What whoever died had in hand is free; whoever lives needs nowhere near three seconds for a message."""
    then = datetime.now(UTC)
    await asyncio.sleep(3)
    with running.scene.books.engine.begin() as c:
        for box in (alerts, bulletins):
            held = update(box).where(box.c.state == "sending", box.c.claimed_at < then)
            c.execute(held.values(lease_until=datetime.now(UTC)))


async def told(running: Soak) -> None:
    """Waits until all that was published is read and told; whoever asks the oracle hears what is not."""
    scene = running.scene
    try:
        async with asyncio.timeout(SETTLED):
            while not running.press.guids <= set(scene.books.guids()) or scene.books.unfinished():
                scene.crew.check()
                await asyncio.sleep(0.2)
    except TimeoutError:
        return
