"""What a person gave to an option, checked: a topic that there is, an organisation that is known, a role, a channel.

It looks nothing up itself beyond the names in memory; who asks brings the look-up in the store.
"""

from collections.abc import Awaitable, Callable

import discord

from bot.client.index import Index, value_chosen
from bot.client.replies import RefusedError
from bot.core.escape import escape

IsNamed = Callable[[str], Awaitable[bool]]


def topic_chosen(typed: str | None, index: Index) -> str | None:
    """The id of a topic that there is. Raises RefusedError that lists them."""
    if not typed:
        return None
    chosen = value_chosen(typed, index.topics)
    if chosen not in {topic for topic, _ in index.topics}:
        names = ", ".join(name for _, name in index.topics)
        raise RefusedError(f"There is no topic “{escape(typed, 100)}”. There is: {escape(names, 500)}.")
    return chosen


async def organisation_chosen(typed: str | None, index: Index, *, is_named: IsNamed) -> str | None:
    """The canonical name of an organisation that the configuration or (`is_named`) a story knows. Raises
    RefusedError."""
    if not typed or not typed.strip():
        return None
    name = value_chosen(typed, index.organisation_names())
    if name not in index.organisations and not await is_named(name):
        raise RefusedError(
            f"Tocsin knows no organisation “{escape(name, 80)}”. Type a few letters and choose from the list."
        )
    return name


def role_chosen(typed: str, guild: discord.Guild) -> discord.Role:
    """A role of the server by its id, mention or name. Raises RefusedError."""
    wanted = _bare(typed, "<@&", "@")
    for role in guild.roles:
        if wanted in (str(role.id), role.name.removeprefix("@").casefold()):
            return role
    raise RefusedError(f"This server has no role “{escape(typed, 80)}”. Choose one from the list, or none.")


def channel_chosen(typed: str, guild: discord.Guild) -> discord.TextChannel | discord.Thread:
    """A text channel or thread of the server by its id, mention or name. Raises RefusedError."""
    wanted = _bare(typed, "<#", "#")
    there: list[discord.TextChannel | discord.Thread] = [*guild.text_channels, *guild.threads]
    for channel in there:
        if wanted in (str(channel.id), channel.name.casefold()):
            return channel
    raise RefusedError(
        f"Tocsin sees no text channel “{escape(typed, 80)}” in this server. Choose one from the list, or none."
    )


def _bare(typed: str, opening: str, mark: str) -> str:
    return typed.strip().removeprefix(opening).removesuffix(">").removeprefix(mark).casefold()
