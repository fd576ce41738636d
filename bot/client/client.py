"""The Discord client: no privileged intent, no mention of anybody, closed to servers that the operator did not name.

Commands, buttons and the sentence for an error are handed in; it holds none. It sends no alerts (see sender).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import discord
import structlog
from discord import app_commands

from bot.client.budget import LONGEST_WAIT, Budget
from bot.client.directory import places_of
from bot.client.once import guard_repeats
from bot.client.replies import Failure, Interaction, PersistentButton, reply
from bot.client.rights import open_channels
from bot.core.alert import Place
from bot.core.pages import refusal

log = structlog.get_logger(__name__)
Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
ChannelsOpen = Callable[[Sequence[int]], Awaitable[None]]
PlacesSeen = Callable[[Sequence[Place]], Awaitable[None]]


class Membership(Protocol):
    """Is told in which servers the bot is: all of them with each new session, and one that it came to or left."""

    async def present(self, guild_ids: Sequence[int]) -> None: ...
    async def joined(self, guild_id: int) -> None: ...
    async def left(self, guild_id: int) -> None: ...


CLOSED = "This Tocsin does not serve this server. Its operator can add it to `allowed_guilds`; the server's id is {}."
NO_SERVER = "Tocsin works in servers only; use the command in a channel of one."


class Tree(app_commands.CommandTree[discord.Client]):
    """The commands, open to the allowed servers only, with one place for what goes wrong in them."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        client = self.client
        return await client.admits(interaction) if isinstance(client, TocsinClient) else True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        if isinstance(self.client, TocsinClient):
            await self.client.explain(interaction, error)


class TocsinClient(discord.Client):
    """The connection to Discord. `explain` answers a person when a command or button fails.

    `allowed_guilds` are server ids; "*" opens it to every server, and none closes it to all. `channels_open` is told
    the channels that can be written into whenever that may have changed, `places_seen` what channels are (all of them
    with each new session and each look, else those that changed), `membership` the servers that the bot is in.
    """

    def __init__(
        self,
        *,
        commands: Sequence[Command],
        buttons: Sequence[type[PersistentButton]],
        explain: Failure,
        allowed_guilds: Sequence[str] = (),
        channels_open: ChannelsOpen | None = None,
        places_seen: PlacesSeen | None = None,
        membership: Membership | None = None,
        budget: Budget | None = None,
        **options: Any,  # noqa: ANN401 - those of discord.Client
    ) -> None:
        self.budget = budget or Budget()
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=LONGEST_WAIT,
            http_trace=guard_repeats(self.budget.trace()),
            **options,
        )
        self.explain = explain
        self.tree = Tree(self)
        self._buttons = tuple(buttons)
        self._allowed = frozenset(allowed_guilds)
        self._channels_open = channels_open
        self._places_seen = places_seen
        self._told: dict[int, Place] = {}
        self._membership = membership
        self._synced = False
        for command in commands:
            self.tree.add_command(command)

    async def setup_hook(self) -> None:
        """After each login, before the gateway: buttons always, commands once in the life of the program."""
        self.add_dynamic_items(*self._buttons)
        if self._synced:
            return
        try:
            registered = await self.tree.sync()
            log.info("commands.registered", commands=len(registered))
        except app_commands.CommandSyncFailure as error:
            sentence = "Discord refuses the commands, so people cannot use them; alerts go on. Please report this."
            log.error("commands.refused", why=str(error), then=sentence)
        self._synced = True

    def is_connected(self) -> bool:
        """Whether the gateway is there just now; discord.py's `is_ready` stays true through a lost connection."""
        gateway = self.ws  # None before the first connection, whatever its type says
        return self.is_ready() and bool(gateway) and gateway.open

    def serves(self, guild_id: int | None) -> bool:
        """Whether the operator opened this instance to the server."""
        return guild_id is not None and ("*" in self._allowed or str(guild_id) in self._allowed)

    async def admits(self, interaction: Interaction) -> bool:
        """Whether the interaction may go on; a person who may not is told why, autocomplete gets no choice."""
        if self.serves(interaction.guild_id):
            return True
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        elif interaction.guild_id is None:
            await reply(interaction, refusal(NO_SERVER))
        else:
            await reply(interaction, refusal(CLOSED.format(interaction.guild_id)))
        return False

    async def on_app_command_completion(
        self, interaction: Interaction, command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
    ) -> None:
        ids = {"guild": interaction.guild_id, "channel": interaction.channel_id, "reference": interaction.id}
        log.info("command.answered", command=command.qualified_name, **ids)

    async def on_ready(self) -> None:
        """Also after every new session, so nothing here may count how often it runs."""
        log.info("client.ready", servers=len(self.guilds))
        if self._membership is not None:
            await self._membership.present([guild.id for guild in self.guilds])
        await self.look_again()

    async def look_again(self) -> None:
        """Tells of every channel as far as the cache knows: what it is, and whether it can be written into."""
        self._told.clear()
        for guild in self.guilds:
            await self._tell_open(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        log.info("guild.joined", guild=guild.id, served=self.serves(guild.id))
        if self._membership is not None:
            await self._membership.joined(guild.id)
        await self._tell_open(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed, or the server deleted; one that is out of reach for a while is not removed."""
        if self._membership is not None:
            await self._membership.left(guild.id)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        await self._tell_open(channel.guild)

    async def on_guild_channel_update(self, _before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        await self._tell_open(after.guild)

    async def on_guild_role_update(self, _before: discord.Role, after: discord.Role) -> None:
        await self._tell_open(after.guild)

    async def on_guild_update(self, _before: discord.Guild, after: discord.Guild) -> None:
        await self._tell_open(after)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        await self._tell_open(role.guild)

    async def on_thread_join(self, thread: discord.Thread) -> None:
        """Also when an archived thread is opened again, or the bot may see it."""
        await self._tell_open(thread.guild)

    async def on_thread_update(self, _before: discord.Thread, after: discord.Thread) -> None:
        await self._tell_open(after.guild)

    async def on_member_update(self, _before: discord.Member, after: discord.Member) -> None:
        if self.user is not None and after.id == self.user.id:
            await self._tell_open(after.guild)

    async def _tell_open(self, guild: discord.Guild) -> None:
        """First what the channels are: who goes on with one has to know that."""
        if self._places_seen is not None:
            new = [place for place in places_of(guild) if self._told.get(place.channel_id) != place]
            if new:
                await self._places_seen(new)
            self._told |= {place.channel_id: place for place in new}
        if self._channels_open is not None:
            await self._channels_open(open_channels(guild))
