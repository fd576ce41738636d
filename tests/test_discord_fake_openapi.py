"""Discord's own description as a judge: of requests, of answers, and of this fake."""

import re
from pathlib import Path

import discord
import pytest

from tests.discord_fake import CREATE, FakeDiscord, Fault, QuickClient, errors, running
from tests.discord_fake.errors import ApiError, invalid
from tests.discord_fake.openapi import Description, load
from tests.discord_fake.ratelimits import too_many


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
    assert description.validate_response("GET", "/gateway", 500, {}) == []


def test_errors(description: Description) -> None:
    """Each answer that is an error has the form of one, whatever route it is of."""
    where = ("POST", "/channels/1/messages")
    unknown = ApiError(errors.UNKNOWN_CHANNEL).body()
    refused = invalid(("embeds", 0, "title"), "BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.").body()
    assert description.validate_response(*where, 404, unknown) == []
    assert description.validate_response(*where, 400, refused) == []
    assert description.validate_response(*where, 404, {"message": "Unknown Channel"}) != []
    assert description.validate_response(*where, 404, unknown | {"code": "10003"}) != []
    assert description.validate_response(*where, 400, refused | {"errors": {"embeds": {"_errors": ["long"]}}}) != []
    assert description.validate_response(*where, 429, too_many(1.5, "shared").body) == []
    assert description.validate_response(*where, 429, {"message": "wait"}) != []


def test_every_route_of_the_fake_is_one_of_discord_s(description: Description) -> None:
    routes = FakeDiscord().rest.routes
    asked = [(route.method, re.sub(r"\{\w+\}", "1", route.template)) for route in routes]
    strays = [each for each in asked if description.validate_response(*each, 404, ApiError(errors.NOT_FOUND).body())]
    assert len(asked) > 40
    assert strays == []


async def test_every_answer_is_held_against_it(description: Description) -> None:
    """Unless a test gives another: an answer that Discord would not give fails the test that got it."""
    with pytest.raises(AssertionError, match="answered wrongly"):
        async with FakeDiscord() as fake:
            channel = fake.add_channel(fake.add_guild())
            client = QuickClient()
            async with running(fake, client):
                fake.faults.add(Fault("error", status=400, code="fifty", route=CREATE))  # type: ignore[arg-type]
                with pytest.raises(discord.HTTPException):
                    await client.get_partial_messageable(channel.id).send("x")


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
