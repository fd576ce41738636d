"""Canaries: secrets of every kind go through the real program, at its most talkative, and are looked for wherever they
must not be: lines, results, tables, messages and answers, and the environment of the processes that meet hostile bytes.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import MetaData, create_engine, select

from bot.store.engine import address
from tests.command import ROOT, command
from tests.discord_fake import FakeDiscord
from tests.discord_fake.hands import USER_DEFAULT
from tests.discord_fake.inputs import NoResponse
from tests.discord_fake.permissions import Permission
from tests.hurry import SETTINGS
from tests.ports import free_port
from tests.site import Site, open_site

TOKEN = "canary-bot-token-7f3a"
"""Looks like no token, so that no pattern finds it."""
PASSWORD = "canary/pass#word"
SPELT = "canary%2Fpass%23word"
KEY = "canary-feed-key-11"
HOOK = "canary-hook-token-22"
LOGIN = "canary-login-33"
EVERYTHING = (TOKEN, PASSWORD, SPELT, KEY, HOOK, LOGIN)
STORY = "OpenAI in talks with NATO over AI models for unclassified networks"
STORIES = (
    (STORY, "OpenAI is in talks with NATO about a contract to use its AI models on the alliance's networks."),
    ("Pentagon signs AI contract with Palantir", "The US Department of Defense signed an AI contract with Palantir."),
    ("Royal Navy deploys AI drones of Anduril", "The Royal Navy deployed drones of Anduril that are steered by AI."),
    ("Anthropic refuses AI weapons for the US Army", "Anthropic will not let the US Army use its AI in weapons."),
    ("Helsing raises money for AI in fighter jets", "Helsing raised 450 million euros for AI in fighter jets."),
)
TALKATIVE = f"""{SETTINGS}
[log]
level = "DEBUG"
format = "{{form}}"
[health]
port = {{port}}
"""


ASKED: Sequence[tuple[str, dict[str, Any]]] = (
    ("feeds list", {}),
    ("feeds health", {"feed": "1"}),
    ("feeds health", {"feed": "5"}),
    ("feeds export", {}),
    ("feeds add", {"url": f"https://me:{LOGIN}@wire.example/feed"}),
    ("feeds check", {"url": f"me:{LOGIN}@wire.example/feed"}),
    ("status", {}),
    ("about", {}),
    ("news latest", {}),
    ("news search", {"query": "NATO"}),
    ("story sources", {"story": STORY}),
    ("story timeline", {"story": STORY}),
    ("story view", {"story": STORY}),
    ("admin why", {"story": STORY}),
    ("admin why", {"url": "https://wire.example/4"}),
    ("alerts list", {}),
    ("alerts preview", {"subscription": 1}),
)
COMMANDS = (
    ("poll", "--once", "--all", "--json"), ("doctor",), ("feeds", "add", f"https://me:{LOGIN}@wire.example/"),
    ("alerts", "add", "--guild", TOKEN, "--channel", "x"),
)  # fmt: skip


def found(text: str, secrets: Sequence[str] = EVERYTHING) -> list[str]:
    """The canaries in a text, with what stands around the first of each."""
    where = {secret: text.find(secret) for secret in secrets}
    return [text[max(at - 200, 0) : at + 60] for at in where.values() if at >= 0]


@dataclass
class Scene:
    """Feeds whose addresses hold keys, a Discord with two servers, and a folder for the program."""

    folder: Path
    site: Site
    discord: FakeDiscord
    database: str
    told: int = 1
    health: int = field(default_factory=free_port)
    seen: list[str] = field(default_factory=list)

    def url(self, path: str, host: int = 1) -> str:
        return self.site.url(path, f"127.0.0.{host}")

    async def feed(self, request: web.Request) -> web.Response:
        """A feed whose entries name its own address as their link, as some publishers do."""
        back = f"http://{request.host}{request.path_qs}".replace("&", "&amp;")
        links = [back, "#top", f"{back}#2", "https://wire.example/4", "?"]
        items = "".join(
            f"<item><guid isPermaLink='false'>{number}</guid><title>{title}</title><link>{link}</link>"
            f"<description>{text}</description></item>"
            for number, ((title, text), link) in enumerate(zip(STORIES[: self.told], links, strict=False))
        )
        body = f"<rss version='2.0'><channel><title>Wire</title><link>{back}</link>{items}</channel></rss>"
        return web.Response(body=body.encode(), content_type="application/rss+xml")

    def polls(self) -> int:
        """How often the first feed was asked."""
        return sum(
            request.path == "/feed" and request.host == f"127.0.0.1:{self.site.port}" for request in self.site.asked
        )

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "always",
            "TOCSIN_DISCORD_TOKEN": TOKEN,
            "TOCSIN_DATABASE_URL": self.database,
            "TOCSIN_CONFIG": str(self.folder),
            "TOCSIN_DISCORD_API_BASE": self.discord.api_base,
            "TOCSIN_DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "TOCSIN_ALLOWED_GUILDS": "*",
            "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
            **more,
        }

    async def call(self, *words: str, **more: str) -> str:
        """All that a command writes."""
        ended = await asyncio.to_thread(
            subprocess.run, command(*words), env=self.environment(**more), capture_output=True, text=True, timeout=60
        )
        self.seen.append(f"{ended.stdout}\n{ended.stderr}")
        return self.seen[-1]


@asynccontextmanager
async def scene(folder: Path, database: str, form: str) -> AsyncIterator[Scene]:
    async with open_site() as site, FakeDiscord(token=TOKEN) as discord:
        made = Scene(folder, site, discord, database)
        site.paths["/feed"] = made.feed
        site.at("/broken", body=b"<rss><channel><item><title>" + KEY.encode())
        site.at("/moved", status=301, Location=f"/feed?key={KEY}")
        site.at("/circle", status=302, Location=f"/circle?key={KEY}")
        site.at("/login", status=302, Location=f"http://me:{LOGIN}@127.0.0.4:{site.port}/feed")
        site.at("/busy", status=503, Retry_After="1")
        site.at("/gone", status=410)
        site.at(f"/api/webhooks/123456/{HOOK}", status=500)
        (folder / "settings.toml").write_text(TALKATIVE.format(form=form, port=made.health), encoding="utf-8")
        feeds = [
            made.url(f"/feed?key={KEY}"), made.url(f"/gone?key={KEY}", 2), made.url(f"/broken?key={KEY}", 3),
            made.url(f"/moved?key={KEY}", 4), made.url(f"/circle?key={KEY}", 5), made.url(f"/busy?key={KEY}", 6),
            made.url(f"/login?key={KEY}", 7), made.url(f"/api/webhooks/123456/{HOOK}", 8),
            f"http://127.0.0.9:1/feed?key={KEY}", f"https://10.0.0.1/feed?key={KEY}",
        ]  # fmt: skip
        listed = "".join(f'[[feed]]\nurl = "{url}"\nname = "Feed {number}"\n' for number, url in enumerate(feeds))
        (folder / "feeds.toml").write_text(listed, encoding="utf-8")
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address with a password, which the server of the tests takes as it would any."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tocsin.db'}"
    return str(request.getfixturevalue("postgres_url")).replace("postgres@", f"postgres:{SPELT}@")


def tables(url: str) -> Iterator[tuple[str, str, str]]:
    """(table, column, text) of every value in a database."""
    engine = create_engine(address(url))
    try:
        with engine.connect() as c:
            known = MetaData()
            known.reflect(c)
            for table in known.tables.values():
                for row in c.execute(select(table)).mappings():
                    yield from ((table.name, column, str(value)) for column, value in row.items())
    finally:
        engine.dispose()


async def until(true: Callable[[], object], seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.1)


async def answered(discord: FakeDiscord, person: Any, channel: Any, words: str, **options: Any) -> str:
    """All that a person reads after a command."""
    response = await discord.slash(person, channel, words, **options)
    try:
        response = await discord.wait_for_follow_up(response, seconds=15)
    except NoResponse:
        return f"{words}: no answer"
    return json.dumps([response.messages, response.choices])


@asynccontextmanager
async def program(play: Scene) -> AsyncIterator[tuple["asyncio.subprocess.Process", list[bytes]]]:
    """`tocsin run`, with all that it writes."""
    running = await asyncio.create_subprocess_exec(
        *command("run"), env=play.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines: list[bytes] = []

    async def read() -> None:
        assert running.stdout is not None
        while piece := await running.stdout.read(65_536):
            lines.append(piece)

    reading = asyncio.create_task(read())
    try:
        yield running, lines
    except TimeoutError:
        pytest.fail("it did not come so far:\n" + b"".join(lines).decode()[:20000])
    finally:
        if running.returncode is None:
            running.send_signal(signal.SIGTERM)
        await asyncio.wait_for(running.wait(), 30)
        await reading


async def vital_signs(play: Scene, path: str) -> str:
    """What whoever watches over the program is told."""
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{play.health}{path}") as answer:
        return str(answer.headers) + await answer.text()


def descendants(process: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    own = [int(word) for thread in threads for word in thread.read_text().split()]
    return [*own, *(deeper for each in own for deeper in descendants(each))]


def around(process: int) -> str:
    """What a process was started with: its words and its variables."""
    return "\n".join(Path(f"/proc/{process}/{name}").read_bytes().decode() for name in ("cmdline", "environ"))


@pytest.mark.timeout(400)
async def test_no_secret_is_in_any_line_result_table_message_or_answer(tmp_path: Path, database: str) -> None:
    async with scene(tmp_path, database, "json" if "postgres" in database else "text") as play:
        discord = play.discord
        people = []
        for number, (town, name) in enumerate({"Town": "meg", "Elsewhere": "mallory"}.items(), 1):
            guild = discord.add_guild(name=town)
            channel = discord.add_channel(guild, name="news")
            manager = discord.add_user(guild, name, permissions=USER_DEFAULT | Permission.MANAGE_GUILD)
            people.append((manager, channel))
            said = await play.call("alerts", "add", "--guild", str(guild.id), "--channel", str(channel.id))
            assert said.startswith(f"{number}\n")
        async with program(play) as (bot, lines):
            await until(lambda: discord.gateway.connected and play.polls() > 1)
            play.told = len(STORIES)
            await until(lambda: all(discord.messages(channel.id) for _, channel in people))
            answers = [
                await answered(discord, person, channel, words, **options)
                for person, channel in people
                for words, options in ASKED
            ]
            answers += [await vital_signs(play, path) for path in ("/healthz", "/metrics")]
            workers = descendants(bot.pid)
            started = {each: around(each) for each in workers}
        for words in COMMANDS if "postgres" in database else ():
            await play.call(*words)
        await play.call("run", TOCSIN_DISCORD_TOKEN=f"{TOKEN}-wrong")
        log, messages = b"".join(lines).decode(), [discord.messages(channel.id) for _, channel in people]
        tokens = [each.token for each in discord._opened.values()]
    assert workers, "the workers ran"
    assert sum("no answer" in each for each in answers) == 0
    assert "127.0.0.8" in log
    assert found(log) == []
    assert [at for said in play.seen for at in found(said)] == []
    assert found(json.dumps(messages)) == []
    assert [at for answer in answers for at in found(answer)] == []
    assert [at for said in started.values() for at in found(said)] == []
    kept = set(tables(database))
    assert {(table, column) for table, column, text in kept if found(text)} == {("feeds", "url"), ("feeds", "moved_to")}
    assert found(log + str(kept) + str(play.seen), tokens) == []
