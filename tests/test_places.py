"""Which rights each kind of channel has to give."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.client.places import rights_in
from bot.client.rights import open_channels
from tests.people import Town, a_town

BASIS = ("View Channel", "Embed Links", "Read Message History")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


def seen(town: Town, channel: Any) -> Any:
    return town.env.bot.get_channel(channel.id)


def names(place: Any, **habits: Any) -> list[str]:
    return [name for name, _ in rights_in(place, **habits)]


async def test_each_kind_of_channel_names_its_rights_as_discord_does(town: Town) -> None:
    text, forum = seen(town, town.channel), seen(town, town.guild.create_forum_channel("stories"))
    thread = await text.create_thread(name="deals", type=discord.ChannelType.public_thread)
    view, embeds, history = BASIS
    assert names(text) == [view, "Send Messages", embeds, history]
    assert names(seen(town, town.guild.create_news_channel("announcements"))) == names(text)
    assert names(forum) == [view, "Create Posts", "Send Messages in Posts", embeds, history]
    assert names(thread) == [view, "Send Messages in Threads", embeds, history]
    assert names(text, thread=True) == [*names(text), "Create Public Threads", "Send Messages in Threads"]


async def test_a_locked_thread_needs_the_right_to_write_there_all_the_same(town: Town) -> None:
    thread = await seen(town, town.channel).create_thread(name="deals", type=discord.ChannelType.public_thread)
    await thread.edit(locked=True)
    assert "Manage Threads" in names(seen(town, thread))


async def test_a_role_that_everybody_may_mention_needs_no_right(town: Town) -> None:
    text = seen(town, town.channel)
    quiet, loud = town.guild.create_role("quiet"), town.guild.create_role("loud", mentionable=True)
    assert names(text, role=text.guild.get_role(loud.id)) == names(text)
    assert names(text, role=text.guild.get_role(quiet.id))[-1].startswith("Mention @everyone")


async def test_tags_for_moderators_need_the_right_of_moderators_where_alerts_would_set_them(town: Town) -> None:
    forum = seen(town, town.guild.create_forum_channel("stories"))
    await forum.create_tag(name="chatter", moderated=True)
    assert "Manage Posts" not in names(seen(town, forum))
    await forum.create_tag(name="Contract", moderated=True)
    assert "Manage Posts" in names(seen(town, forum))


async def test_a_forum_is_open_as_other_channels_are(town: Town) -> None:
    forum = town.guild.create_forum_channel("stories")
    guild = seen(town, forum).guild
    assert set(open_channels(guild)) == {town.channel.id, forum.id}
    await seen(town, forum).set_permissions(guild.me, send_messages=False)
    assert open_channels(guild) == [town.channel.id]
