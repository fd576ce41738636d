"""Messages, replies, nonces and mentions on the fake, written and read by the real client."""

import asyncio
import io
from typing import Any

import discord
import pytest

from tests import stage
from tests.discord_fake import FakeDiscord, Permission, QuickClient
from tests.discord_fake.components import walk
from tests.discord_fake.snowflakes import time_of
from tests.discord_fake.world import ANNOUNCEMENT, Channel, Guild

fake = stage.judged_fake
guild = stage.guild
channel = stage.channel
bot = stage.bot
place = stage.place


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
