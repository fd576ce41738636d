"""Discord's own description as a judge: of requests, of answers, and of this fake."""

from pathlib import Path

import discord
import pytest

from tests.discord_fake import FakeDiscord, QuickClient, running
from tests.discord_fake.openapi import Description, load


@pytest.fixture
def description(reference: Path) -> Description:
    return load(reference)


def test_requests(description: Description) -> None:
    path = "/channels/1/messages"
    assert description.validate_request("POST", path, {"content": "x", "message_reference": {"message_id": 1}}) == []
    (problem,) = description.validate_request("POST", path, {"embeds": [{"title": "x" * 257}]})
    assert "embeds" in problem
    assert description.validate_request("POST", "/nowhere", {}) != []


def test_answers(description: Description) -> None:
    assert description.validate_response("GET", "/gateway", 200, {"url": "wss://gateway.discord.gg/"}) == []
    assert description.validate_response("GET", "/gateway", 200, {}) != []
    assert description.validate_response("GET", "/gateway", 418, {}) == []


def test_literal_paths_win(description: Description) -> None:
    assert description.validate_response("GET", "/users/@me", 200, {"id": "1"}) != []


async def test_a_request_that_strays_is_recorded(description: Description) -> None:
    async with FakeDiscord(openapi=description) as fake:
        channel = fake.add_channel(fake.add_guild())
        client = QuickClient()
        async with running(fake, client):
            route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
            await client.http.request(route, json={"content": "x", "tts": "yes"})
        assert len(fake.violations) == 1
