"""A web server on every address of loopback, each a host of its own, whose answers a test writes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """A server on loopback whose paths a test sets; it counts what is asked at once."""

    def __init__(self) -> None:
        self.paths: dict[str, Handler] = {}
        self.asked: list[web.Request] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def at(self, path: str, status: int = 200, body: bytes = b"", **headers: str) -> str:
        names = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=status, body=body, headers=names)

        self.paths[path] = answer
        return self.url(path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.paths[request.path](request)
        finally:
            self.at_once -= 1


@asynccontextmanager
async def open_site() -> AsyncIterator[Site]:
    """A running server, closed at the end of the block."""
    site = Site()
    runner = web.ServerRunner(web.Server(site.handle), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", 0).start()
        site.port = runner.addresses[0][1]
        yield site
    finally:
        await runner.cleanup()
