"""Sending, editing and finding messages, on the wire: the real discord.py against the fake Discord."""

from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from bot.client import DiscordSender
from bot.client.budget import LONGEST_WAIT
from bot.client.sender import TIMEOUT
from bot.core.message import Message, alert_message, minimal_message
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
from handlers.deliver import DeliverRules
from tests import stage
from tests.builders import a_story
from tests.discord_fake import CREATE, FakeDiscord, Fault, Permission, QuickClient, running
from tests.discord_fake.world import Channel
from tests.stage import ALERT

fake = stage.fake
guild = stage.guild
channel = stage.channel
client = stage.client
sender = stage.sender
no_pauses = stage.no_pauses


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


def test_the_time_of_one_call_fits_into_a_lease_and_outlasts_a_rate_limit() -> None:
    """A look-up, a create and the opening of a thread, each with the pause of a nearly spent budget."""
    assert TIMEOUT > LONGEST_WAIT
    assert timedelta(seconds=3 * (TIMEOUT + 1)) < DeliverRules().lease


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
    for number in range(100):  # the newest are looked at whatever the time
        fake.post(person, channel, f"more chatter {number}")
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
