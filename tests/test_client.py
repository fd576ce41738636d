"""The Discord client, on the wire: the real discord.py against the fake Discord."""

from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.client import DiscordSender, Index
from bot.client.rights import open_channels
from bot.store import Store
from tests import people, stage
from tests.builders import NOON
from tests.discord_fake import FakeDiscord, Fault, Permission, point_client, running
from tests.discord_fake.openapi import at_hand
from tests.stage import ALERT, a_client

fake = stage.fake


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
