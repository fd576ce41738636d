"""Points the unmodified discord.py at a fake: two class attributes, put back afterwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

import discord
import discord.gateway
import discord.http
import yarl


class Addresses(Protocol):
    """A fake in this process, or a `RemoteDiscord`."""

    token: str

    @property
    def api_base(self) -> str: ...

    @property
    def gateway_url(self) -> str: ...


class QuickClient(discord.Client):
    """A client that does not wait: neither for guilds after READY nor five seconds between two IDENTIFYs."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        chosen = intents or discord.Intents(guilds=True, guild_messages=True)
        super().__init__(intents=chosen, guild_ready_timeout=0, **options)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        return


@contextmanager
def point_client(fake: Addresses) -> Iterator[None]:
    """Within it every discord.py client of this process talks to the fake. Enter it before `Client.login`."""
    route, websocket = discord.http.Route, discord.gateway.DiscordWebSocket
    before = route.BASE, websocket.DEFAULT_GATEWAY
    route.BASE = fake.api_base
    websocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)
    try:
        yield
    finally:
        route.BASE, websocket.DEFAULT_GATEWAY = before


@asynccontextmanager
async def running(fake: Addresses, client: discord.Client) -> AsyncIterator[asyncio.Task[None]]:
    """The client logged in and ready within, closed afterwards; gives its task, and raises what made it stop."""
    with point_client(fake):
        async with client:
            task = asyncio.create_task(client.start(fake.token))
            ready = asyncio.create_task(client.wait_until_ready())
            try:
                await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    task.result()
                yield task
            finally:
                ready.cancel()
                await client.close()
                await asyncio.wait({task, ready})
                stopped_by = task.exception()
            if stopped_by is not None:
                raise stopped_by
