"""The client stays connected, and ends only where going on is no use."""

import asyncio

import discord.gateway
import discord.http
import pytest

from bot.client import DiscordSender, point_at, run_client
from bot.errors import TokenRefusedError
from tests import stage
from tests.discord_fake import EventFault, FakeDiscord, point_client
from tests.stage import ALERT, a_client

fake = stage.fake


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
