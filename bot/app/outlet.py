"""Where alerts go: Discord with a token, with every command and button, and the terminal without one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Protocol

import structlog
from rich.console import Console

from bot.app.commands import Desk, all_buttons, all_commands
from bot.app.refusals import exchange_through
from bot.app.resources import Resources
from bot.app.runner import DELIVER, GATEWAY, PRESENCE, Me
from bot.app.ticks import silence_terminal, subscribe_terminal
from bot.client import Budget, DiscordSender, Index, TocsinClient, open_rest_sender, point_at, run_client
from bot.core.account import Standards
from bot.core.alert import TERMINAL, Place
from bot.core.importance import importance
from bot.errors import DeliveryError, TocsinError
from bot.settings import Settings
from bot.store import Store, bulletins, places, runners, subscriptions
from bot.store import alerts as owed
from bot.terminal import TerminalSender
from handlers import failures, feeds
from handlers.admin import Judgement
from handlers.deliver import Sender
from handlers.membership import Membership
from handlers.recall import Listener

log = structlog.get_logger(__name__)
NOT_SERVED = "`allowed_guilds` does not name this server; add it there and start Tocsin again."
SERVED = (
    "This database has alerts for channels of Discord, which a terminal must not take from them: "
    "set TOCSIN_DISCORD_TOKEN, or name another database."
)
Fatal = Callable[[TocsinError], None]


class Speaker(Sender, Listener, Protocol):
    """Writes into channels and reads what stands in them."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A sender, whether anything can be sent just now, and a look for channels that can be written into again.

    `connected` says whether Discord's gateway is there; None where nobody listens to one.
    """

    sender: Speaker | None
    is_open: Callable[[], bool]
    look_again: Callable[[], Awaitable[None]]
    connected: Callable[[], bool] | None = None


@asynccontextmanager
async def open_outlet(resources: Resources, index: Index, me: Me, *, fatal: Fatal) -> AsyncIterator[Outlet]:
    """What the runner's roles need of Discord, or the terminal; `fatal` is told of an error after which Discord takes
    nothing any more. Raises TocsinError."""
    settings, store, clock = resources.settings, resources.store, resources.clock
    await store.write(owed.release, clock())
    await store.write(bulletins.release, clock())
    if not me.has(DELIVER, GATEWAY):
        yield Outlet(None, lambda: False, _nothing)
    elif settings.token is None:
        yield await _terminal(resources, me)
    else:
        await silence_terminal(store)
        await serve_only(store, settings.discord.allowed_guilds)
        point_at(api_base=settings.discord.api_base, gateway_url=settings.discord.gateway_url)
        way = _with_gateway(resources, index, fatal) if me.has(GATEWAY) else _without_gateway(resources, fatal)
        async with way as outlet:
            yield outlet


async def _terminal(resources: Resources, me: Me) -> Outlet:
    store = resources.store
    if not me.has(DELIVER):
        raise TocsinError("The gateway needs a bot's token: set TOCSIN_DISCORD_TOKEN.")
    if any(each.guild_id != TERMINAL.guild_id for each in await store.read(subscriptions.listed)):
        raise TocsinError(SERVED)  # what is drawn here counts as told
    log.warning("runner.without_token", then="alerts are drawn here; set TOCSIN_DISCORD_TOKEN to deliver to Discord")
    await subscribe_terminal(store, now=resources.clock())
    return Outlet(TerminalSender(Console()), lambda: True, _nothing)


@asynccontextmanager
async def _with_gateway(resources: Resources, index: Index, fatal: Fatal) -> AsyncIterator[Outlet]:
    """The connection to Discord with every command and button, and a sender that knows what it sees."""
    client = make_client(resources, index)
    shared = client.budget.shared(exchange_through(resources.store, resources.clock))
    async with shared, _connected(client, _token(resources.settings), fatal):
        sender = DiscordSender(client, budget=client.budget)
        yield Outlet(sender, client.is_ready, client.look_again, client.is_connected)


@asynccontextmanager
async def _without_gateway(resources: Resources, fatal: Fatal) -> AsyncIterator[Outlet]:
    """A sender alone, which knows what the gateway's runner has written down."""
    store, clock = resources.store, resources.clock

    async def known(channel_id: int) -> Place | None:
        return await store.read(places.known, channel_id, clock())

    budget = Budget()
    connected = open_rest_sender(_token(resources.settings), fatal=fatal, known=known, budget=budget)
    async with budget.shared(exchange_through(store, clock)), connected as sender:
        yield Outlet(sender, sender.is_ready, lambda: try_paused(store, sender, clock()))


async def try_paused(store: Store, sender: DiscordSender, now: datetime) -> None:
    """Asks Discord which paused channels are open again, unless a gateway is there, which hears of it by itself."""
    seen = await store.read(runners.listed, now - 6 * PRESENCE)
    if any(GATEWAY in each.roles.split(",") for each in seen):
        return
    for channel in await store.read(owed.paused_channels):
        with suppress(DeliveryError):
            if await sender.is_open(channel):
                await _resume(store, [channel])


def _token(settings: Settings) -> str:
    return settings.token.get_secret_value() if settings.token else ""


async def _nothing() -> None:
    """A terminal can always be written into."""


async def serve_only(store: Store, allowed: Sequence[str]) -> None:
    """Holds back what is owed to servers that the operator does not serve (any more), until he serves them again."""
    ids = None if "*" in allowed else {int(guild) for guild in allowed}
    paused = await store.write(subscriptions.serve_only, ids, NOT_SERVED)
    if paused:
        log.warning("subscription.held_back", count=paused, why=NOT_SERVED)


def judgement_of(settings: Settings) -> Judgement:
    """What decisions go by, for people's commands."""
    known = settings.knowledge
    kinds = {each.name: each.kind for each in known.organisations}
    stale_after = timedelta(days=settings.poll.stale_after)
    return Judgement(
        standards=Standards(known.topics, settings.merging.merge_at, stale_after),
        merging=settings.merging,
        weigh=lambda story: importance(story, settings.importance, kinds=kinds),
        importance=settings.importance,
    )


def make_client(resources: Resources, index: Index) -> TocsinClient:
    """The Discord client with every command and button."""
    settings, store, clock = resources.settings, resources.store, resources.clock
    desk = Desk(
        store=store,
        index=index,
        clock=clock,
        version=version("tocsin"),
        feeds=feeds.means_of(
            store=store,
            index=index,
            clock=clock,
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
        places_seen=(lambda found: store.write(places.seen, found, clock())) if store.shared else None,
        membership=Membership(store, index, clock, returned=lambda: serve_only(store, settings.discord.allowed_guilds)),
    )


async def _resume(store: Store, channels: Sequence[int]) -> None:
    """Goes on with those of `channels`, which can be written into, that were paused."""
    for channel in set(await store.read(owed.paused_channels)).intersection(channels):
        await store.write(owed.resume_channel, channel)
        log.info("channel.resumed", channel=channel)


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
