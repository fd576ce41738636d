"""Where the client connects to, and that it stays connected: with a gateway, or logged in for requests alone.

discord.py reconnects by itself after a lost connection; what it does not survive (an event it cannot parse, a
gateway out of reach at login) ends its task. Here that task is begun again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import discord
import discord.gateway
import discord.http
import structlog
import yarl

from bot.client.budget import LONGEST_WAIT, Budget
from bot.client.directory import Directory, Known
from bot.client.once import guard_repeats
from bot.client.sender import DiscordSender
from bot.errors import TocsinError, TokenRefusedError, TryAgainError

log = structlog.get_logger(__name__)
LONGEST_PAUSE = 60.0
FIRST_LOGIN = 10.0  # seconds that a sender waits for its login before it is given all the same
STEADY = 600.0  # seconds after which a connection counts as good and the pauses begin anew
REFUSED = "Discord refuses the bot's token; set TOCSIN_DISCORD_TOKEN to the token of your application's bot"


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
    await _keep(client, lambda: client.start(token), sleep)


@asynccontextmanager
async def open_rest_sender(
    token: str,
    *,
    fatal: Callable[[TocsinError], object],
    known: Known | None = None,
    budget: Budget | None = None,
    patience: float = FIRST_LOGIN,
) -> AsyncIterator[DiscordSender]:
    """A sender that needs no gateway: its client is logged in for requests alone and has no cache. `known` tells what a
    gateway wrote down of a channel; what nobody wrote down is asked of Discord.

    It is given when the login went through, after `patience` seconds at the latest; from then on `is_ready` tells, and
    the login is tried again by itself. Raises TokenRefusedError where Discord refuses the token; where it does so only
    later, `fatal` is told.
    """
    counted, logged_in = budget or Budget(), asyncio.Event()
    client = rest_client(counted)
    login = asyncio.create_task(_stay_logged_in(client, token, logged_in), name="discord login")
    try:
        await _first_of(login, logged_in, patience)
        login.add_done_callback(lambda ended: _tell(ended, fatal))
        yield DiscordSender(client, budget=counted, places=Directory(client, known=known))
    finally:
        login.cancel()
        await asyncio.gather(login, return_exceptions=True)
        await client.close()


def rest_client(budget: Budget) -> discord.Client:
    """A client for requests alone, which pings nobody and counts what Discord refuses."""
    return discord.Client(
        intents=discord.Intents(guilds=True),  # asks for nothing without a gateway; discord.py warns without it
        allowed_mentions=discord.AllowedMentions.none(),
        max_ratelimit_timeout=LONGEST_WAIT,
        http_trace=guard_repeats(budget.trace()),
    )


async def _stay_logged_in(client: discord.Client, token: str, logged_in: asyncio.Event) -> None:
    async def log_in() -> None:
        await client.login(token)
        logged_in.set()
        await asyncio.Event().wait()

    await _keep(client, log_in, asyncio.sleep)


async def _first_of(login: "asyncio.Task[None]", logged_in: asyncio.Event, patience: float) -> None:
    """Waits for the login; raises what ended it."""
    waiting = asyncio.create_task(logged_in.wait())
    await asyncio.wait({login, waiting}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if login.done():
        login.result()


def _tell(ended: "asyncio.Task[None]", fatal: Callable[[TocsinError], object]) -> None:
    problem = None if ended.cancelled() else ended.exception()
    if isinstance(problem, TocsinError):
        fatal(problem)


async def _keep(
    client: discord.Client, work: Callable[[], Awaitable[None]], sleep: Callable[[float], Awaitable[object]]
) -> None:
    failures = 0
    while True:
        began = asyncio.get_running_loop().time()
        try:
            async with client:  # gives a client that was closed its event loop again; `start` alone does not
                await work()
            return
        except Exception as error:
            _raise_if_final(error)
            steady = asyncio.get_running_loop().time() - began > STEADY
            failures = 1 if steady else failures + 1
            pause = min(2.0 ** (failures - 1), LONGEST_PAUSE)
            log.warning("client.died", why=repr(error), seconds=pause, exc_info=not _is_outage(error))
        await sleep(pause)
        _reopen(client)


def _raise_if_final(error: Exception) -> None:
    if isinstance(error, TocsinError) and not isinstance(error, TryAgainError):
        raise error
    if isinstance(error, discord.LoginFailure):
        raise TokenRefusedError(REFUSED) from error
    if isinstance(error, discord.ConnectionClosed) and error.code == 4004:
        raise TokenRefusedError(REFUSED) from error
    if isinstance(error, discord.HTTPException) and error.status == 401:
        raise TokenRefusedError(REFUSED) from error


def _is_outage(error: Exception) -> bool:
    return isinstance(error, OSError | discord.HTTPException | discord.GatewayNotFound | TimeoutError | TryAgainError)


def _reopen(client: discord.Client) -> None:
    """Makes a closed client fit for another start."""
    client.clear()
    client.http.connector = discord.utils.MISSING  # `clear` keeps the closed one, and a login would use it
