"""The budget of refused requests, counted by itself and on the wire."""

import asyncio

import discord
import pytest

from bot.client import DiscordSender
from bot.client.budget import SLOW, STOP, WINDOW, Budget
from bot.errors import BlockedError, DestinationForbiddenError, DestinationGoneError
from tests import stage
from tests.discord_fake import FakeDiscord, Permission, point_client
from tests.discord_fake.world import Channel
from tests.stage import ALERT, a_client

fake = stage.fake
guild = stage.guild
channel = stage.channel
client = stage.client


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
