"""Where alerts may go: which rights each kind of channel has to give, and which of them the bot and a person have.

As far as discord.py's cache knows; Discord is asked only for a channel that is not in it.
"""

from contextlib import suppress
from typing import get_args

import discord

from bot.client.replies import Interaction, RefusedError
from bot.core.event import EventType
from bot.core.message import event_name

Place = discord.TextChannel | discord.Thread | discord.ForumChannel
Right = tuple[str, bool]

MENTION = "Mention @everyone, @here, and All Roles"


def rights_in(place: Place, *, thread: bool = False, role: discord.Role | None = None) -> list[Right]:
    """Each right that alerts need there, as that channel's settings name it, and whether the bot has it.

    `thread` opens a thread under each alert; `role` is called by alerts.
    """
    own = place.permissions_for(place.guild.me)
    needed = [("View Channel", own.view_channel), *_writing(place, own)]
    needed += [("Embed Links", own.embed_links), ("Read Message History", own.read_message_history)]
    if thread:
        needed.append(("Create Public Threads", own.create_public_threads))
        needed.append(("Send Messages in Threads", own.send_messages_in_threads))
    if role is not None and not role.mentionable:
        needed.append((MENTION, own.mention_everyone))
    return needed


def _writing(place: Place, own: discord.Permissions) -> list[Right]:
    if isinstance(place, discord.ForumChannel):
        posts = [("Create Posts", own.send_messages), ("Send Messages in Posts", own.send_messages_in_threads)]
        tags = [("Manage Posts", own.manage_threads)] if _sets_moderated_tags(place) else []
        return posts + tags
    if isinstance(place, discord.Thread):
        locked = [("Manage Threads", own.manage_threads)] if place.locked else []
        return [("Send Messages in Threads", own.send_messages_in_threads), *locked]
    return [("Send Messages", own.send_messages)]


def _sets_moderated_tags(forum: discord.ForumChannel) -> bool:
    """Whether a tag that alerts carry may be set by moderators only: one named as a type of event or, where every post
    needs a tag, the first."""
    events = {event_name(event) for event in get_args(EventType)}
    used = [tag for tag in forum.available_tags if tag.name.casefold() in events]
    asked = forum.available_tags[:1] if forum.flags.require_tag else []
    return any(tag.moderated for tag in (*used, *asked))


async def find_place(interaction: Interaction, channel_id: int) -> Place:
    """A channel of the server that can hold alerts. Raises RefusedError where there is none (any more)."""
    found = await _found(interaction.guild, channel_id) if interaction.guild else None
    if not isinstance(found, Place):
        raise RefusedError(
            f"Tocsin does not see <#{channel_id}>: it was deleted, or View Channel is missing there. "
            "Give it that, or choose another with `/alerts edit`."
        )
    return found


async def _found(guild: discord.Guild, channel_id: int) -> object:
    """discord.py's cache holds no thread that is archived, as each is after some quiet days: Discord is asked then."""
    cached = guild.get_channel_or_thread(channel_id)
    with suppress(discord.NotFound, discord.Forbidden, discord.InvalidData):
        return cached or await guild.fetch_channel(channel_id)
    return None


def require_place(interaction: Interaction, place: Place) -> None:
    """Raises RefusedError unless the channel is of this server and the person may see it and write there."""
    if place.guild.id != interaction.guild_id or not isinstance(interaction.user, discord.Member):
        raise RefusedError("Choose a channel of this server.")
    theirs = place.permissions_for(interaction.user)
    thread = isinstance(place, discord.Thread)
    may_write = theirs.send_messages_in_threads if thread else theirs.send_messages
    if not (theirs.view_channel and may_write):
        raise RefusedError(f"You cannot write in {place.mention} yourself, so you cannot send alerts there.")


def require_role(interaction: Interaction, place: Place, role: discord.Role) -> None:
    """Raises RefusedError for a role that the person could not call there: alerts must not call it for them."""
    if role.is_default():
        raise RefusedError("Alerts call no @everyone; choose a role that people can take or leave.")
    theirs = place.permissions_for(interaction.user) if isinstance(interaction.user, discord.Member) else None
    if role.guild.id != interaction.guild_id or theirs is None:
        raise RefusedError("Choose a role of this server.")
    if not (role.mentionable or theirs.mention_everyone):
        raise RefusedError(
            f"You cannot call {role.mention} in {place.mention} yourself, so alerts cannot either. "
            "Let it be mentioned by anyone, or ask for the right to."
        )


def require_kind(place: Place, *, thread: bool, publish: bool) -> None:
    """Raises RefusedError for what this kind of channel has not."""
    if thread and isinstance(place, discord.Thread):
        raise RefusedError(f"{place.mention} is a thread itself, so alerts there have no threads; leave `thread` out.")
    if thread and isinstance(place, discord.ForumChannel):
        raise RefusedError(f"In {place.mention} each story has a post of its own already; leave `thread` out.")
    if publish and not (isinstance(place, discord.TextChannel) and place.is_news()):
        raise RefusedError(f"{place.mention} is no announcement channel, so nothing can be published there.")
