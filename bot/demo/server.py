"""The feed server of the demo: the sample feeds over real HTTP on loopback, with validators and 304.

It serves what it is given; it knows neither outlets nor polls.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web

from bot.demo.edition import Edition

HOST = "127.0.0.1"


@dataclass(slots=True)
class FeedServer:
    """A running server at `base`. `answers` counts its answers by HTTP status."""

    base: str = ""
    editions: Mapping[str, Edition] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)

    def publish(self, editions: Mapping[str, Edition]) -> None:
        """Serves `editions`, by path, from now on."""
        self.editions = dict(editions)

    async def answer(self, request: web.Request) -> web.Response:
        """The edition at the request's path, 304 if the reader has it already, or 404."""
        response = self._response(request)
        self.answers[response.status] += 1
        return response

    def _response(self, request: web.Request) -> web.Response:
        edition = self.editions.get(request.path)
        if edition is None:
            return web.Response(status=404, text="no such feed")
        headers = {"ETag": f'"{sha256(edition.body).hexdigest()[:20]}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=edition.body, headers=headers | {"Content-Type": edition.content_type})


@asynccontextmanager
async def feed_server(port: int = 0) -> AsyncIterator[FeedServer]:
    """A server on `port` of loopback, closed at the end of the block; on a free one if that is taken, or 0."""
    server = FeedServer()
    site = web.Application()
    site.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError:
            await web.TCPSite(runner, HOST, 0).start()
        server.base = f"http://{HOST}:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
