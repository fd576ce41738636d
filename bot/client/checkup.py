"""A look at the bot's application as Discord has it: the token, the servers, the gateway, its rights in channels.

It asks by requests alone, joins no gateway and changes nothing. Every method raises nothing but DeliveryErrors.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from bot.client.answers import delivery_error
from bot.client.budget import Budget
from bot.client.connection import REFUSED, rest_client
from bot.client.directory import Directory
from bot.client.rights import NEEDED, missing_rights
from bot.errors import TokenRefusedError, TryAgainError

PATIENCE = 20.0
"""Seconds for one answer, discord.py's own repeats included."""

HELLO = 10
"""The first word of a gateway: https://docs.discord.com/developers/events/gateway-events#hello"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the bot is in."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Application:
    """The application behind the token. `code_grant` keeps a plain invite link from working."""

    id: int
    name: str
    code_grant: bool


class Checkup:
    """Made by `looking`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._directory = Directory(client)

    async def application(self) -> Application:
        """Who we are."""
        async with _answered():
            found = await self._client.application_info()
        return Application(found.id, found.name, found.bot_require_code_grant)

    async def servers(self) -> list[Server]:
        """Where the bot is."""
        async with _answered():
            return [Server(each.id, each.name) async for each in self._client.fetch_guilds(limit=None)]

    async def logins_left(self) -> int:
        """How many times the bot may still connect to the gateway today."""
        async with _answered():
            _, _, limit = await self._client.http.get_bot_gateway()
        return int(limit["remaining"])

    async def greet_gateway(self, address: str = "") -> None:
        """Hears the gateway's first word, and says none; `address` is a proxy's. Raises TryAgainError where there is
        none to hear."""
        async with _answered():
            url = address or (await self._client.http.get_bot_gateway())[1]
            gateway = await self._client.http.ws_connect(f"{url}?v=10&encoding=json")
            try:
                word: dict[str, Any] = await gateway.receive_json()
            finally:
                await gateway.close()
        if word.get("op") != HELLO:
            raise TryAgainError("the gateway answers with something else than Discord's greeting")

    async def missing(self, channel_id: int, *, opens_threads: bool = False) -> tuple[str, Sequence[str]]:
        """The channel's name, and the rights that alerts lack there, as Discord's settings name them."""
        async with _answered():
            channel = await self._directory.channel(channel_id)
            rights = await self._directory.rights(channel_id)
        missing = missing_rights(rights, thread=isinstance(channel, discord.Thread))
        if opens_threads and not isinstance(channel, discord.ForumChannel) and not rights.create_public_threads:
            missing.append("Create Public Threads")
        return channel.name, missing


@asynccontextmanager
async def looking(token: str) -> AsyncIterator[Checkup]:
    """Logged in with `token`. Raises TokenRefusedError where Discord does not take it, and other DeliveryErrors."""
    async with rest_client(Budget()) as client:
        async with _answered():
            await client.login(token)
        yield Checkup(client)


def invite_link(application_id: int) -> str:
    """Where a server's manager lets the bot in: with the rights that alerts need and no other."""
    rights = discord.Permissions(**dict.fromkeys(NEEDED, True))
    return discord.utils.oauth_url(application_id, permissions=rights, scopes=("bot", "applications.commands"))


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    """Within it everything that goes wrong is a DeliveryError, and a hang ends."""
    with _in_words():
        async with asyncio.timeout(PATIENCE):
            yield


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except discord.LoginFailure as error:
        raise TokenRefusedError(REFUSED) from error
    except discord.GatewayNotFound as error:
        raise TryAgainError("Discord does not tell where its gateway is") from error
    except (aiohttp.WSServerHandshakeError, TypeError, ValueError) as error:
        raise TryAgainError("the gateway answers with something else than Discord's greeting") from error
    except Exception as error:
        raise delivery_error(error) from error
