"""Who may do what where: Discord's permission bits and how roles and overwrites add up (API docs, "Permissions")."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.discord_fake.world import Channel, Guild, Member


class Permission(IntFlag):
    NONE = 0
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


ALL = Permission((1 << 52) - 1)
BOT_DEFAULT = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
USER_DEFAULT = BOT_DEFAULT | Permission.ADD_REACTIONS | Permission.ATTACH_FILES
NEEDS_SEND = (
    Permission.MENTION_EVERYONE | Permission.SEND_TTS_MESSAGES | Permission.ATTACH_FILES | Permission.EMBED_LINKS
)
"""Denied implicitly where SEND_MESSAGES is missing (docs, "Implicit Permissions")."""


def base_permissions(guild: Guild, member: Member) -> Permission:
    """The guild-wide part: owner, @everyone, the member's roles."""
    if guild.owner_id == member.user.id:
        return ALL
    total = guild.roles[guild.id].permissions
    for role_id in member.roles:
        total |= guild.roles[role_id].permissions
    return ALL if Permission.ADMINISTRATOR in total else total


def channel_permissions(guild: Guild, member: Member, channel: Channel) -> Permission:
    """Base, then overwrites of @everyone, of the roles together, of the member; `channel` is never a thread."""
    total = base_permissions(guild, member)
    if Permission.ADMINISTRATOR in total:
        return ALL
    everyone = channel.overwrites.get(guild.id)
    if everyone:
        total = (total & ~everyone.deny) | everyone.allow
    roles = [channel.overwrites[role] for role in member.roles if role in channel.overwrites]
    allow, deny = Permission.NONE, Permission.NONE
    for overwrite in roles:
        allow |= overwrite.allow
        deny |= overwrite.deny
    total = (total & ~deny) | allow
    own = channel.overwrites.get(member.user.id)
    if own:
        total = (total & ~own.deny) | own.allow
    if Permission.VIEW_CHANNEL not in total:
        return Permission.NONE
    return total if Permission.SEND_MESSAGES in total else total & ~NEEDS_SEND


def thread_permissions(parents: Permission) -> Permission:
    """A thread takes its parent's permissions; sending asks SEND_MESSAGES_IN_THREADS instead of SEND_MESSAGES."""
    if Permission.SEND_MESSAGES_IN_THREADS in parents:
        return parents | Permission.SEND_MESSAGES
    return parents & ~(Permission.SEND_MESSAGES | NEEDS_SEND)
