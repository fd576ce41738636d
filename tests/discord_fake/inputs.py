"""What Discord's own client lets a person enter: a slash command's options checked and laid out for the bot.

Permissions and visibility of commands are checked here too; what fails raises `NotPossible`, as the person could not
even have sent it.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.discord_fake.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUB_COMMAND,
    SUB_COMMAND_GROUP,
    USER,
)
from tests.discord_fake.errors import JSON
from tests.discord_fake.permissions import Permission
from tests.discord_fake.render import channel_json, member_json, role_json, user_json
from tests.discord_fake.snowflakes import id_of
from tests.discord_fake.world import THREADS, Channel, World


class NotPossible(AssertionError):  # noqa: N818 — reads as what it says
    """Discord's client would not have let a person do this."""


class NoResponse(AssertionError):  # noqa: N818
    """The bot did not answer in time: the person saw "The application did not respond"."""


def check_may_run(world: World, command: JSON, user_id: int, channel: Channel) -> None:
    """USE_APPLICATION_COMMANDS, the command's own `default_member_permissions`, and its contexts."""
    has = world.permissions(user_id, channel)
    if Permission.USE_APPLICATION_COMMANDS not in has:
        raise NotPossible("this person may not use application commands here")
    contexts = command.get("contexts")
    if contexts is not None and 0 not in contexts:
        raise NotPossible("the command is not offered in servers")
    needed = command.get("default_member_permissions")
    if needed is None or Permission.ADMINISTRATOR in has:
        return
    if int(needed) == 0 or int(needed) & ~int(has):
        raise NotPossible(f"the command asks for permissions {needed}")


@dataclass(slots=True)
class Filled:
    """The options as the interaction carries them, and the objects their ids name."""

    options: list[JSON]
    resolved: JSON = field(default_factory=dict)


class Filler:
    """Fills in one command. `focused` names the option that is being typed, for autocompletion."""

    def __init__(self, world: World, channel: Channel, *, focused: str | None = None) -> None:
        self._world = world
        self._channel = channel
        self._focused = focused
        self._resolved: dict[str, JSON] = {}

    def fill(self, command: JSON, path: list[str], values: dict[str, Any]) -> Filled:
        """`path` holds the words after the command's name: group and sub-command."""
        options = self._descend(command.get("options") or [], path, values)
        return Filled(options, dict(self._resolved))

    def _descend(self, declared: list[JSON], path: list[str], values: dict[str, Any]) -> list[JSON]:
        nested = [option for option in declared if option["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP)]
        if not path:
            if nested:
                raise NotPossible("a sub-command must be chosen")
            return self._leaf(declared, values)
        chosen = next((option for option in nested if option["name"] == path[0]), None)
        if chosen is None:
            raise NotPossible(f"there is no sub-command {path[0]!r}")
        below = self._descend(chosen.get("options") or [], path[1:], values)
        return [{"name": chosen["name"], "type": chosen["type"], "options": below}]

    def _leaf(self, declared: list[JSON], values: dict[str, Any]) -> list[JSON]:
        by_name = {option["name"]: option for option in declared}
        unknown = set(values) - set(by_name)
        if unknown:
            raise NotPossible(f"the command has no option {sorted(unknown)}")
        missing = [o["name"] for o in declared if o.get("required") and o["name"] not in values]
        if missing and self._focused is None:
            raise NotPossible(f"the command needs {missing}")
        return [self._one(by_name[name], value) for name, value in values.items() if value is not None]

    def _one(self, option: JSON, value: Any) -> JSON:
        filled: JSON = {"name": option["name"], "type": option["type"]}
        if option["name"] == self._focused:
            if not option.get("autocomplete"):
                raise NotPossible(f"{option['name']} has no autocompletion")
            return filled | {"value": value, "focused": True}
        return filled | {"value": self._value(option, value)}

    def _value(self, option: JSON, value: Any) -> Any:
        kind = option["type"]
        if kind == STRING:
            self._check_text(option, value)
        elif kind in (INTEGER, NUMBER):
            self._check_number(option, value)
        elif kind == BOOLEAN:
            if not isinstance(value, bool):
                raise NotPossible(f"{option['name']} is true or false")
        elif kind == ATTACHMENT:
            raise NotPossible("attachments as options are not offered here")
        else:
            return self._reference(option, id_of(value))
        choices = option.get("choices")
        if choices and value not in [choice["value"] for choice in choices]:
            raise NotPossible(f"{value!r} is no choice of {option['name']}")
        return value

    def _check_text(self, option: JSON, value: Any) -> None:
        if not isinstance(value, str):
            raise NotPossible(f"{option['name']} is a text")
        if not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
            raise NotPossible(f"{option['name']} has the wrong length")

    def _check_number(self, option: JSON, value: Any) -> None:
        fits = isinstance(value, int) or (option["type"] == NUMBER and isinstance(value, float))
        if not fits or isinstance(value, bool):
            raise NotPossible(f"{option['name']} is a number")
        if not option.get("min_value", value) <= value <= option.get("max_value", value):
            raise NotPossible(f"{option['name']} is out of bounds")

    def _reference(self, option: JSON, target: int) -> str:
        """Users, channels and roles go as ids, the objects beside them."""
        kind = option["type"]
        guild = self._world.guilds[self._channel.guild_id]
        if kind in (USER, MENTIONABLE) and target in guild.members:
            self.resolve_user(target)
        elif kind in (ROLE, MENTIONABLE) and target in guild.roles:
            self._put("roles", target, role_json(guild.roles[target]))
        elif kind == CHANNEL and target in self._world.channels:
            allowed = option.get("channel_types")
            if allowed and self._world.channels[target].type not in allowed:
                raise NotPossible(f"{option['name']} takes channels of the types {allowed}")
            self.resolve_channel(target)
        else:
            raise NotPossible(f"{option['name']} takes nothing with the id {target}")
        return str(target)

    def resolve_user(self, user_id: int) -> None:
        member = self._world.guilds[self._channel.guild_id].members[user_id]
        has = self._world.permissions(user_id, self._channel)
        self._put("users", user_id, user_json(member.user))
        self._put("members", user_id, member_json(member, with_user=False, permissions=has))

    def resolve_channel(self, channel_id: int, *, for_user: int | None = None) -> None:
        channel = self._world.channels[channel_id]
        shown = channel_json(self._world, channel)
        keys = ["id", "type", "name", "parent_id", "guild_id", "flags"]
        if channel.type in THREADS:
            keys += ["owner_id", "member_count", "message_count", "total_message_sent", "thread_metadata"]
            keys += ["applied_tags", "rate_limit_per_user", "last_message_id"]
        who = self._world.bot.id if for_user is None else for_user
        partial = {key: shown[key] for key in keys} | {"permissions": str(int(self._world.permissions(who, channel)))}
        self._put("channels", channel_id, partial)

    def resolve_role(self, role_id: int) -> None:
        self._put("roles", role_id, role_json(self._world.guilds[self._channel.guild_id].roles[role_id]))

    @property
    def resolved(self) -> JSON:
        return dict(self._resolved)

    def _put(self, kind: str, key: int, shown: JSON) -> None:
        self._resolved.setdefault(kind, {})[str(key)] = shown
