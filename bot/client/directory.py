"""What a sender has to know of a channel: its kind, and whether its history can be read.

With a gateway discord.py's cache knows. Without one, what a gateway wrote down lately does, and where nobody did,
Discord is asked. It sends nothing into channels.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

import discord

from bot.core.alert import Place, PlaceKind
from bot.errors import StoreError

REMEMBERED = 60.0  # seconds for which what was written down or answered counts
RIGHTS_REMEMBERED = 10.0  # and that on what the bot may do in a server
Known = Callable[[int], Awaitable[Place | None]]
"""What a gateway wrote down of a channel, if that was lately."""

Channel = discord.abc.GuildChannel | discord.Thread
Value = TypeVar("Value")


class Directory:
    """Every method raises what discord.py raises where Discord has to be asked and refuses, and discord.InvalidData
    for what is no channel of a server."""

    def __init__(self, client: discord.Client, *, known: Known | None = None) -> None:
        self._client = client
        self._known = known
        self._places: _Memory[Place] = _Memory(REMEMBERED)
        self._channels: _Memory[Channel] = _Memory(REMEMBERED)
        self._guilds: _Memory[tuple[discord.Guild, discord.Member]] = _Memory(RIGHTS_REMEMBERED)

    async def kind(self, channel_id: int) -> PlaceKind:
        """A forum takes posts, "news" can be published, a thread has no threads; everything else counts as text."""
        cached = self._cached(channel_id)
        if cached is None and (place := await self._written(channel_id)):
            return place.kind
        return kind_of(cached or await self.channel(channel_id))

    async def readable(self, channel_id: int) -> bool:
        """Whether the history can be read; Discord shows an empty one where it cannot. Where there is no cache Discord
        is asked: what was written down may be older than a change of rights."""
        cached = self._cached(channel_id)
        if cached is not None and (rights := rights_of_ours(cached)):
            return may_read(rights)
        return may_read(await self._asked(await self.channel(channel_id)))

    async def channel(self, channel_id: int) -> Channel:
        """The channel itself, with all that Discord tells of it."""
        found = self._cached(channel_id) or self._channels.get(channel_id)
        if found is None:
            fetched = await self._client.fetch_channel(channel_id)
            if not isinstance(fetched, Channel):
                raise discord.InvalidData("this is no channel of a server")
            found = self._channels.put(channel_id, fetched)
        return found

    async def rights(self, channel_id: int) -> discord.Permissions:
        """What the bot may do there, as Discord's own answers have it."""
        return await self._asked(await self.channel(channel_id))

    def _cached(self, channel_id: int) -> Channel | None:
        found = self._client.get_channel(channel_id)
        return found if isinstance(found, Channel) else None

    async def _written(self, channel_id: int) -> Place | None:
        if self._known is None:
            return None
        if (place := self._places.get(channel_id)) is not None:
            return place
        with suppress(StoreError):
            if (found := await self._known(channel_id)) is not None:
                return self._places.put(channel_id, found)
        return None

    async def _asked(self, channel: Channel) -> discord.Permissions:
        """What Discord's own answers give the bot in the channel, or in the one that a thread belongs to."""
        guild_id = channel.guild.id
        guild, me = self._guilds.get(guild_id) or self._guilds.put(guild_id, await self._membership(guild_id))
        whose = channel.parent_id if isinstance(channel, discord.Thread) else channel.id
        place = await guild.fetch_channel(whose)  # with the roles of this guild; one that is fetched alone has none
        if isinstance(place, discord.Thread):
            raise discord.InvalidData("a thread belongs to a thread")
        return place.permissions_for(me)

    async def _membership(self, guild_id: int) -> tuple[discord.Guild, discord.Member]:
        guild = await self._client.fetch_guild(guild_id, with_counts=False)
        ours = self._client.user
        return guild, await guild.fetch_member(ours.id if ours else 0)


def places_of(guild: discord.Guild) -> list[Place]:
    """Every channel, forum and thread of a server that messages can stand in, as the cache has them."""
    found: list[Any] = [*guild.text_channels, *guild.forums, *guild.threads]
    return [Place(channel.id, guild.id, kind_of(channel)) for channel in found]


def kind_of(channel: Channel) -> PlaceKind:
    """The kind of a channel, as delivery tells kinds apart."""
    if isinstance(channel, discord.ForumChannel):
        return "forum"
    if isinstance(channel, discord.Thread):
        return "thread"
    return "news" if isinstance(channel, discord.TextChannel) and channel.is_news() else "text"


def rights_of_ours(channel: Channel) -> discord.Permissions | None:
    """What the bot may do there, as far as the cache knows."""
    me = channel.guild.me
    if me is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        return None
    return channel.permissions_for(me)


def may_read(rights: discord.Permissions) -> bool:
    """Whether the history can be read."""
    return rights.view_channel and rights.read_message_history


class _Memory(Generic[Value]):
    """Values by id, for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[int, tuple[float, Value]] = {}

    def get(self, id: int) -> Value | None:
        until, value = self._values.get(id, (0.0, None))
        return value if until > asyncio.get_running_loop().time() else None

    def put(self, id: int, value: Value) -> Value:
        now = asyncio.get_running_loop().time()
        self._values = {key: kept for key, kept in self._values.items() if kept[0] > now}
        self._values[id] = (now + self._seconds, value)
        return value
