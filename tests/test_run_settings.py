"""`tocsin run` for servers that want different things at once, over feeds of real news that grow in three steps.

The database itself writes down each state that a story ever had. From those states alone, by the plain rules below and
by nothing of the bot's own, it is worked out who has to be told what; the messages in the channels have to be those.
"""

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.alert import Habits, Subscription
from bot.core.hours import DigestPlan, QuietHours
from bot.demo.edition import Edition
from bot.store import Store, guilds, subscriptions
from bot.store.guilds import Watch
from tests.test_run import Stage, Step, call, stage, story_of, tocsin, until, write_feeds

CONFIG = Path(__file__).parents[1] / "config"
LEVELS = ("low", "notable", "high", "critical")
DEALS = ("contract", "funding")
RULES = ("policy", "regulation_or_law", "incident_or_ethics")
NAMES = ("OpenAI", "NATO")
MUTED, WATCHED = "Palantir", "Anthropic"
# Each state of a story with what it weighed, as a trigger of the database keeps them: one for each commit.
DIARY = """
CREATE TABLE diary (id INTEGER PRIMARY KEY, story TEXT, event TEXT, level TEXT, score REAL, title TEXT, content TEXT);
CREATE TRIGGER keep_diary AFTER UPDATE OF level ON stories BEGIN
  INSERT INTO diary (story, event, level, score, title, content)
  VALUES (new.id, new.event, new.level, new.importance, new.title, new.content);
END;
"""


@dataclass(frozen=True, slots=True)
class State:
    """A story as it stood at one commit."""

    story: str
    event: str
    level: str
    score: float
    title: str
    content: dict[str, Any]

    @property
    def names(self) -> set[str]:
        parties = [self.content.get(role) or {} for role in ("buyer", "seller")]
        return {name for name in (*self.content["organisations"], *(each.get("name") for each in parties)) if name}

    def holds(self, word: str) -> bool:
        """Whether it names `word`, as an organisation or in the words that a reader sees."""
        told = "\n".join((self.title, *self.content["key_points"]))
        return word in self.names or re.search(rf"\b{word}\b", told, re.IGNORECASE) is not None

    def is_at_least(self, level: str) -> bool:
        return LEVELS.index(self.level) >= LEVELS.index(level)


@dataclass
class Wish:
    """A channel with a subscription, and when a story is told there: `ever` for any state that it had since the first
    polls, or, `at_first`, for the first of them."""

    name: str
    ever: Callable[[State], bool] = lambda _: True
    at_first: Callable[[State], bool] = lambda _: True
    changes: dict[str, Any] = field(default_factory=dict)
    elsewhere: bool = False
    channel: Any = None

    def told(self, states: Iterable[State]) -> set[str]:
        """The stories that have to be told."""
        found: dict[str, list[State]] = {}
        for state in states:
            found.setdefault(state.story, []).append(state)
        return {story for story, past in found.items() if any(map(self.ever, past)) and self.at_first(past[0])}


def with_watch(state: State) -> bool:
    """Whether it is high in a server that watches for WATCHED, by the figures of the configuration."""
    figures = tomllib.loads((CONFIG / "importance.toml").read_text(encoding="utf-8"))
    return state.score + figures["watched"] * state.holds(WATCHED) >= figures["levels"]["high"] - 1e-9


def wishes(now: datetime) -> list[Wish]:
    quiet_since = now - timedelta(hours=2)
    minute = quiet_since.hour * 60 + quiet_since.minute
    quiet = QuietHours(minute, (minute + 12 * 60) % (24 * 60), critical_override=False)
    daily = Habits(digest=DigestPlan((now.hour + 12) % 24, top=25))
    return [
        Wish("everything"),
        Wish("deals", lambda state: state.event in DEALS, changes={"events": DEALS}),
        Wish("weighty", lambda state: state.is_at_least("high"), changes={"min_importance": "high"}),
        Wish("names", lambda state: bool(state.names & set(NAMES)), changes={"organisations": NAMES}),
        Wish("quiet", changes={"habits": Habits(quiet=quiet)}),
        Wish(
            "digest",
            lambda state: state.event in RULES,
            changes={"mode": "digest", "events": RULES, "habits": daily},
        ),
        Wish(
            "both",
            lambda state: state.is_at_least("notable"),
            changes={"mode": "both", "min_importance": "notable", "habits": daily},
        ),
        Wish("muting", at_first=lambda state: not state.holds(MUTED), elsewhere=True),
        Wish(
            "watching",
            with_watch,
            lambda state: not state.holds(MUTED),
            changes={"min_importance": "high"},
            elsewhere=True,
        ),
    ]


async def set_up(scene: Stage, wanted: list[Wish], now: datetime) -> Any:
    """Two servers with their channels, subscriptions and lists; returns the second server."""
    elsewhere = scene.discord.add_guild(name="Elsewhere")
    assert call(scene, "db", "upgrade").returncode == 0
    async with Store.open(f"sqlite:///{scene.database}") as store:
        for wish in wanted:
            guild = elsewhere if wish.elsewhere else scene.guild
            wish.channel = scene.discord.add_channel(guild, name=wish.name)
            empty = Subscription(0, guild.id, wish.channel.id, created_at=now)
            await store.write(subscriptions.add, replace(empty, **wish.changes))
        for kind, word in (("mute", MUTED), ("watch", WATCHED)):
            await store.write(guilds.add_watch, Watch(elsewhere.id, kind, word, None, 1, now))  # type: ignore[arg-type]
    change(scene, DIARY)
    return elsewhere


def change(scene: Stage, script: str) -> None:
    with closing(sqlite3.connect(scene.database, timeout=20)) as database:
        database.executescript(script)


def waiting(scene: Stage) -> int:
    """Messages that are to go out now and have not."""
    ((rows,),) = scene.rows(
        "SELECT count(*) FROM alerts WHERE state = 'sending' OR state = 'owed' AND kind != 'digest' AND held IS NULL"
    )
    ((lists,),) = scene.rows("SELECT count(*) FROM bulletins WHERE state IN ('owed', 'sending')")
    return int(rows) + int(lists)


async def publish(scene: Stage, step: Step) -> None:
    """Shows `step` and waits until all of it is read and what is owed at once is sent."""
    scene.feeds.publish(step)
    scene.feeds.answers.clear()
    await until(lambda: scene.feeds.answers[304] >= 2 * len(step) and not waiting(scene), seconds=90)


def states_since(scene: Stage, mark: int) -> list[State]:
    rows = scene.rows("SELECT id, story, event, level, score, title, content FROM diary ORDER BY id")
    return [State(*row[1:6], json.loads(row[6])) for row in rows if row[0] > mark]


def alerted(scene: Stage, wish: Wish) -> list[str]:
    """The stories of a channel's alerts, without its answers to them and its lists."""
    updates = {id for (id,) in scene.rows("SELECT message_id FROM alerts WHERE kind = 'update'")}
    messages = [each for each in scene.discord.messages(wish.channel.id) if "story:" in json.dumps(each["components"])]
    return [story_of(each) for each in messages if int(each["id"]) not in updates]


def listed(scene: Stage, wish: Wish, kind: str) -> tuple[set[str], str]:
    """The stories of a channel's one digest or catch-up message, and what it says."""
    rows = scene.rows("SELECT channel_id, kind, content, message_id FROM bulletins WHERE state = 'sent'")
    ((content, message_id),) = [row[2:] for row in rows if row[:2] == (wish.channel.id, kind)]
    told = json.loads(content)
    (message,) = [each for each in scene.discord.messages(wish.channel.id) if int(each["id"]) == message_id]
    return {*told["stories"], *told["left_out"]}, message["embeds"][0]["description"]


def pass_the_night(scene: Stage, quiet: Wish) -> None:
    """Quiet hours are over, and the last digest was two days ago."""
    earlier = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    change(
        scene,
        f"UPDATE subscriptions SET habits = '{{}}' WHERE channel_id = {quiet.channel.id};"  # noqa: S608 - our own
        "UPDATE alerts SET not_before = owed_at WHERE held IS NOT NULL;"
        f"UPDATE bulletins SET period = subscription_id || '@{earlier}' WHERE kind = 'digest';",
    )


@pytest.mark.timeout(300)
async def test_each_channel_gets_exactly_what_it_asked_for(tmp_path: Path, reference: Path) -> None:
    make = [sys.executable, str(reference / "eval" / "make_feeds.py"), str(reference / "eval" / "dev.jsonl")]
    await asyncio.to_thread(subprocess.run, [*make, str(tmp_path / "news")], check=True)
    steps = [
        {f"/{path.name}": Edition(path.read_bytes(), "application/xml") for path in sorted(folder.iterdir())}
        for folder in sorted((tmp_path / "news").iterdir())
    ]
    wanted = wishes(datetime.now(UTC))
    async with stage(tmp_path) as scene:
        write_feeds(scene, list(steps[0]))
        elsewhere = await set_up(scene, wanted, datetime.now(UTC))
        allowed = f"{scene.guild.id},{elsewhere.id}"
        async with tocsin(scene, end=signal.SIGTERM, TOCSIN_ALLOWED_GUILDS=allowed):
            await publish(scene, steps[0])
            ((mark,),) = scene.rows("SELECT coalesce(max(id), 0) FROM diary")
            await publish(scene, steps[1])
            await publish(scene, steps[2])
            await until(lambda: scene.rows("SELECT count(*) FROM bulletins WHERE kind = 'digest'") == [(2,)])
            channels = {wish.name: wish for wish in wanted}
            assert scene.discord.messages(channels["quiet"].channel.id) == [], "quiet hours are quiet"
            assert scene.discord.messages(channels["digest"].channel.id) == [], "no digest before its time"
            pass_the_night(scene, channels["quiet"])
            lists = "SELECT count(*) FROM bulletins WHERE state = 'sent'"
            await until(lambda: scene.rows(lists) == [(3,)] and not waiting(scene), seconds=60)
        states = states_since(scene, mark)
        every = {state.story for state in states}
        assert len(every) > 30

        for name in ("everything", "deals", "weighty", "names", "both", "muting", "watching"):
            found = alerted(scene, channels[name])
            assert len(found) == len(set(found)), f"{name}: one alert for each story"
            assert set(found) == channels[name].told(states), name
        assert alerted(scene, channels["quiet"]) == alerted(scene, channels["digest"]) == []
        for name, kind, stories in (
            ("quiet", "catch_up", every),
            ("digest", "digest", channels["digest"].told(states)),
            ("both", "digest", every - channels["both"].told(states)),
        ):
            found_in_list, text = listed(scene, channels[name], kind)
            assert found_in_list == stories, name
            assert text.startswith(f"{len(stories)} stories "), name
        differing = {frozenset(wish.told(states)) for wish in wanted}
        assert len(differing) >= 7, "the wishes differ, so that nobody is right by chance"
        assert scene.discord.unknown == []
