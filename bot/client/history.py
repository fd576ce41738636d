"""What stands in a channel: our own messages of a stretch of time, as the rule of recalling compares them.

It sends and decides nothing.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime

import discord

from bot.core.message import UPDATE
from bot.core.recalling import Said

READ = 1_000  # messages of a channel that are read at most, the oldest first
POSTS = 100  # posts of a forum
LINK = re.compile(r"\]\((https?://[^)\s]+)\)")
TITLE_IN_CONTENT = re.compile(r"\*\* — (.+)")  # of a message without an embed


async def said_in(channel: discord.abc.Messageable, ours: int, *, after: datetime, before: datetime) -> list[Said]:
    """Our messages of a channel or thread."""
    history = channel.history(limit=READ, after=after, before=before, oldest_first=True)
    return [_said(message) async for message in history if message.author.id == ours]


async def said_in_forum(forum: discord.ForumChannel, ours: int, *, after: datetime, before: datetime) -> list[Said]:
    """Our posts of a forum, open or archived, each by its first message."""
    first, last = (discord.utils.time_snowflake(each) for each in (after, before))
    found = [post async for post in _posts(forum) if first <= post.id <= last and post.owner_id == ours]
    told = []
    for post in sorted(found, key=lambda post: post.id)[:POSTS]:
        with suppress(discord.NotFound):
            told.append(_said(await post.fetch_message(post.id), place_id=post.id))
    return told


async def _posts(forum: discord.ForumChannel) -> AsyncIterator[discord.Thread]:
    for thread in await forum.guild.active_threads():
        if thread.parent_id == forum.id:
            yield thread
    async for thread in forum.archived_threads(limit=READ):
        yield thread


def _said(message: discord.Message, *, place_id: int | None = None) -> Said:
    kinds = {(custom_id or "").partition(":")[0] for custom_id in _custom_ids(message)}
    embed = message.embeds[0] if message.embeds else None
    is_list = "bulletin" in kinds
    links = {embed.url} if embed and embed.url else set()
    if embed and is_list:
        links |= set(LINK.findall(embed.description or ""))
    told = [embed.title] if embed else TITLE_IN_CONTENT.findall(message.content)
    return Said(
        message_id=message.id,
        links=frozenset(links),
        texts=tuple(text for text in told if text and not is_list),
        is_list=is_list,
        is_update=bool(embed and (embed.author.name or "").startswith(UPDATE)),
        place_id=place_id,
    )


def _custom_ids(message: discord.Message) -> Iterator[str | None]:
    for row in message.components:
        if isinstance(row, discord.ActionRow):
            yield from (getattr(component, "custom_id", None) for component in row.children)
