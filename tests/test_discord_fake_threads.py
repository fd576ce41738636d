"""Threads and forum posts on the fake, written and read by the real client."""

import discord
import pytest

from tests import stage
from tests.discord_fake import FakeDiscord, Permission, QuickClient
from tests.discord_fake.world import FORUM, Guild

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
bot = stage.bot
place = stage.place


async def test_thread_from_a_message(fake: FakeDiscord, bot: QuickClient, place: discord.TextChannel) -> None:
    sent = await place.send("story")
    thread = await sent.create_thread(name="Talk")
    assert thread.id == sent.id
    assert fake.messages(place)[0]["flags"] == 32
    await thread.send("first")
    assert [m["type"] for m in fake.messages(thread.id)] == [21, 0]
    with pytest.raises(discord.HTTPException) as twice:
        await sent.create_thread(name="Talk")
    assert twice.value.code == 160004


async def test_archiving(fake: FakeDiscord, place: discord.TextChannel) -> None:
    sent = await place.send("story")
    thread = await sent.create_thread(name="Talk", auto_archive_duration=60)
    inside = await thread.send("one")
    assert [t.id for t in await place.guild.active_threads()] == [thread.id]
    fake.threads.archive(thread)
    with pytest.raises(discord.HTTPException) as archived:
        await inside.edit(content="two")
    assert archived.value.code == 50083
    assert [t.id async for t in place.archived_threads()] == [thread.id]
    assert await place.guild.active_threads() == []
    await thread.send("opens it")
    assert [t.id async for t in place.archived_threads()] == []
    await thread.edit(archived=True)
    await thread.edit(archived=False)
    await inside.edit(content="two")
    fake.threads.archive(thread, locked=True)
    with pytest.raises(discord.HTTPException) as locked:
        await thread.send("x")
    assert locked.value.code == 160005
    fake.set_permissions(place, allow=Permission.MANAGE_THREADS)
    await thread.send("x")


async def test_threads_need_their_own_right(fake: FakeDiscord, place: discord.TextChannel) -> None:
    thread = await (await place.send("story")).create_thread(name="Talk")
    fake.set_permissions(place, deny=Permission.SEND_MESSAGES)
    await thread.send("x")
    fake.set_permissions(place, deny=Permission.SEND_MESSAGES_IN_THREADS)
    with pytest.raises(discord.Forbidden):
        await thread.send("x")


async def test_forum_posts(fake: FakeDiscord, guild: Guild, bot: QuickClient) -> None:
    made = fake.add_channel(guild, "stories", type=FORUM, tags=["AI", "Defence"], require_tag=True)
    await fake.until(lambda: bot.get_channel(made.id))
    forum = bot.get_channel(made.id)
    assert isinstance(forum, discord.ForumChannel)
    with pytest.raises(discord.HTTPException) as untagged:
        await forum.create_thread(name="Story", content="x")
    assert untagged.value.code == 40067
    post = await forum.create_thread(name="Story", content="x", applied_tags=[forum.available_tags[0]])
    assert post.thread.id == post.message.id
    assert [tag.name for tag in post.thread.applied_tags] == ["AI"]
    await post.thread.send("more")
    assert [m["content"] for m in fake.messages(post.thread.id)] == ["x", "more"]
    await post.message.edit(content="y")
    assert [t.id for t in await forum.guild.active_threads()] == [post.thread.id]
    with pytest.raises(discord.HTTPException) as straight:
        await bot.get_partial_messageable(made.id).send("x")
    assert straight.value.code == 50008
    with pytest.raises(discord.HTTPException) as unnamed:
        await forum.create_thread(name="x" * 101, content="x", applied_tags=[forum.available_tags[0]])
    assert "In name:" in unnamed.value.text
    fake.violations.clear()
