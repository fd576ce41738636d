"""Which rights a channel has to give, in the words of Discord's own settings, as far as discord.py's cache knows.

Who manages a server is told here too. It asks Discord nothing.
"""

from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.client.index import Index
from bot.client.replies import Interaction, RefusedError

MANAGERS_ONLY = "managers only"
Root = TypeVar("Root", bound="app_commands.Group | app_commands.Command[Any, ..., Any]")

# What an alert needs. Read Message History lets a reply be one, and lets a half-sent alert be found again.
NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
}


def missing_rights(rights: discord.Permissions, *, thread: bool = False) -> list[str]:
    """What of the needed rights is not among `rights`, as Discord's settings name it."""
    needed = {**NEEDED, "send_messages_in_threads": "Send Messages in Threads"} if thread else NEEDED
    if thread:
        needed = {name: label for name, label in needed.items() if name != "send_messages"}
    return [label for name, label in needed.items() if not getattr(rights, name)]


def open_channels(guild: discord.Guild) -> list[int]:
    """The channels, forums and threads of a server that alerts could be written into, as far as the cache knows."""
    if guild.me is None:
        return []
    text = [each for each in guild.channels if isinstance(each, discord.TextChannel | discord.ForumChannel)]
    return [each.id for each in (*text, *guild.threads) if is_open(each, each.permissions_for(guild.me))]


def is_open(place: discord.abc.GuildChannel | discord.Thread, rights: discord.Permissions) -> bool:
    """Whether alerts could be written there with these rights."""
    thread = place if isinstance(place, discord.Thread) else None
    locked = thread is not None and thread.locked and not rights.manage_threads
    return not missing_rights(rights, thread=thread is not None) and not locked


def for_managers(root: Root) -> Root:
    """The group or command, marked so that `/help` says who may use it. The check stands in the command itself."""
    root.extras[MANAGERS_ONLY] = True
    return root


def is_manager(interaction: Interaction, index: Index) -> bool:
    """Whether the person may manage the server: by the right Manage Server, or by the role that the server chose."""
    if interaction.guild_id is None or not isinstance(interaction.user, discord.Member):
        return False
    role = index.manager_roles.get(interaction.guild_id)
    return interaction.permissions.manage_guild or interaction.user.get_role(role or 0) is not None


def require_manager(interaction: Interaction, index: Index) -> int:
    """The server's id. Raises RefusedError for people who may not manage it."""
    if interaction.guild_id is None or not is_manager(interaction, index):
        role = index.manager_roles.get(interaction.guild_id or 0)
        raise RefusedError(f"This needs the right Manage Server{f' or the role <@&{role}>' if role else ''}.")
    return interaction.guild_id
