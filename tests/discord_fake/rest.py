"""The HTTP edge: reads a request, checks who sends it, lets a fault have its way, writes the answer, keeps a record.

The answer's content type is exactly `application/json`: discord.py compares it for equality and would take every body
with a charset for text.
"""

import asyncio
import json
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import BodyPartReader, web

from tests.discord_fake import errors
from tests.discord_fake.errors import JSON, ApiError, Problem
from tests.discord_fake.faults import Fault, Faults
from tests.discord_fake.ratelimits import RateLimits, too_many
from tests.discord_fake.routing import NO_CONTENT, Call, Reply, Route, Router, Upload
from tests.discord_fake.world import World

PREFIX = "/api/v10"
CLOUDFLARE = (
    "<!DOCTYPE html><html><head><title>Access denied | discord.com</title></head><body>Error 1015</body></html>"
)


@dataclass(slots=True)
class Request:
    """One request as received. `route` is the template, "" where none fits; `status` None where nothing was sent."""

    method: str
    route: str
    path: str
    json: Any
    time: float
    query: dict[str, str] = field(default_factory=dict)
    channel_id: int | None = None
    status: int | None = None
    fault: str | None = None


class Description(Protocol):
    """What of Discord's OpenAPI description is used here (see `openapi`)."""

    def validate_request(self, method: str, path: str, json: Any) -> list[str]: ...

    def validate_response(self, method: str, path: str, status: int, json: Any) -> list[str]: ...


class Rest:
    """All routes behind one handler. `token` may be changed by a test: the old one then gets 401."""

    def __init__(
        self,
        world: World,
        routes: list[Route],
        *,
        token: str,
        faults: Faults,
        ratelimits: RateLimits,
        openapi: Description | None,
    ) -> None:
        self._world = world
        self._router = Router(routes)
        self.routes = tuple(routes)
        self._faults = faults
        self._ratelimits = ratelimits
        self._openapi = openapi
        self._closing = asyncio.Event()
        self.token = token
        self.requests: list[Request] = []
        self.unknown: list[Request] = []
        self.violations: list[str] = []
        self.broken: list[str] = []

    def close(self) -> None:
        """Let go of the requests that hang."""
        self._closing.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        found = self._router.find(request.method, path)
        body, files, readable = await _read(request)
        record = Request(request.method, found[0].template if found else "", path, body, self._world.clock.time())
        record.query = dict(request.query)
        self.requests.append(record)
        if found is None:
            self.unknown.append(record)
            return self._write(record, _error(errors.NOT_FOUND))
        route, params = found
        channel = params.get("channel_id", "")
        record.channel_id = int(channel) if channel.isdigit() else None
        call = Call(request.method, route.template, path, params, dict(request.query), body, files)
        fault = self._faults.choose(
            method=request.method, route=route.template, channel=record.channel_id, text=json.dumps(body)
        )
        if fault is None:
            return self._write(record, self._answer(request, route, call, readable=readable))
        record.fault = f"{fault.do} {fault.when}"
        return await self._go_wrong(fault, request, record, route, call, readable=readable)

    # -- the ordinary way

    def _answer(self, request: web.Request, route: Route, call: Call, *, readable: bool) -> Reply:
        """The answer, held against Discord's own description, where it is at hand."""
        reply = self._carry_out(request, route, call, readable=readable)
        return self._compared(call, reply)

    def _compared(self, call: Call, reply: Reply) -> Reply:
        if self._openapi is not None:
            self.broken += self._openapi.validate_response(call.method, call.path, reply.status, reply.body)
        return reply

    def _carry_out(self, request: web.Request, route: Route, call: Call, *, readable: bool) -> Reply:
        """What the route makes of it; an error in the fake itself is kept in `broken` and shows as a 500."""
        if route.auth and request.headers.get("Authorization") != f"Bot {self.token}":
            return _error(errors.UNAUTHORIZED)
        major = "/".join(call.params[k] for k in _MAJOR if k in call.params)
        headers, refusal = self._ratelimits.take(call.method, call.route, major)
        if refusal is not None:
            refusal.headers |= headers
            return refusal
        if not readable:
            return _error(errors.BAD_JSON)
        try:
            reply = route.handler(call)
        except ApiError as error:
            reply = Reply(error.problem.status, error.body())
        except Exception as error:
            self.broken.append(f"{call.method} {call.path}: {error!r}")
            reply = _error(errors.INTERNAL)
        reply.headers |= headers
        if self._openapi is not None and call.json:
            self.violations += self._openapi.validate_request(call.method, call.path, call.json)
        return reply

    def _write(self, record: Request, reply: Reply) -> web.Response:
        record.status = reply.status
        self._world.pulse.fire()
        if reply.status == NO_CONTENT:
            return web.Response(status=reply.status, headers=reply.headers)
        headers = reply.headers | {"Content-Type": "application/json"}
        return web.Response(status=reply.status, body=json.dumps(reply.body).encode(), headers=headers)

    # -- the other ways

    async def _go_wrong(
        self, fault: Fault, request: web.Request, record: Request, route: Route, call: Call, *, readable: bool
    ) -> web.StreamResponse:
        if fault.do == "slow" and fault.when == "before":
            await self._linger(fault)
        processed = fault.when != "before" or fault.do in ("slow", "cut")
        reply = self._answer(request, route, call, readable=readable) if processed else None
        if fault.do == "slow" and reply is not None:
            if fault.when == "after":
                await self._linger(fault)
            return self._write(record, reply)
        if fault.do in ("status", "error", "html", "ratelimit"):
            return self._write_fault(fault, record, call)
        if fault.do == "hang":
            await self._rest(None)
        elif fault.do == "cut" and reply is not None:
            await _send_half(request, self._write(record, reply))
        elif fault.do == "kill":
            if fault.when == "replied" and reply is not None:
                await _send_whole(request, self._write(record, reply))
                await self._rest(fault.seconds)
            fault.strike(_port(request))
        raise _hang_up(request, reset=fault.do == "reset")

    def _write_fault(self, fault: Fault, record: Request, call: Call) -> web.Response:
        record.status = fault.status
        if fault.do == "html":
            return web.Response(status=fault.status, text=CLOUDFLARE, content_type="text/html", charset="utf-8")
        if fault.do == "status" and fault.status != errors.UNAUTHORIZED.status:
            return web.Response(status=fault.status, text=f"error code: {fault.status}", content_type="text/plain")
        if fault.do == "ratelimit":
            return self._write(record, self._compared(call, too_many(fault.retry_after, fault.scope, via=fault.via)))
        if fault.do == "status":
            return self._write(record, self._compared(call, _error(errors.UNAUTHORIZED)))
        return self._write(record, self._compared(call, _error(Problem(fault.status, fault.code, fault.message))))

    async def _linger(self, fault: Fault) -> None:
        """Do nothing for the fault's seconds, which may become fewer meanwhile."""
        began = time.monotonic()
        while not self._closing.is_set() and (left := began + fault.seconds - time.monotonic()) > 0:
            await self._rest(min(left, 0.02))

    async def _rest(self, seconds: float | None) -> None:
        """Do nothing for a while of real time, or until the fake closes."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")


def _error(problem: Problem) -> Reply:
    return Reply(problem.status, ApiError(problem).body())


async def _read(request: web.Request) -> tuple[Any, list[Upload], bool]:
    """Body, files and whether the body could be read; an absent body is an empty object."""
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request)
    raw = await request.read()
    if not raw:
        return {}, [], True
    try:
        return json.loads(raw), [], True
    except ValueError:
        return {}, [], False


async def _read_multipart(request: web.Request) -> tuple[Any, list[Upload], bool]:
    body: JSON = {}
    files: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read(decode=False))
        name = part.name or ""
        if name == "payload_json":
            body = json.loads(data)
        elif name.startswith("files["):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(Upload(int(name[6:-1]), part.filename or "file", data, kind))
    return body, files, True


def _port(request: web.Request) -> int:
    """Where the request came from; 0 where that is gone."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if peer else 0


async def _send_whole(request: web.Request, response: web.Response) -> None:
    await response.prepare(request)
    await response.write_eof()


async def _send_half(request: web.Request, response: web.Response) -> None:
    """Promise the whole body and send half of it."""
    body = response.body if isinstance(response.body, bytes) else b"{}"
    cut = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])


def _hang_up(request: web.Request, *, reset: bool) -> BaseException:
    """End the connection and give what ends the handler: FIN, or RST where it is to be reset (SO_LINGER of zero)."""
    transport = request.transport
    if transport is not None:
        if reset:
            plug = transport.get_extra_info("socket")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return asyncio.CancelledError()
