"""Three `tocsin run --role deliver` on one PostgreSQL: one is killed, one frozen, and nothing is lost or told twice.

No gateway runs: what the channels are, the deliverers ask of Discord.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, and_, func, select, update

from bot.store import Store, alerts, stories, subscriptions
from bot.store.schema import alerts as alert_table
from tests.builders import a_story, a_subscription, an_alert
from tests.discord_fake import CREATE, FakeDiscord, Fault
from tests.hurry import DELIVER

ROOT = Path(__file__).resolve().parents[1]
CHANNELS, STORIES = 5, 6
SOON = "?options=-c%20idle_in_transaction_session_timeout%3D1500"  # for who is frozen within a transaction
Deliverer = asyncio.subprocess.Process


@asynccontextmanager
async def deliverers(
    count: int, folder: Path, url: str, fake: FakeDiscord, guild: int
) -> AsyncIterator[list[Deliverer]]:
    (folder / "settings.toml").write_text(DELIVER, encoding="utf-8")
    (folder / "feeds.toml").write_text("", encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "TOCSIN_DISCORD_TOKEN": fake.token,
        "TOCSIN_DISCORD_API_BASE": fake.api_base,
        "TOCSIN_DISCORD_GATEWAY_URL": fake.gateway_url,
        "TOCSIN_ALLOWED_GUILDS": str(guild),
    }
    command = ["-m", "bot", "run", "--role", "deliver", "--config", str(folder), "--database", url + SOON]
    with (folder / "log.txt").open("ab") as log:
        begun = [
            await asyncio.create_subprocess_exec(sys.executable, *command, stderr=log, env=environment)
            for _ in range(count)
        ]
    try:
        yield begun
    finally:
        for each in begun:
            with suppress(ProcessLookupError):
                each.kill()
            await each.wait()


async def owe(store: Store, channels: list[int], guild: int) -> None:
    def work(c: Connection) -> None:
        now = datetime.now(UTC)
        told = [a_story(f"s{number}", title=f"Story {number}", last_seen=now) for number in range(STORIES)]
        stories.save(c, told)
        for channel in channels:
            wanted = subscriptions.add(c, a_subscription(channel, guild))
            alerts.owe(c, [an_alert(wanted, each.id) for each in told], now)

    await store.write(work)


def let_leases_run_out(c: Connection) -> None:
    """Those of whoever has not been heard of for two seconds."""
    now = datetime.now(UTC)
    silent = and_(alert_table.c.state == "sending", alert_table.c.claimed_at < now - timedelta(seconds=2))
    theirs = list(c.scalars(select(alert_table.c.id).where(silent).with_for_update(skip_locked=True)))
    c.execute(update(alert_table).where(alert_table.c.id.in_(theirs)).values(lease_until=now))


async def all_sent(store: Store) -> None:
    async with asyncio.timeout(60):
        while (await store.read(alerts.counts))["sent"] < CHANNELS * STORIES:
            await asyncio.sleep(0.2)
            await store.write(let_leases_run_out)


async def test_a_deliverer_that_dies_and_one_that_freezes_leave_each_message_once_and_in_order(
    tmp_path: Path, postgres_url: str
) -> None:
    """Faults 33 and 34: two on PostgreSQL, one killed after its create; one paused past its lease."""
    async with FakeDiscord() as fake, Store.open(postgres_url) as store:
        guild = fake.add_guild()
        channels = [fake.add_channel(guild).id for _ in range(CHANNELS)]
        killed = fake.faults.add(Fault("kill", when="after", route=CREATE, nth=4))
        frozen = fake.faults.add(Fault("kill", when="after", route=CREATE, nth=9, signal=int(signal.SIGSTOP)))
        await owe(store, channels, guild.id)
        async with deliverers(3, tmp_path, postgres_url, fake, guild.id) as running:
            await all_sent(store)
            assert killed.hits and frozen.hits
            before = await store.read(rows)
            for each in running:
                if each.returncode is None:
                    each.send_signal(signal.SIGCONT)
            await asyncio.sleep(1)
            for each in running:
                with suppress(ProcessLookupError):
                    each.send_signal(signal.SIGTERM)
            ends = [await asyncio.wait_for(each.wait(), 15) for each in running]
        assert sorted(ends) == [-signal.SIGKILL, 0, 0]
        assert await store.read(rows) == before, "who was frozen undid nothing"
        titles = [[message["embeds"][0]["title"] for message in fake.messages(channel)] for channel in channels]
        assert titles == [[f"Story {number}" for number in range(STORIES)]] * CHANNELS
        messages = {int(message["id"]) for channel in channels for message in fake.messages(channel)}
        assert {message for _, message, _ in before} == messages
        assert not fake.gateway.sessions
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


def rows(c: Connection) -> list[tuple[str, int, int]]:
    wanted = select(alert_table.c.state, alert_table.c.message_id, func.coalesce(alert_table.c.place_id, 0))
    return [(row[0], row[1], row[2]) for row in c.execute(wanted.order_by(alert_table.c.id))]
