"""Threads and forum posts: starting, archiving, listing (API docs, "Threads" and "Start Thread…").

A thread from a message has the message's id; a forum post has the id of its first message. A post takes no nonce, so a
repeated create makes a second post. Threads do not archive themselves as time passes.
"""

from datetime import datetime

from tests.discord_fake import errors
from tests.discord_fake.errors import JSON, ApiError, Form, invalid
from tests.discord_fake.limits import ARCHIVE_DURATIONS, POST_TAGS, THREAD_NAME, check_text
from tests.discord_fake.messages import Messages
from tests.discord_fake.permissions import Permission
from tests.discord_fake.posting import Posting, reference_to
from tests.discord_fake.render import channel_json, thread_member_json
from tests.discord_fake.routing import CREATED, NO_CONTENT, Call, Reply, Route
from tests.discord_fake.snowflakes import Ref
from tests.discord_fake.world import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    FORUMS,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    REQUIRE_TAG,
    TEXT,
    THREADS,
    Channel,
    Message,
    MessageFlag,
    MessageType,
    ThreadState,
    World,
)

ACTIVE_THREADS = 1000
SLOWMODE = 21600
PAGE_DEFAULT, PAGE_LEAST, PAGE_MOST = 50, 2, 100


class Threads:
    """The thread routes."""

    def __init__(self, world: World, posting: Posting, messages: Messages) -> None:
        self._world = world
        self._posting = posting
        self._messages = messages

    def routes(self) -> list[Route]:
        channel = "/channels/{channel_id}"
        return [
            Route("POST", channel + "/messages/{message_id}/threads", self._from_message),
            Route("POST", channel + "/threads", self._start),
            Route("PATCH", channel, self._edit),
            Route("DELETE", channel, self._delete),
            Route("PUT", channel + "/thread-members/{user_id}", self._join),
            Route("DELETE", channel + "/thread-members/{user_id}", self._leave),
            Route("GET", channel + "/threads/archived/public", self._archived),
            Route("GET", "/guilds/{guild_id}/threads/active", self._active),
        ]

    # -- starting

    def _from_message(self, call: Call) -> Reply:
        parent = self._world.channel(call.id("channel_id"))
        self._world.require(parent, Permission.CREATE_PUBLIC_THREADS)
        if parent.type not in (TEXT, ANNOUNCEMENT):
            raise ApiError(errors.WRONG_CHANNEL_TYPE)
        message = self._world.message(parent, call.id("message_id"))
        if message.thread_id is not None or message.id in self._world.channels:
            raise ApiError(errors.THREAD_EXISTS)
        kind = ANNOUNCEMENT_THREAD if parent.type == ANNOUNCEMENT else PUBLIC_THREAD
        thread = self._new(parent, call.body(), kind, message.id)
        message.thread_id = thread.id
        message.flags |= MessageFlag.HAS_THREAD
        self._tell_created(thread)
        self._posting.announce_edit(parent, message)
        self._add_starter(thread, message)
        return Reply(CREATED, channel_json(self._world, thread))

    def _start(self, call: Call) -> Reply:
        parent = self._world.channel(call.id("channel_id"))
        if parent.type in FORUMS:
            return self._post(parent, call)
        if parent.type not in (TEXT, ANNOUNCEMENT):
            self._world.require(parent, Permission.NONE)
            raise ApiError(errors.WRONG_CHANNEL_TYPE)
        default = ANNOUNCEMENT_THREAD if parent.type == ANNOUNCEMENT else PRIVATE_THREAD
        kind = call.body().get("type", default)
        allowed = (ANNOUNCEMENT_THREAD,) if parent.type == ANNOUNCEMENT else (PUBLIC_THREAD, PRIVATE_THREAD)
        if kind not in allowed:
            raise invalid(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
        needed = Permission.CREATE_PRIVATE_THREADS if kind == PRIVATE_THREAD else Permission.CREATE_PUBLIC_THREADS
        self._world.require(parent, needed)
        thread = self._new(parent, call.body(), kind, self._world.snowflakes.next())
        self._tell_created(thread)
        if kind != PRIVATE_THREAD:
            self._announce_in_parent(parent, thread)
        return Reply(CREATED, channel_json(self._world, thread))

    def _post(self, forum: Channel, call: Call) -> Reply:
        """A forum post: thread and first message at once. It asks SEND_MESSAGES, not CREATE_PUBLIC_THREADS."""
        body = call.body()
        first = body.get("message")
        if not isinstance(first, dict):
            raise invalid(("message",), "BASE_TYPE_REQUIRED", "This field is required")
        needed = Permission.SEND_MESSAGES
        needed |= Permission.EMBED_LINKS if first.get("embeds") else Permission.NONE
        needed |= Permission.ATTACH_FILES if call.files else Permission.NONE
        self._world.require(forum, needed)
        tags = self._check_tags(forum, body)
        if forum.flags & REQUIRE_TAG and not tags:
            raise ApiError(errors.TAG_REQUIRED)
        post_id = self._world.snowflakes.next()
        draft = self._posting.draft(forum, self._world.bot, first, call.files, message_id=post_id)
        thread = self._new(forum, body, PUBLIC_THREAD, post_id)
        if thread.thread:
            thread.thread.tags = tags
        draft.channel_id = thread.id
        self._tell_created(thread)
        self._posting.publish(thread, draft)
        return Reply(CREATED, channel_json(self._world, thread) | {"message": self._posting.show(draft)})

    def _new(self, parent: Channel, body: JSON, kind: int, thread_id: int) -> Channel:
        form = Form()
        name = check_text(form, ("name",), body.get("name"), THREAD_NAME, required=True)
        duration = _check_duration(form, body.get("auto_archive_duration"))
        slowmode = _check_slowmode(form, body.get("rate_limit_per_user"))
        form.check()
        active = sum(1 for t in self._world.threads(parent.guild_id) if t.thread and not t.thread.archived)
        if active >= ACTIVE_THREADS:
            raise ApiError(errors.TOO_MANY_THREADS)
        now, bot = self._world.clock.now(), self._world.bot.id
        state = ThreadState(owner_id=bot, created=now, changed=now, archive_duration=duration, members={bot: now})
        thread = Channel(thread_id, parent.guild_id, kind, name, parent_id=parent.id, slowmode=slowmode, thread=state)
        self._world.channels[thread.id] = thread
        return thread

    def _tell_created(self, thread: Channel) -> None:
        shown = channel_json(self._world, thread) | {"newly_created": True}
        self._world.emit("THREAD_CREATE", shown, guild=thread.guild_id, channel=thread.id)

    def _add_starter(self, thread: Channel, message: Message) -> None:
        """The system message that shows the first message inside its thread."""
        starter = self._system_message(thread, MessageType.THREAD_STARTER)
        starter.reference = reference_to(message)
        self._posting.publish(thread, starter)

    def _announce_in_parent(self, parent: Channel, thread: Channel) -> None:
        note = self._system_message(parent, MessageType.THREAD_CREATED)
        note.content = thread.name
        note.reference = {"type": 0, "channel_id": str(thread.id), "guild_id": str(thread.guild_id)}
        self._posting.publish(parent, note)

    def _system_message(self, channel: Channel, kind: int) -> Message:
        world = self._world
        new_id = world.snowflakes.next()
        return Message(new_id, channel.id, channel.guild_id, world.bot, world.clock.now(), type=kind)

    def _check_tags(self, forum: Channel, body: JSON) -> list[int]:
        tags = [int(tag) for tag in body.get("applied_tags") or []]
        form = Form()
        if len(tags) > POST_TAGS:
            form.too_long(("applied_tags",), POST_TAGS)
        for index, tag in enumerate(tags):
            if tag not in forum.tags:
                form.add(("applied_tags", index), "UNKNOWN_TAG", "Unknown tag")
        form.check()
        return tags

    # -- changing

    def _edit(self, call: Call) -> Reply:
        """Archive, open, lock, rename. Only threads may be edited here."""
        thread, state = self._thread(call)
        body = call.body()
        self._require_edit(thread, state, body)
        form = Form()
        name = check_text(form, ("name",), body["name"], THREAD_NAME, required=True) if "name" in body else thread.name
        duration = _check_duration(form, body.get("auto_archive_duration"), state.archive_duration)
        slowmode = _check_slowmode(form, body.get("rate_limit_per_user"), thread.slowmode)
        form.check()
        if "applied_tags" in body:
            state.tags = self._check_tags(self._world.parent(thread), body)
        thread.name, thread.slowmode, state.archive_duration = name, slowmode, duration
        self.set_state(thread, archived=body.get("archived"), locked=body.get("locked"))
        return Reply(200, channel_json(self._world, thread))

    def _require_edit(self, thread: Channel, state: ThreadState, body: JSON) -> None:
        manages = Permission.MANAGE_THREADS in self._world.permissions(self._world.bot.id, thread)
        self._world.require(thread, Permission.VIEW_CHANNEL)
        if state.archived and body.get("archived") is not False:
            raise ApiError(errors.THREAD_ARCHIVED)
        if manages:
            return
        if state.locked:
            raise ApiError(errors.THREAD_LOCKED)
        if "locked" in body or (state.owner_id != self._world.bot.id and set(body) != {"archived"}):
            raise ApiError(errors.MISSING_PERMISSIONS)
        if body.get("archived") is True and state.owner_id != self._world.bot.id:
            raise ApiError(errors.MISSING_PERMISSIONS)
        if body.get("archived") is False:
            self._world.require(thread, Permission.SEND_MESSAGES)

    def set_state(self, thread: Channel, *, archived: bool | None = None, locked: bool | None = None) -> None:
        """Archive or open, lock or unlock; sends THREAD_UPDATE."""
        state = thread.thread
        if state is None:
            raise ApiError(errors.WRONG_CHANNEL_TYPE)
        if archived is not None and archived != state.archived:
            state.archived, state.changed = archived, self._world.clock.now()
        state.locked = state.locked if locked is None else locked
        shown = channel_json(self._world, thread)
        self._world.emit("THREAD_UPDATE", shown, guild=thread.guild_id, channel=thread.id)

    def _delete(self, call: Call) -> Reply:
        thread, _ = self._thread(call)
        self._world.require(thread, Permission.MANAGE_THREADS)
        shown = channel_json(self._world, thread)
        del self._world.channels[thread.id]
        gone = {key: shown[key] for key in ("id", "guild_id", "parent_id", "type")}
        self._world.emit("THREAD_DELETE", gone, guild=thread.guild_id)
        return Reply(200, shown)

    def _join(self, call: Call) -> Reply:
        _, state = self._thread(call)
        if state.archived:
            raise ApiError(errors.THREAD_ARCHIVED)
        state.members.setdefault(self._member_id(call), self._world.clock.now())
        return Reply(NO_CONTENT)

    def _leave(self, call: Call) -> Reply:
        _, state = self._thread(call)
        state.members.pop(self._member_id(call), None)
        return Reply(NO_CONTENT)

    def _member_id(self, call: Call) -> int:
        return self._world.bot.id if call.params["user_id"] == "@me" else call.id("user_id")

    def _thread(self, call: Call) -> tuple[Channel, ThreadState]:
        channel = self._world.channel(call.id("channel_id"))
        self._world.require(channel, Permission.VIEW_CHANNEL)
        if channel.type not in THREADS or channel.thread is None:
            raise ApiError(errors.WRONG_CHANNEL_TYPE)
        return channel, channel.thread

    # -- listing

    def _archived(self, call: Call) -> Reply:
        """Archived public threads of a channel, the last archived first, `before` an ISO time."""
        parent = self._world.channel(call.id("channel_id"))
        self._world.require(parent, Permission.READ_MESSAGE_HISTORY)
        limit = call.number("limit", PAGE_DEFAULT, PAGE_LEAST, PAGE_MOST)
        before = _moment(call.query.get("before"))
        found = [
            (thread.thread.changed, thread)
            for thread in self._world.threads(parent.guild_id, parent=parent.id)
            if thread.thread and thread.thread.archived and thread.type != PRIVATE_THREAD
        ]
        page = sorted(found, key=lambda pair: pair[0], reverse=True)
        page = [pair for pair in page if before is None or pair[0] < before]
        threads = [thread for _, thread in page[:limit]]
        return Reply(200, self._listing(threads) | {"has_more": len(page) > limit})

    def _active(self, call: Call) -> Reply:
        guild = self._world.guild(call.id("guild_id"))
        bot = self._world.bot.id
        seen = [
            thread
            for thread in self._world.threads(guild.id)
            if thread.thread
            and not thread.thread.archived
            and Permission.VIEW_CHANNEL in self._world.permissions(bot, thread)
        ]
        newest = sorted(seen, key=lambda thread: thread.id, reverse=True)
        return Reply(200, self._listing(newest) | {"has_more": False})

    def _listing(self, threads: list[Channel]) -> JSON:
        bot = self._world.bot.id
        joined = [thread for thread in threads if thread.thread and bot in thread.thread.members]
        return {
            "threads": [channel_json(self._world, thread) for thread in threads],
            "members": [thread_member_json(thread, bot) for thread in joined],
        }

    # -- what a test does

    def archive(self, thread: Ref, *, locked: bool = False) -> None:
        """Time or a moderator archives a thread."""
        self.set_state(self._world.channel(thread), archived=True, locked=locked)


def _check_duration(form: Form, value: object, default: int = 4320) -> int:
    if value is None:
        return default
    if value not in ARCHIVE_DURATIONS or not isinstance(value, int):
        form.choices(("auto_archive_duration",), ARCHIVE_DURATIONS)
        return default
    return value


def _check_slowmode(form: Form, value: object, default: int = 0) -> int:
    if value is None:
        return default
    if not isinstance(value, int) or not 0 <= value <= SLOWMODE:
        form.add(("rate_limit_per_user",), "NUMBER_TYPE_MAX", f"int value should be from 0 to {SLOWMODE}.")
        return default
    return value


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise invalid(("before",), "DATE_TIME_TYPE_PARSE", f"Could not parse {text}. Should be ISO8601.") from None
