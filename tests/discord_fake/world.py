"""What exists on the fake: users, guilds, roles, channels, threads and messages, and who may see them.

State and look-ups only: what a request or a person does to it stands in `messages`, `threads` and `interactions`;
how it is shown stands in `render`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.discord_fake import errors
from tests.discord_fake.clock import Clock, Pulse
from tests.discord_fake.errors import JSON, ApiError, Problem
from tests.discord_fake.permissions import (
    Permission,
    channel_permissions,
    thread_permissions,
)
from tests.discord_fake.snowflakes import Ref, Snowflakes, id_of

TEXT, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 2, 4, 5, 13, 15, 16
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREADS = {ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD}
FORUMS = {FORUM, MEDIA}
WRITABLE = {TEXT, VOICE, ANNOUNCEMENT, STAGE} | THREADS

REQUIRE_TAG = 1 << 4
"""Channel flag of a forum whose posts must carry a tag."""


class MessageFlag:
    """API docs, "Message Flags"."""

    CROSSPOSTED = 1
    SUPPRESS_EMBEDS = 4
    HAS_THREAD = 32
    EPHEMERAL = 64
    LOADING = 128
    SUPPRESS_NOTIFICATIONS = 4096
    COMPONENTS_V2 = 32768


class MessageType:
    """API docs, "Message Types"."""

    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21
    CONTEXT_MENU_COMMAND = 23


@dataclass(slots=True)
class User:
    id: int
    name: str
    bot: bool = False


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: Permission
    position: int = 1
    mentionable: bool = False
    managed: bool = False


@dataclass(slots=True)
class Overwrite:
    """`kind` is 0 for a role and 1 for a member."""

    id: int
    kind: int
    allow: Permission = Permission.NONE
    deny: Permission = Permission.NONE


@dataclass(slots=True)
class Member:
    user: User
    joined: datetime
    roles: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Guild:
    id: int
    name: str
    owner_id: int
    roles: dict[int, Role]
    members: dict[int, Member]


@dataclass(slots=True)
class ThreadState:
    """`archive_duration` is in minutes; `changed` is when `archived` last changed."""

    owner_id: int
    created: datetime
    changed: datetime
    archive_duration: int = 4320
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    tags: list[int] = field(default_factory=list)
    members: dict[int, datetime] = field(default_factory=dict)
    sent: int = 0


@dataclass(slots=True)
class Channel:
    id: int
    guild_id: int
    type: int
    name: str
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    flags: int = 0
    slowmode: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    thread: ThreadState | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int | None = None


@dataclass(slots=True)
class Mentions:
    users: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    everyone: bool = False


@dataclass(slots=True)
class Message:
    """One message as stored. `ephemeral_for` is the only person who sees it; it stands in no channel's history."""

    id: int
    channel_id: int
    guild_id: int
    author: User
    created: datetime
    type: int = MessageType.DEFAULT
    content: str = ""
    embeds: list[JSON] = field(default_factory=list)
    components: list[JSON] = field(default_factory=list)
    attachments: list[JSON] = field(default_factory=list)
    mentions: Mentions = field(default_factory=Mentions)
    flags: int = 0
    tts: bool = False
    edited: datetime | None = None
    reference: JSON | None = None
    application_id: int | None = None
    interaction: JSON | None = None
    thread_id: int | None = None
    ephemeral_for: int | None = None


@dataclass(slots=True, frozen=True)
class Ping:
    """One person was notified. `why` is "user", "role", "everyone", "here" or "reply"."""

    user_id: int
    channel_id: int
    message_id: int
    why: str
    silent: bool = False


Emit = Callable[[str, JSON, int | None, int | None], None]


class World:
    """All state, with look-ups that raise Discord's own errors."""

    def __init__(self, bot_name: str) -> None:
        self.pulse = Pulse()
        self.clock = Clock(self.pulse)
        self.snowflakes = Snowflakes(self.clock)
        self.bot = User(self.snowflakes.next(), bot_name, bot=True)
        self.application_id = self.bot.id
        self.owner = User(self.snowflakes.next(), "application-owner")
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.ephemeral: dict[int, Message] = {}
        self.pings: list[Ping] = []
        self.message_content = False
        self._listeners: list[Emit] = []

    # -- events

    def on_event(self, listener: Emit) -> None:
        """`listener(event, data, guild_id, channel_id)` hears each dispatch; ids are None where they do not apply."""
        self._listeners.append(listener)

    def emit(self, event: str, data: JSON, *, guild: int | None = None, channel: int | None = None) -> None:
        for listener in self._listeners:
            listener(event, data, guild, channel)
        self.pulse.fire()

    # -- look-ups

    def guild(self, ref: Ref) -> Guild:
        """The guild, or 10004 where it is gone or the bot is no member of it."""
        guild = self.guilds.get(id_of(ref))
        if guild is None or self.bot.id not in guild.members:
            raise ApiError(errors.UNKNOWN_GUILD)
        return guild

    def channel(self, ref: Ref) -> Channel:
        channel = self.channels.get(id_of(ref))
        if channel is None:
            raise ApiError(errors.UNKNOWN_CHANNEL)
        return channel

    def message(self, channel: Channel, ref: Ref) -> Message:
        message = channel.messages.get(id_of(ref))
        if message is None:
            raise ApiError(errors.UNKNOWN_MESSAGE)
        return message

    def user(self, ref: Ref) -> User:
        user = self.users.get(id_of(ref))
        if user is None:
            raise ApiError(errors.UNKNOWN_USER)
        return user

    def parent(self, channel: Channel) -> Channel:
        """The channel whose overwrites count: a thread's parent, else the channel itself."""
        if channel.type in THREADS and channel.parent_id is not None:
            return self.channel(channel.parent_id)
        return channel

    def guild_channels(self, guild_id: int) -> Iterator[Channel]:
        """Channels proper, without threads."""
        return (c for c in self.channels.values() if c.guild_id == guild_id and c.type not in THREADS)

    def threads(self, guild_id: int, *, parent: int | None = None) -> Iterator[Channel]:
        for channel in self.channels.values():
            if channel.guild_id == guild_id and channel.thread and parent in (None, channel.parent_id):
                yield channel

    # -- permissions

    def permissions(self, user_id: int, channel: Channel) -> Permission:
        """What a user may do in a channel or thread; nothing where he is no member."""
        guild = self.guilds[channel.guild_id]
        member = guild.members.get(user_id)
        if member is None:
            return Permission.NONE
        total = channel_permissions(guild, member, self.parent(channel))
        if channel.thread is None:
            return total
        return self._in_thread(thread_permissions(total), channel.type, channel.thread, user_id)

    @staticmethod
    def _in_thread(total: Permission, kind: int, thread: ThreadState, user_id: int) -> Permission:
        invited = kind != PRIVATE_THREAD or user_id in thread.members or Permission.MANAGE_THREADS in total
        return total if invited else Permission.NONE

    def require(self, channel: Channel, needed: Permission, problem: Problem = errors.MISSING_PERMISSIONS) -> None:
        """The bot needs these in the channel: 50001 where it cannot even see it, else 50013."""
        has = self.permissions(self.bot.id, channel)
        if Permission.VIEW_CHANNEL not in has:
            raise ApiError(errors.MISSING_ACCESS)
        if needed & ~has:
            raise ApiError(problem)

    def viewers(self, channel: Channel) -> list[int]:
        """Everybody in the guild who sees the channel."""
        members = self.guilds[channel.guild_id].members
        return [user_id for user_id in members if Permission.VIEW_CHANNEL in self.permissions(user_id, channel)]
