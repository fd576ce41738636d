"""Where the client connects to, and that it stays connected.

discord.py reconnects by itself after a lost connection; what it does not survive (an event it cannot parse, a
gateway out of reach at login) ends its task. Here that task is begun again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import discord
import discord.gateway
import discord.http
import structlog
import yarl

from bot.errors import TocsinError, TokenRefusedError

log = structlog.get_logger(__name__)
LONGEST_PAUSE = 60.0
STEADY = 600.0  # seconds after which a connection counts as good and the pauses begin anew
_REFUSED = "Discord refuses the bot's token; set TOCSIN_DISCORD_TOKEN to the token of your application's bot"


def point_at(*, api_base: str = "", gateway_url: str = "") -> None:
    """Lets every client of this process talk to a proxy of Discord's API; empty addresses change nothing.

    discord.py keeps both addresses in class attributes and offers no other way. Call it before the login.
    """
    if api_base:
        discord.http.Route.BASE = api_base.rstrip("/")
    if gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


async def run_client(
    client: discord.Client, token: str, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Keeps the client running until it is closed; begins it again, with growing pauses, when its task dies.

    Raises TokenRefusedError for a token that Discord refuses, and any other TocsinError that the client raises.
    """
    failures = 0
    while True:
        began = asyncio.get_running_loop().time()
        try:
            async with client:  # gives a client that was closed its event loop again; `start` alone does not
                await client.start(token)
            return
        except Exception as error:
            _raise_if_final(error)
            steady = asyncio.get_running_loop().time() - began > STEADY
            failures = 1 if steady else failures + 1
            pause = min(2.0 ** (failures - 1), LONGEST_PAUSE)
            log.warning("client.died", error=repr(error), again_in=pause, exc_info=not _is_outage(error))
        await sleep(pause)
        _reopen(client)


def _raise_if_final(error: Exception) -> None:
    if isinstance(error, TocsinError):
        raise error
    if isinstance(error, discord.LoginFailure):
        raise TokenRefusedError(_REFUSED) from error
    if isinstance(error, discord.ConnectionClosed) and error.code == 4004:
        raise TokenRefusedError(_REFUSED) from error
    if isinstance(error, discord.HTTPException) and error.status == 401:
        raise TokenRefusedError(_REFUSED) from error


def _is_outage(error: Exception) -> bool:
    return isinstance(error, OSError | discord.HTTPException | discord.GatewayNotFound | TimeoutError)


def _reopen(client: discord.Client) -> None:
    """Makes a closed client fit for another start."""
    client.clear()
    client.http.connector = discord.utils.MISSING  # `clear` keeps the closed one, and a login would use it
