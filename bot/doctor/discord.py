"""Discord: the token, who may use this instance, the gateway, the servers, and the bot's rights where alerts go."""

import asyncio
from collections.abc import Iterable, Sequence

from bot.client import point_at
from bot.client.checkup import Application, Checkup, Server, invite_link, looking
from bot.core.alert import Subscription
from bot.core.escape import plain
from bot.core.message import counted
from bot.doctor.database import Archive
from bot.doctor.finding import Finding
from bot.errors import DeliveryError, TokenRefusedError
from bot.settings import Settings

ABOUT = "Discord"
TERMINAL = "There is no token, so alerts are drawn in the terminal: set TOCSIN_DISCORD_TOKEN to deliver to Discord."
NOBODY = "No server may use this instance: name yours in TOCSIN_ALLOWED_GUILDS."
EVERYBODY = "Every server may use this instance: unless that is meant, name yours in TOCSIN_ALLOWED_GUILDS."
CODE_GRANT = "“Requires OAuth2 Code Grant” is on, so the invite link fails: switch it off in the portal, under Bot."
FEW_LOGINS = 20
MOST_TOLD = 20
"""Servers and channels that are told of one by one."""

MOST_CHANNELS = 200
"""Channels that are asked about: each takes two or three requests."""

AT_ONCE = 5


async def check(settings: Settings, archive: Archive, *, network: bool) -> Sequence[Finding]:
    """Everything that requests alone can find out."""
    if settings.token is None:
        return [Finding(ABOUT, "warning", TERMINAL)]
    access = _access(settings.discord.allowed_guilds)
    if not network:
        return [*access, Finding(ABOUT, "ok", "A token is set; Discord was not asked.")]
    point_at(api_base=settings.discord.api_base, gateway_url=settings.discord.gateway_url)
    try:
        async with looking(settings.token.get_secret_value()) as checkup:
            us = await checkup.application()
            gateway = await _gateway(checkup, settings.discord.gateway_url)
            servers = _servers(await checkup.servers(), settings.discord.allowed_guilds)
            channels = await _channels(checkup, archive)
    except TokenRefusedError as error:
        return [*access, Finding(ABOUT, "wrong", f"{error}.", configured=True)]
    except DeliveryError as error:
        return [*access, Finding(ABOUT, "wrong", f"Discord cannot be asked: {error}.")]
    return [*_application(us), *access, *gateway, *servers, *channels]


def _application(us: Application) -> list[Finding]:
    name = plain(us.name)
    link = invite_link(us.id)
    found = [
        Finding(ABOUT, "ok", f"The token is that of the application “{name}” ({us.id})."),
        Finding(ABOUT, "ok", "Whoever manages a server invites it with this link:", link=link),
    ]
    return [*found, Finding(ABOUT, "wrong", CODE_GRANT)] if us.code_grant else found


def _access(allowed: Sequence[str]) -> list[Finding]:
    if not allowed:
        return [Finding(ABOUT, "warning", NOBODY)]
    return [Finding(ABOUT, "warning", EVERYBODY)] if "*" in allowed else []


async def _gateway(checkup: Checkup, address: str) -> list[Finding]:
    try:
        await checkup.greet_gateway(address)
        left = await checkup.logins_left()
    except DeliveryError as error:
        return [Finding(ABOUT, "wrong", f"The gateway cannot be reached, so commands get no answer: {error}.")]
    if left < FEW_LOGINS:
        says = f"Discord allows only {counted(left, 'more login')} today: find out why Tocsin connects so often."
        return [Finding(ABOUT, "warning", says)]
    return [Finding(ABOUT, "ok", "The gateway answers.")]


def _servers(joined: Sequence[Server], allowed: Sequence[str]) -> list[Finding]:
    """Where the bot is against where it may be used."""
    ours = [each for each in joined if "*" in allowed or str(each.id) in allowed]
    found = [Finding(ABOUT, "ok", f"Tocsin serves {_named(ours)}.")] if ours else []
    strange = [each for each in joined if each not in ours]
    if strange:
        says = f"Tocsin is in {_named(strange)} without serving it: name the id in TOCSIN_ALLOWED_GUILDS, or leave."
        found.append(Finding(ABOUT, "warning", says))
    missing = [each for each in allowed if each != "*" and each not in {str(server.id) for server in joined}]
    for each in missing[:MOST_TOLD]:
        found.append(Finding(ABOUT, "warning", f"Tocsin is not in the server {each}, which it may serve: invite it."))
    return found


def _named(servers: Sequence[Server]) -> str:
    told = ", ".join(f"“{plain(each.name)}” ({each.id})" for each in servers[:MOST_TOLD])
    more = len(servers) - MOST_TOLD
    return f"{told} and {more} more" if more > 0 else told


async def _channels(checkup: Checkup, archive: Archive) -> list[Finding]:
    """The bot's rights in each channel that alerts go to."""
    wanted = [each for each in archive.subscriptions if each.guild_id and each.paused is None]
    if not wanted:
        says = "No channel is subscribed: say `/alerts add` in your server." if archive.look else ""
        return [Finding(ABOUT, "warning", says)] if says else []
    slots = asyncio.Semaphore(AT_ONCE)

    async def look(subscription: Subscription) -> str:
        async with slots:
            return await _trouble(checkup, subscription)

    chosen = list(_one_a_channel(wanted))[:MOST_CHANNELS]
    troubles = [each for each in await asyncio.gather(*map(look, chosen)) if each]
    found = [Finding(ABOUT, "wrong", each) for each in troubles[:MOST_TOLD]]
    if len(troubles) > MOST_TOLD:
        found.append(Finding(ABOUT, "wrong", f"So it is with {len(troubles) - MOST_TOLD} more channels."))
    well = len(chosen) - len(troubles)
    says = f"Alerts can be sent to {counted(well, 'subscribed channel')}."
    return [Finding(ABOUT, "ok", says), *found] if well else found


def _one_a_channel(wanted: Iterable[Subscription]) -> Iterable[Subscription]:
    """The first of each channel, or one that opens threads there, which asks for more."""
    by_channel: dict[int, Subscription] = {}
    for each in wanted:
        if each.channel_id not in by_channel or each.habits.thread:
            by_channel[each.channel_id] = each
    return by_channel.values()


async def _trouble(checkup: Checkup, subscription: Subscription) -> str:
    """What keeps alerts from the channel, in one sentence; "" if nothing does."""
    try:
        name, missing = await checkup.missing(subscription.channel_id, opens_threads=subscription.habits.thread)
    except TokenRefusedError:
        raise
    except DeliveryError as error:
        where = f"the channel {subscription.channel_id} of the server {subscription.guild_id}"
        return f"Alerts cannot be sent to {where}: {error}."
    rights = " and ".join(filter(None, (", ".join(missing[:-1]), *missing[-1:])))
    where = f"#{plain(name)} ({subscription.channel_id})"
    return f"In {where} the bot lacks {rights}: let a manager of the server grant it." if missing else ""
