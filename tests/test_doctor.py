"""`tocsin doctor`: every piece that can be right or wrong, against a fake Discord and a feed server on loopback."""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import discord
import discord.gateway
import discord.http
import pytest
from pydantic import SecretStr

from bot.core.alert import Habits, Subscription
from bot.core.feed import Feed
from bot.demo.edition import Edition
from bot.demo.server import FeedServer, feed_server
from bot.doctor import Finding, Level, configuration, database, examination, exit_code, feeds, health, model
from bot.doctor import discord as application
from bot.doctor.database import LITTLE_ROOM, NO_ROOM, Archive
from bot.errors import Mistake, StoreError, TocsinError
from bot.health import Vitals, beating, serving
from bot.settings import Settings, load_settings
from bot.store import Store, subscriptions
from bot.store.look import Look, glance
from tests import stage
from tests.builders import a_subscription
from tests.command import call, start
from tests.discord_fake import FakeDiscord, Fault, Permission

fake = stage.judged_fake
LOOPBACK = "127.0.0.1"
RIGHTS = Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.EMBED_LINKS | Permission.READ_MESSAGE_HISTORY


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The configuration that ships, read once: nobody's environment, no token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))
        return load_settings()


@pytest.fixture
def settings(shipped: Settings, tmp_path: Path) -> Settings:
    return replace(shipped, database_url=SecretStr(f"sqlite:///{tmp_path}/t.db"), feeds=())


@pytest.fixture
def discord_as_before() -> Iterator[None]:
    """discord.py keeps its addresses in class attributes; the doctor sets them."""
    route, websocket = discord.http.Route, discord.gateway.DiscordWebSocket
    before = route.BASE, websocket.DEFAULT_GATEWAY
    yield
    route.BASE, websocket.DEFAULT_GATEWAY = before


def changed(settings: Settings, table: str, **changes: Any) -> Settings:
    return replace(settings, **{table: getattr(settings, table).model_copy(update=changes)})


def on_discord(settings: Settings, fake: FakeDiscord, *, allowed: Sequence[object] = ("*",)) -> Settings:
    """With the token and the addresses of a fake."""
    with_token = replace(settings, token=SecretStr(fake.token))
    names = tuple(map(str, allowed))
    return changed(with_token, "discord", allowed_guilds=names, api_base=fake.api_base, gateway_url=fake.gateway_url)


def told(findings: Sequence[Finding], level: Level) -> list[str]:
    return [each.says for each in findings if each.level == level]


def subscribed(*channels: Any, **changes: Any) -> Archive:
    """A database in which alerts go to these channels of the fake."""
    wanted = [a_subscription(each.id, each.guild_id, **changes) for each in channels]
    return Archive(Look("t.db"), subscriptions=wanted)


# -- the configuration


async def test_what_is_set_up_is_counted(shipped: Settings) -> None:
    (finding,) = await configuration.check(shipped)
    assert finding.level == "ok"
    assert f"{len(shipped.feeds)} feeds" in finding.says


async def test_no_feed_at_all_is_a_warning(settings: Settings) -> None:
    (says,) = told(await configuration.check(settings), "warning")
    assert "No feed is configured" in says


async def test_a_file_that_nobody_reads_is_a_warning(settings: Settings) -> None:
    misspelt = Mistake("/etc/tocsin/setings.toml", None, "is read by nobody; call it settings.toml")
    found = await configuration.check(replace(settings, unread=(misspelt,)))
    assert "/etc/tocsin/setings.toml: is read by nobody; call it settings.toml." in told(found, "warning")


async def test_secrets_that_others_may_read_are_a_warning(settings: Settings, tmp_path: Path) -> None:
    Path(".env").write_text("TOCSIN_DISCORD_TOKEN=x\n", encoding="utf-8")
    Path(".env").chmod(0o644)
    secret = replace(settings, token=SecretStr("x"))
    assert any("chmod 600 .env" in says for says in told(await configuration.check(secret), "warning"))
    Path(".env").chmod(0o600)
    assert not any("chmod" in says for says in told(await configuration.check(secret), "warning"))


def test_every_mistake_in_the_configuration_is_told_and_nothing_else_is_looked_at(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text('[poll]\ntick = 0\n[health]\naddress = "0.0.0.0"\n', encoding="utf-8")
    ended = call(capsys, "doctor", "--config", str(tmp_path), "--json")
    assert ended.code == 78
    assert [row["level"] for row in ended.rows] == ["wrong", "wrong"]
    assert ended.rows[0]["says"].startswith(f"{tmp_path}/settings.toml:2: poll, tick:")
    assert "0.0.0.0 is not loopback" in ended.rows[1]["says"]


# -- the database


async def findings_of(settings: Settings) -> Sequence[Finding]:
    return await database.check(database.look_at(settings))


async def test_a_database_that_is_not_there_is_no_fault_and_none_is_made(settings: Settings, tmp_path: Path) -> None:
    found = await findings_of(settings)
    assert [each.level for each in found] == ["ok", "ok"]
    assert found[0].says == f"There is no database at {tmp_path}/t.db yet; the first run makes it."
    assert list(tmp_path.iterdir()) == []


async def test_a_database_in_use_is_looked_at_beside_its_tocsin(settings: Settings, tmp_path: Path) -> None:
    async with Store.open(settings.database_url.get_secret_value()) as store:
        await store.write(subscriptions.add, a_subscription())
        archive = database.look_at(settings)
        found = await database.check(archive)
        await store.write(subscriptions.add, a_subscription(21))
    assert [each.level for each in found] == ["ok", "ok", "ok"]
    assert "can be read and is of this version" in found[0].says
    assert found[2].says == "A Tocsin works with it just now."
    assert [each.channel_id for each in archive.subscriptions] == [20]
    assert (await findings_of(settings))[2].says == "No Tocsin works with it just now."


async def test_a_look_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    url = settings.database_url.get_secret_value()
    async with Store.open(url):
        pass
    with pytest.raises(StoreError, match="is read-only"):
        glance(url, subscriptions.add, a_subscription())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    await findings_of(settings)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("version", "level", "words"),
    [("0001", "warning", "of an older version"), ("9999", "wrong", "written by a newer Tocsin")],
)
async def test_a_database_of_another_version_is_told_from_this_ones(
    settings: Settings, tmp_path: Path, version: str, level: Level, words: str
) -> None:
    async with Store.open(settings.database_url.get_secret_value()):
        pass
    with closing(sqlite3.connect(tmp_path / "t.db")) as c:
        c.execute("UPDATE alembic_version SET version_num = ?", (version,))
        c.commit()
    (says,) = told(await findings_of(settings), level)
    assert words in says


@pytest.mark.parametrize("content", [b"no database at all" * 99, b"SQLite format 3\0" + b"\x01" * 5000])
async def test_a_file_that_is_no_sound_database_is_wrong(settings: Settings, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.db").write_bytes(content)
    (finding,) = await findings_of(settings)
    assert finding.level == "wrong"
    assert str(tmp_path / "t.db") in finding.says
    assert (tmp_path / "t.db").read_bytes() == content


async def test_a_server_that_is_not_there_is_wrong_and_its_password_is_not_told(settings: Settings) -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as reserved:
        port = reserved.getsockname()[1]
    url = SecretStr(f"postgresql://tocsin:hunter2-canary@{LOOPBACK}:{port}/tocsin")
    found = await examination.examine(replace(settings, database_url=url), network=False)
    (says,) = told(found, "wrong")
    assert "cannot be used" in says
    assert "hunter2-canary" not in str(found)


@pytest.mark.parametrize(
    ("look", "level", "words"),
    [
        (Look("t.db", free=NO_ROOM - 1, size=0), "wrong", "before it is full"),
        (Look("t.db", free=LITTLE_ROOM - 1, size=0), "warning", "a backup may not fit"),
        (Look("t.db", free=3 * LITTLE_ROOM, size=2 * LITTLE_ROOM), "warning", "a backup may not fit"),
        (Look("t.db", "7", "7", ahead=-90.0), "warning", "90 seconds behind this machine's"),
    ],
)
async def test_little_room_and_clocks_that_differ_are_told(look: Look, level: Level, words: str) -> None:
    assert any(words in says for says in told(await database.check(Archive(look)), level))


async def test_a_database_on_a_server_is_looked_at_too(settings: Settings, database_url: str) -> None:
    async with Store.open(database_url) as store:
        await store.write(subscriptions.add, a_subscription())
    archive = database.look_at(replace(settings, database_url=SecretStr(database_url)))
    assert {each.level for each in await database.check(archive)} == {"ok"}
    assert len(archive.subscriptions) == 1


# -- the language model


async def test_a_model_that_is_missing_is_a_warning_and_says_how_to_get_it(settings: Settings) -> None:
    (finding,) = await model.check(changed(settings, "language", model="no_such_model"))
    assert finding.level == "warning"
    assert "pip install no-such-model" in finding.says


# -- Discord


async def test_without_a_token_nothing_is_asked_and_the_terminal_is_named(settings: Settings) -> None:
    (finding,) = await application.check(settings, Archive(), network=True)
    assert finding.level == "warning"
    assert "terminal" in finding.says


@pytest.mark.usefixtures("discord_as_before")
async def test_a_token_that_works_shows_the_application_its_link_its_servers_and_its_channels(
    settings: Settings, fake: FakeDiscord
) -> None:
    home = fake.add_guild(name="Newsroom", permissions=int(RIGHTS))
    channel = fake.add_channel(home, name="alerts")
    forum = fake.add_channel(home, name="stories", type=15)
    chosen = on_discord(settings, fake, allowed=[home.id])
    found = await application.check(chosen, subscribed(channel, forum), network=True)
    assert {each.level for each in found} == {"ok"}, found
    (link,) = [each.link for each in found if each.link]
    assert link == (
        f"https://discord.com/oauth2/authorize?client_id={fake.world.application_id}"
        "&scope=bot+applications.commands&permissions=84992"
    )
    says = " ".join(each.says for each in found)
    assert "“Newsroom”" in says
    assert "The gateway answers." in says
    assert "2 subscribed channels" in says
    assert not fake.gateway.sessions, "nobody logged in to the gateway"


@pytest.mark.usefixtures("discord_as_before")
async def test_rights_that_alerts_lack_are_named_for_each_channel(settings: Settings, fake: FakeDiscord) -> None:
    home = fake.add_guild(permissions=int(RIGHTS))
    good, mute, hidden, gone = (fake.add_channel(home, name=name) for name in ("good", "mute", "hidden", "gone"))
    fake.set_permissions(mute, deny=int(Permission.EMBED_LINKS | Permission.READ_MESSAGE_HISTORY))
    fake.set_permissions(hidden, deny=int(Permission.VIEW_CHANNEL))
    fake.delete_channel(gone)
    found = await application.check(on_discord(settings, fake), subscribed(good, mute, hidden, gone), network=True)
    assert exit_code(found) == 1
    wrong = sorted(told(found, "wrong"))
    assert f"#mute ({mute.id}) the bot lacks Embed Links and Read Message History" in wrong[-1]
    assert any(str(hidden.id) in each and "View Channel" in each for each in wrong)
    assert any(str(gone.id) in each and "no longer exists" in each for each in wrong)
    assert "Alerts can be sent to 1 subscribed channel." in told(found, "ok")


@pytest.mark.usefixtures("discord_as_before")
async def test_a_thread_is_judged_by_its_channel_and_threads_of_alerts_need_a_right(
    settings: Settings, fake: FakeDiscord
) -> None:
    home = fake.add_guild(permissions=int(RIGHTS))
    channel = fake.add_channel(home)
    found = await application.check(
        on_discord(settings, fake), subscribed(channel, habits=Habits(thread=True)), network=True
    )
    assert any("lacks Create Public Threads" in says for says in told(found, "wrong"))


@pytest.mark.usefixtures("discord_as_before")
async def test_a_refused_token_is_a_wrong_setting(settings: Settings, fake: FakeDiscord) -> None:
    chosen = replace(on_discord(settings, fake), token=SecretStr("another.token"))
    found = await application.check(chosen, Archive(), network=True)
    assert exit_code(found) == 78
    (says,) = told(found, "wrong")
    assert "Discord refuses the bot's token" in says
    fake.rest.unknown.clear()


@pytest.mark.usefixtures("discord_as_before")
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("html", status=403, times=None), "Cloudflare refuses this machine's requests"),
        (Fault("html", status=404, times=None, route="/gateway/bot"), "The gateway cannot be reached"),
    ],
)
async def test_a_discord_that_cannot_be_asked_is_wrong_but_no_wrong_setting(
    settings: Settings, fault: Fault, words: str
) -> None:
    async with FakeDiscord() as fake:
        fake.faults.add(fault)
        chosen = changed(on_discord(settings, fake), "discord", gateway_url="")
        found = await application.check(chosen, Archive(), network=True)
    assert exit_code(found) == 1
    assert any(words in says for says in told(found, "wrong")), found


@pytest.mark.usefixtures("discord_as_before")
async def test_a_gateway_out_of_reach_is_told_though_requests_work(settings: Settings, fake: FakeDiscord) -> None:
    with closing(socket.create_server((LOOPBACK, 0))) as reserved:
        port = reserved.getsockname()[1]
    chosen = changed(on_discord(settings, fake), "discord", gateway_url=f"ws://{LOOPBACK}:{port}/")
    (says,) = told(await application.check(chosen, Archive(Look("t")), network=True), "wrong")
    assert says.startswith("The gateway cannot be reached, so commands get no answer: ")


@pytest.mark.usefixtures("discord_as_before")
async def test_servers_that_are_served_and_those_that_are_not_are_told_apart(
    settings: Settings, fake: FakeDiscord
) -> None:
    home, stranger = fake.add_guild(name="Home"), fake.add_guild(name="@everyone\u202e [x](http://evil)")
    found = await application.check(on_discord(settings, fake, allowed=[home.id, 42]), Archive(), network=True)
    warnings = told(found, "warning")
    assert any(str(stranger.id) in each and "without serving it" in each for each in warnings)
    assert any("not in the server 42" in each for each in warnings)
    assert "\u202e" not in " ".join(warnings)
    assert any("“Home”" in each for each in told(found, "ok"))


@pytest.mark.parametrize(("allowed", "words"), [([], "No server may use"), (["*"], "Every server may use")])
async def test_an_instance_for_nobody_or_for_everybody_is_a_warning(
    settings: Settings, allowed: list[str], words: str
) -> None:
    chosen = changed(replace(settings, token=SecretStr("some.token")), "discord", allowed_guilds=tuple(allowed))
    warnings = told(await application.check(chosen, Archive(), network=False), "warning")
    assert any(words in each for each in warnings)


# -- feeds


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with feed_server() as running:
        yield running


def reading(settings: Settings, *urls: str) -> Settings:
    listed = tuple(Feed(url=url, name=f"Feed {number}") for number, url in enumerate(urls, 1))
    networks = (ip_network("127.0.0.0/8"),)
    return changed(replace(settings, feeds=listed), "poll", allowed_networks=networks)


async def test_feeds_that_answer_are_counted_and_the_others_named(settings: Settings, server: FeedServer) -> None:
    server.publish({"/good.xml": Edition(b"<rss/>", "application/xml")})
    chosen = reading(settings, f"{server.base}/good.xml", f"{server.base}/gone.xml", "http://127.0.0.1:9/x.xml")
    found = await feeds.check(chosen, Archive(), network=True)
    assert found[0] == Finding("feeds", "ok", "1 of 3 feeds answer.")
    assert [says.partition(":")[0] for says in told(found, "warning")] == ["Feed 2", "Feed 3"]
    assert exit_code(found) == 0


async def test_where_no_feed_answers_something_is_wrong(settings: Settings) -> None:
    dead = [f"http://127.0.0.1:9/{number}.xml" for number in range(9)]
    found = await feeds.check(reading(settings, *dead), Archive(), network=True)
    assert told(found, "wrong") == ["None of 9 feeds answers: check this machine's connection and its name server."]
    assert len(told(found, "warning")) == 4, "three by name and how many more"


async def test_feeds_are_let_be_without_a_network(settings: Settings, server: FeedServer) -> None:
    found = await feeds.check(reading(settings, f"{server.base}/x.xml"), Archive(), network=False)
    assert told(found, "ok") == ["1 feed, which were not asked."]
    assert not server.answers


# -- the health port


async def test_a_health_port_that_is_not_set_or_free_is_fine(settings: Settings) -> None:
    assert [each.level for each in await health.check(settings)] == ["ok"]
    with closing(socket.create_server((LOOPBACK, 0))) as reserved:
        port = reserved.getsockname()[1]
    (finding,) = await health.check(changed(settings, "health", port=port))
    assert finding.level == "ok"
    assert finding.says == f"The port {port} of 127.0.0.1 is free for Tocsin to say there how it is."


async def test_a_tocsin_that_runs_is_asked_how_it_is(settings: Settings) -> None:
    vitals = Vitals(version="1")
    async with beating(vitals):
        with serving(vitals, address=LOOPBACK, port=0) as port:
            chosen = changed(settings, "health", port=port)
            (starting,) = await health.check(chosen)
            vitals.watch({"poll": (timedelta(seconds=30), None)})  # type: ignore[dict-item]
            (well,) = await health.check(chosen)
    assert (starting.level, well.level) == ("wrong", "ok")
    assert well.says == f"The running Tocsin says on port {port} of 127.0.0.1: Tocsin is well."


async def test_a_port_with_something_else_on_it_is_a_wrong_setting(settings: Settings, server: FeedServer) -> None:
    port = int(server.base.rpartition(":")[2])
    found = await health.check(changed(settings, "health", port=port))
    assert exit_code(found) == 78
    assert "Something else than Tocsin answers" in found[0].says


# -- the whole


async def test_a_piece_that_fails_hides_no_other_and_shows_no_secret(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> Sequence[Finding]:
        raise TocsinError("The worker of hunter2-canary is gone: start again.")

    async def bug(*_: object, **__: object) -> Sequence[Finding]:
        raise ZeroDivisionError("hunter2-canary")

    monkeypatch.setattr(model, "check", fail)
    monkeypatch.setattr(health, "check", bug)
    pieces: list[int] = []
    chosen = replace(settings, token=SecretStr("hunter2-canary"))
    found = await examination.examine(chosen, network=False, done=lambda: pieces.append(1))
    assert [each.says for each in found if each.level == "wrong"] == [
        "The worker of [secret] is gone: start again.",
        "Tocsin itself failed to look at this (ZeroDivisionError('[secret]')); please report it.",
    ]
    assert len(pieces) == examination.PIECES
    assert {"configuration", "database", "Discord"} <= {each.about for each in found}


async def test_the_command_prints_a_line_each_in_a_pipe_and_ends_with_its_code(
    fake: FakeDiscord, tmp_path: Path
) -> None:
    home = fake.add_guild(name="Newsroom")
    (tmp_path / "feeds.toml").write_text("", encoding="utf-8")
    environment = {
        "TOCSIN_DISCORD_TOKEN": fake.token,
        "TOCSIN_DISCORD_API_BASE": fake.api_base,
        "TOCSIN_DISCORD_GATEWAY_URL": fake.gateway_url,
        "TOCSIN_ALLOWED_GUILDS": str(home.id),
    }
    words = ("doctor", "--config", str(tmp_path), "--database", f"sqlite:///{tmp_path}/t.db")
    running = start(*words, **environment)
    out, err = await asyncio.to_thread(running.communicate, timeout=50)
    assert running.returncode == 0, out + err
    assert err == ""
    lines = out.splitlines()
    assert {line.split()[0] for line in lines} == {"ok", "warning"}
    assert any("permissions=84992" in line for line in lines)
    assert any(line.startswith("ok       language model: The language model en_core_web_sm") for line in lines)
    assert fake.token not in out + err


def test_what_is_wrong_decides_the_exit_code() -> None:
    ok, warning = Finding("a", "ok", "."), Finding("a", "warning", ".")
    wrong, setting = Finding("a", "wrong", "."), Finding("a", "wrong", ".", configured=True)
    assert [exit_code(each) for each in ([ok, warning], [ok, wrong], [wrong, setting])] == [0, 1, 78]


def test_subscriptions_of_one_channel_are_looked_at_once() -> None:
    plain, threaded = a_subscription(5), a_subscription(5, habits=Habits(thread=True))
    assert list(application._one_a_channel([plain, threaded, a_subscription(6)])) == [threaded, a_subscription(6)]
    assert isinstance(plain, Subscription)
