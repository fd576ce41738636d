"""The Discord client and the sender, on the wire: the real discord.py against the fake Discord."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import discord.gateway
import discord.http
import pytest
from discord import app_commands

from bot.client import DiscordSender, Index, TocsinClient, point_at, run_client
from bot.client.budget import LONGEST_WAIT, SLOW, STOP, WINDOW, Budget
from bot.client.drawing import to_embed, to_view
from bot.client.rights import missing_rights, open_channels
from bot.client.sender import TIMEOUT
from bot.core.message import Button, Message, alert_message, minimal_message
from bot.errors import (
    BlockedError,
    DeliveryError,
    DestinationForbiddenError,
    DestinationGoneError,
    MessageGoneError,
    MessageRefusedError,
    RateLimitedError,
    TokenRefusedError,
    TryAgainError,
)
from bot.store import Store
from handlers.deliver import DeliverRules
from handlers.failures import explain
from tests import people
from tests.builders import NOON, a_story
from tests.discord_fake import CREATE, EventFault, FakeDiscord, Fault, Permission, QuickClient, point_client, running
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.world import Channel

ALERT = alert_message(a_story(), mark="m1")


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        yield server
    assert not server.unknown


@pytest.fixture
def channel(fake: FakeDiscord) -> Channel:
    return fake.add_channel(fake.add_guild())


@pytest.fixture
async def client(fake: FakeDiscord) -> AsyncIterator[discord.Client]:
    """Logged in, without a gateway."""
    client = QuickClient()
    with point_client(fake):
        async with client:
            await client.login(fake.token)
            yield client


@pytest.fixture
def sender(client: discord.Client) -> DiscordSender:
    return DiscordSender(client, timeout=3)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py pauses between its own tries; here it does not wait."""
    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda delay, result=None: sleep(0, result))


def a_client(**changes: Any) -> TocsinClient:
    options = {"commands": [], "buttons": [], "explain": explain, "allowed_guilds": ["*"], "guild_ready_timeout": 0}
    return TocsinClient(**(options | changes))


# -- drawing


async def test_a_message_without_an_embed_or_buttons_has_none() -> None:
    assert to_embed(Message(content="x")) is None
    assert to_view(Message(content="x")) is None


async def test_a_view_is_finished_so_that_none_is_kept_for_each_message() -> None:
    view = to_view(ALERT)
    assert view is not None and view.is_finished()
    labels = [item.label for item in view.children if isinstance(item, discord.ui.Button)]
    assert labels == ["Read", "Sources", "Key points", "Why?", "Not relevant"]


# -- sending


async def test_an_alert_arrives_as_it_was_drawn_with_its_own_nonce_and_pings_nobody(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    loud = alert_message(a_story(title="@everyone <@1> look", key_points=("@here",)), mark="m1")
    message_id = await sender.create(channel.id, loud, nonce="nonce-1")
    [stored] = fake.messages(channel)
    [request] = [request.json for request in fake.requests if request.route == CREATE]
    assert (request["nonce"], request["enforce_nonce"]) == ("nonce-1", True)
    assert stored["id"] == str(message_id)
    assert stored["embeds"][0]["author"]["name"] == "📝 CONTRACT · in talks · 1 outlet"
    ids = [button.get("custom_id") for button in stored["components"][0]["components"]]
    assert ids == [None, *(f"story:{asked}:story-1:m1" for asked in ("sources", "points", "why", "reject"))]
    assert not fake.pings


async def test_a_repeat_with_the_same_nonce_gives_the_message_that_is_there(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    first = await sender.create(channel.id, ALERT, nonce="n")
    assert await sender.create(channel.id, ALERT, nonce="n") == first
    assert await sender.create(channel.id, ALERT, nonce="other") != first
    assert len(fake.messages(channel)) == 2


async def test_a_repeat_after_somebody_deleted_the_message_says_that_it_is_gone(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    message_id = await sender.create(channel.id, ALERT, nonce="n")
    fake.delete_message(channel, message_id)
    with pytest.raises(MessageGoneError):
        await sender.create(channel.id, ALERT, nonce="n")


async def test_a_follow_up_is_a_reply_and_stands_alone_where_the_earlier_alert_was_deleted(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    first = await sender.create(channel.id, ALERT, nonce="1")
    await sender.create(channel.id, ALERT, nonce="2", reply_to=first)
    fake.delete_message(channel, first)
    await sender.create(channel.id, ALERT, nonce="3", reply_to=first)
    second, third = fake.messages(channel)
    assert second["message_reference"]["message_id"] == str(first)
    assert "message_reference" not in third


async def test_an_edit_shows_the_new_state(fake: FakeDiscord, channel: Channel, sender: DiscordSender) -> None:
    message_id = await sender.create(channel.id, ALERT, nonce="n")
    await sender.edit(channel.id, message_id, alert_message(a_story(title="Now signed", stage="signed"), mark="m1"))
    [stored] = fake.messages(channel)
    assert stored["embeds"][0]["title"] == "Now signed"
    with pytest.raises(MessageGoneError):
        await sender.edit(channel.id, message_id + 1, ALERT)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, 10003, DestinationGoneError), (404, 10004, DestinationGoneError),
        (403, 50001, DestinationForbiddenError), (403, 50013, DestinationForbiddenError),
        (400, 160005, DestinationForbiddenError), (400, 160002, DestinationForbiddenError),
        (400, 50008, DestinationForbiddenError), (403, 99999, DestinationForbiddenError),
        (400, 50035, MessageRefusedError), (400, 50006, MessageRefusedError), (413, 40005, MessageRefusedError),
        (400, 200000, MessageRefusedError), (403, 200000, MessageRefusedError), (400, 240000, MessageRefusedError),
        (404, 10008, MessageGoneError), (401, 0, TokenRefusedError),
        (503, 0, TryAgainError), (500, 0, TryAgainError), (502, 0, TryAgainError),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("no_pauses")
async def test_each_answer_of_discord_becomes_its_error(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender, status: int, code: int, error: type[DeliveryError]
) -> None:
    fault = fake.faults.add(Fault("error", status=status, code=code, message="said so", times=None, route=CREATE))
    with pytest.raises(DeliveryError) as raised:
        await sender.create(channel.id, ALERT, nonce="n")
    assert type(raised.value) is error
    assert raised.value.code in (code, None)
    assert fault.hits == (5 if status in (500, 502) else 1)


@pytest.mark.parametrize("do", ["drop", "reset", "hang", "cut"])
async def test_a_lost_answer_is_tried_again_and_the_nonce_finds_the_message(
    fake: FakeDiscord, channel: Channel, client: discord.Client, do: Any
) -> None:
    fake.faults.add(Fault(do, when="after", route=CREATE))
    sender = DiscordSender(client, timeout=0.3)
    with pytest.raises(TryAgainError):
        await sender.create(channel.id, ALERT, nonce="n")
    message_id = await sender.create(channel.id, ALERT, nonce="n")
    assert [message["id"] for message in fake.messages(channel)] == [str(message_id)]


@pytest.mark.usefixtures("no_pauses")
async def test_a_server_error_after_the_create_makes_no_second_message(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    fake.faults.add(Fault("status", status=500, when="after", route=CREATE))
    await sender.create(channel.id, ALERT, nonce="n")
    assert len(fake.messages(channel)) == 1


async def test_a_long_rate_limit_is_told_and_not_waited_for(
    fake: FakeDiscord, channel: Channel, client: discord.Client
) -> None:
    client.http.max_ratelimit_timeout = 30.0
    fake.faults.add(Fault("ratelimit", retry_after=65, scope="shared", route=CREATE))
    with pytest.raises(RateLimitedError) as raised:
        await DiscordSender(client).create(channel.id, ALERT, nonce="n")
    assert raised.value.retry_after == 65


@pytest.mark.parametrize("status", [403, 429])
async def test_after_cloudflare_answered_nothing_is_sent_for_ten_minutes(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender, status: int
) -> None:
    fake.faults.add(Fault("html", status=status, route=CREATE))
    with pytest.raises(BlockedError) as raised:
        await sender.create(channel.id, ALERT, nonce="n")
    assert raised.value.retry_after == 600
    asked = len(fake.requests)
    with pytest.raises(BlockedError) as raised:
        await sender.create(channel.id, ALERT, nonce="n")
    assert 590 < (raised.value.retry_after or 0) <= 600
    assert len(fake.requests) == asked


async def test_a_poison_embed_is_refused_and_its_minimal_text_taken(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    too_long = Message(title="x" * 300, buttons=ALERT.buttons)
    with pytest.raises(MessageRefusedError, match="256 or fewer"):
        await sender.create(channel.id, too_long, nonce="n")
    await sender.create(channel.id, minimal_message(a_story(), mark="m1"), nonce="n")
    assert len(fake.messages(channel)) == 1


async def test_without_a_login_a_send_waits(channel: Channel) -> None:
    with pytest.raises(RateLimitedError, match="not connected"):
        await DiscordSender(QuickClient()).create(channel.id, ALERT, nonce="n")


async def test_an_archived_thread_is_opened_and_a_locked_one_is_not(
    fake: FakeDiscord, channel: Channel, client: discord.Client, sender: DiscordSender
) -> None:
    starter = await sender.create(channel.id, ALERT, nonce="0")
    opened = await client.http.start_thread_with_message(channel.id, starter, name="alerts", auto_archive_duration=1440)
    thread = int(opened["id"])
    first = await sender.create(thread, ALERT, nonce="1")
    fake.threads.archive(thread)
    await sender.edit(thread, first, alert_message(a_story(title="Now signed"), mark="m1"))
    assert fake.messages(thread)[-1]["embeds"][0]["title"] == "Now signed"
    fake.threads.archive(thread, locked=True)
    with pytest.raises(DestinationForbiddenError):
        await sender.edit(thread, first, ALERT)


# -- finding


async def test_an_alert_is_found_again_by_its_mark_among_many(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    person = fake.add_user(channel.guild_id)
    for number in range(130):
        fake.post(person, channel, f"chatter {number}")
    message_id = await sender.create(channel.id, ALERT, nonce="n")
    assert await sender.find(channel.id, "m1", before) == message_id
    assert await sender.find(channel.id, "m2", before) is None
    assert await sender.find(channel.id, "m1", datetime.now(UTC) + timedelta(minutes=1)) is None


async def test_a_minimal_message_is_found_by_its_mark_too(
    fake: FakeDiscord, channel: Channel, sender: DiscordSender
) -> None:
    message_id = await sender.create(channel.id, minimal_message(a_story(), mark="m9"), nonce="n")
    assert await sender.find(channel.id, "m9", datetime.now(UTC) - timedelta(minutes=1)) == message_id


async def test_a_history_that_cannot_be_read_is_no_empty_history(fake: FakeDiscord, channel: Channel) -> None:
    fake.set_permissions(channel, deny=Permission.READ_MESSAGE_HISTORY)
    client = QuickClient()
    async with running(fake, client):
        await fake.until(lambda: client.get_channel(channel.id))
        with pytest.raises(DestinationForbiddenError):
            await DiscordSender(client).find(channel.id, "m", datetime.now(UTC))


# -- the budget of refused requests


def test_only_refusals_of_the_last_ten_minutes_count() -> None:
    budget = Budget()
    for status in (200, 401, 403, 404, 429, 500):
        budget.note(status, at=10.0)
    assert budget.spent(11.0) == 3
    assert budget.spent(10.0 + WINDOW) == 0


async def test_sends_stop_before_discord_bans(fake: FakeDiscord, channel: Channel, client: discord.Client) -> None:
    budget, now = Budget(), asyncio.get_running_loop().time()
    for _ in range(STOP):
        budget.note(403, at=now)
    with pytest.raises(BlockedError, match="5000 refused requests"):
        await DiscordSender(client, budget=budget).create(channel.id, ALERT, nonce="n")
    assert not fake.messages(channel)


async def test_sends_slow_down_before_they_stop(
    fake: FakeDiscord, channel: Channel, client: discord.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda delay, result=None: naps.append(delay) or sleep(0, result))
    budget, now = Budget(), asyncio.get_running_loop().time()
    for _ in range(SLOW):
        budget.note(429, at=now)
    await DiscordSender(client, budget=budget).create(channel.id, ALERT, nonce="n")
    assert 1.0 in naps


async def test_the_client_counts_its_refused_requests_itself(fake: FakeDiscord, channel: Channel) -> None:
    client = a_client()
    with point_client(fake):
        async with client:
            await client.login(fake.token)
            with pytest.raises(DestinationGoneError):
                await DiscordSender(client, budget=client.budget).create(4711, ALERT, nonce="n")
            fake.set_permissions(channel, deny=Permission.SEND_MESSAGES)
            with pytest.raises(DestinationForbiddenError):
                await DiscordSender(client, budget=client.budget).create(channel.id, ALERT, nonce="n")
    assert client.budget.spent(asyncio.get_running_loop().time()) == 1


# -- the client


def test_no_privileged_intent_is_asked_for() -> None:
    client = a_client()
    assert [name for name, on in client.intents if on] == ["guilds"]
    assert client.allowed_mentions is not None
    assert client.allowed_mentions.to_dict() == {"parse": []}


@pytest.mark.parametrize(
    ("allowed", "serves"), [((), False), (("1",), False), (("7", "1"), True), (("*",), True)]
)  # fmt: skip
def test_servers_are_closed_unless_they_are_named(allowed: tuple[str, ...], serves: bool) -> None:
    client = a_client(allowed_guilds=allowed)
    assert client.serves(7) is serves
    assert client.serves(None) is False


async def test_commands_are_registered_once_and_buttons_after_every_new_start(fake: FakeDiscord) -> None:
    command = app_commands.Command(name="ping", description="Answers", callback=_ping)
    client = a_client(commands=[command])
    with point_client(fake):
        for _ in range(2):
            async with client:
                await client.login(fake.token)
            client.clear()
            client.http.connector = discord.utils.MISSING
    assert [request.method for request in fake.requests if request.route.endswith("/commands")] == ["PUT"]


async def test_discord_takes_every_command(tmp_path: Path) -> None:
    async with FakeDiscord(openapi=at_hand()) as fake, Store.open(f"sqlite:///{tmp_path / 'x.db'}") as store:
        client = people.a_client(store, Index(), clock=lambda: NOON)
        with point_client(fake):
            async with client:
                await client.login(fake.token)
                registered = {command.name for command in await client.tree.fetch_commands()}
        assert registered == {command.name for command in client.tree.get_commands()}
        assert {"alerts", "news", "story", "entity", "settings", "status", "about", "help"} <= registered
        assert not fake.violations


async def test_commands_that_discord_refuses_leave_the_client_running(fake: FakeDiscord) -> None:
    fake.faults.add(Fault("error", status=400, code=50035, message="Invalid Form Body", method="PUT"))
    async with running(fake, a_client(commands=[app_commands.Command(name="x", description="x", callback=_ping)])):
        pass


async def _ping(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("pong")


async def test_channels_that_open_again_are_told_of(fake: FakeDiscord) -> None:
    told: list[list[int]] = []

    async def note(channels: Any) -> None:
        told.append(list(channels))

    home = fake.add_guild()
    channel = fake.add_channel(home)
    fake.set_permissions(channel, deny=Permission.SEND_MESSAGES)
    client = a_client(channels_open=note)
    async with running(fake, client):
        await fake.until(lambda: told)
        assert told == [[]]
        fake.set_permissions(channel, allow=Permission.SEND_MESSAGES)
        await fake.until(lambda: len(told) > 1)
        assert told[-1] == [channel.id] == open_channels(client.guilds[0])


async def test_a_role_that_is_taken_away_and_a_thread_that_opens_tell_what_is_open(fake: FakeDiscord) -> None:
    told: list[list[int]] = []

    async def note(channels: Any) -> None:
        told.append(list(channels))

    home = fake.add_guild()
    channel = fake.add_channel(home)
    client = a_client(channels_open=note)
    async with running(fake, client):
        await fake.until(lambda: told)
        role = fake.add_role(home)
        await fake.until(lambda: client.guilds[0].get_role(role.id))
        count = len(told)
        fake.world.emit("GUILD_ROLE_DELETE", {"guild_id": str(home.id), "role_id": str(role.id)}, guild=home.id)
        await fake.until(lambda: len(told) > count)
        starter = await DiscordSender(client).create(channel.id, ALERT, nonce="0")
        opened = await client.http.start_thread_with_message(channel.id, starter, name="x", auto_archive_duration=1440)
        thread = int(opened["id"])
        fake.threads.archive(thread, locked=True)
        await fake.until(lambda: client.get_channel(thread) is None or client.get_channel(thread).locked)  # type: ignore[union-attr]
        assert thread not in open_channels(client.guilds[0])
        count = len(told)
        fake.threads.set_state(fake.world.channel(thread), archived=False, locked=False)
        await fake.until(lambda: len(told) > count and thread in told[-1])


def test_the_time_of_one_call_fits_into_a_lease_and_outlasts_a_rate_limit() -> None:
    """A look-up, a create and the opening of a thread, each with the pause of a nearly spent budget."""
    assert TIMEOUT > LONGEST_WAIT
    assert timedelta(seconds=3 * (TIMEOUT + 1)) < DeliverRules().lease


def test_missing_rights_are_named_as_discord_names_them() -> None:
    some = discord.Permissions(view_channel=True, embed_links=True, read_message_history=True)
    assert missing_rights(some) == ["Send Messages"]
    assert missing_rights(some, thread=True) == ["Send Messages in Threads"]
    assert missing_rights(discord.Permissions.all()) == []


# -- staying connected


async def test_a_refused_token_ends_the_run_in_one_sentence(fake: FakeDiscord) -> None:
    with point_client(fake), pytest.raises(TokenRefusedError, match="TOCSIN_DISCORD_TOKEN"):
        await run_client(a_client(), "wrong")


async def test_a_client_that_dies_is_started_again(fake: FakeDiscord) -> None:
    """An event that discord.py cannot parse ends its task."""
    home = fake.add_guild()
    fake.faults.add(EventFault("CHANNEL_CREATE", without=("type",)))
    naps: list[float] = []
    ready: list[object] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def note(channels: object) -> None:
        ready.append(channels)

    client = a_client(channels_open=note)
    with point_client(fake):
        task = asyncio.create_task(run_client(client, fake.token, sleep=nap))
        await fake.until(lambda: len(ready) == 1)
        channel = fake.add_channel(home)
        await fake.until(lambda: len(ready) == 2)
        assert await DiscordSender(client).create(channel.id, ALERT, nonce="n")
        await client.close()
        await task
    assert naps == [1.0]


async def test_pauses_grow_while_discord_is_out_of_reach() -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 8:
            raise asyncio.CancelledError

    route = discord.http.Route.BASE
    discord.http.Route.BASE = "http://127.0.0.1:9"
    try:
        with pytest.raises(asyncio.CancelledError):
            await run_client(a_client(), "token", sleep=nap)
    finally:
        discord.http.Route.BASE = route
    assert naps == [1, 2, 4, 8, 16, 32, 60, 60]


def test_addresses_are_changed_only_when_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(discord.http.Route, "BASE", "https://discord.example/api")
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    before = gateway.DEFAULT_GATEWAY
    point_at()
    assert discord.http.Route.BASE == "https://discord.example/api"
    assert before == gateway.DEFAULT_GATEWAY
    point_at(api_base="http://127.0.0.1:1/api/v10/", gateway_url="ws://127.0.0.1:1/gw")
    assert discord.http.Route.BASE == "http://127.0.0.1:1/api/v10"
    assert str(gateway.DEFAULT_GATEWAY) == "ws://127.0.0.1:1/gw"


def test_a_disabled_button_is_drawn_disabled() -> None:
    async def drawn() -> bool:
        view = to_view(Message(buttons=(Button("x", custom_id="x", disabled=True),)))
        assert view is not None
        return bool(view.children[0].disabled)  # type: ignore[attr-defined]

    assert asyncio.run(drawn())
