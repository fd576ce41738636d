"""Requests that must not be repeated: discord.py asks again by itself after a 5xx, and a forum post takes no nonce.

It sends nothing; it lets the second request of a marked block fail, so that the row is settled and looked for first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp

_LEFT: ContextVar[list[str] | None] = ContextVar("requests of this block that change something", default=None)


@contextmanager
def only_once() -> Iterator[None]:
    """Within it one POST goes out at most, or more after a rate limit; the next one raises
    aiohttp.ServerDisconnectedError."""
    token = _LEFT.set([])
    try:
        yield
    finally:
        _LEFT.reset(token)


def guard_repeats(config: aiohttp.TraceConfig) -> aiohttp.TraceConfig:
    """`config`, with what an aiohttp session needs to keep to `only_once`."""

    async def began(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        gone = _LEFT.get()
        if gone is None or params.method != "POST":
            return
        if gone:
            raise aiohttp.ServerDisconnectedError("what may have been done is not done again unseen")
        gone.append(str(params.url))

    async def ended(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        gone = _LEFT.get()
        if gone and params.method == "POST" and params.response.status == 429:
            gone.clear()  # a rate limit did nothing

    config.on_request_start.append(began)
    config.on_request_end.append(ended)
    return config
