"""A fake Discord with a server, a channel and a client in it, for tests on the wire: fixtures and small builders.

A test module takes a fixture by giving it a name of its own: `fake = stage.judged_fake`. None is anybody's unasked.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest

from bot.client import DiscordSender, TocsinClient
from bot.core.message import alert_message
from handlers.failures import explain
from tests.builders import a_story
from tests.discord_fake import FakeDiscord, QuickClient, point_client, running
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.world import Channel, Guild

ALERT = alert_message(a_story(), mark="m1")


def a_client(**changes: Any) -> TocsinClient:
    """The project's client, without commands and buttons and open to every server, unless `changes` says otherwise."""
    options: dict[str, Any] = {"commands": [], "buttons": [], "explain": explain, "allowed_guilds": ["*"]}
    return TocsinClient(**(options | {"guild_ready_timeout": 0} | changes))


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    """A Discord of which nothing is asked that it does not know."""
    async with FakeDiscord() as server:
        yield server
    assert not server.unknown, server.unknown


@pytest.fixture
async def judged_fake() -> AsyncIterator[FakeDiscord]:
    """The same, with Discord's own description as a judge of both sides where it is at hand."""
    async with FakeDiscord(openapi=at_hand()) as server:
        yield server
    assert not server.unknown, server.unknown
    assert not server.violations, server.violations


@pytest.fixture
def guild(fake: FakeDiscord) -> Guild:
    return fake.add_guild()


@pytest.fixture
def channel(fake: FakeDiscord, guild: Guild) -> Channel:
    return fake.add_channel(guild)


@pytest.fixture
async def bot(fake: FakeDiscord, channel: Channel) -> AsyncIterator[QuickClient]:
    """Connected, and in the server."""
    client = QuickClient()
    async with running(fake, client):
        yield client


@pytest.fixture
def place(bot: QuickClient, channel: Channel) -> discord.TextChannel:
    """The channel as the bot knows it."""
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


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
