"""Where alerts go: Discord with a token, with every command and button, and the terminal without one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import structlog
from rich.console import Console

from bot.app.commands import Desk, all_buttons, all_commands
from bot.app.resources import Resources
from bot.app.ticks import silence_terminal, subscribe_terminal
from bot.client import DiscordSender, Index, TocsinClient, point_at, run_client
from bot.core.account import Standards
from bot.core.importance import importance
from bot.errors import TocsinError
from bot.settings import Settings
from bot.store import Store, bulletins, subscriptions
from bot.store import alerts as owed
from bot.terminal import TerminalSender
from handlers import failures, feeds
from handlers.admin import Judgement
from handlers.deliver import Sender
from handlers.membership import Membership

log = structlog.get_logger(__name__)
NOT_SERVED = "`allowed_guilds` does not name this server; add it there and start Tocsin again."
Fatal = Callable[[TocsinError], None]


@dataclass(frozen=True, slots=True)
class Outlet:
    """A sender, whether anything can be sent just now, and a look for channels that can be written into again.

    `connected` says whether Discord's gateway is there; None where nobody listens to one.
    """

    sender: Sender
    is_open: Callable[[], bool]
    look_again: Callable[[], Awaitable[None]]
    connected: Callable[[], bool] | None = None


def now_utc() -> datetime:
    """The clock of everything that a person or the schedule sets going."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_outlet(resources: Resources, index: Index, *, fatal: Fatal) -> AsyncIterator[Outlet]:
    """Discord or the terminal; `fatal` is told of an error after which Discord takes nothing any more."""
    settings, store = resources.settings, resources.store
    await store.write(owed.release, now_utc())
    await store.write(bulletins.release, now_utc())
    if settings.token is None:
        log.warning("no token", then="alerts are drawn in the terminal; set TOCSIN_DISCORD_TOKEN to deliver to Discord")
        await subscribe_terminal(store, now=now_utc())
        yield Outlet(TerminalSender(Console()), lambda: True, _nothing)
        return
    await silence_terminal(store)
    await serve_only(store, settings.discord.allowed_guilds)
    point_at(api_base=settings.discord.api_base, gateway_url=settings.discord.gateway_url)
    client = make_client(resources, index)
    async with _connected(client, settings.token.get_secret_value(), fatal):
        sender = DiscordSender(client, budget=client.budget)
        yield Outlet(sender, client.is_ready, client.look_again, client.is_connected)


async def _nothing() -> None:
    """A terminal can always be written into."""


async def serve_only(store: Store, allowed: Sequence[str]) -> None:
    """Holds back what is owed to servers that the operator does not serve (any more), until he serves them again."""
    ids = None if "*" in allowed else {int(guild) for guild in allowed}
    paused = await store.write(subscriptions.serve_only, ids, NOT_SERVED)
    if paused:
        log.warning("not served", subscriptions=paused, why=NOT_SERVED)


def judgement_of(settings: Settings) -> Judgement:
    """What decisions go by, for people's commands."""
    known = settings.knowledge
    kinds = {each.name: each.kind for each in known.organisations}
    stale_after = timedelta(days=settings.poll.stale_after)
    return Judgement(
        standards=Standards(known.topics, settings.merging.merge_at, stale_after),
        merging=settings.merging,
        weigh=lambda story: importance(story, settings.importance, kinds=kinds),
    )


def make_client(resources: Resources, index: Index) -> TocsinClient:
    """The Discord client with every command and button."""
    settings, store = resources.settings, resources.store
    desk = Desk(
        store=store,
        index=index,
        clock=now_utc,
        version=version("tocsin"),
        feeds=feeds.means_of(
            store=store,
            index=index,
            clock=now_utc,
            fetcher=resources.fetcher,
            language=resources.language,
            limits=settings.feed_limits,
        ),
        judgement=judgement_of(settings),
        keep=timedelta(days=settings.archive.keep),
        contact=settings.poll.contact,
    )
    return TocsinClient(
        commands=all_commands(desk),
        buttons=all_buttons(desk),
        explain=failures.explain,
        allowed_guilds=settings.discord.allowed_guilds,
        channels_open=lambda channels: _resume(store, channels),
        membership=Membership(
            store, index, now_utc, returned=lambda: serve_only(store, settings.discord.allowed_guilds)
        ),
    )


async def _resume(store: Store, channels: Sequence[int]) -> None:
    """Goes on with those of `channels`, which can be written into, that were paused."""
    for channel in set(await store.read(owed.paused_channels)).intersection(channels):
        await store.write(owed.resume_channel, channel)


@asynccontextmanager
async def _connected(client: TocsinClient, token: str, fatal: Fatal) -> AsyncIterator[None]:
    """The client's connection in the background, for as long as the block."""

    async def connect() -> None:
        try:
            await run_client(client, token)
        except TocsinError as error:
            fatal(error)

    connection = asyncio.create_task(connect(), name="discord")
    try:
        yield
    finally:
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)
        await client.close()
