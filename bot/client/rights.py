"""Which rights a channel has to give, in the words of Discord's own settings, as far as discord.py's cache knows.

It asks Discord nothing and refuses nobody.
"""

import discord

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
    """The channels and threads of a server that an alert could be written into, as far as the cache knows."""
    if guild.me is None:
        return []
    text = [each for each in guild.channels if isinstance(each, discord.TextChannel)]
    writable = [each.id for each in text if not missing_rights(each.permissions_for(guild.me))]
    return writable + [each.id for each in guild.threads if _is_open(each, each.permissions_for(guild.me))]


def _is_open(thread: discord.Thread, rights: discord.Permissions) -> bool:
    return not missing_rights(rights, thread=True) and (not thread.locked or rights.manage_threads)
