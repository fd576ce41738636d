"""`/settings`: a server's time zone, its ops channel and who may manage it. For those who may manage the server."""

from collections.abc import Mapping
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.client.chosen import channel_chosen, role_chosen
from bot.client.index import Index, choices
from bot.client.places import require_place, rights_in
from bot.client.replies import Interaction, RefusedError, defer, reply
from bot.client.rights import for_managers, is_manager, require_manager
from bot.core.about import GuildView, settings_message
from bot.core.escape import cut, escape
from bot.settings.zones import zone, zone_names
from bot.store import Store, guilds, servers
from bot.store.guilds import GuildSettings

log = structlog.get_logger(__name__)
NONE = "none"
Choices = list[app_commands.Choice[str]]
Command = app_commands.Command[Any, ..., Any]


def commands(*, store: Store, index: Index, thresholds: Mapping[str, float]) -> list[Command]:
    """The command `/settings`. `thresholds` are by topic."""

    @app_commands.command(
        name="settings", description="Shows or changes this server's time zone, ops channel, managers"
    )
    @app_commands.guild_only()
    @app_commands.describe(
        timezone="The time zone that new digests and quiet hours go by, such as Europe/Berlin; none for UTC",
        ops_channel="Where Tocsin says that a feed or a channel fails, or works again; none for nowhere",
        manager_role="A role that may manage Tocsin besides those with Manage Server; none for no role",
    )
    async def settings(
        interaction: Interaction,
        timezone: str | None = None,
        ops_channel: str | None = None,
        manager_role: str | None = None,
    ) -> None:
        await defer(interaction)
        guild_id = require_manager(interaction, index)
        changes: dict[str, Any] = {}
        if timezone is not None:
            changes["timezone"] = _zone(timezone)
        if ops_channel is not None:
            changes["ops_channel_id"] = _ops_channel(interaction, ops_channel)
        if manager_role is not None:
            changes["manager_role_id"] = _manager_role(interaction, manager_role)
        kept = await _kept(guild_id, changes, store=store, index=index)
        named = {dict(index.topics).get(topic, topic): least for topic, least in thresholds.items()}
        await reply(interaction, settings_message(_view(kept), thresholds=named, changed=_told(changes)))

    _offer(settings, index)
    return [for_managers(settings)]


def _offer(settings: Command, index: Index) -> None:
    """Gives the options their autocomplete, for managers only."""
    zones = [(NONE, NONE), *((name, name) for name in zone_names())]

    @settings.autocomplete("timezone")
    async def offer_zones(interaction: Interaction, typed: str) -> Choices:
        return choices(zones, typed.replace(" ", "_")) if is_manager(interaction, index) else []

    @settings.autocomplete("ops_channel")
    async def offer_channels(interaction: Interaction, typed: str) -> Choices:
        if interaction.guild is None or not is_manager(interaction, index):
            return []
        there: list[discord.TextChannel | discord.Thread] = [
            *interaction.guild.text_channels,
            *interaction.guild.threads,
        ]
        seen = [each for each in there if _may_see(interaction, each)]
        return choices([(NONE, NONE), *((str(each.id), f"#{each.name}") for each in seen)], typed)

    @settings.autocomplete("manager_role")
    async def offer_roles(interaction: Interaction, typed: str) -> Choices:
        if interaction.guild is None or not is_manager(interaction, index):
            return []
        roles = [(str(role.id), role.name) for role in reversed(interaction.guild.roles) if not role.is_default()]
        return choices([(NONE, NONE), *roles], typed)


async def _kept(guild_id: int, changes: dict[str, Any], *, store: Store, index: Index) -> GuildSettings:
    """The settings as they stand with the changes, which count at once."""
    if not changes:
        return await store.read(guilds.settings, guild_id)
    kept = await store.write(lambda c: servers.change(c, guild_id, **changes))
    log.info("settings.changed", guild=guild_id, changed=sorted(changes))
    if kept.manager_role_id:
        index.manager_roles[guild_id] = kept.manager_role_id
    else:
        index.manager_roles.pop(guild_id, None)
    return kept


def _zone(typed: str) -> str | None:
    """A time zone's name as the machine writes it. Raises TocsinError."""
    if _clears(typed):
        return None
    wanted = typed.strip().replace(" ", "_").casefold()
    name = next((each for each in zone_names() if each.casefold() == wanted), typed.strip())
    return zone(name).key


def _ops_channel(interaction: Interaction, typed: str) -> int | None:
    """A channel in which the bot and the person may write. Raises RefusedError."""
    if _clears(typed) or interaction.guild is None:
        return None
    channel = channel_chosen(typed, interaction.guild)
    require_place(interaction, channel)
    missing = [name for name, held in rights_in(channel) if not held]
    if missing:
        raise RefusedError(
            f"Tocsin lacks {', '.join(missing)} in {channel.mention}. Give it that in the channel's settings, under"
            " Permissions, then set the ops channel again."
        )
    return channel.id


def _manager_role(interaction: Interaction, typed: str) -> int | None:
    """A role that may manage. Who has it only by such a role hands it to nobody. Raises RefusedError."""
    if not interaction.permissions.manage_guild:
        raise RefusedError("Who may manage Tocsin is set by people with the right Manage Server.")
    if _clears(typed) or interaction.guild is None:
        return None
    role = role_chosen(typed, interaction.guild)
    if role.is_default():
        raise RefusedError("@everyone cannot manage Tocsin; choose a role that people are given.")
    return role.id


def _clears(typed: str) -> bool:
    return typed.strip().casefold() == NONE


def _may_see(interaction: Interaction, channel: discord.TextChannel | discord.Thread) -> bool:
    return isinstance(interaction.user, discord.Member) and channel.permissions_for(interaction.user).view_channel


def _told(changes: Mapping[str, Any]) -> list[str]:
    """What was changed, in words."""
    told = []
    if "timezone" in changes:
        name = escape(cut(changes["timezone"] or "UTC", 60))
        told.append(f"New digests and quiet hours go by {name}; those that there are keep their own time zone.")
    if "ops_channel_id" in changes:
        channel = changes["ops_channel_id"]
        told.append(
            f"What fails and what works again is told in <#{channel}>." if channel else "Nobody is told any more."
        )
    if "manager_role_id" in changes:
        role = changes["manager_role_id"]
        told.append(f"<@&{role}> may manage Tocsin." if role else "Only people with Manage Server manage Tocsin.")
    return told


def _view(kept: GuildSettings) -> GuildView:
    return GuildView(kept.timezone, kept.ops_channel_id, kept.manager_role_id, kept.threshold)
