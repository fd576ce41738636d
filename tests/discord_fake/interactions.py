"""Interactions: the bot's first answer within 3 seconds, and follow-ups for 15 minutes (API docs, "Interactions").

What people do to cause one stands in `people`. Ephemeral messages live here and in no channel's history.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from tests.discord_fake import errors
from tests.discord_fake.commands import CHOICE_NAME, CHOICES
from tests.discord_fake.components import check_modal
from tests.discord_fake.errors import JSON, ApiError, Form, invalid
from tests.discord_fake.limits import INTERACTION_MENTIONS, check_text
from tests.discord_fake.posting import Posting, reference_to
from tests.discord_fake.render import user_json
from tests.discord_fake.routing import NO_CONTENT, Call, Reply, Route, Upload
from tests.discord_fake.world import Channel, Message, MessageFlag, MessageType, User, World

ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0


class Kind:
    """Interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class Answer:
    """Interaction callback types."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


_ON_COMMAND = {Answer.MESSAGE, Answer.DEFERRED_MESSAGE, Answer.MODAL}
_ON_MESSAGE = {Answer.MESSAGE, Answer.DEFERRED_MESSAGE, Answer.DEFERRED_UPDATE, Answer.UPDATE}


@dataclass(slots=True)
class Interaction:
    """One thing a person did, and what the bot made of it.

    `answer` is the callback's type, None until there is one. `original` is the message `@original` names.
    """

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    data: JSON
    born: float
    name: str = ""
    message: Message | None = None
    answer: int | None = None
    original: Message | None = None
    loading: bool = False
    choices: list[JSON] | None = None
    modal: JSON | None = None
    messages: list[Message] | None = None
    metadata: JSON | None = None

    def allowed(self) -> set[int]:
        """The callback types that fit."""
        if self.kind == Kind.AUTOCOMPLETE:
            return {Answer.CHOICES}
        if self.kind == Kind.COMMAND:
            return _ON_COMMAND
        from_message = _ON_MESSAGE if self.message is not None else {Answer.MESSAGE, Answer.DEFERRED_MESSAGE}
        return from_message if self.kind == Kind.MODAL_SUBMIT else from_message | {Answer.MODAL}


class Interactions:
    """All interactions, and the routes to answer them."""

    def __init__(self, world: World, posting: Posting) -> None:
        self._world = world
        self._posting = posting
        self._by_token: dict[str, Interaction] = {}

    def routes(self) -> list[Route]:
        webhook = "/webhooks/{webhook_id}/{webhook_token}"
        original, one = webhook + "/messages/@original", webhook + "/messages/{message_id}"
        callback = "/interactions/{interaction_id}/{interaction_token}/callback"
        return [
            Route("POST", callback, self._callback, auth=False),
            Route("POST", webhook, self._follow_up, auth=False),
            *(
                route
                for template in (original, one)
                for route in (
                    Route("GET", template, self._get, auth=False),
                    Route("PATCH", template, self._edit, auth=False),
                    Route("DELETE", template, self._delete, auth=False),
                )
            ),
        ]

    def new(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: JSON,
        *,
        message: Message | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        """An interaction with a token of its own.

        `message` is the one a component sits on, `cause` the interaction that brought the modal being submitted.
        """
        interaction = Interaction(
            id=self._world.snowflakes.next(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            user=user,
            channel=channel,
            data=data,
            born=self._world.clock.time(),
            name=str(data.get("name", "")),
            message=message,
            messages=[],
        )
        interaction.metadata = {
            "id": str(interaction.id),
            "type": kind,
            "user": user_json(user),
            "authorizing_integration_owners": {"0": str(channel.guild_id)},
        }
        if kind == Kind.COMPONENT and message is not None:
            interaction.metadata["interacted_message_id"] = str(message.id)
        if cause is not None:
            interaction.metadata["triggering_interaction_metadata"] = cause.metadata
        self._by_token[interaction.token] = interaction
        return interaction

    def expired(self, interaction: Interaction) -> bool:
        """Too late for a first answer."""
        return self._world.clock.time() - interaction.born >= ANSWER_SECONDS

    # -- the first answer

    def _callback(self, call: Call) -> Reply:
        interaction = self._by_token.get(call.params["interaction_token"])
        if interaction is None or interaction.id != call.id("interaction_id"):
            raise ApiError(errors.UNKNOWN_INTERACTION)
        if interaction.answer is not None:
            raise ApiError(errors.ALREADY_ACKNOWLEDGED)
        if self.expired(interaction):
            raise ApiError(errors.UNKNOWN_INTERACTION)
        body = call.body()
        kind = body.get("type")
        if kind not in interaction.allowed():
            allowed = ", ".join(map(str, sorted(interaction.allowed())))
            raise invalid(("type",), "BASE_TYPE_CHOICES", f"Value must be one of ({allowed}).")
        self._take(interaction, int(kind), body.get("data") or {}, call.files)
        interaction.answer = int(kind)
        if call.flag("with_response"):
            return Reply(200, self._described(interaction))
        return Reply(NO_CONTENT)

    def _take(self, interaction: Interaction, kind: int, data: JSON, files: list[Upload]) -> None:
        if kind == Answer.MESSAGE:
            interaction.original = self._send(interaction, data, files)
        elif kind == Answer.DEFERRED_MESSAGE:
            interaction.original = self._send_loading(interaction, data)
            interaction.loading = True
        elif kind == Answer.DEFERRED_UPDATE:
            interaction.original = interaction.message
        elif kind == Answer.UPDATE and interaction.message is not None:
            interaction.original = interaction.message
            self._revise(interaction, interaction.message, data, files)
        elif kind == Answer.CHOICES:
            interaction.choices = check_choices(data.get("choices"))
        elif kind == Answer.MODAL:
            form = Form()
            interaction.modal = check_modal(form, data)
            form.check()

    def _described(self, interaction: Interaction) -> JSON:
        """The body of the answer to `with_response`."""
        shown: JSON = {"id": str(interaction.id), "type": interaction.kind}
        body: JSON = {"interaction": shown}
        original = interaction.original
        if original is not None:
            shown["response_message_id"] = str(original.id)
            shown["response_message_loading"] = bool(original.flags & MessageFlag.LOADING)
            shown["response_message_ephemeral"] = original.ephemeral_for is not None
            if interaction.answer in (Answer.MESSAGE, Answer.DEFERRED_MESSAGE):
                body["resource"] = {"type": Answer.MESSAGE, "message": self._posting.show(original)}
            elif interaction.answer == Answer.UPDATE:
                body["resource"] = {"type": Answer.UPDATE, "message": self._posting.show(original)}
        return body

    # -- messages

    def _draft(self, interaction: Interaction, data: JSON, files: list[Upload]) -> Message:
        channel = interaction.channel
        draft = self._posting.draft(channel, self._world.bot, data, files, mentions=INTERACTION_MENTIONS)
        self._dress(interaction, draft, ephemeral=bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL))
        return draft

    def _dress(self, interaction: Interaction, message: Message, *, ephemeral: bool) -> None:
        message.application_id = self._world.application_id
        message.interaction = interaction.metadata
        if interaction.kind == Kind.COMMAND:
            menu = interaction.data.get("type") != 1
            message.type = MessageType.CONTEXT_MENU_COMMAND if menu else MessageType.CHAT_INPUT_COMMAND
        elif interaction.message is not None:
            message.reference = reference_to(interaction.message)
        if ephemeral:
            message.flags |= MessageFlag.EPHEMERAL
            message.ephemeral_for = interaction.user.id

    def _send(self, interaction: Interaction, data: JSON, files: list[Upload]) -> Message:
        draft = self._draft(interaction, data, files)
        self._publish(interaction, draft)
        return draft

    def _send_loading(self, interaction: Interaction, data: JSON) -> Message:
        """The "is thinking" message of a deferral; only EPHEMERAL counts among its flags."""
        channel, world = interaction.channel, self._world
        message = Message(world.snowflakes.next(), channel.id, channel.guild_id, world.bot, world.clock.now())
        message.flags = MessageFlag.LOADING
        self._dress(interaction, message, ephemeral=bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL))
        self._publish(interaction, message)
        return message

    def _publish(self, interaction: Interaction, message: Message) -> None:
        if interaction.messages is not None:
            interaction.messages.append(message)
        if message.ephemeral_for is None:
            self._posting.publish(interaction.channel, message)
        else:
            self._world.ephemeral[message.id] = message

    def _revise(self, interaction: Interaction, message: Message, data: JSON, files: list[Upload]) -> None:
        self._posting.revise(interaction.channel, message, data, files, mentions=INTERACTION_MENTIONS)
        if message.flags & MessageFlag.LOADING:
            message.flags &= ~MessageFlag.LOADING
            interaction.loading = False
        else:
            message.edited = self._world.clock.now()
        self._posting.announce_edit(interaction.channel, message)

    # -- follow-ups

    def _living(self, call: Call) -> Interaction:
        """The interaction of a webhook token: 50027 after 15 minutes, 10015 before the first answer."""
        interaction = self._by_token.get(call.params["webhook_token"])
        if interaction is None or call.id("webhook_id") != self._world.application_id:
            raise ApiError(errors.UNKNOWN_WEBHOOK)
        if self._world.clock.time() - interaction.born >= TOKEN_SECONDS:
            raise ApiError(errors.INVALID_WEBHOOK_TOKEN)
        if interaction.answer is None:
            raise ApiError(errors.UNKNOWN_WEBHOOK)
        return interaction

    def _message(self, call: Call, interaction: Interaction) -> Message:
        message = interaction.original
        if "message_id" in call.params:
            wanted = call.id("message_id")
            own = [*(interaction.messages or []), *([message] if message else [])]
            message = next((m for m in own if m.id == wanted), None)
        if message is None or not self._exists(message):
            raise ApiError(errors.UNKNOWN_MESSAGE)
        return message

    def _exists(self, message: Message) -> bool:
        if message.ephemeral_for is not None:
            return message.id in self._world.ephemeral
        channel = self._world.channels.get(message.channel_id)
        return channel is not None and message.id in channel.messages

    def _follow_up(self, call: Call) -> Reply:
        """A further message; the first one after a deferral becomes the deferral's own message."""
        interaction = self._living(call)
        body = call.body()
        if interaction.loading and interaction.original is not None and self._exists(interaction.original):
            self._revise(interaction, interaction.original, _without_flags(body), call.files)
            return Reply(200, self._posting.show(interaction.original))
        return Reply(200, self._posting.show(self._send(interaction, body, call.files)))

    def _get(self, call: Call) -> Reply:
        interaction = self._living(call)
        return Reply(200, self._posting.show(self._message(call, interaction)))

    def _edit(self, call: Call) -> Reply:
        interaction = self._living(call)
        message = self._message(call, interaction)
        self._revise(interaction, message, call.body(), call.files)
        return Reply(200, self._posting.show(message))

    def _delete(self, call: Call) -> Reply:
        interaction = self._living(call)
        message = self._message(call, interaction)
        interaction.loading = False
        if message.ephemeral_for is None:
            self._posting.remove(interaction.channel, message)
        else:
            del self._world.ephemeral[message.id]
            self._world.pulse.fire()
        return Reply(NO_CONTENT)


def check_choices(choices: Any) -> list[JSON]:
    """At most 25 suggestions with names of 1 to 100 characters."""
    form = Form()
    path = ("data", "choices")
    given = choices or []
    if len(given) > CHOICES:
        form.too_long(path, CHOICES)
    for index, choice in enumerate(given):
        check_text(form, (*path, index, "name"), choice.get("name"), CHOICE_NAME, required=True)
        if isinstance(choice.get("value"), str):
            check_text(form, (*path, index, "value"), choice["value"], CHOICE_NAME)
    form.check()
    return list(given)


def _without_flags(body: JSON) -> JSON:
    return {key: value for key, value in body.items() if key != "flags"}
