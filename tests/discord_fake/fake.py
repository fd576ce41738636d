"""`FakeDiscord`: the parts put together behind one server on 127.0.0.1."""

import asyncio
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.discord_fake.clock import Clock
from tests.discord_fake.commands import Commands
from tests.discord_fake.faults import Faults
from tests.discord_fake.gateway import Gateway
from tests.discord_fake.hands import Hands
from tests.discord_fake.interactions import Interactions
from tests.discord_fake.lookups import Lookups
from tests.discord_fake.messages import Messages
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.people import People
from tests.discord_fake.posting import Posting
from tests.discord_fake.ratelimits import RateLimits
from tests.discord_fake.rest import PREFIX, Description, Request, Rest
from tests.discord_fake.sessions import Intent
from tests.discord_fake.threads import Threads
from tests.discord_fake.world import Ping, User, World

HOST = "127.0.0.1"


class FakeDiscord(Hands, People):
    """A small Discord. Use it with `async with`; leaving it fails where the fake itself was at fault.

    token: what the bot must log in with. privileged: the privileged intents switched on for the application.
    openapi: Discord's description, to hold requests (`violations`) and the fake's own answers against; the one at
    hand, unless another is given.
    compression: whether zlib-stream is spoken when it is asked for; text frames otherwise.
    """

    def __init__(
        self,
        *,
        token: str = "",
        port: int = 0,
        privileged: int = 0,
        openapi: Description | None = None,
        compression: bool = True,
        bot_name: str = "tocsin",
    ) -> None:
        self.token = token or f"fake.{secrets.token_urlsafe(24)}"
        self.world = World(bot_name)
        self.world.message_content = bool(privileged & Intent.MESSAGE_CONTENT)
        self.faults = Faults()
        self.ratelimits = RateLimits(self.world.clock)
        posting = Posting(self.world)
        self.commands = Commands(self.world)
        interactions = Interactions(self.world, posting)
        Hands.__init__(self, self.world, posting)
        People.__init__(self, self.world, self.commands, interactions)
        self.message_routes = Messages(self.world, posting)
        self.threads = Threads(self.world, posting, self.message_routes)
        self.gateway = Gateway(
            self.world, token=self.token, intents=Intent(privileged), compression=compression, faults=self.faults
        )
        routes = [
            *Lookups(self.world, lambda: self.gateway_url).routes(),
            *self.message_routes.routes(),
            *self.threads.routes(),
            *self.commands.routes(),
            *interactions.routes(),
        ]
        self.rest = Rest(
            self.world,
            routes,
            token=self.token,
            faults=self.faults,
            ratelimits=self.ratelimits,
            openapi=openapi or at_hand(),
        )
        self._port = port
        self._runner: web.AppRunner | None = None

    # -- where it is

    @property
    def api_base(self) -> str:
        return f"http://{HOST}:{self._port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{HOST}:{self._port}/gateway"

    # -- what happened

    @property
    def bot(self) -> User:
        return self.world.bot

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def pings(self) -> list[Ping]:
        """Who was notified, in order."""
        return self.world.pings

    @property
    def requests(self) -> list[Request]:
        return self.rest.requests

    @property
    def unknown(self) -> list[Request]:
        """Requests no route fits: a test asserts that there is none."""
        return self.rest.unknown

    @property
    def violations(self) -> list[str]:
        """Where a request strayed from Discord's description."""
        return self.rest.violations

    async def until(self, condition: Callable[[], object], *, seconds: float = 30.0) -> None:
        """Wait until something holds; raises `TimeoutError` after some seconds of real time."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self.world.pulse.wait(0.01)

    # -- the gateway

    async def drop_gateway(self, code: int | None = None) -> None:
        """Cut every gateway connection: with a close code, or the TCP connection itself."""
        await self.gateway.drop(code)

    def reconnect(self) -> None:
        """Ask every connection to reconnect (op 7)."""
        self.gateway.ask_reconnect()

    def invalid_session(self, *, resumable: bool = False) -> None:
        """Tell every connection that its session is invalid (op 9)."""
        self.gateway.invalidate(resumable=resumable)

    # -- serving

    async def start(self) -> Self:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_route("*", PREFIX + "/{tail:.*}", self.rest.handle)
        self._extend(app)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.gateway.resume_url = self.gateway_url
        return self

    def _extend(self, app: web.Application) -> None:
        """A place for further routes of the same server."""

    async def stop(self) -> None:
        self.rest.close()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if self.rest.broken and error is None:
            raise AssertionError("the fake Discord answered wrongly: " + "; ".join(self.rest.broken))
