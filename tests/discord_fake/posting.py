"""Turns the body of a request into a stored message: checks it, settles mentions and replies, tells the gateway.

Channel messages, forum posts and interaction responses all pass here; who may do it is their callers' question.
"""

import re
from copy import deepcopy

from tests.discord_fake import errors
from tests.discord_fake.components import check_components
from tests.discord_fake.errors import JSON, ApiError, Form, invalid
from tests.discord_fake.limits import (
    FILE_BYTES,
    FILES,
    MESSAGE_MENTIONS,
    AllowedMentions,
    check_body,
)
from tests.discord_fake.permissions import Permission
from tests.discord_fake.render import message_event_json, message_json
from tests.discord_fake.routing import Upload
from tests.discord_fake.world import (
    Channel,
    Mentions,
    Message,
    MessageFlag,
    MessageType,
    Ping,
    User,
    World,
)

SETTABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.COMPONENTS_V2
REPLYABLE = {MessageType.DEFAULT, MessageType.REPLY, MessageType.CHAT_INPUT_COMMAND, MessageType.CONTEXT_MENU_COMMAND}

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


class Posting:
    """Writes messages into the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    # -- from a body to a message

    def draft(
        self,
        channel: Channel,
        author: User,
        body: JSON,
        files: list[Upload],
        *,
        mentions: AllowedMentions = MESSAGE_MENTIONS,
        message_id: int | None = None,
    ) -> Message:
        """The message a body asks for, checked and not yet stored; raises 50035, 50006 or 413."""
        checked = check_body(body)
        form = checked.problems
        flags = int(body.get("flags") or 0) & SETTABLE
        components = check_components(form, body.get("components"), v2=bool(flags & MessageFlag.COMPONENTS_V2))
        _check_files(form, files)
        _check_exclusive(form, flags, body)
        form.check()
        if not (checked.content or checked.embeds or components or files):
            raise ApiError(errors.EMPTY_MESSAGE)
        new_id = message_id or self._world.snowflakes.next()
        message = Message(
            id=new_id,
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author=author,
            created=self._world.clock.now(),
            content=checked.content or "",
            embeds=checked.embeds or [],
            components=components,
            attachments=self._attachments(channel, body, files),
            flags=flags,
            tts=bool(body.get("tts")),
        )
        _link_attachments(message)
        self._settle_mentions(message, checked.mentions or mentions)
        return message

    def reply_to(self, channel: Channel, message: Message, reference: JSON, mentions: AllowedMentions) -> None:
        """Make the draft a reply. A missing message raises unless `fail_if_not_exists` is false."""
        path = ("message_reference",)
        if int(reference.get("type") or 0) != 0:
            raise invalid(path, "MESSAGE_REFERENCE_INVALID_TYPE", "Forwarding is not offered here")
        if int(reference.get("channel_id") or channel.id) != channel.id:
            text = "Cannot reply to a message in a different channel"
            raise invalid(path, "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", text)
        target = channel.messages.get(int(reference["message_id"]))
        if target is None:
            if reference.get("fail_if_not_exists", True):
                raise invalid(path, "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return
        if target.type not in REPLYABLE:
            raise invalid(path, "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE", "Cannot reply to a system message")
        message.type = MessageType.REPLY
        message.reference = reference_to(target)
        if mentions.replied_user and not target.author.bot and target.author.id not in message.mentions.users:
            message.mentions.users.append(target.author.id)

    def publish(self, channel: Channel, message: Message, *, nonce: str | int | None = None) -> None:
        """Store the message, note who was pinged, and send MESSAGE_CREATE."""
        channel.messages[message.id] = message
        channel.last_message_id = message.id
        if channel.thread and message.type != MessageType.THREAD_STARTER and message.id != channel.id:
            channel.thread.sent += 1
        self._ping(channel, message)
        event = message_event_json(self._world, message)
        if nonce is not None:
            event["nonce"] = nonce
        self._world.emit("MESSAGE_CREATE", event, guild=channel.guild_id, channel=channel.id)

    def revise(
        self, channel: Channel, message: Message, body: JSON, files: list[Upload], *, mentions: AllowedMentions
    ) -> None:
        """Edit in place: named keys change, null or empty clears; nobody is pinged by an edit."""
        checked = check_body(body)
        form = checked.problems
        flags = _edited_flags(message.flags, body)
        components = message.components
        if "components" in body:
            v2 = bool(flags & MessageFlag.COMPONENTS_V2)
            components = check_components(form, body["components"], v2=v2)
        _check_files(form, files)
        _check_exclusive(form, flags, body)
        form.check()
        content = message.content if checked.content is None else checked.content
        embeds = message.embeds if checked.embeds is None else checked.embeds
        kept = _kept_attachments(message, body)
        if not (content or embeds or components or kept or files):
            raise ApiError(errors.EMPTY_MESSAGE)
        message.content, message.embeds, message.components, message.flags = content, embeds, components, flags
        message.attachments = kept + self._attachments(channel, body, files)
        _link_attachments(message)
        if checked.content is not None or checked.mentions is not None:
            self._settle_mentions(message, checked.mentions or mentions)

    def announce_edit(self, channel: Channel, message: Message) -> None:
        """Send MESSAGE_UPDATE; an ephemeral message has no event."""
        if message.ephemeral_for is None:
            event = message_event_json(self._world, message)
            self._world.emit("MESSAGE_UPDATE", event, guild=channel.guild_id, channel=channel.id)

    def remove(self, channel: Channel, message: Message) -> None:
        del channel.messages[message.id]
        gone = {"id": str(message.id), "channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
        self._world.emit("MESSAGE_DELETE", gone, guild=channel.guild_id, channel=channel.id)

    def show(self, message: Message, *, nonce: str | int | None = None) -> JSON:
        """A message the bot just wrote, as the answer to its request."""
        shown = deepcopy(message_json(self._world, message))
        if nonce is not None:
            shown["nonce"] = nonce
        return shown

    # -- mentions

    def _settle_mentions(self, message: Message, allowed: AllowedMentions) -> None:
        """Which mentions in the text count; roles and everyone also need the right to (docs, "MENTION_EVERYONE")."""
        text = message.content
        guild = self._world.guilds[message.guild_id]
        channel = self._world.channels[message.channel_id]
        may_mention = Permission.MENTION_EVERYONE in self._world.permissions(message.author.id, channel)
        users = [int(found) for found in dict.fromkeys(_USER.findall(text))]
        roles = [guild.roles[int(found)] for found in dict.fromkeys(_ROLE.findall(text)) if int(found) in guild.roles]
        message.mentions = Mentions(
            users=[u for u in users if u in self._world.users and (allowed.users is None or u in allowed.users)],
            roles=[
                role.id
                for role in roles
                if (allowed.roles is None or role.id in allowed.roles) and (role.mentionable or may_mention)
            ],
            everyone=bool(_EVERYONE.search(text)) and allowed.everyone and may_mention,
        )

    def _ping(self, channel: Channel, message: Message) -> None:
        guild = self._world.guilds[channel.guild_id]
        viewers = [user for user in self._world.viewers(channel) if user != message.author.id]
        why: dict[int, str] = {}
        if message.mentions.everyone:
            kind = "everyone" if "@everyone" in message.content else "here"
            why |= dict.fromkeys(viewers, kind)
        for role_id in message.mentions.roles:
            why |= {user: "role" for user in viewers if role_id in guild.members[user].roles}
        named = set(map(int, _USER.findall(message.content)))
        for user in message.mentions.users:
            if user in viewers:
                why[user] = "user" if user in named else "reply"
        silent = bool(message.flags & MessageFlag.SUPPRESS_NOTIFICATIONS)
        self._world.pings += [Ping(user, channel.id, message.id, kind, silent) for user, kind in why.items()]

    # -- files

    def _attachments(self, channel: Channel, body: JSON, files: list[Upload]) -> list[JSON]:
        described = {str(item.get("id")): item for item in body.get("attachments") or []}
        stored = []
        for upload in files:
            attachment_id = self._world.snowflakes.next()
            named = described.get(str(upload.index), {})
            filename = named.get("filename") or upload.filename
            url = f"https://cdn.discordapp.com/attachments/{channel.id}/{attachment_id}/{filename}"
            attachment: JSON = {
                "id": str(attachment_id),
                "filename": filename,
                "size": len(upload.data),
                "url": url,
                "proxy_url": url.replace("cdn.discordapp.com", "media.discordapp.net"),
                "content_type": upload.content_type,
            }
            if named.get("description"):
                attachment["description"] = named["description"]
            stored.append(attachment)
        return stored


def reference_to(message: Message) -> JSON:
    """`message_reference` of a reply, or of a component's response, to a message."""
    return {
        "type": 0,
        "message_id": str(message.id),
        "channel_id": str(message.channel_id),
        "guild_id": str(message.guild_id),
    }


def _check_files(form: Form, files: list[Upload]) -> None:
    if len(files) > FILES:
        form.too_long(("attachments",), FILES)
    if any(len(upload.data) > FILE_BYTES for upload in files):
        raise ApiError(errors.FILE_TOO_LARGE)


def _check_exclusive(form: Form, flags: int, body: JSON) -> None:
    """Components of the second kind leave no room for content and embeds (docs, "IS_COMPONENTS_V2")."""
    for key in ("content", "embeds"):
        if flags & MessageFlag.COMPONENTS_V2 and body.get(key):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            form.add((key,), code, f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")


def _edited_flags(flags: int, body: JSON) -> int:
    if body.get("flags") is None:
        return flags
    editable = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2
    return (flags & ~MessageFlag.SUPPRESS_EMBEDS) | (int(body["flags"]) & editable)


def _kept_attachments(message: Message, body: JSON) -> list[JSON]:
    if body.get("attachments") is None:
        return message.attachments if "attachments" not in body else []
    kept = {str(item.get("id")) for item in body["attachments"]}
    return [attachment for attachment in message.attachments if attachment["id"] in kept]


def _link_attachments(message: Message) -> None:
    """`attachment://name` in an embed becomes the address of the uploaded file (docs, "Using Attachments")."""
    urls = {f"attachment://{item['filename']}": item["url"] for item in message.attachments}
    for embed in message.embeds:
        for key in ("image", "thumbnail"):
            url = embed.get(key, {}).get("url")
            if url in urls:
                embed[key] = {"url": urls[url]}
