"""`/channels/{id}/messages`: create, read, edit, delete, publish — and the memory of nonces (API docs, "Message")."""

from dataclasses import dataclass

from tests.discord_fake import errors
from tests.discord_fake.errors import JSON, ApiError, Form, invalid
from tests.discord_fake.limits import MESSAGE_MENTIONS, check_mentions
from tests.discord_fake.permissions import Permission
from tests.discord_fake.posting import Posting
from tests.discord_fake.render import channel_json, message_json, without_content
from tests.discord_fake.routing import NO_CONTENT, Call, Reply, Route, Upload
from tests.discord_fake.snowflakes import time_of
from tests.discord_fake.world import (
    ANNOUNCEMENT,
    WRITABLE,
    Channel,
    Message,
    MessageFlag,
    World,
)

NONCE_MEMORY = 180.0
"""Seconds Discord remembers a nonce: "the past few minutes" in the docs, so the exact figure is a guess."""
PAGE_DEFAULT, PAGE_MOST = 50, 100
BULK_LEAST, BULK_MOST = 2, 100
BULK_AGE = 14 * 24 * 3600


@dataclass(slots=True)
class _Remembered:
    channel_id: int
    message_id: int
    until: float


class Messages:
    """The message routes. `nonce_memory` (seconds) may be changed by a test."""

    def __init__(self, world: World, posting: Posting) -> None:
        self._world = world
        self._posting = posting
        self._nonces: dict[str, _Remembered] = {}
        self.nonce_memory = NONCE_MEMORY

    def routes(self) -> list[Route]:
        messages = "/channels/{channel_id}/messages"
        one = messages + "/{message_id}"
        return [
            Route("POST", messages, self._create),
            Route("GET", messages, self._list),
            Route("GET", one, self._get),
            Route("PATCH", one, self._edit),
            Route("DELETE", one, self._delete),
            Route("POST", messages + "/bulk-delete", self._bulk_delete),
            Route("POST", one + "/crosspost", self._crosspost),
            Route("POST", "/channels/{channel_id}/typing", self._typing),
        ]

    # -- create

    def _create(self, call: Call) -> Reply:
        channel = self._world.channel(call.id("channel_id"))
        body = call.body()
        self.require_send(channel, body, call.files)
        draft = self._posting.draft(channel, self._world.bot, body, call.files)
        if body.get("message_reference"):
            self._as_reply(channel, draft, body)
        nonce = body.get("nonce")
        enforced = nonce is not None and bool(body.get("enforce_nonce"))
        if enforced and (earlier := self._remembered(str(nonce))):
            return Reply(200, self._posting.show(earlier, nonce=nonce))
        self.reopen(channel)
        self._posting.publish(channel, draft, nonce=nonce)
        if nonce is not None:
            until = self._world.clock.time() + self.nonce_memory
            self._nonces[str(nonce)] = _Remembered(channel.id, draft.id, until)
        return Reply(200, self._posting.show(draft, nonce=nonce))

    def require_send(self, channel: Channel, body: JSON, files: list[Upload]) -> None:
        """The rights a message asks of the bot, and the state a thread must be in."""
        self._world.require(channel, Permission.NONE)
        if channel.type not in WRITABLE:
            raise ApiError(errors.NOT_A_TEXT_CHANNEL)
        if channel.thread and channel.thread.locked:
            self._world.require(channel, Permission.MANAGE_THREADS, errors.THREAD_LOCKED)
        needed = Permission.SEND_MESSAGES
        if body.get("embeds"):
            needed |= Permission.EMBED_LINKS
        if files:
            needed |= Permission.ATTACH_FILES
        self._world.require(channel, needed)
        if body.get("message_reference"):
            self._world.require(channel, Permission.READ_MESSAGE_HISTORY, errors.REPLY_NEEDS_HISTORY)

    def _as_reply(self, channel: Channel, draft: Message, body: JSON) -> None:
        given = body.get("allowed_mentions")
        mentions = MESSAGE_MENTIONS if given is None else check_mentions(Form(), given)
        self._posting.reply_to(channel, draft, body["message_reference"], mentions)

    def _remembered(self, nonce: str) -> Message | None:
        """The message an enforced nonce already made, across channels; 10008 where it was deleted since."""
        known = self._nonces.get(nonce)
        if known is None or known.until < self._world.clock.time():
            return None
        channel = self._world.channels.get(known.channel_id)
        if channel is None:
            raise ApiError(errors.UNKNOWN_MESSAGE)
        return self._world.message(channel, known.message_id)

    def age(self, seconds: float) -> None:
        """Let the memory of nonces grow so much older, and nothing else."""
        for known in self._nonces.values():
            known.until -= seconds

    def reopen(self, channel: Channel) -> None:
        """Any message in an archived thread un-archives it (docs, "Threads")."""
        if channel.thread and channel.thread.archived:
            channel.thread.archived = False
            channel.thread.changed = self._world.clock.now()
            shown = channel_json(self._world, channel)
            self._world.emit("THREAD_UPDATE", shown, guild=channel.guild_id, channel=channel.id)

    # -- read

    def _list(self, call: Call) -> Reply:
        """Newest first; `after` gives the ones that follow it at once, not the newest of all."""
        channel = self._readable(call)
        limit = call.number("limit", PAGE_DEFAULT, 1, PAGE_MOST)
        bounds = {key: call.snowflake(key) for key in ("before", "after", "around")}
        if sum(value is not None for value in bounds.values()) > 1:
            raise invalid((), "MUTUALLY_EXCLUSIVE", "before, after and around are mutually exclusive")
        if Permission.READ_MESSAGE_HISTORY not in self._world.permissions(self._world.bot.id, channel):
            return Reply(200, [])
        page = _page(sorted(channel.messages), limit, **bounds)
        return Reply(200, [self._shown(channel.messages[message_id]) for message_id in reversed(page)])

    def _get(self, call: Call) -> Reply:
        channel = self._readable(call)
        self._world.require(channel, Permission.READ_MESSAGE_HISTORY)
        return Reply(200, self._shown(self._world.message(channel, call.id("message_id"))))

    def _readable(self, call: Call) -> Channel:
        channel = self._world.channel(call.id("channel_id"))
        self._world.require(channel, Permission.VIEW_CHANNEL)
        if channel.type not in WRITABLE:
            raise ApiError(errors.NOT_A_TEXT_CHANNEL)
        return channel

    def _shown(self, message: Message) -> JSON:
        shown = message_json(self._world, message)
        return shown if self._world.message_content else without_content(self._world, shown)

    # -- change

    def _edit(self, call: Call) -> Reply:
        channel = self._readable(call)
        message = self._world.message(channel, call.id("message_id"))
        body = call.body()
        if message.author.id != self._world.bot.id:
            if set(body) != {"flags"}:
                raise ApiError(errors.NOT_THE_AUTHOR)
            self._world.require(channel, Permission.MANAGE_MESSAGES, errors.NOT_THE_AUTHOR)
        if channel.thread and channel.thread.archived:
            raise ApiError(errors.THREAD_ARCHIVED)
        if body.get("embeds"):
            self._world.require(channel, Permission.EMBED_LINKS)
        self._posting.revise(channel, message, body, call.files, mentions=MESSAGE_MENTIONS)
        if set(body) != {"flags"}:
            message.edited = self._world.clock.now()
        self._posting.announce_edit(channel, message)
        return Reply(200, self._posting.show(message))

    def _delete(self, call: Call) -> Reply:
        channel = self._readable(call)
        message = self._world.message(channel, call.id("message_id"))
        if message.author.id != self._world.bot.id:
            self._world.require(channel, Permission.MANAGE_MESSAGES)
        self._posting.remove(channel, message)
        return Reply(NO_CONTENT)

    def _bulk_delete(self, call: Call) -> Reply:
        channel = self._readable(call)
        self._world.require(channel, Permission.MANAGE_MESSAGES)
        ids = [int(item) for item in call.body().get("messages", [])]
        if not BULK_LEAST <= len(ids) <= BULK_MOST:
            raise ApiError(errors.BULK_DELETE_COUNT)
        oldest = self._world.clock.time() - BULK_AGE
        if any(time_of(item).timestamp() < oldest for item in ids):
            raise ApiError(errors.BULK_DELETE_AGE)
        gone = [item for item in ids if channel.messages.pop(item, None)]
        event = {"ids": [str(i) for i in gone], "channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
        self._world.emit("MESSAGE_DELETE_BULK", event, guild=channel.guild_id, channel=channel.id)
        return Reply(NO_CONTENT)

    def _crosspost(self, call: Call) -> Reply:
        channel = self._readable(call)
        if channel.type != ANNOUNCEMENT:
            raise ApiError(errors.WRONG_CHANNEL_TYPE)
        message = self._world.message(channel, call.id("message_id"))
        self._world.require(channel, Permission.SEND_MESSAGES)
        if message.author.id != self._world.bot.id:
            self._world.require(channel, Permission.MANAGE_MESSAGES)
        if message.flags & MessageFlag.CROSSPOSTED:
            raise ApiError(errors.ALREADY_CROSSPOSTED)
        message.flags |= MessageFlag.CROSSPOSTED
        self._posting.announce_edit(channel, message)
        return Reply(200, self._posting.show(message))

    def _typing(self, call: Call) -> Reply:
        channel = self._world.channel(call.id("channel_id"))
        self._world.require(channel, Permission.SEND_MESSAGES)
        return Reply(NO_CONTENT)


def _page(
    ids: list[int], limit: int, *, before: int | None = None, after: int | None = None, around: int | None = None
) -> list[int]:
    """The wanted ids, oldest first."""
    if after is not None:
        return [i for i in ids if i > after][:limit]
    if around is not None:
        older = [i for i in ids if i < around][-(limit // 2) :] if limit > 1 else []
        return older + [i for i in ids if i >= around][: limit - len(older)]
    older = ids if before is None else [i for i in ids if i < before]
    return older[-limit:]
