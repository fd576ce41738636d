"""`tocsin run` is killed at every moment of a send, and nothing is lost and nothing is told twice.

The program is a process of its own; the fake Discord kills it where the fault says so, and it is started again at
once. The outbox is filled by hand, so that the moments are certain.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.store import Store, alerts, stories, subscriptions
from tests.builders import a_story, a_subscription, an_alert
from tests.discord_fake import CREATE, FakeDiscord, Fault

pytestmark = pytest.mark.timeout(240)  # several programs, one after the other, on a machine with other work
ROOT = Path(__file__).resolve().parents[1]
SETTINGS = "[deliver]\ntick = 1\ndebounce = 0\n"


@dataclass
class Outbox:
    """A database with stories that are owed to one channel, beside a fake Discord."""

    folder: Path
    discord: FakeDiscord
    guild: Any
    channel: Any
    said_before: int = 0
    """Bytes of the log before the newest start."""

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'tocsin.db'}"

    async def owe(self, *titles: str, **changes: Any) -> None:
        """One story for each title, owed to the channel."""
        now = datetime.now(UTC)
        async with Store.open(self.url, alone=False) as store:
            known = await store.read(subscriptions.listed)
            wanted = a_subscription(self.channel.id, self.guild.id)
            number = known[0].id if known else await store.write(subscriptions.add, wanted)
            for title in titles:
                story = a_story(title.replace(" ", "-"), title=title, first_seen=now, last_seen=now)
                await store.write(stories.save, [story])
                await store.write(alerts.owe, [an_alert(number, story.id, **changes)], now)

    async def start(self) -> asyncio.subprocess.Process:
        """The program. Every fault that kills is aimed at it."""
        command = ["-m", "bot", "run", "--config", str(self.folder), "--database", self.url]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TOCSIN_DISCORD_TOKEN": self.discord.token,
            "TOCSIN_DISCORD_API_BASE": self.discord.api_base,
            "TOCSIN_DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "TOCSIN_ALLOWED_GUILDS": str(self.guild.id),
        }
        with (self.folder / "log.txt").open("ab") as log:
            self.said_before = log.tell()
            process = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=log, env=environment)
        for fault in self.discord.faults:
            fault.pid = process.pid
        return process

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "tocsin.db", timeout=10)) as database:
            found = database.execute(sql).fetchall()
            database.commit()
            return found

    def titles(self) -> list[str]:
        return [message["embeds"][0]["title"] for message in self.discord.messages(self.channel)]

    async def settled(self) -> None:
        """Waits until the program that was started last is up, and no row is owed or being sent."""
        async with asyncio.timeout(60):
            while not self._is_up() or any(
                self.rows(f"SELECT 1 FROM {table} WHERE state IN ('owed', 'sending')")  # noqa: S608 - two names of ours
                for table in ("alerts", "bulletins")
            ):
                await asyncio.sleep(0.1)

    def _is_up(self) -> bool:
        return b"client.ready" in (self.folder / "log.txt").read_bytes()[self.said_before :]

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()


@asynccontextmanager
async def an_outbox(folder: Path) -> AsyncIterator[Outbox]:
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "feeds.toml").write_text("", encoding="utf-8")
    async with FakeDiscord() as discord:
        guild = discord.add_guild()
        yield Outbox(folder, discord, guild, discord.add_channel(guild))


async def ends(process: asyncio.subprocess.Process, code: int, *, within: float = 60) -> None:
    try:
        assert await asyncio.wait_for(process.wait(), within) == code
    finally:
        if process.returncode is None:
            process.kill()


async def test_a_kill_at_any_moment_of_a_send_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Faults 7, 8, 9 and 10: K after the claim, after the create, after the reply; and then ten minutes off."""
    titles = ["before the create", "after the create", "after the reply", "long stopped", "unharmed"]
    async with an_outbox(tmp_path) as outbox:
        for when, title in zip(("before", "after", "replied", "after"), titles, strict=False):
            outbox.discord.faults.add(Fault("kill", when=when, route=CREATE, contains=title))  # type: ignore[arg-type]
        await outbox.owe(*titles)
        for _ in range(4):
            await ends(await outbox.start(), -signal.SIGKILL)
        let_ten_minutes_pass(outbox)
        running = await outbox.start()
        await outbox.settled()
        assert outbox.titles() == titles
        assert outbox.rows("SELECT DISTINCT state FROM alerts") == [("sent",)]
        messages = {int(message["id"]) for message in outbox.discord.messages(outbox.channel)}
        assert {row[0] for row in outbox.rows("SELECT message_id FROM alerts")} == messages
        assert [fault.hits for fault in outbox.discord.faults] == [1] * 4
        assert any(request.method == "GET" and request.route == CREATE for request in outbox.discord.requests)
        running.send_signal(signal.SIGTERM)
        await ends(running, 0)
    assert "Traceback" not in outbox.log()


def let_ten_minutes_pass(outbox: Outbox, table: str = "alerts") -> None:
    """The program was stopped for so long that Discord has forgotten the nonce of its last attempt."""
    outbox.discord.clock.advance(600)
    for column in ("claimed_at", "unclear_since"):
        outbox.rows(
            f"UPDATE {table} SET {column} = strftime('%Y-%m-%d %H:%M:%f', {column}, '-10 minutes')"  # noqa: S608
            " WHERE state = 'sending'"
        )


async def test_a_kill_at_any_moment_of_a_list_tells_its_stories_once(tmp_path: Path) -> None:
    """Fault 12: K during a digest or a catch-up, before, after and in between."""
    async with an_outbox(tmp_path) as outbox:
        for when in ("before", "after", "replied"):
            outbox.discord.faults.add(Fault("kill", when=when, route=CREATE, contains="What you missed"))  # type: ignore[arg-type]
        await outbox.owe("one story", "another story", held="pause")
        for _ in range(3):
            await ends(await outbox.start(), -signal.SIGKILL)
        ((state, attempt),) = outbox.rows("SELECT state, attempt FROM bulletins")
        assert (state in ("sending", "sent"), attempt) == (True, 3)  # the last kill may come just after the settling
        let_ten_minutes_pass(outbox, "bulletins")
        running = await outbox.start()
        await outbox.settled()
        (message,) = outbox.discord.messages(outbox.channel)
        told = message["embeds"][0]["description"]
        assert (told.count("one story"), told.count("another story")) == (1, 1)
        assert outbox.rows("SELECT state, message_id FROM bulletins") == [("sent", int(message["id"]))]
        assert outbox.rows("SELECT DISTINCT state FROM alerts") == [("digested",)]
        looked = any(request.method == "GET" and request.route == CREATE for request in outbox.discord.requests)
        assert looked == (state == "sending")
        running.send_signal(signal.SIGTERM)
        await ends(running, 0)
    assert "Traceback" not in outbox.log()


async def test_a_stop_during_a_send_ends_in_time_and_a_token_that_is_refused_ends_with_one_sentence(
    tmp_path: Path,
) -> None:
    """Faults 35, 15 and 20: SIGTERM during a send that is not answered; a token that is revoked in the midst of a run
    ends with exit code 78, and what was owed stays owed."""
    async with an_outbox(tmp_path) as outbox:
        hang = outbox.discord.faults.add(Fault("hang", when="after", route=CREATE))
        await outbox.owe("unanswered")
        running = await outbox.start()
        await outbox.discord.until(lambda: hang.hits, seconds=60)
        running.send_signal(signal.SIGTERM)
        await ends(running, 0, within=12)
        running = await outbox.start()
        await outbox.settled()
        assert outbox.titles() == ["unanswered"]
        outbox.discord.rest.token = "revoked"
        await outbox.owe("owed while the token is revoked")
        await ends(running, 78)
        assert outbox.rows("SELECT state FROM alerts ORDER BY id") == [("sent",), ("owed",)]
        outbox.discord.rest.token = outbox.discord.token
    assert outbox.log().splitlines()[-1].startswith("Discord refuses the bot's token; set TOCSIN_DISCORD_TOKEN")
    assert "Traceback" not in outbox.log()
