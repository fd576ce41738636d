"""`/feeds import · export`: lists of feeds as OPML, in with a summary before anything is saved, and out as a file."""

import asyncio

import discord
from discord import app_commands

from bot.client.drafts import MINUTES
from bot.client.replies import Interaction, RefusedError, reply, reply_file
from bot.core.feed import Feed
from bot.core.feedlist import shareable, told_message
from bot.core.message import counted
from bot.core.newfeed import Sorted, admitted, list_message, sort_list
from bot.errors import TocsinError
from bot.fetch import Fetcher
from bot.opml import MAX_BYTES, read_opml, write_opml
from bot.store import guild_feeds
from handlers.feeds.looking import checked_address
from handlers.feeds.means import Means, entered, visible


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""

    @group.command(name="import", description="Adds the feeds of an OPML list, after a summary of what is new")
    @app_commands.describe(file="An OPML list, as feed readers export it, at most 1 MB")
    async def take_in(interaction: Interaction, file: discord.Attachment) -> None:
        guild_id = await entered(interaction, means)
        body = await _read(file)
        listed = await asyncio.to_thread(_sorted, body, means.fetcher)
        now = means.clock()
        seen = await visible(means, guild_id)
        lately = await means.store.read(guild_feeds.added_lately, guild_id, now)
        found = admitted(listed, seen, lately=len(lately), limits=means.limits)
        wanted = Sorted(found.new)
        keep = means.drafts.keep
        token = keep(wanted, user_id=interaction.user.id, guild_id=guild_id, now=now) if found.new else None
        await reply(interaction, list_message(found, token=token, minutes=MINUTES))

    @group.command(name="export", description="This server's feeds and the catalogue's as an OPML list")
    async def give_out(interaction: Interaction) -> None:
        guild_id = await entered(interaction, means)
        seen = await visible(means, guild_id)
        if not seen:
            raise RefusedError("No feed is read yet, so there is nothing to export. Add one with `/feeds add`.")
        given = [each for each in seen if shareable(each)]
        own = sum(each.own for each in given)
        lines = [f"{counted(own, 'feed')} of this server, {len(given) - own} of the catalogue."]
        if left := len(seen) - len(given):
            lines.append(f"{left} of the catalogue left out, because the address may hold a key of its operator's.")
        body = write_opml([each.feed for each in given], title="Tocsin")
        await reply_file(interaction, told_message("Feeds as OPML", lines), name="tocsin-feeds.opml", body=body)


async def _read(file: discord.Attachment) -> bytes:
    """The attachment's bytes. Raises RefusedError where it is too large or gone."""
    if file.size > MAX_BYTES:
        raise RefusedError("The OPML list is larger than 1 MB; split it into smaller lists.")
    try:
        return await file.read()
    except discord.HTTPException as error:
        raise RefusedError("Discord no longer has that file; attach it again.") from error


def _sorted(body: bytes, fetcher: Fetcher) -> Sorted:
    try:
        listed: tuple[Feed, ...] = read_opml(body)
    except TocsinError as error:
        raise RefusedError(str(error)) from error
    if not listed:
        raise RefusedError("The list names no feed: an OPML list of feeds holds <outline xmlUrl=…>.")
    return sort_list(listed, check=lambda address: checked_address(address, fetcher))
