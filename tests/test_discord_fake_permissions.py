"""What the fake lets the real client do, by its rights and by what is still there."""

import discord
import pytest

from tests import stage
from tests.discord_fake import FakeDiscord, Permission, QuickClient
from tests.discord_fake.permissions import BOT_DEFAULT
from tests.discord_fake.world import CATEGORY, Channel, Guild

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
bot = stage.bot


@pytest.mark.parametrize(
    ("denied", "code"),
    [
        (Permission.VIEW_CHANNEL, 50001),
        (Permission.SEND_MESSAGES, 50013),
        (Permission.EMBED_LINKS, 50013),
    ],
)
async def test_sending_needs_rights(
    fake: FakeDiscord, channel: Channel, bot: QuickClient, denied: int, code: int
) -> None:
    place = bot.get_partial_messageable(channel.id)
    fake.set_permissions(channel, deny=denied)
    with pytest.raises(discord.Forbidden) as refused:
        await place.send(embed=discord.Embed(title="x"))
    assert refused.value.code == code
    fake.set_permissions(channel)
    await place.send(embed=discord.Embed(title="x"))


async def test_overwrites_add_up(fake: FakeDiscord, guild: Guild, channel: Channel) -> None:
    world, bot = fake.world, fake.bot.id
    role = world.guilds[guild.id].members[bot].roles[0]
    fake.set_permissions(channel, target=guild.id, deny=Permission.SEND_MESSAGES)
    assert Permission.SEND_MESSAGES not in world.permissions(bot, channel)
    assert Permission.EMBED_LINKS not in world.permissions(bot, channel)
    fake.set_permissions(channel, target=role, allow=Permission.SEND_MESSAGES)
    assert world.permissions(bot, channel) == BOT_DEFAULT
    fake.set_permissions(channel, target=bot, deny=Permission.VIEW_CHANNEL)
    assert world.permissions(bot, channel) == 0
    fake.set_guild_permissions(guild, Permission.ADMINISTRATOR)
    assert Permission.MANAGE_MESSAGES in world.permissions(bot, channel)


async def test_history_without_the_right(fake: FakeDiscord, channel: Channel, bot: QuickClient) -> None:
    place = bot.get_partial_messageable(channel.id)
    sent = await place.send("x")
    fake.set_permissions(channel, deny=Permission.READ_MESSAGE_HISTORY)
    assert [m async for m in place.history()] == []
    with pytest.raises(discord.Forbidden):
        await place.fetch_message(sent.id)


async def test_what_is_gone(fake: FakeDiscord, guild: Guild, channel: Channel, bot: QuickClient) -> None:
    place = bot.get_partial_messageable(channel.id)
    category = fake.add_channel(guild, type=CATEGORY)
    with pytest.raises(discord.HTTPException) as no_text:
        await bot.get_partial_messageable(category.id).send("x")
    assert no_text.value.code == 50008
    fake.remove_guild(guild)
    with pytest.raises(discord.Forbidden) as kicked:
        await place.send("x")
    with pytest.raises(discord.NotFound) as no_guild:
        await bot.fetch_guild(guild.id)
    fake.join(guild, fake.bot, permissions=BOT_DEFAULT)
    await place.send("x")
    fake.delete_channel(channel)
    with pytest.raises(discord.NotFound) as no_channel:
        await place.send("x")
    assert (kicked.value.code, no_guild.value.code, no_channel.value.code) == (50001, 10004, 10003)
