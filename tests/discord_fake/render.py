"""State as Discord writes it: every object of the API in the shape discord.py and the OpenAPI description ask for.

Ids are text. A field that does not apply is absent, never null: discord.py reads a null `thread`, `interaction` or
`message_reference` as an object and dies of it.
"""

from datetime import datetime

from tests.discord_fake.clock import iso
from tests.discord_fake.errors import JSON
from tests.discord_fake.permissions import Permission
from tests.discord_fake.world import FORUMS, STAGE, VOICE, Channel, Guild, Member, Message, Role, User, World


def user_json(user: User) -> JSON:
    shown: JSON = {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0000" if user.bot else "0",
        "global_name": None,
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    if user.bot:
        shown["bot"] = True
    return shown


def member_json(member: Member, *, with_user: bool = True, permissions: Permission | None = None) -> JSON:
    shown: JSON = {
        "roles": [str(role) for role in member.roles],
        "flags": 0,
        "joined_at": iso(member.joined),
        "nick": None,
        "avatar": None,
        "banner": None,
        "pending": False,
        "communication_disabled_until": None,
        "premium_since": None,
        "mute": False,
        "deaf": False,
    }
    if with_user:
        shown["user"] = user_json(member.user)
    if permissions is not None:
        shown["permissions"] = str(int(permissions))
    return shown


def role_json(role: Role) -> JSON:
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel_json(world: World, channel: Channel) -> JSON:
    """A channel or a thread, whichever it is."""
    if channel.thread is not None:
        return _thread_json(world, channel)
    shown: JSON = {
        "id": str(channel.id),
        "guild_id": str(channel.guild_id),
        "type": channel.type,
        "name": channel.name,
        "position": channel.position,
        "parent_id": _text_or_none(channel.parent_id),
        "topic": channel.topic,
        "nsfw": False,
        "rate_limit_per_user": channel.slowmode,
        "flags": channel.flags,
        "last_message_id": _text_or_none(channel.last_message_id),
        "permission_overwrites": [
            {"id": str(o.id), "type": o.kind, "allow": str(int(o.allow)), "deny": str(int(o.deny))}
            for o in channel.overwrites.values()
        ],
    }
    if channel.type in (VOICE, STAGE):
        shown |= {"bitrate": 64000, "user_limit": 0}
    if channel.type in FORUMS:
        shown |= {
            "available_tags": [
                {"id": str(tag), "name": name, "moderated": False, "emoji_id": None, "emoji_name": None}
                for tag, name in channel.tags.items()
            ],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return shown


def _thread_json(world: World, channel: Channel) -> JSON:
    state = channel.thread
    assert state is not None
    shown: JSON = {
        "id": str(channel.id),
        "guild_id": str(channel.guild_id),
        "parent_id": _text_or_none(channel.parent_id),
        "owner_id": str(state.owner_id),
        "type": channel.type,
        "name": channel.name,
        "flags": channel.flags,
        "rate_limit_per_user": channel.slowmode,
        "last_message_id": _text_or_none(channel.last_message_id),
        "message_count": state.sent,
        "total_message_sent": state.sent,
        "member_count": len(state.members),
        "applied_tags": [str(tag) for tag in state.tags],
        "thread_metadata": {
            "archived": state.archived,
            "archive_timestamp": iso(state.changed),
            "auto_archive_duration": state.archive_duration,
            "locked": state.locked,
            "create_timestamp": iso(state.created),
        },
    }
    if world.bot.id in state.members:
        shown["member"] = thread_member_json(channel, world.bot.id)
    return shown


def thread_member_json(channel: Channel, user_id: int) -> JSON:
    assert channel.thread is not None
    joined = channel.thread.members[user_id]
    return {"id": str(channel.id), "user_id": str(user_id), "join_timestamp": iso(joined), "flags": 0}


def guild_json(guild: Guild) -> JSON:
    """The guild as `GET /guilds/{id}` shows it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "roles": [role_json(role) for role in guild.roles.values()],
        **_GUILD_DEFAULTS,
    }


_GUILD_DEFAULTS: JSON = {
    "icon": None,
    "description": None,
    "home_header": None,
    "splash": None,
    "discovery_splash": None,
    "features": [],
    "banner": None,
    "application_id": None,
    "region": "deprecated",
    "afk_channel_id": None,
    "afk_timeout": 300,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "widget_enabled": False,
    "widget_channel_id": None,
    "verification_level": 0,
    "default_message_notifications": 1,
    "mfa_level": 0,
    "explicit_content_filter": 0,
    "max_presences": None,
    "max_members": 500000,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "vanity_url_code": None,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "preferred_locale": "en-US",
    "rules_channel_id": None,
    "safety_alerts_channel_id": None,
    "public_updates_channel_id": None,
    "premium_progress_bar_enabled": False,
    "nsfw": False,
    "nsfw_level": 0,
    "emojis": [],
    "stickers": [],
    "incidents_data": None,
}


def guild_create_json(world: World, guild: Guild) -> JSON:
    """The guild as GUILD_CREATE shows it: with channels, active threads and members."""
    return guild_json(guild) | {
        "unavailable": False,
        "large": False,
        "joined_at": iso(guild.members[world.bot.id].joined),
        "member_count": len(guild.members),
        "members": [member_json(member) for member in guild.members.values()],
        "channels": [channel_json(world, channel) for channel in world.guild_channels(guild.id)],
        "threads": [
            channel_json(world, thread)
            for thread in world.threads(guild.id)
            if thread.thread and not thread.thread.archived
        ],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message_json(world: World, message: Message, *, depth: int = 1) -> JSON:
    """A message as the API shows it; `depth` 0 leaves out what it replies to."""
    shown: JSON = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "type": message.type,
        "content": message.content,
        "author": user_json(message.author),
        "timestamp": iso(message.created),
        "edited_timestamp": _iso_or_none(message.edited),
        "tts": message.tts,
        "pinned": False,
        "flags": message.flags,
        "mentions": [user_json(world.users[user]) for user in message.mentions.users],
        "mention_roles": [str(role) for role in message.mentions.roles],
        "mention_everyone": message.mentions.everyone,
        "embeds": message.embeds,
        "components": message.components,
        "attachments": message.attachments,
    }
    if message.application_id is not None:
        shown |= {"application_id": str(message.application_id), "webhook_id": str(message.application_id)}
    if message.interaction is not None:
        shown["interaction_metadata"] = message.interaction
    if message.thread_id is not None and message.thread_id in world.channels:
        shown["thread"] = channel_json(world, world.channels[message.thread_id])
    if message.reference is not None:
        shown["message_reference"] = message.reference
        if depth:
            shown["referenced_message"] = _referenced(world, message.reference)
    return shown


def message_event_json(world: World, message: Message) -> JSON:
    """A message as MESSAGE_CREATE and MESSAGE_UPDATE carry it: with the guild, and the member without his user."""
    shown = message_json(world, message) | {"guild_id": str(message.guild_id)}
    member = world.guilds[message.guild_id].members.get(message.author.id)
    if member is not None:
        shown["member"] = member_json(member, with_user=False)
    return shown


def without_content(world: World, message: JSON) -> JSON:
    """The message as a bot without the MESSAGE_CONTENT intent gets it (docs, "Message Content Intent")."""
    ids = {message["author"]["id"], *(user["id"] for user in message["mentions"])}
    if str(world.bot.id) in ids:
        return message
    blank = message | {"content": "", "embeds": [], "attachments": [], "components": []}
    if isinstance(blank.get("referenced_message"), dict):
        blank["referenced_message"] = without_content(world, blank["referenced_message"])
    return blank


def _referenced(world: World, reference: JSON) -> JSON | None:
    channel = world.channels.get(int(reference["channel_id"]))
    message = channel.messages.get(int(reference["message_id"])) if channel else None
    return message_json(world, message, depth=0) if message else None


def _text_or_none(value: int | None) -> str | None:
    return None if value is None else str(value)


def _iso_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
