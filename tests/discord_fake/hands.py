"""What a test does to the world directly: found guilds, add channels, roles and people, take rights away, delete.

Each change sends the gateway events Discord would send. Everything takes the objects themselves or their ids.
"""

from tests.discord_fake.errors import JSON
from tests.discord_fake.limits import MESSAGE_MENTIONS
from tests.discord_fake.permissions import BOT_DEFAULT, USER_DEFAULT, Permission
from tests.discord_fake.posting import Posting
from tests.discord_fake.render import channel_json, guild_create_json, member_json, message_json, role_json, user_json
from tests.discord_fake.snowflakes import Ref, id_of
from tests.discord_fake.world import (
    FORUMS,
    REQUIRE_TAG,
    TEXT,
    Channel,
    Guild,
    Member,
    Message,
    Overwrite,
    Role,
    User,
    World,
)


class Hands:
    """The verbs of a test; `FakeDiscord` offers them as its own."""

    def __init__(self, world: World, posting: Posting) -> None:
        self._world = world
        self._posting = posting

    # -- making

    def add_guild(
        self,
        name: str = "guild",
        *,
        owner: Ref | None = None,
        permissions: int = BOT_DEFAULT,
        everyone: int = Permission.NONE,
    ) -> Guild:
        """A guild with the bot in it, whose own role has `permissions`; @everyone has `everyone`."""
        world = self._world
        head = self._new_user(f"owner of {name}") if owner is None else world.user(owner)
        guild_id = world.snowflakes.next()
        guild = Guild(guild_id, name, head.id, {guild_id: Role(guild_id, "@everyone", Permission(everyone), 0)}, {})
        world.guilds[guild_id] = guild
        guild.members[head.id] = Member(head, world.clock.now())
        self._join(guild, world.bot, permissions)
        world.emit("GUILD_CREATE", self._joined(guild), guild=guild_id)
        return guild

    def add_channel(
        self,
        guild: Ref,
        name: str = "alerts",
        *,
        type: int = TEXT,
        parent: Ref | None = None,
        topic: str | None = None,
        tags: list[str] | None = None,
        require_tag: bool = False,
    ) -> Channel:
        """A channel; `tags` and `require_tag` are for forums."""
        world = self._world
        home = world.guilds[id_of(guild)]
        channel = Channel(
            id=world.snowflakes.next(),
            guild_id=home.id,
            type=type,
            name=name,
            position=sum(1 for _ in world.guild_channels(home.id)),
            parent_id=None if parent is None else id_of(parent),
            topic=topic,
            flags=REQUIRE_TAG if require_tag and type in FORUMS else 0,
            tags={world.snowflakes.next(): tag for tag in tags or []},
        )
        world.channels[channel.id] = channel
        world.emit("CHANNEL_CREATE", channel_json(world, channel), guild=home.id, channel=channel.id)
        return channel

    def add_role(self, guild: Ref, name: str = "role", *, permissions: int = 0, mentionable: bool = False) -> Role:
        home = self._world.guilds[id_of(guild)]
        role = Role(self._world.snowflakes.next(), name, Permission(permissions), len(home.roles), mentionable)
        home.roles[role.id] = role
        self._world.emit("GUILD_ROLE_CREATE", {"guild_id": str(home.id), "role": role_json(role)}, guild=home.id)
        return role

    def add_user(self, guild: Ref, name: str = "user", *, permissions: int = USER_DEFAULT) -> User:
        """A new person in the guild, with a role of his own that has `permissions`."""
        user = self._new_user(name)
        self._join(self._world.guilds[id_of(guild)], user, permissions)
        return user

    def join(self, guild: Ref, user: Ref, *, permissions: int = USER_DEFAULT) -> None:
        """Somebody who exists (the bot after a kick, say) becomes a member."""
        home = self._world.guilds[id_of(guild)]
        self._join(home, self._world.users[id_of(user)], permissions)
        if id_of(user) == self._world.bot.id:
            self._world.emit("GUILD_CREATE", self._joined(home), guild=home.id)

    def _joined(self, guild: Guild) -> JSON:
        """The guild to a bot that comes to it: only one that was known and out of reach says that it is available."""
        shown = guild_create_json(self._world, guild)
        del shown["unavailable"]
        return shown

    def give_role(self, guild: Ref, user: Ref, role: Ref) -> None:
        member = self._world.guilds[id_of(guild)].members[id_of(user)]
        member.roles.append(id_of(role))
        data = member_json(member) | {"guild_id": str(id_of(guild))}
        self._world.emit("GUILD_MEMBER_UPDATE", data, guild=id_of(guild))

    def _new_user(self, name: str) -> User:
        user = User(self._world.snowflakes.next(), name)
        self._world.users[user.id] = user
        return user

    def _join(self, guild: Guild, user: User, permissions: int) -> None:
        role = Role(
            self._world.snowflakes.next(), user.name, Permission(permissions), len(guild.roles), managed=user.bot
        )
        guild.roles[role.id] = role
        guild.members[user.id] = Member(user, self._world.clock.now(), [role.id])
        if not user.bot:
            data = member_json(guild.members[user.id]) | {"guild_id": str(guild.id)}
            self._world.emit("GUILD_MEMBER_ADD", data, guild=guild.id)

    # -- rights

    def set_permissions(self, channel: Ref, *, target: Ref | None = None, allow: int = 0, deny: int = 0) -> None:
        """An overwrite in a channel for a user or role; for the bot where no target is named."""
        place = self._world.channel(channel)
        who = self._world.bot.id if target is None else id_of(target)
        kind = 0 if who in self._world.guilds[place.guild_id].roles else 1
        place.overwrites[who] = Overwrite(who, kind, Permission(allow), Permission(deny))
        shown = channel_json(self._world, place)
        self._world.emit("CHANNEL_UPDATE", shown, guild=place.guild_id, channel=place.id)

    def set_guild_permissions(self, guild: Ref, permissions: int, *, user: Ref | None = None) -> None:
        """What the own role of a user (of the bot, where none is named) allows in the whole guild."""
        home = self._world.guilds[id_of(guild)]
        who = self._world.bot.id if user is None else id_of(user)
        role = home.roles[home.members[who].roles[0]]
        role.permissions = Permission(permissions)
        self._world.emit("GUILD_ROLE_UPDATE", {"guild_id": str(home.id), "role": role_json(role)}, guild=home.id)

    # -- what people do

    def post(self, user: Ref, channel: Ref, content: str) -> Message:
        """A person writes in a channel."""
        place = self._world.channel(channel)
        draft = self._posting.draft(place, self._world.user(user), {"content": content}, [], mentions=MESSAGE_MENTIONS)
        self._posting.publish(place, draft)
        return draft

    def visible_to(self, user: Ref, channel: Ref) -> list[Message]:
        """The channel as a person sees it, oldest first, ephemeral messages for him included."""
        place = self._world.channel(channel)
        who = id_of(user)
        if Permission.VIEW_CHANNEL not in self._world.permissions(who, place):
            return []
        own = [m for m in self._world.ephemeral.values() if m.ephemeral_for == who and m.channel_id == place.id]
        return sorted([*place.messages.values(), *own], key=lambda message: message.id)

    def messages(self, channel: Ref) -> list[JSON]:
        """The channel's messages oldest first, as the API shows them."""
        stored = self._world.channel(channel).messages
        return [message_json(self._world, stored[message_id]) for message_id in sorted(stored)]

    # -- taking away

    def delete_message(self, channel: Ref, message: Ref) -> None:
        place = self._world.channel(channel)
        self._posting.remove(place, self._world.message(place, message))

    def delete_channel(self, channel: Ref) -> None:
        """Delete a channel with its threads, or a thread."""
        world = self._world
        place = world.channel(channel)
        shown = channel_json(world, place)
        for thread in list(world.threads(place.guild_id, parent=place.id)):
            del world.channels[thread.id]
        del world.channels[place.id]
        if place.thread is None:
            world.emit("CHANNEL_DELETE", shown, guild=place.guild_id)
        else:
            gone = {key: shown[key] for key in ("id", "guild_id", "parent_id", "type")}
            world.emit("THREAD_DELETE", gone, guild=place.guild_id)

    def remove_guild(self, guild: Ref) -> None:
        """The bot is kicked: it sees no channel of the guild any more (50001), and the guild is unknown to it."""
        home = self._world.guild(guild)
        del home.members[self._world.bot.id]
        self._world.emit("GUILD_DELETE", {"id": str(home.id)}, guild=home.id)

    def set_outage(self, guild: Ref, down: bool) -> None:
        """An outage at Discord makes the guild unavailable, or ends; the bot stays a member all the while."""
        home = self._world.guild(guild)
        if down:
            self._world.emit("GUILD_DELETE", {"id": str(home.id), "unavailable": True}, guild=home.id)
        else:
            self._world.emit("GUILD_CREATE", guild_create_json(self._world, home), guild=home.id)

    def delete_guild(self, guild: Ref) -> None:
        """The guild itself is deleted, and its channels with it (10004, 10003)."""
        home = self._world.guild(guild)
        for channel in [c for c in self._world.channels.values() if c.guild_id == home.id]:
            del self._world.channels[channel.id]
        del self._world.guilds[home.id]
        self._world.emit("GUILD_DELETE", {"id": str(home.id)}, guild=home.id)

    def remove_user(self, guild: Ref, user: Ref) -> None:
        """A person leaves or is kicked."""
        home = self._world.guilds[id_of(guild)]
        member = home.members.pop(id_of(user))
        data = {"guild_id": str(home.id), "user": user_json(member.user)}
        self._world.emit("GUILD_MEMBER_REMOVE", data, guild=home.id)
