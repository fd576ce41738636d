"""People's side: slash commands, buttons, selects, autocompletion and modals, and what they then see.

Each verb causes one interaction and waits for the bot's first answer; the `open_…` verbs cause it and do not wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.discord_fake.commands import Commands
from tests.discord_fake.components import (
    BUTTON,
    CHANNEL_SELECT,
    LABEL,
    LINK_STYLE,
    MENTIONABLE_SELECT,
    ROLE_SELECT,
    STRING_SELECT,
    TEXT_INPUT,
    USER_SELECT,
    find,
    walk,
)
from tests.discord_fake.errors import JSON
from tests.discord_fake.inputs import Filler, NoResponse, NotPossible, check_may_run
from tests.discord_fake.interactions import ANSWER_SECONDS, TOKEN_SECONDS, Answer, Interaction, Interactions, Kind
from tests.discord_fake.permissions import Permission
from tests.discord_fake.render import channel_json, member_json, message_event_json, message_json
from tests.discord_fake.snowflakes import Ref, id_of
from tests.discord_fake.world import Channel, Message, World

FILE_LIMIT = 10 * 1024 * 1024


@dataclass(slots=True)
class Response:
    """What a person saw of the bot's answer.

    kind: the callback's type. messages: those that exist now, oldest first, as the API shows them, the message of a
    pressed button among them where the bot edited it. loading: the bot is still "thinking".
    """

    interaction_id: int
    kind: int
    messages: list[JSON]
    ephemeral: bool
    loading: bool
    choices: list[JSON]
    modal: JSON | None

    @property
    def message(self) -> JSON:
        """The last message."""
        if not self.messages:
            raise AssertionError("the bot answered without a message")
        return self.messages[-1]

    @property
    def content(self) -> str:
        return str(self.message["content"])

    @property
    def embeds(self) -> list[JSON]:
        return list(self.message["embeds"])

    @property
    def components(self) -> list[JSON]:
        """Every component of the last message, rows before what is in them."""
        return list(walk(self.message["components"]))


class People:
    """The verbs of people; `FakeDiscord` offers them as its own."""

    def __init__(self, world: World, commands: Commands, interactions: Interactions) -> None:
        self._world = world
        self._commands = commands
        self._interactions = interactions
        self._opened: dict[int, Interaction] = {}

    # -- verbs that wait

    async def slash(self, user: Ref, channel: Ref, command: str, /, **options: Any) -> Response:
        """Run "/name", "/name sub" or "/name group sub" with options by name."""
        return await self.wait_for_response(self.open_slash(user, channel, command, **options))

    async def click(self, user: Ref, message: Ref | JSON, custom_id: str, values: list[Any] | None = None) -> Response:
        """Press a button, or choose `values` in a select."""
        return await self.wait_for_response(self.open_click(user, message, custom_id, values))

    async def autocomplete(
        self, user: Ref, channel: Ref, command: str, focused: str, typed: str | int = "", **options: Any
    ) -> list[JSON]:
        """The suggestions while `typed` stands in the option `focused`."""
        interaction = self.open_autocomplete(user, channel, command, focused, typed, **options)
        return (await self.wait_for_response(interaction)).choices

    async def submit_modal(self, user: Ref, response: Response, values: Mapping[str, Any]) -> Response:
        """Fill in the modal a response brought: texts, or lists for selects, by custom id."""
        return await self.wait_for_response(self.open_modal_submit(user, response, values))

    # -- verbs that do not wait

    def open_slash(self, user: Ref, channel: Ref, command: str, /, **options: Any) -> Interaction:
        place = self._world.channel(channel)
        return self._open(Kind.COMMAND, user, place, self._command_data(user, place, command, options))

    def open_autocomplete(
        self, user: Ref, channel: Ref, command: str, focused: str, typed: str | int = "", **options: Any
    ) -> Interaction:
        place = self._world.channel(channel)
        data = self._command_data(user, place, command, {**options, focused: typed}, focused=focused)
        return self._open(Kind.AUTOCOMPLETE, user, place, data)

    def open_click(
        self, user: Ref, message: Ref | JSON, custom_id: str, values: list[Any] | None = None
    ) -> Interaction:
        found = self._message(id_of(user), message)
        component = find(found.components, custom_id)
        if component is None:
            raise NotPossible(f"the message has no component {custom_id!r}")
        if component.get("disabled"):
            raise NotPossible(f"{custom_id!r} is disabled")
        place = self._world.channel(found.channel_id)
        data: JSON = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
        if component["type"] != BUTTON:
            data |= self._chosen(place, component, values or [])
        elif component["style"] == LINK_STYLE or values:
            raise NotPossible("a link opens a page, and a button takes no values")
        return self._open(Kind.COMPONENT, user, place, data, message=found)

    def open_modal_submit(self, user: Ref, response: Response, values: Mapping[str, Any]) -> Interaction:
        earlier = self._opened[response.interaction_id]
        if earlier.modal is None:
            raise NotPossible("there is no modal to submit")
        left = dict(values)
        tops = [self._entered(top, left) for top in earlier.modal["components"]]
        if left:
            raise NotPossible(f"the modal has no input {sorted(left)}")
        data: JSON = {"custom_id": earlier.modal["custom_id"], "components": tops}
        return self._open(Kind.MODAL_SUBMIT, user, earlier.channel, data, message=earlier.message, cause=earlier)

    # -- waiting

    async def wait_for_response(self, interaction: Interaction) -> Response:
        """The first answer; raises `NoResponse` when 3 seconds of the fake's clock have passed without one."""
        await self._wait(interaction, ANSWER_SECONDS, lambda: interaction.answer is not None)
        return self.response(interaction)

    async def wait_for_follow_up(self, response: Response, *, seconds: float = 5.0, count: int = 1) -> Response:
        """The response once nothing is "thinking" any more and `count` messages are there."""
        interaction = self._opened[response.interaction_id]
        until = self._world.clock.time() - interaction.born + seconds

        def there() -> bool:
            return not interaction.loading and len(self._visible(interaction)) >= count

        await self._wait(interaction, min(until, TOKEN_SECONDS), there)
        return self.response(interaction)

    async def _wait(self, interaction: Interaction, seconds: float, done: Any) -> None:
        while not done():
            left = interaction.born + seconds - self._world.clock.time()
            if left <= 0:
                raise NoResponse(f"no answer to {interaction.name or interaction.data.get('custom_id')!r}")
            await self._world.pulse.wait(left)

    def response(self, interaction: Interaction) -> Response:
        """What is to be seen of an interaction's answer now."""
        original = interaction.original
        return Response(
            interaction_id=interaction.id,
            kind=interaction.answer or 0,
            messages=[message_json(self._world, message) for message in self._visible(interaction)],
            ephemeral=original is not None and original.ephemeral_for is not None,
            loading=interaction.loading,
            choices=interaction.choices or [],
            modal=interaction.modal,
        )

    def _visible(self, interaction: Interaction) -> list[Message]:
        own = list(interaction.messages or [])
        if interaction.answer in (Answer.UPDATE, Answer.DEFERRED_UPDATE) and interaction.message is not None:
            own.insert(0, interaction.message)
        stored = interaction.channel.messages
        return [m for m in own if m.id in stored or m.id in self._world.ephemeral]

    # -- building interactions

    def _command_data(
        self, user: Ref, channel: Channel, line: str, values: dict[str, Any], *, focused: str | None = None
    ) -> JSON:
        name, *path = line.removeprefix("/").split()
        command = self._commands.find(name, channel.guild_id)
        if command is None:
            raise NotPossible(f"no command /{name} is registered")
        check_may_run(self._world, command, id_of(user), channel)
        filled = Filler(self._world, channel, focused=focused).fill(command, path, values)
        data: JSON = {"id": command["id"], "name": command["name"], "type": command["type"], "options": filled.options}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        if filled.resolved and focused is None:
            data["resolved"] = filled.resolved
        return data

    def _chosen(self, channel: Channel, select: JSON, values: list[Any]) -> JSON:
        """The values of a select, and the objects they name."""
        least = select.get("min_values", 1)
        most = select.get("max_values", 1)
        if not (1 if least is None else least) <= len(values) <= (most or 1):
            raise NotPossible(f"{select['custom_id']} takes {least} to {most} values")
        if select["type"] == STRING_SELECT:
            if not set(values) <= {option["value"] for option in select["options"]}:
                raise NotPossible(f"{values} are no options of {select['custom_id']}")
            return {"values": list(values)}
        filler = Filler(self._world, channel)
        ids = [id_of(value) for value in values]
        for item in ids:
            self._resolve(filler, channel, select["type"], item)
        return {"values": [str(item) for item in ids], "resolved": filler.resolved}

    def _resolve(self, filler: Filler, channel: Channel, kind: int, target: int) -> None:
        guild = self._world.guilds[channel.guild_id]
        if kind in (USER_SELECT, MENTIONABLE_SELECT) and target in guild.members:
            filler.resolve_user(target)
        elif kind in (ROLE_SELECT, MENTIONABLE_SELECT) and target in guild.roles:
            filler.resolve_role(target)
        elif kind == CHANNEL_SELECT and target in self._world.channels:
            filler.resolve_channel(target)
        else:
            raise NotPossible(f"the select takes nothing with the id {target}")

    def _entered(self, top: JSON, left: dict[str, Any]) -> JSON:
        """One row or label of a modal with what the person entered."""
        key = "component" if top["type"] == LABEL else "components"
        if key not in top:
            return {"type": top["type"], "id": top["id"]}
        children = [top[key]] if key == "component" else top[key]
        entered = [self._input(child, left) for child in children]
        return {"type": top["type"], "id": top["id"], key: entered[0] if key == "component" else entered}

    def _input(self, component: JSON, left: dict[str, Any]) -> JSON:
        value = left.pop(component["custom_id"], component.get("value", ""))
        entered: JSON = {"type": component["type"], "custom_id": component["custom_id"], "id": component["id"]}
        if component["type"] != TEXT_INPUT:
            return entered | {"values": list(value or [])}
        if component.get("required", True) and not value:
            raise NotPossible(f"{component['custom_id']} must be filled in")
        most = component.get("max_length") or 4000
        if value and not (component.get("min_length") or 0) <= len(value) <= most:
            raise NotPossible(f"{component['custom_id']} has the wrong length")
        return entered | {"value": value}

    def _message(self, user_id: int, ref: Ref | JSON) -> Message:
        """The message, if the person can see it."""
        wanted = int(ref["id"]) if isinstance(ref, dict) else id_of(ref)
        own = self._world.ephemeral.get(wanted)
        if own is not None and own.ephemeral_for == user_id:
            return own
        for channel in self._world.channels.values():
            if wanted in channel.messages:
                if Permission.VIEW_CHANNEL not in self._world.permissions(user_id, channel):
                    break
                return channel.messages[wanted]
        raise NotPossible("this person sees no such message")

    def _open(
        self,
        kind: int,
        user: Ref,
        channel: Channel,
        data: JSON,
        *,
        message: Message | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        person = self._world.user(user)
        if Permission.VIEW_CHANNEL not in self._world.permissions(person.id, channel):
            raise NotPossible("this person does not see the channel")
        interaction = self._interactions.new(kind, person, channel, data, message=message, cause=cause)
        self._opened[interaction.id] = interaction
        self._world.emit("INTERACTION_CREATE", self._event(interaction), guild=channel.guild_id)
        return interaction

    def _event(self, interaction: Interaction) -> JSON:
        world, channel, user = self._world, interaction.channel, interaction.user
        guild = world.guilds[channel.guild_id]
        event: JSON = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "attachment_size_limit": FILE_LIMIT,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "features": [], "locale": "en-US"},
            "guild_locale": "en-US",
            "locale": "en-US",
            "channel_id": str(channel.id),
            "channel": channel_json(world, channel) | {"permissions": str(int(world.permissions(user.id, channel)))},
            "member": member_json(guild.members[user.id], permissions=world.permissions(user.id, channel)),
            "app_permissions": str(int(world.permissions(world.bot.id, channel))),
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "data": interaction.data,
        }
        if interaction.message is not None:
            shown = message_event_json(world, interaction.message)
            event["message"] = {key: value for key, value in shown.items() if key != "member"}
        return event
