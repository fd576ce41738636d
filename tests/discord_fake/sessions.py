"""A gateway connection and the session behind it: two lives, for a session outlives its connections.

What is said over them stands in `gateway`.
"""

import asyncio
import json
import secrets
import zlib
from collections import deque
from enum import IntEnum, IntFlag
from typing import Any

from aiohttp import web

from tests.discord_fake.errors import JSON


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Intent(IntFlag):
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    MESSAGE_CONTENT = 1 << 15


class Connection:
    """One websocket; frames leave in the order they were queued."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self._request = request
        self._compressor = zlib.compressobj() if compressed else None
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self.socket = socket
        self.session: Session | None = None
        self.frames: deque[float] = deque()
        self.closed_by_us = False

    def send(self, op: Op, data: Any = None, *, seq: int | None = None, event: str | None = None) -> None:
        self._queue.put_nowait(json.dumps({"op": op, "d": data, "s": seq, "t": event}))

    def send_text(self, frame: str) -> None:
        self._queue.put_nowait(frame)

    async def pump(self) -> None:
        """Send queued frames until cancelled or disconnected; zlib-stream keeps one context per connection."""
        while True:
            frame = await self._queue.get()
            try:
                if self._compressor is None:
                    await self.socket.send_str(frame)
                else:
                    packed = self._compressor.compress(frame.encode()) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)
            except ConnectionError:
                return

    def abort(self) -> None:
        """Cut the TCP connection without a closing handshake."""
        if self._request.transport is not None:
            self._request.transport.abort()


class Session:
    """What RESUME comes back to: the intents and every dispatch since IDENTIFY."""

    def __init__(self, intents: Intent) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.seq = 0
        self.frames: list[tuple[int, str]] = []
        self.connection: Connection | None = None
        self.lost_at: float | None = None

    def dispatch(self, event: str, data: JSON) -> None:
        self.seq += 1
        frame = json.dumps({"op": Op.DISPATCH, "d": data, "s": self.seq, "t": event})
        self.frames.append((self.seq, frame))
        if self.connection is not None:
            self.connection.send_text(frame)
