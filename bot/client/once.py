"""POSTs that got no clear answer: discord.py asks again by itself after a 5xx, and tells of the last answer alone.

What an earlier try may have done is remembered here, and where nothing must be repeated unseen (a forum post takes no
nonce) the second request fails, so that the row is settled and looked for first. It sends nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp

from bot.errors import DeliveryError


@dataclass(slots=True)
class Tries:
    """The POSTs of a block, `open` of which were not answered clearly: what they asked for may be done. With `once` no
    further one goes out then."""

    once: bool
    open: int = 0


_TRIES: ContextVar[Tries | None] = ContextVar("the POSTs of this block", default=None)


@contextmanager
def counted_tries(*, once: bool = False) -> Iterator[None]:
    """A DeliveryError that leaves it says whether what was asked for may be done all the same. With `once` no POST
    follows one that was not answered clearly: it raises aiohttp.ServerDisconnectedError."""
    tries = Tries(once)
    token = _TRIES.set(tries)
    try:
        yield
    except DeliveryError as error:
        error.may_stand = tries.open > 0
        raise
    finally:
        _TRIES.reset(token)


def guard_repeats(config: aiohttp.TraceConfig) -> aiohttp.TraceConfig:
    """`config`, with what an aiohttp session needs to count tries."""

    async def began(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        tries = _TRIES.get()
        if tries is None or params.method != "POST":
            return
        if tries.once and tries.open:
            raise aiohttp.ServerDisconnectedError("what may have been done is not done again unseen")
        tries.open += 1

    async def ended(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        tries = _TRIES.get()
        if tries is not None and params.method == "POST" and params.response.status < 500:
            tries.open -= 1

    config.on_request_start.append(began)
    config.on_request_end.append(ended)
    return config
