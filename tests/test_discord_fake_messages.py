"""Messages, limits, nonces, mentions, threads and posts on the fake, written and read by the real client."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest

from tests.discord_fake import FakeDiscord, Permission, QuickClient, running
from tests.discord_fake.components import walk
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.permissions import BOT_DEFAULT
from tests.discord_fake.snowflakes import time_of
from tests.discord_fake.world import ANNOUNCEMENT, CATEGORY, FORUM, Channel, Guild


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(openapi=at_hand()) as server:
        yield server
    assert not server.unknown
    assert not server.violations


@pytest.fixture
def guild(fake: FakeDiscord) -> Guild:
    return fake.add_guild()


@pytest.fixture
def channel(fake: FakeDiscord, guild: Guild) -> Channel:
    return fake.add_channel(guild)


@pytest.fixture
async def bot(fake: FakeDiscord, channel: Channel) -> AsyncIterator[QuickClient]:
    client = QuickClient()
    async with running(fake, client):
        yield client


@pytest.fixture
def place(bot: QuickClient, channel: Channel) -> discord.TextChannel:
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


# -- create, read, edit, delete


async def test_send_read_edit_delete(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    embed = discord.Embed(title=" A title ", description="text", colour=0x112233, url="https://example.org/a")
    embed.add_field(name="Where", value="here").set_footer(text="Source").set_image(url="https://example.org/i.png")
    view = discord.ui.View().add_item(discord.ui.Button(label="Read", url="https://example.org/a"))
    sent = await place.send("  hello ", embed=embed, view=view)
    read = await place.fetch_message(sent.id)
    assert (read.content, read.embeds[0].title, read.embeds[0].fields[0].value) == ("hello", "A title", "here")
    assert read.embeds[0].to_dict()["type"] == "rich"
    assert isinstance(read.components[0], discord.ActionRow)
    assert read.edited_at is None
    edited = await sent.edit(content=None, embed=discord.Embed(title="New"), view=None)
    assert (edited.content, edited.embeds[0].title, edited.components) == ("", "New", [])
    assert edited.edited_at is not None
    with pytest.raises(discord.HTTPException) as nothing:
        await sent.edit(embed=None)
    assert nothing.value.code == 50006
    await sent.delete()
    with pytest.raises(discord.NotFound) as gone:
        await place.fetch_message(sent.id)
    assert gone.value.code == 10008
    assert fake.messages(channel) == []


async def test_gateway_shows_edits_and_deletions(bot: QuickClient, place: discord.TextChannel) -> None:
    sent = await place.send("one")
    async with asyncio.timeout(5):
        update = asyncio.create_task(bot.wait_for("raw_message_edit"))
        await asyncio.sleep(0)
        await sent.edit(content="two")
        assert (await update).data["content"] == "two"
        deletion = asyncio.create_task(bot.wait_for("raw_message_delete"))
        await asyncio.sleep(0)
        await sent.delete()
        assert (await deletion).message_id == sent.id


async def test_history_in_pages(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    user = fake.add_user(channel.guild_id)
    ids = [fake.post(user, channel, str(number)).id for number in range(230)]
    assert [m.id async for m in place.history(limit=None)] == ids[::-1]
    after = discord.Object(ids[9])
    assert [m.id async for m in place.history(limit=150, after=after)] == ids[10:160]
    assert [m.id async for m in place.history(limit=5, before=after)] == ids[4:9][::-1]
    assert [m.id async for m in place.history(limit=5, around=discord.Object(ids[100]))] == ids[98:103][::-1]
    lists = [r for r in fake.requests if r.method == "GET" and r.route.endswith("/messages")]
    assert {int(r.query["limit"]) for r in lists} <= set(range(1, 101))


async def test_history_after_a_time(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    user = fake.add_user(channel.guild_id)
    fake.post(user, channel, "early")
    fake.clock.advance(600)
    claimed = fake.clock.now()
    fake.clock.advance(1)
    late = fake.post(user, channel, "late")
    assert [m.id async for m in place.history(after=claimed)] == [late.id]
    assert abs((time_of(late.id) - claimed).total_seconds()) < 5


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"before": 1, "after": 2}])
async def test_bad_pages(bot: QuickClient, channel: Channel, query: dict[str, Any]) -> None:
    route = discord.http.Route("GET", "/channels/{channel_id}/messages", channel_id=channel.id)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, params=query)
    assert refused.value.code == 50035


async def test_others_messages(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    posted = fake.post(fake.add_user(channel.guild_id), channel, "mine")
    message = place.get_partial_message(posted.id)
    with pytest.raises(discord.Forbidden) as edit:
        await message.edit(content="yours")
    with pytest.raises(discord.Forbidden) as delete:
        await message.delete()
    assert (edit.value.code, delete.value.code) == (50005, 50013)
    fake.set_permissions(channel, allow=Permission.MANAGE_MESSAGES)
    await message.delete()


async def test_file_and_its_picture_in_an_embed(
    fake: FakeDiscord, channel: Channel, place: discord.TextChannel
) -> None:
    with pytest.raises(discord.Forbidden):
        await place.send(file=discord.File(io.BytesIO(b"png"), "map.png"))
    fake.set_permissions(channel, allow=Permission.ATTACH_FILES)
    embed = discord.Embed(title="Map").set_image(url="attachment://map.png")
    sent = await place.send(file=discord.File(io.BytesIO(b"png"), "map.png", description="a map"), embed=embed)
    assert (sent.attachments[0].filename, sent.attachments[0].size, sent.attachments[0].description) == (
        "map.png",
        3,
        "a map",
    )
    assert sent.embeds[0].image.url == sent.attachments[0].url


async def test_components_of_the_second_kind(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    view = discord.ui.LayoutView()
    card = discord.ui.Container[Any](discord.ui.TextDisplay("# Story"), discord.ui.Separator())
    card.add_item(discord.ui.ActionRow(discord.ui.Button(label="More", custom_id="more")))
    view.add_item(card)
    sent = await place.send(view=view)
    assert sent.flags.components_v2
    assert sent.content == ""
    assert [c["id"] for c in walk(fake.messages(channel)[0]["components"])] == [1, 2, 3, 4, 5]
    with pytest.raises(discord.HTTPException) as both:
        await sent.edit(content="x")
    assert both.value.code == 50035


async def test_crosspost(fake: FakeDiscord, bot: QuickClient, guild: Guild) -> None:
    news = fake.add_channel(guild, "news", type=ANNOUNCEMENT)
    await fake.until(lambda: bot.get_channel(news.id))
    place = bot.get_channel(news.id)
    assert isinstance(place, discord.TextChannel)
    sent = await place.send("x")
    await sent.publish()
    assert fake.messages(news)[0]["flags"] == 1
    with pytest.raises(discord.HTTPException) as again:
        await sent.publish()
    assert again.value.code == 40033


# -- replies


async def test_replies(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    posted = fake.post(user := fake.add_user(channel.guild_id), channel, "hello")
    reference = place.get_partial_message(posted.id)
    reply = await place.send("answer", reference=reference)
    assert reply.type is discord.MessageType.reply
    assert isinstance(reply.reference and reply.reference.resolved, discord.Message)
    assert [(ping.user_id, ping.why) for ping in fake.pings] == [(user.id, "reply")]
    await place.send("quiet", reference=reference, mention_author=False)
    assert len(fake.pings) == 1
    fake.delete_message(channel, posted)
    with pytest.raises(discord.HTTPException) as missing:
        await place.send("answer", reference=reference)
    assert missing.value.code == 50035
    plain = await place.send("x", reference=discord.MessageReference.from_message(reply, fail_if_not_exists=False))
    assert plain.type is discord.MessageType.reply
    lost = discord.MessageReference(message_id=posted.id, channel_id=channel.id, fail_if_not_exists=False)
    assert (await place.send("x", reference=lost)).type is discord.MessageType.default
    fake.set_permissions(channel, deny=Permission.READ_MESSAGE_HISTORY)
    with pytest.raises(discord.Forbidden) as unread:
        await place.send("x", reference=reply)
    assert unread.value.code == 160002


# -- nonces


async def test_nonce_gives_the_same_message(fake: FakeDiscord, guild: Guild, place: discord.TextChannel) -> None:
    first = await place.send("alert", nonce="delivery-1")
    second = await place.send("alert", nonce="delivery-1")
    third = await place.send("alert", nonce="delivery-2")
    assert first.id == second.id != third.id
    assert first.nonce == "delivery-1"
    assert len(fake.messages(place)) == 2
    elsewhere = fake.add_channel(guild)
    other = place._state._get_client().get_partial_messageable(elsewhere.id)
    assert (await other.send("alert", nonce="delivery-1")).id == first.id
    assert fake.messages(elsewhere) == []


async def test_nonce_is_forgotten(fake: FakeDiscord, place: discord.TextChannel) -> None:
    first = await place.send("alert", nonce="n")
    fake.clock.advance(fake.message_routes.nonce_memory + 1)
    assert (await place.send("alert", nonce="n")).id != first.id


async def test_nonce_of_a_deleted_message(fake: FakeDiscord, channel: Channel, place: discord.TextChannel) -> None:
    first = await place.send("alert", nonce="n")
    fake.delete_message(channel, first)
    with pytest.raises(discord.NotFound) as deleted:
        await place.send("alert", nonce="n")
    assert deleted.value.code == 10008
    assert fake.messages(channel) == []


async def test_nonce_is_not_enforced_unasked(fake: FakeDiscord, bot: QuickClient, channel: Channel) -> None:
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id)
    for _ in range(2):
        await bot.http.request(route, json={"content": "x", "nonce": "n"})
    assert len(fake.messages(channel)) == 2


# -- mentions


async def test_mentions_and_pings(fake: FakeDiscord, guild: Guild, channel: Channel, bot: QuickClient) -> None:
    place = bot.get_partial_messageable(channel.id)
    user, other = fake.add_user(guild, "one"), fake.add_user(guild, "two")
    open_role, closed_role = fake.add_role(guild, "desk", mentionable=True), fake.add_role(guild, "closed")
    for role in (open_role, closed_role):
        fake.give_role(guild, other, role)
    text = f"<@{user.id}> <@&{open_role.id}> <@&{closed_role.id}> @everyone"
    sent = await place.send(text)
    assert (sent.raw_mentions, sent.mention_everyone) == ([user.id], False)
    assert fake.messages(channel)[0]["mention_roles"] == [str(open_role.id)]
    assert {(ping.user_id, ping.why) for ping in fake.pings} == {(user.id, "user"), (other.id, "role")}
    fake.pings.clear()
    quiet = await place.send(text, allowed_mentions=discord.AllowedMentions.none())
    assert not fake.pings
    assert fake.messages(channel)[-1]["mentions"] == []
    await quiet.edit(content=text + "!", allowed_mentions=discord.AllowedMentions.all())
    assert not fake.pings
    await place.send(text, allowed_mentions=discord.AllowedMentions(users=[other], roles=[open_role], everyone=False))
    assert [(ping.user_id, ping.why) for ping in fake.pings] == [(other.id, "role")]
    fake.pings.clear()
    fake.set_permissions(channel, allow=Permission.MENTION_EVERYONE)
    await place.send(text, silent=True)
    assert {ping.user_id for ping in fake.pings} == set(fake.world.viewers(channel)) - {fake.bot.id}
    assert all(ping.silent for ping in fake.pings)


async def test_who_cannot_see_is_not_pinged(fake: FakeDiscord, guild: Guild, channel: Channel, bot: Any) -> None:
    user = fake.add_user(guild)
    fake.set_permissions(channel, target=user, deny=Permission.VIEW_CHANNEL)
    await bot.get_partial_messageable(channel.id).send(f"<@{user.id}>")
    assert not fake.pings


# -- permissions


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


# -- threads and posts


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
