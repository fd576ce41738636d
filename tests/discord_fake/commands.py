"""Registering application commands: every rule Discord checks, and what is then stored (API docs, "Application
Commands"). Permissions of single commands and localisations are not kept.
"""

import json
import unicodedata
from typing import Any

from tests.discord_fake import errors
from tests.discord_fake.errors import JSON, ApiError, Form, Path, Problem
from tests.discord_fake.limits import check_text
from tests.discord_fake.routing import Call, Reply, Route
from tests.discord_fake.world import World

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
PER_SCOPE = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
CREATES_PER_DAY = 200
DAY = 24 * 3600.0
NAME, DESCRIPTION = 32, 100
OPTIONS, CHOICES = 25, 25
CHOICE_NAME, CHOICE_TEXT = 100, 100
COMMAND_CHARACTERS = 8000
STRING_LENGTH = 6000

SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE = 1, 2, 3, 4, 5, 6, 7, 8
MENTIONABLE, NUMBER, ATTACHMENT = 9, 10, 11
OPTION_TYPES = range(SUB_COMMAND, ATTACHMENT + 1)
WITH_CHOICES = {STRING, INTEGER, NUMBER}

_EXTRA_LETTERS = "-_'"
_SCRIPTS = ("DEVANAGARI", "THAI")


def valid_name(name: str) -> bool:
    r"""`^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$`, and lower case where the letter has one (docs)."""
    if not 1 <= len(name) <= NAME or name != name.lower():
        return False
    return all(_valid_character(character) for character in name)


def _valid_character(character: str) -> bool:
    if character in _EXTRA_LETTERS or unicodedata.category(character)[0] in "LN":
        return True
    return unicodedata.name(character, "").startswith(_SCRIPTS)


Scope = int | None
"""A guild's id, or None for the global commands."""


class Commands:
    """The registered commands by scope, and their routes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stored: dict[Scope, list[JSON]] = {}
        self._created: dict[Scope, list[float]] = {}

    def routes(self) -> list[Route]:
        everywhere = "/applications/{application_id}/commands"
        in_guild = "/applications/{application_id}/guilds/{guild_id}/commands"
        return [
            route
            for template in (everywhere, in_guild)
            for route in (
                Route("GET", template, self._list),
                Route("PUT", template, self._replace),
                Route("GET", template + "/{command_id}", self._get),
                Route("DELETE", template + "/{command_id}", self._delete),
            )
        ]

    def find(self, name: str, guild_id: int, kind: int = CHAT_INPUT) -> JSON | None:
        """The command a person in a guild would run by this name: the guild's own one first."""
        for scope in (guild_id, None):
            for command in self._stored.get(scope, []):
                if command["name"] == name and command["type"] == kind:
                    return command
        return None

    def registered(self, guild_id: Scope = None) -> list[JSON]:
        return list(self._stored.get(guild_id, []))

    # -- routes

    def _scope(self, call: Call) -> Scope:
        if call.id("application_id") != self._world.application_id:
            raise ApiError(errors.UNKNOWN_APPLICATION)
        if "guild_id" not in call.params:
            return None
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None or self._world.bot.id not in guild.members:
            raise ApiError(errors.MISSING_ACCESS)
        return guild.id

    def _list(self, call: Call) -> Reply:
        return Reply(200, self.registered(self._scope(call)))

    def _get(self, call: Call) -> Reply:
        return Reply(200, self._one(call))

    def _delete(self, call: Call) -> Reply:
        command = self._one(call)
        self._stored[self._scope(call)].remove(command)
        return Reply(204)

    def _one(self, call: Call) -> JSON:
        for command in self._stored.get(self._scope(call), []):
            if command["id"] == str(call.id("command_id")):
                return command
        raise ApiError(errors.UNKNOWN_COMMAND)

    def _replace(self, call: Call) -> Reply:
        """All commands of a scope at once: what has the same name and type keeps its id, the rest goes."""
        scope = self._scope(call)
        given: Any = call.json or []
        form = Form()
        self._check_all(form, given)
        form.check()
        before = {(command["type"], command["name"]): command["id"] for command in self._stored.get(scope, [])}
        new = sum((item.get("type", CHAT_INPUT), item["name"]) not in before for item in given)
        self._count_creates(scope, new)
        self._stored[scope] = [self._as_stored(item, scope, before) for item in given]
        return Reply(200, self._stored[scope])

    def _count_creates(self, scope: Scope, new: int) -> None:
        now = self._world.clock.time()
        recent = [moment for moment in self._created.get(scope, []) if moment > now - DAY]
        if len(recent) + new > CREATES_PER_DAY:
            raise ApiError(errors.TOO_MANY_DAILY_COMMANDS)
        self._created[scope] = recent + [now] * new

    def _check_all(self, form: Form, given: list[JSON]) -> None:
        seen: set[tuple[int, str]] = set()
        for index, command in enumerate(given):
            check_command(form, (index,), command)
            key = (command.get("type", CHAT_INPUT), str(command.get("name")))
            if key in seen:
                message = "Application command names must be unique"
                form.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
            seen.add(key)
        for kind, most in PER_SCOPE.items():
            if sum(command.get("type", CHAT_INPUT) == kind for command in given) > most:
                text = f"Maximum number of application commands reached ({most})"
                raise ApiError(Problem(*errors.TOO_MANY_COMMANDS[:2], text))

    def _as_stored(self, given: JSON, scope: Scope, before: dict[tuple[int, str], str]) -> JSON:
        kind = given.get("type", CHAT_INPUT)
        permissions = given.get("default_member_permissions")
        stored: JSON = {
            "id": before.get((kind, given["name"])) or str(self._world.snowflakes.next()),
            "application_id": str(self._world.application_id),
            "version": str(self._world.snowflakes.next()),
            "type": kind,
            "name": given["name"],
            "description": given.get("description") or "",
            "default_member_permissions": None if permissions is None else str(int(permissions)),
            "dm_permission": given.get("dm_permission", True) is not False,
            "nsfw": bool(given.get("nsfw")),
            "contexts": given.get("contexts"),
            "integration_types": given.get("integration_types") or [0],
        }
        if given.get("options"):
            stored["options"] = [_stored_option(option) for option in given["options"]]
        if scope is not None:
            stored["guild_id"] = str(scope)
        return stored


def _stored_option(option: JSON) -> JSON:
    """Without what was null, false or empty by default, as Discord gives options back."""
    kept = {key: value for key, value in option.items() if value not in (None, [], False) or key == "value"}
    for key in ("options", "choices"):
        if key in kept:
            kept[key] = [_stored_option(item) for item in kept[key]]
    return kept


def check_command(form: Form, path: Path, command: JSON) -> None:
    """One command: name, description, options, and 8000 characters in all."""
    kind = command.get("type", CHAT_INPUT)
    if kind not in PER_SCOPE:
        form.choices((*path, "type"), list(PER_SCOPE))
    if kind == CHAT_INPUT:
        _check_name(form, (*path, "name"), command.get("name"))
        _check_description(form, path, command)
        _check_options(form, path, command.get("options") or [], depth=0)
    else:
        check_text(form, (*path, "name"), command.get("name"), NAME, required=True)
        if command.get("description"):
            form.add((*path, "description"), "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED", "Must be empty")
    if command_size(command) > COMMAND_CHARACTERS:
        message = f"Command exceeds maximum size ({COMMAND_CHARACTERS})"
        form.add(path, "APPLICATION_COMMAND_TOO_LARGE", message)


def command_size(command: JSON) -> int:
    """Characters of names, descriptions and values, with everything below."""
    own = len(command.get("name") or "") + len(command.get("description") or "")
    value = command.get("value")
    own += 0 if value is None else len(value if isinstance(value, str) else json.dumps(value))
    below = [*(command.get("options") or []), *(command.get("choices") or [])]
    return own + sum(map(command_size, below))


def _check_name(form: Form, path: Path, name: object) -> None:
    if not isinstance(name, str) or not name:
        form.required(path)
    elif len(name) > NAME:
        form.bad_length(path, 1, NAME)
    elif not valid_name(name):
        form.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_description(form: Form, path: Path, command: JSON) -> None:
    description = command.get("description")
    if not isinstance(description, str) or not description.strip():
        form.required((*path, "description"))
    elif len(description) > DESCRIPTION:
        form.bad_length((*path, "description"), 1, DESCRIPTION)


def _check_options(form: Form, path: Path, options: list[JSON], *, depth: int) -> None:
    below = (*path, "options")
    if len(options) > OPTIONS:
        form.too_long(below, OPTIONS)
    names: set[str] = set()
    optional_seen = False
    kinds = {option.get("type") in (SUB_COMMAND, SUB_COMMAND_GROUP) for option in options}
    if len(kinds) > 1:
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add(below, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    for index, option in enumerate(options):
        here = (*below, index)
        _check_option(form, here, option, depth=depth)
        name = str(option.get("name"))
        if name in names:
            form.add((*here, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
        names.add(name)
        if option.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            form.add(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_seen |= not option.get("required")


def _check_option(form: Form, path: Path, option: JSON, *, depth: int) -> None:
    kind = option.get("type")
    _check_name(form, (*path, "name"), option.get("name"))
    _check_description(form, path, option)
    if kind not in OPTION_TYPES:
        form.choices((*path, "type"), OPTION_TYPES)
    if kind in (SUB_COMMAND, SUB_COMMAND_GROUP):
        _check_nesting(form, path, option, depth=depth)
        return
    if option.get("options"):
        form.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", "Only sub-commands have options")
    _check_choices(form, path, option)
    if option.get("autocomplete") and (kind not in WITH_CHOICES or option.get("choices")):
        message = "Autocomplete needs a string, integer or number without choices"
        form.add((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message)
    _check_bounds(form, path, option)


def _check_nesting(form: Form, path: Path, option: JSON, *, depth: int) -> None:
    """Command, group, sub-command: no group in a group, nothing below a sub-command but plain options."""
    group = option.get("type") == SUB_COMMAND_GROUP
    children = option.get("options") or []
    nested = [child.get("type") in (SUB_COMMAND, SUB_COMMAND_GROUP) for child in children]
    too_deep = any(nested) if not group else any(child.get("type") == SUB_COMMAND_GROUP for child in children)
    if too_deep or (group and depth > 0) or (group and not all(nested)):
        form.add(path, "APPLICATION_COMMAND_INVALID_NESTING", "Sub-commands are nested too deeply")
        return  # what is wrong with an option is told of it or of what is in it, never of both
    _check_options(form, path, children, depth=depth + 1)


def _check_choices(form: Form, path: Path, option: JSON) -> None:
    choices = option.get("choices") or []
    if choices and option.get("type") not in WITH_CHOICES:
        form.add((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "This type takes no choices")
    if len(choices) > CHOICES:
        form.too_long((*path, "choices"), CHOICES)
    names: set[str] = set()
    for index, choice in enumerate(choices):
        here = (*path, "choices", index)
        check_text(form, (*here, "name"), choice.get("name"), CHOICE_NAME, required=True)
        if option.get("type") == STRING:
            check_text(form, (*here, "value"), choice.get("value"), CHOICE_TEXT, required=True)
        if str(choice.get("name")) in names:
            form.add((*here, "name"), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Choice name exists")
        names.add(str(choice.get("name")))


def _check_bounds(form: Form, path: Path, option: JSON) -> None:
    numeric = option.get("type") in (INTEGER, NUMBER)
    for low, high, fits in (("min_value", "max_value", numeric), ("min_length", "max_length", not numeric)):
        least, most = option.get(low), option.get(high)
        if least is not None and most is not None and least > most:
            form.add((*path, low), "NUMBER_TYPE_MAX", f"{low} must not exceed {high}")
        if not fits and (least is not None or most is not None):
            form.add((*path, low), "APPLICATION_COMMAND_OPTIONS_BOUNDS_INVALID", "Not for this type")
