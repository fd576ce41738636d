"""The gateway: HELLO, heartbeats, IDENTIFY, READY, dispatches, RESUME and every way to lose a session.

Rules: API docs, "Gateway" and "Gateway Close Event Codes". A session outlives its connection: what happens meanwhile
is kept and replayed. Events go to every session of the bot; there is one shard.
"""

import asyncio
import json
from enum import IntEnum
from typing import Any, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from tests.discord_fake.errors import JSON
from tests.discord_fake.permissions import Permission
from tests.discord_fake.render import guild_create_json, member_json, user_json, without_content
from tests.discord_fake.sessions import Connection, Intent, Op, Session
from tests.discord_fake.world import World

HEARTBEAT_SECONDS = 41.25
HEARTBEAT_GRACE = 1.5
"""A connection without a heartbeat for this many intervals is closed with 4009."""
SESSION_LIFETIME = 180.0
FRAME_BYTES = 4096
FRAMES, FRAMES_SECONDS = 120, 60.0
API_VERSION = "10"


class CloseCode(IntEnum):
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQ = 4007
    RATE_LIMITED = 4008
    SESSION_TIMED_OUT = 4009
    INVALID_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
KNOWN_INTENTS = 0b11_0011_0001_1111_1111_1111_1111
"""Every bit the docs list: 0-16, 20, 21, 24, 25."""

_NEEDS = (
    ("GUILD_MEMBER", Intent.GUILD_MEMBERS),
    ("GUILD_", Intent.GUILDS),
    ("CHANNEL_", Intent.GUILDS),
    ("THREAD_", Intent.GUILDS),
    ("MESSAGE_", Intent.GUILD_MESSAGES),
)
_HIDDEN_WITH_CHANNEL = ("MESSAGE_", "THREAD_")


class EventFaults(Protocol):
    def spoil(self, event: str, data: JSON) -> JSON | None: ...


class _Close(Exception):  # noqa: N818 — a way out of the conversation, not an error of ours
    def __init__(self, code: CloseCode) -> None:
        super().__init__(code)
        self.code = code


class Gateway:
    """All sessions and connections. `heartbeat_seconds`, `session_lifetime` and `refusing` may be changed by a test."""

    def __init__(self, world: World, *, token: str, intents: Intent, compression: bool, faults: EventFaults) -> None:
        self._world = world
        self._token = token
        self._allowed = intents
        self._compression = compression
        self._faults = faults
        self._connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.resume_url = ""
        self.heartbeat_seconds = HEARTBEAT_SECONDS
        self.session_lifetime = SESSION_LIFETIME
        self.refusing = False
        self.identifies: list[JSON] = []
        self.resumes: list[JSON] = []
        self.close_codes: list[int] = []
        world.on_event(self._hear)

    # -- from the world to the sessions

    def _hear(self, event: str, data: JSON, guild: int | None, channel: int | None) -> None:
        if self._hidden(event, channel):
            return
        spoiled = self._faults.spoil(event, data)
        if spoiled is None:
            return
        for session in self.sessions.values():
            self._deliver(session, event, spoiled)

    def _deliver(self, session: Session, event: str, data: JSON) -> None:
        needed = next((intent for prefix, intent in _NEEDS if event.startswith(prefix)), Intent(0))
        if needed & ~session.intents:
            return
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and Intent.MESSAGE_CONTENT not in session.intents:
            data = without_content(self._world, data) if "author" in data and "mentions" in data else data
        session.dispatch(event, data)

    def _hidden(self, event: str, channel_id: int | None) -> bool:
        """Messages and threads of a channel the bot cannot see do not reach it."""
        channel = self._world.channels.get(channel_id or 0)
        if channel is None or not event.startswith(_HIDDEN_WITH_CHANNEL):
            return False
        return Permission.VIEW_CHANNEL not in self._world.permissions(self._world.bot.id, channel)

    # -- a connection

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False, timeout=1.0, max_msg_size=0)
        await socket.prepare(request)
        compressed = self._compression and request.query.get("compress") == "zlib-stream"
        connection = Connection(request, socket, compressed=compressed)
        self._connections.add(connection)
        pump = asyncio.create_task(connection.pump())
        try:
            if request.query.get("v") != API_VERSION:
                raise _Close(CloseCode.INVALID_VERSION)
            await self._converse(connection)
        except _Close as close:
            await socket.close(code=close.code)
        finally:
            pump.cancel()
            self._lose(connection)
        return socket

    async def _converse(self, connection: Connection) -> None:
        connection.send(Op.HELLO, {"heartbeat_interval": int(self.heartbeat_seconds * 1000)})
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.heartbeat_seconds * HEARTBEAT_GRACE
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    message = await connection.socket.receive()
            except TimeoutError:
                raise _Close(CloseCode.SESSION_TIMED_OUT) from None
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            frame = self._parse(connection, message.data)
            if frame["op"] == Op.HEARTBEAT:
                deadline = loop.time() + self.heartbeat_seconds * HEARTBEAT_GRACE
            self._obey(connection, frame["op"], frame.get("d"))

    def _parse(self, connection: Connection, data: str | bytes) -> JSON:
        now = asyncio.get_running_loop().time()
        connection.frames.append(now)
        while connection.frames and connection.frames[0] < now - FRAMES_SECONDS:
            connection.frames.popleft()
        if len(connection.frames) > FRAMES:
            raise _Close(CloseCode.RATE_LIMITED)
        if len(data) > FRAME_BYTES:
            raise _Close(CloseCode.DECODE_ERROR)
        try:
            frame = json.loads(data)
        except ValueError:
            raise _Close(CloseCode.DECODE_ERROR) from None
        if not isinstance(frame, dict) or not isinstance(frame.get("op"), int):
            raise _Close(CloseCode.DECODE_ERROR)
        return frame

    def _obey(self, connection: Connection, op: int, data: Any) -> None:
        if op == Op.HEARTBEAT:
            connection.send(Op.HEARTBEAT_ACK)
        elif op == Op.IDENTIFY:
            self._identify(connection, data)
        elif op == Op.RESUME:
            self._resume(connection, data)
        elif op not in (Op.PRESENCE, Op.VOICE, Op.REQUEST_MEMBERS):
            raise _Close(CloseCode.UNKNOWN_OPCODE)
        elif connection.session is None:
            raise _Close(CloseCode.NOT_AUTHENTICATED)
        elif op == Op.REQUEST_MEMBERS:
            self._send_members(connection.session, data)

    def _identify(self, connection: Connection, data: JSON) -> None:
        if connection.session is not None:
            raise _Close(CloseCode.ALREADY_AUTHENTICATED)
        self._check_token(data)
        if "properties" not in data or not isinstance(data.get("intents"), int):
            raise _Close(CloseCode.DECODE_ERROR)
        if data["intents"] & ~KNOWN_INTENTS:
            raise _Close(CloseCode.INVALID_INTENTS)
        intents = Intent(data["intents"])
        if intents & PRIVILEGED & ~self._allowed:
            raise _Close(CloseCode.DISALLOWED_INTENTS)
        self.identifies.append(data)
        session = Session(intents)
        self.sessions[session.id] = session
        self._attach(session, connection)
        self._greet(session, data)

    def _greet(self, session: Session, identify: JSON) -> None:
        guilds = [g for g in self._world.guilds.values() if self._world.bot.id in g.members]
        ready: JSON = {
            "v": int(API_VERSION),
            "user": user_json(self._world.bot) | {"verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.resume_url,
            "application": {"id": str(self._world.application_id), "flags": 0},
        }
        if "shard" in identify:
            ready["shard"] = identify["shard"]
        told = self._faults.spoil("READY", ready)
        if told is not None:
            session.dispatch("READY", told)
        for guild in guilds:
            spoiled = self._faults.spoil("GUILD_CREATE", guild_create_json(self._world, guild))
            if spoiled is not None:
                self._deliver(session, "GUILD_CREATE", spoiled)
        self._world.pulse.fire()

    def _resume(self, connection: Connection, data: JSON) -> None:
        self._check_token(data)
        self.resumes.append(data)
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or self._expired(session):
            connection.send(Op.INVALID_SESSION, False)
            return
        seq = int(data.get("seq") or 0)
        if seq > session.seq:
            raise _Close(CloseCode.INVALID_SEQ)
        for number, frame in session.frames:
            if number > seq:
                connection.send_text(frame)
        self._attach(session, connection)
        session.dispatch("RESUMED", {})
        self._world.pulse.fire()

    def _check_token(self, data: Any) -> None:
        if not isinstance(data, dict) or data.get("token") != self._token:
            raise _Close(CloseCode.AUTHENTICATION_FAILED)

    def _send_members(self, session: Session, data: JSON) -> None:
        guild = self._world.guilds[int(data["guild_id"])]
        wanted = {int(user) for user in data.get("user_ids") or []}
        query = str(data.get("query") or "").lower()
        members = [
            member_json(member)
            for member in guild.members.values()
            if (member.user.id in wanted if wanted else member.user.name.lower().startswith(query))
        ]
        chunk: JSON = {"guild_id": str(guild.id), "members": members, "chunk_index": 0, "chunk_count": 1}
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    # -- attaching and losing

    def _attach(self, session: Session, connection: Connection) -> None:
        old = session.connection
        session.connection, session.lost_at = connection, None
        connection.session = session
        if old is not None:
            old.session = None
            old.abort()

    def _lose(self, connection: Connection) -> None:
        self._connections.discard(connection)
        code = connection.socket.close_code
        self.close_codes.append(code if code is not None else int(WSCloseCode.ABNORMAL_CLOSURE))
        session = connection.session
        if session is None:
            return
        session.connection, session.lost_at = None, self._world.clock.time()
        if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) and not connection.closed_by_us:
            self.sessions.pop(session.id, None)
        self._world.pulse.fire()

    def _expired(self, session: Session) -> bool:
        if session.lost_at is None:
            return False
        expired = self._world.clock.time() - session.lost_at > self.session_lifetime
        if expired:
            self.sessions.pop(session.id, None)
        return expired

    # -- what a test does to it

    @property
    def connected(self) -> int:
        """How many sessions have a live connection."""
        return sum(session.connection is not None for session in self.sessions.values())

    def ask_reconnect(self) -> None:
        """Op 7 on each connection."""
        for connection in self._connections:
            connection.send(Op.RECONNECT)

    def invalidate(self, *, resumable: bool) -> None:
        """Op 9 on each connection; unless resumable the sessions are gone."""
        for connection in self._connections:
            connection.send(Op.INVALID_SESSION, resumable)
            if not resumable and connection.session is not None:
                self.sessions.pop(connection.session.id, None)

    def forget_sessions(self) -> None:
        """Make the next RESUME fail, as after a long absence."""
        for session in self.sessions.values():
            session.lost_at = float("-inf")
        self.sessions.clear()

    async def drop(self, code: int | None = None) -> None:
        """Cut all connections: with a close code, or the TCP connection itself without one."""
        for connection in list(self._connections):
            connection.closed_by_us = True
            if code is None:
                connection.abort()
            else:
                await connection.socket.close(code=code)
        await self._wait_empty()

    async def close(self) -> None:
        await asyncio.gather(*(c.socket.close(code=WSCloseCode.GOING_AWAY) for c in self._connections))

    async def _wait_empty(self) -> None:
        dropped = set(self._connections)
        while dropped & self._connections:
            await self._world.pulse.wait(0.05)
