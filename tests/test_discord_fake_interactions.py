"""Answers to interactions on the fake and the clocks that they run against."""

import asyncio

import discord
import pytest

from tests import answering, stage
from tests.answering import Bot
from tests.discord_fake import FakeDiscord, NoResponse, running
from tests.discord_fake.world import Channel, User

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
user = answering.user
bot = answering.bot


async def test_deferral_becomes_the_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    seen = asyncio.Event()

    async def later(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await seen.wait()
        await interaction.followup.send("first")
        await interaction.followup.send("second")
        await interaction.edit_original_response(content="changed")

    bot.answer = later
    thinking = await fake.slash(user, channel, "/run")
    assert thinking.loading
    assert thinking.ephemeral
    seen.set()
    done = await fake.wait_for_follow_up(thinking, count=2)
    await fake.until(lambda: fake.visible_to(user, channel)[0].content == "changed")
    assert [m["content"] for m in done.messages][1] == "second"
    assert [m.content for m in fake.visible_to(user, channel)] == ["changed", "second"]
    assert [m["content"] for m in fake.messages(channel)] == ["second"]
    assert not bot.failures


async def test_deletion_of_an_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def gone(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("x", ephemeral=True)
        await interaction.delete_original_response()
        with pytest.raises(discord.NotFound):
            await interaction.original_response()
            await interaction.edit_original_response(content="y")
        bot.failures.append(Exception("end"))

    bot.answer = gone
    await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert str(bot.failures[0]) == "end"
    assert fake.visible_to(user, channel) == []


async def test_three_seconds(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def late(interaction: discord.Interaction) -> None:
        fake.clock.advance(3.1)
        await interaction.response.send_message("too late")

    bot.answer = late
    with pytest.raises(NoResponse):
        await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.NotFound)
    assert bot.failures[0].code == 10062
    assert fake.messages(channel) == []


async def test_only_one_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        await interaction.response.send_message("two")

    bot.answer = twice
    await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.HTTPException)
    assert bot.failures[0].code == 40060
    assert [m["content"] for m in fake.messages(channel)] == ["one"]


async def test_fifteen_minutes(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        fake.clock.advance(14 * 60)
        await interaction.followup.send("in time")
        fake.clock.advance(61)
        await interaction.followup.send("too late")

    bot.answer = slow
    await fake.slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.HTTPException)
    assert (bot.failures[0].status, bot.failures[0].code) == (401, 50027)


async def test_follow_up_before_an_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def early(interaction: discord.Interaction) -> None:
        await interaction.followup.send("x")

    bot.answer = early
    interaction = fake.open_slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.NotFound)
    assert bot.failures[0].code == 10015
    assert interaction.answer is None


async def test_wrong_kind_of_answer(fake: FakeDiscord, bot: Bot, channel: Channel, user: User) -> None:
    async def update(interaction: discord.Interaction) -> None:
        route = discord.http.Route(
            "POST",
            "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=interaction.id,
            webhook_token=interaction.token,
        )
        await bot.http.request(route, json={"type": 7, "data": {"content": "x"}})

    bot.answer = update
    fake.open_slash(user, channel, "/run")
    await fake.until(lambda: bot.failures)
    assert isinstance(bot.failures[0], discord.HTTPException)
    assert bot.failures[0].code == 50035


async def test_nobody_answers(fake: FakeDiscord, channel: Channel, user: User) -> None:
    client = Bot()
    async with running(fake, client):
        fake.gateway.refusing = True
        await fake.drop_gateway()
        interaction = fake.open_slash(user, channel, "/run")
        waiting = asyncio.create_task(fake.wait_for_response(interaction))
        await asyncio.sleep(0)
        fake.clock.advance(3)
        with pytest.raises(NoResponse):
            await waiting
