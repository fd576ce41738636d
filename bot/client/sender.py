"""Sends alerts through discord.py: one call, one answer, every error one of bot/errors.

Each create carries the delivery's own nonce, which Discord remembers for a few minutes, so that a repeat gives the
message that stands there already. It repeats a call only after opening an archived thread, or without being a reply
where replies are not allowed, and settles no rows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

import discord
from discord.utils import MISSING

from bot.client.answers import ARCHIVED, NO_REPLIES, delivery_error
from bot.client.budget import BLOCK, LONGEST_WAIT, SLOW, STOP, Budget
from bot.client.directory import Directory
from bot.client.drawing import shown
from bot.client.history import said_in, said_in_forum
from bot.client.once import counted_tries
from bot.client.rights import is_open
from bot.core.message import Message, mark_of
from bot.core.recalling import Said
from bot.errors import BlockedError, DestinationForbiddenError, MessageRefusedError, RateLimitedError

TIMEOUT = LONGEST_WAIT + 5.0
HAS_THREAD = 160004
SEARCHED = 1_000  # messages of a channel's history that are looked through for a mark
NEWEST = 100  # of all: as many as one request shows
UNREADABLE = "the bot lacks Read Message History in the channel"
Result = TypeVar("Result")


class DiscordSender:
    """Writes into channels. `timeout` is seconds for one call, discord.py's own retries and pauses included: longer
    than the rate limit that it waits for, or waiting would count as a failed attempt.

    The client may be one without a gateway: what its cache does not know, `places` does.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        budget: Budget | None = None,
        timeout: float = TIMEOUT,
        places: Directory | None = None,
    ) -> None:
        self._client = client
        self._budget = budget or Budget()
        self._timeout = timeout
        self._places = places or Directory(client)

    async def create(
        self, channel_id: int, message: Message, *, nonce: str, reply_to: int | None = None, guild_id: int | None = None
    ) -> int:
        """The id of the message as it stands in the channel. Raises a DeliveryError, which says whether an earlier try
        of this call may have made it."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)
        parts = _shown(message)
        reference: dict[str, Any] = {"reference": _reference(channel, reply_to)} if reply_to else {}

        async def send() -> int:
            sent: discord.Message = await channel.send(message.content or None, nonce=nonce, **parts, **reference)
            return sent.id

        with counted_tries():
            try:
                return await self._opening_archived(channel_id, send)
            except DestinationForbiddenError as error:
                if error.code != NO_REPLIES or not reference:
                    raise
            reference.clear()
            return await self._opening_archived(channel_id, send)

    async def create_post(
        self, forum_id: int, message: Message, *, name: str, tag: str = "", guild_id: int | None = None
    ) -> int:
        """A new post of a forum with `message` first, tagged with `tag` where the forum has such a tag: the id of both.

        Discord takes no nonce for it, so a repeat makes a second one. Raises a DeliveryError.
        """
        parts = _shown(message)

        with counted_tries(once=True):
            async with self._one_call():
                forum = await self._places.channel(forum_id)
                if not isinstance(forum, discord.ForumChannel):
                    raise DestinationForbiddenError("the channel is no forum any more")
                made = await forum.create_thread(
                    name=name, content=message.content or MISSING, applied_tags=_tags(forum, tag), **parts
                )
                return made.message.id

    async def open_thread(self, channel_id: int, message_id: int, name: str) -> int:
        """A thread under a message, or the one that is there: its id. Raises a DeliveryError."""
        async with self._one_call():
            channel = await self._places.channel(channel_id)
            if not isinstance(channel, discord.TextChannel):
                raise DestinationForbiddenError("the channel takes no threads")
            try:
                return (await channel.get_partial_message(message_id).create_thread(name=name)).id
            except discord.HTTPException as error:
                if error.code != HAS_THREAD:
                    raise
                return message_id  # https://docs.discord.com/developers/resources/channel: it has the message's id

    async def publish(self, channel_id: int, message_id: int) -> None:
        """Publishes a message of an announcement channel, where it is one. Raises a DeliveryError."""
        async with self._one_call():
            if await self._places.kind(channel_id) == "news":
                await self._client.get_partial_messageable(channel_id).get_partial_message(message_id).publish()

    def is_ready(self) -> bool:
        """Whether the client is logged in, so that something can be sent."""
        return self._client.user is not None and not self._client.is_closed()

    async def is_forum(self, channel_id: int) -> bool:
        """Whether the channel takes posts instead of messages. Raises a DeliveryError."""
        if isinstance(self._client.get_channel(channel_id), discord.TextChannel):
            return False
        async with self._one_call():
            return await self._places.kind(channel_id) == "forum"

    async def is_open(self, channel_id: int) -> bool:
        """Whether messages could be written into the channel, as Discord itself has it. Raises a DeliveryError."""
        async with self._one_call():
            return is_open(await self._places.channel(channel_id), await self._places.rights(channel_id))

    async def edit(self, channel_id: int, message_id: int, message: Message) -> None:
        """Makes a message of ours show `message`; nobody is notified. Raises a DeliveryError."""

        partial = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        parts = {"embed": None, "view": None} | _shown(message)

        async def change() -> None:
            await partial.edit(content=message.content or None, **parts)

        await self._opening_archived(channel_id, change)

    async def find(self, channel_id: int, mark: str, after: datetime) -> int | None:
        """The message of ours whose buttons carry `mark`, among the first 1,000 since `after` and the newest 100, or
        None.

        Raises DestinationForbiddenError where the history cannot be read: Discord then shows an empty one.
        """
        async with self._one_call():
            if await self._places.kind(channel_id) == "forum":
                found = await self._find_post(channel_id, mark, after)
            else:
                found = await self._find_message(channel_id, mark, after)
            if found is None and not await self._places.readable(channel_id):
                raise DestinationForbiddenError(UNREADABLE)
            return found

    async def said(self, channel_id: int, *, after: datetime, before: datetime) -> Sequence[Said]:
        """Our messages of that time, the oldest first, at most 1,000. Raises DeliveryErrors; DestinationForbiddenError
        where the history cannot be read."""
        async with self._one_call():
            if not await self._places.readable(channel_id):
                raise DestinationForbiddenError(UNREADABLE)
            ours = self._client.user.id if self._client.user else 0
            place = await self._places.channel(channel_id)
            if isinstance(place, discord.ForumChannel):
                return await said_in_forum(place, ours, after=after, before=before)
            channel = self._client.get_partial_messageable(channel_id)
            return await said_in(channel, ours, after=after, before=before)

    async def _find_message(self, channel_id: int, mark: str, after: datetime) -> int | None:
        """Also among the newest of all: ids tell Discord's time, and our clock may be ahead of that."""
        channel, ours = self._client.get_partial_messageable(channel_id), self._client.user
        for history in (channel.history(limit=SEARCHED, after=after, oldest_first=True), channel.history(limit=NEWEST)):
            async for sent in history:
                if mark in _marks(sent) and sent.author == ours:
                    return sent.id
        return None

    async def _find_post(self, forum_id: int, mark: str, after: datetime) -> int | None:
        """The post of ours since `after` whose first message carries `mark`, open or archived."""
        forum, since = await self._places.channel(forum_id), discord.utils.time_snowflake(after)
        if not isinstance(forum, discord.ForumChannel):
            return None
        posts = [thread for thread in await forum.guild.active_threads() if thread.parent_id == forum.id]
        posts += [thread async for thread in forum.archived_threads(limit=SEARCHED)]
        for post in posts:
            if post.id >= since and self._client.user is not None and post.owner_id == self._client.user.id:
                with suppress(discord.NotFound):
                    if mark in _marks(await post.fetch_message(post.id)):
                        return post.id
        return None

    async def _opening_archived(self, channel_id: int, call: Callable[[], Awaitable[Result]]) -> Result:
        """`call`, and once more after opening the thread if it turns out to be archived."""
        try:
            async with self._one_call():
                return await call()
        except DestinationForbiddenError as error:
            if error.code != ARCHIVED:
                raise
        async with self._one_call():
            thread = await self._client.fetch_channel(channel_id)
            if isinstance(thread, discord.Thread):
                await thread.edit(archived=False)
            return await call()

    @asynccontextmanager
    async def _one_call(self) -> AsyncIterator[None]:
        """Within it everything that goes wrong is a DeliveryError, a block is remembered and a hang ends."""
        await self._check_free()
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except Exception as error:
            answer = delivery_error(error)
            if isinstance(answer, BlockedError) and answer is not error:
                self._budget.rest(asyncio.get_running_loop().time())
            raise answer from error

    async def _check_free(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self.is_ready():
            raise RateLimitedError("Discord is not connected yet", retry_after=5.0)
        if rest := self._budget.rests(now):
            raise BlockedError("sends rest after a block by Cloudflare or many refusals", retry_after=rest)
        spent = self._budget.spent(now)
        if spent >= STOP:
            self._budget.rest(now)
            raise BlockedError(f"{spent} refused requests in ten minutes; sends rest for ten more", retry_after=BLOCK)
        if spent >= SLOW:
            await asyncio.sleep(1.0)


def _shown(message: Message) -> dict[str, Any]:
    """The embed and the view. Raises MessageRefusedError where discord.py cannot make them: it never will."""
    try:
        return shown(message)
    except (TypeError, ValueError) as error:
        raise MessageRefusedError(f"the message cannot be made ({error})") from error


def _tags(forum: discord.ForumChannel, name: str) -> list[discord.ForumTag]:
    """The forum's tag of this name, in any case; the first one where the forum asks for a tag and has none of it."""
    fitting = [tag for tag in forum.available_tags if tag.name.casefold() == name.casefold()]
    asked = list(forum.available_tags[:1]) if forum.flags.require_tag else []
    return fitting[:1] or asked


def _reference(channel: discord.PartialMessageable, message_id: int) -> discord.MessageReference:
    return discord.MessageReference(
        message_id=message_id, channel_id=channel.id, guild_id=channel.guild_id, fail_if_not_exists=False
    )


def _marks(message: discord.Message) -> set[str | None]:
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return {mark_of(getattr(component, "custom_id", None)) for row in rows for component in row.children}
