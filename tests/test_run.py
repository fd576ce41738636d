"""`tocsin run` as people run it: a process of its own between a feed server and a fake Discord, on real sockets.

The feeds grow in three steps, and between the second and the third the process is killed. The oracle is the one of
the whole project: every owed row ends in one terminal state, every matched story has one, and the messages in the
channel are those of the rows that were sent.
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.feed import Feed
from bot.demo.edition import Edition, edition
from bot.demo.newsroom import read_newsroom
from bot.demo.server import FeedServer, feed_server
from bot.opml import write_opml
from tests.discord_fake import FakeDiscord
from tests.hurry import SETTINGS
from tests.ports import free_port

STORY = re.compile(r"story:\w+:(?P<story>[^:]+):(?P<mark>[^:]+)")
Step = Mapping[str, Edition]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the play takes place: the feeds, Discord, and the folder of the program."""

    folder: Path
    feeds: FeedServer
    discord: FakeDiscord
    guild: Any
    channel: Any

    @property
    def database(self) -> Path:
        return self.folder / "tocsin.db"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def shown(self) -> str:
        """What the program wrote to its standard output."""
        return (self.folder / "shown.txt").read_text(encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        config = ["--config", str(self.folder), "--database", f"sqlite:///{self.database}"]
        return [sys.executable, "-m", "bot", *words, *config]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "TOCSIN_DISCORD_TOKEN": self.discord.token,
            "TOCSIN_DISCORD_API_BASE": self.discord.api_base,
            "TOCSIN_DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "TOCSIN_ALLOWED_GUILDS": str(self.guild.id),
            "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
        }

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=10)) as database:
            return database.execute(sql).fetchall()

    def messages(self) -> list[dict[str, Any]]:
        return self.discord.messages(self.channel.id)

    def stories_shown(self) -> list[str]:
        return [story_of(message) for message in self.messages()]


def story_of(message: Mapping[str, Any]) -> str:
    found = STORY.search(json.dumps(message["components"]))
    assert found, "a message without a mark"
    return found["story"]


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with feed_server() as feeds, FakeDiscord() as discord:
        guild = discord.add_guild(name="Newsroom")
        yield Stage(folder, feeds, discord, guild, discord.add_channel(guild, name="alerts"))


@asynccontextmanager
async def tocsin(scene: Stage, *, end: signal.Signals, **environment: str) -> AsyncIterator[None]:
    """The program, running; ended by `end`, after which its log is free of tracebacks."""
    log = scene.log
    with log.open("ab") as errors, (scene.folder / "shown.txt").open("ab") as shown:
        process = await asyncio.create_subprocess_exec(
            *scene.command("run", "--feeds", str(scene.folder / "feeds.opml")),
            stdin=subprocess.DEVNULL,
            stdout=shown,
            stderr=errors,
            env=scene.environment() | environment,
        )
    try:
        yield
        assert process.returncode is None, log.read_text()
    finally:
        if process.returncode is None:
            process.send_signal(end)
        code = await asyncio.wait_for(process.wait(), 10)
    assert code == (0 if end == signal.SIGTERM else -end), log.read_text()
    assert "Traceback" not in log.read_text()
    written = b"".join(path.read_bytes() for path in scene.folder.iterdir() if path.is_file())
    assert scene.discord.token.encode() not in written, "the token is in no log, no output and no database"


async def publish(scene: Stage, step: Step) -> None:
    """Shows `step` to the program and waits until all of it is committed and nothing is left to send or edit."""
    scene.feeds.publish(step)
    count = len(step)
    async with asyncio.timeout(90):
        scene.feeds.answers.clear()
        while scene.feeds.answers[304] < 2 * count or unsettled(scene):
            await asyncio.sleep(0.2)


def unsettled(scene: Stage) -> int:
    """Rows that are not in a terminal state, and messages that show less than their story has."""
    ((rows,),) = scene.rows("SELECT count(*) FROM alerts WHERE state IN ('owed', 'sending')")
    ((edits,),) = scene.rows(
        "SELECT count(*) FROM alerts JOIN stories ON stories.id = alerts.story_id"
        " WHERE state = 'sent' AND kind = 'alert' AND shown_revision < stories.revision"
    )
    return int(rows) + int(edits)


def call(scene: Stage, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """One short command on the same database."""
    everything = scene.environment() | environment
    return subprocess.run(scene.command(*words), env=everything, capture_output=True, text=True, timeout=60)


def subscribe(scene: Stage) -> None:
    ids = ["--guild", str(scene.guild.id), "--channel", str(scene.channel.id)]
    assert call(scene, "alerts", "add", *ids).returncode == 0


def set_the_stage(scene: Stage, steps: Sequence[Step]) -> None:
    write_feeds(scene, list(steps[0]))
    subscribe(scene)


def write_feeds(scene: Stage, paths: Sequence[str]) -> None:
    (scene.folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    feeds = [Feed(url=f"{scene.feeds.base}{path}", name=path) for path in paths]
    (scene.folder / "feeds.opml").write_bytes(write_opml(feeds))


async def play(scene: Stage, steps: Sequence[Step]) -> Counter[str]:
    """The three steps with a kill before the third; checks the oracle after each. Returns what happened."""
    set_the_stage(scene, steps)
    async with tocsin(scene, end=signal.SIGKILL):
        await publish(scene, steps[0])
        assert scene.messages() == [], "the first poll posts nothing"
        await publish(scene, steps[1])
        check_oracle(scene)
        before = scene.stories_shown()
        assert before, "the second step has news"
    async with tocsin(scene, end=signal.SIGTERM):
        await publish(scene, steps[2])
        check_oracle(scene)
        assert scene.stories_shown()[: len(before)] == before, "a restart repeats and loses nothing"
    edited = sum(message["edited_timestamp"] is not None for message in scene.messages())
    return Counter(
        entries=scene.rows("SELECT count(*) FROM entries")[0][0],
        stories=scene.rows("SELECT count(*) FROM stories")[0][0],
        messages=len(scene.messages()),
        edited=edited,
        replies=sum("message_reference" in message for message in scene.messages()),
    )


def check_oracle(scene: Stage) -> None:
    rows = scene.rows("SELECT story_id, state, message_id FROM alerts")
    assert {state for _, state, _ in rows} <= {"sent"}
    assert sorted(story for story, _, _ in rows) == sorted(scene.stories_shown()), "one message for each row"
    told = [story for (story,) in scene.rows("SELECT story_id FROM alerts WHERE kind = 'alert'")]
    assert len(set(told)) == len(told), "one alert for each story; what changes it materially comes as an update"
    updates = scene.rows("SELECT message_id FROM alerts WHERE kind = 'update'")
    answers = {int(message["id"]) for message in scene.messages() if "message_reference" in message}
    assert {int(id) for (id,) in updates} <= answers, "an update answers the alert of its story"
    assert {int(id) for _, _, id in rows} == {int(message["id"]) for message in scene.messages()}
    assert set(scene.stories_shown()) == stories_told_later(scene), "one message for each story with later news"
    assert not scene.discord.pings
    assert scene.discord.unknown == []


def stories_told_later(scene: Stage) -> set[str]:
    """The stories with a report that came after the first poll of its feed, which alone are owed."""
    return {
        story
        for (story,) in scene.rows(
            "SELECT DISTINCT story_id FROM articles JOIN entries ON entries.id = entry_id"
            " JOIN feeds ON feeds.id = feed_id WHERE story_id IS NOT NULL AND entries.first_seen > first_polled_at"
        )
    }


def sample_steps() -> list[Step]:
    outlets, now = read_newsroom(), datetime.now(UTC)
    return [
        {
            outlet.path: edition(outlet, [now - timedelta(hours=3 - number) for number in range(step)])
            for outlet in outlets
        }
        for step in (1, 2, 3)
    ]


async def test_one_message_a_story_grows_by_edits_and_survives_a_kill(tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        counts = await play(scene, sample_steps())
    assert counts["messages"] >= 8
    assert counts["edited"] >= 1


async def test_real_news_makes_one_message_a_story(tmp_path: Path, reference: Path) -> None:
    make = [sys.executable, str(reference / "eval" / "make_feeds.py"), str(reference / "eval" / "dev.jsonl")]
    subprocess.run([*make, str(tmp_path / "news")], check=True)
    steps = [
        {f"/{path.name}": Edition(path.read_bytes(), "application/xml") for path in sorted(folder.iterdir())}
        for folder in sorted((tmp_path / "news").iterdir())
    ]
    async with stage(tmp_path) as scene:
        counts = await play(scene, steps)
    print(dict(counts))  # noqa: T201 - the figures of the real set, for whoever asks
    assert counts["entries"] == 260
    assert counts["messages"] >= 30
    assert counts["edited"] >= 1


async def until(true: Callable[[], object], *, seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.1)


async def test_without_a_token_alerts_are_drawn_in_the_terminal(tmp_path: Path) -> None:
    steps = sample_steps()
    async with stage(tmp_path) as scene:
        write_feeds(scene, list(steps[0]))
        async with tocsin(scene, end=signal.SIGTERM, TOCSIN_DISCORD_TOKEN=""):
            await publish(scene, steps[0])
            assert scene.shown == "", "the first poll is silent"
            await publish(scene, steps[1])
        (counted,) = scene.rows("SELECT count(*) FROM alerts WHERE state = 'sent'")
        assert scene.shown.count("[ Why? ]") >= counted[0] >= 5
        assert "TOCSIN_DISCORD_TOKEN" in scene.log.read_text()
        assert "this terminal" in call(scene, "alerts", "list").stdout


async def test_polling_goes_on_while_discord_is_out_of_reach_and_alerts_follow_once_it_is_there(tmp_path: Path) -> None:
    steps = sample_steps()
    async with feed_server() as feeds:
        discord = FakeDiscord(port=free_port())
        guild = discord.add_guild(name="Newsroom")
        scene = Stage(tmp_path, feeds, discord, guild, discord.add_channel(guild, name="alerts"))
        set_the_stage(scene, steps)
        (tmp_path / "settings.toml").write_text(f'{SETTINGS}[log]\nlevel = "DEBUG"\n', encoding="utf-8")
        async with AsyncExitStack() as until_the_end, tocsin(scene, end=signal.SIGTERM):
            for step in steps[:2]:
                feeds.publish(step)
                feeds.answers.clear()
                await until(lambda: feeds.answers[304] >= 2 * len(steps[0]))
            assert scene.rows("SELECT count(*) FROM alerts WHERE state = 'owed'") > [(0,)]
            await until_the_end.enter_async_context(discord)
            await until(lambda: not unsettled(scene))
            check_oracle(scene)
            assert scene.messages()


async def test_short_commands_work_beside_a_running_bot_which_heeds_them_and_a_second_bot_is_refused(
    tmp_path: Path,
) -> None:
    steps = sample_steps()
    first, *others = steps[0]
    async with stage(tmp_path) as scene:
        write_feeds(scene, [first])
        async with tocsin(scene, end=signal.SIGTERM):
            await until(lambda: scene.log.exists() and "started" in scene.log.read_text())
            second = await asyncio.to_thread(call, scene, "run")
            assert second.returncode == 1
            assert second.stderr.splitlines()[-1].endswith(
                "is in use by another Tocsin; stop that one first, or name another with --database."
            )
            assert "Traceback" not in second.stderr
            await asyncio.to_thread(subscribe, scene)
            (tmp_path / "more.opml").write_bytes(write_opml([Feed(scene.feeds.base + path, path) for path in others]))
            added = await asyncio.to_thread(call, scene, "feeds", "import", str(tmp_path / "more.opml"))
            assert added.returncode == 0, added.stderr
            listed = await asyncio.to_thread(call, scene, "feeds", "list", "--json")
            assert len(listed.stdout.splitlines()) >= len(steps[0])
            await publish(scene, steps[0])
            await publish(scene, steps[1])
            check_oracle(scene)
            assert scene.messages()


SOME_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.mark.parametrize("token", ["wrong-canary-token", SOME_TOKEN])
async def test_a_wrong_token_ends_the_program_with_one_sentence(tmp_path: Path, token: str) -> None:
    async with stage(tmp_path) as scene:
        write_feeds(scene, [])
        (tmp_path / "feeds.toml").write_text("", encoding="utf-8")
        ended = await asyncio.to_thread(call, scene, "run", TOCSIN_DISCORD_TOKEN=token)
    assert ended.returncode == 78
    assert ended.stderr.splitlines()[-1].startswith("Discord refuses the bot's token; set TOCSIN_DISCORD_TOKEN")
    assert "Traceback" not in ended.stderr
    assert token not in ended.stdout + ended.stderr
