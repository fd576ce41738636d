"""`/alerts watch · mute · unmute`: organisations, outlets and phrases that matter more to a whole server, or not at
all."""

from datetime import datetime

import structlog
from discord import app_commands

from bot.client.index import choices
from bot.client.replies import Interaction, RefusedError, reply
from bot.client.rights import is_manager
from bot.core.escape import escape, plain
from bot.core.forecast import WINDOW
from bot.core.subscribing import noted_message
from bot.core.watchlist import MOST_WORDS, Kind, effect, listed_lines, read_until, read_words
from bot.settings.zones import zone
from bot.store import Connection, forecasts, guilds, watches
from bot.store.guilds import Watch
from handlers.alerts.means import Means, entered, server_zone
from handlers.alerts.timing import refusing

log = structlog.get_logger(__name__)

WORDS = "An organisation, an outlet such as reuters.com, or a phrase"
UNTIL = "For how long: 8h, 3d, 2w, or until a date such as 2026-12-24; for good unless given"
TITLES: dict[Kind, str] = {"watch": "Watched for", "mute": "Muted"}


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""

    @group.command(name="watch", description="Makes stories that name something matter more, in the whole server")
    @app_commands.describe(words=WORDS, until=UNTIL)
    async def watch(interaction: Interaction, words: str, until: str | None = None) -> None:
        await _put(interaction, means, "watch", words, until)

    @group.command(name="mute", description="Keeps stories that name something out of the whole server")
    @app_commands.describe(words=WORDS, until=UNTIL)
    async def mute(interaction: Interaction, words: str, until: str | None = None) -> None:
        await _put(interaction, means, "mute", words, until)

    @group.command(name="unmute", description="Ends a mute or a watch of this server")
    @app_commands.describe(words="What was muted or watched for; choose it from the list")
    async def unmute(interaction: Interaction, words: str) -> None:
        guild_id = await entered(interaction, means)
        lifted = await means.store.write(watches.lift, guild_id, plain(words), means.clock())
        if not lifted:
            present = await _remember(means, guild_id)
            known = f"On its lists: {', '.join(escape(each, 80) for each in present[:10])}." if present else ""
            raise RefusedError(f"This server neither mutes nor watches for “{escape(words, 80)}”. {known}".strip())
        log.info("watch.lifted", guild=guild_id, words=words, kinds=sorted(lifted))
        await _remember(means, guild_id)
        shown = f"**{escape(words, 80)}**"
        told = [f"Stories that name {shown} are told again." if "mute" in lifted else ""]
        told.append(f"Stories that name {shown} matter no more than others." if "watch" in lifted else "")
        await reply(interaction, noted_message("Lifted", told))

    @watch.autocomplete("words")
    @mute.autocomplete("words")
    async def offer_names(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if not is_manager(interaction, means.index):
            return []
        names = dict.fromkeys((*means.index.organisations, *means.index.outlets))
        return choices(((name, name) for name in names), typed)

    @unmute.autocomplete("words")
    async def offer_listed(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if not is_manager(interaction, means.index):
            return []
        listed = means.index.watches.get(interaction.guild_id or 0, ())
        now = means.clock()
        return choices([(words, words) for words, until in listed if until is None or until > now], typed)


async def _put(interaction: Interaction, means: Means, kind: Kind, typed: str, until: str | None) -> None:
    """Puts words on one of the server's lists, and says what they would have done lately. Raises RefusedError."""
    guild_id = await entered(interaction, means)
    now = means.clock()
    with refusing():
        words = read_words(typed)
        end = await _end(means, guild_id, until, now)
        watch = Watch(guild_id, kind, words, end, interaction.user.id, now)
        other = await means.store.write(watches.put, watch, most=MOST_WORDS)
    log.info("watch.put", guild=guild_id, words=words, kind=kind, until=end)
    await _remember(means, guild_id)
    lately = await means.store.read(_effect, kind, words, now)
    lines = [*listed_lines(kind, words, end, other=other), lately]
    await reply(interaction, noted_message(TITLES[kind], lines))


def _effect(c: Connection, kind: Kind, words: str, now: datetime) -> str:
    return effect(kind, words, forecasts.past(c, now - WINDOW).stories, WINDOW.days)


async def _end(means: Means, guild_id: int, until: str | None, now: datetime) -> datetime | None:
    if not until or not until.strip():
        return None
    return read_until(until, now, zone(await server_zone(means, guild_id)))


async def _remember(means: Means, guild_id: int) -> list[str]:
    """Makes autocomplete know the server's lists as they stand now."""
    listed = await means.store.read(guilds.listed_watches, means.clock(), guild_id)
    means.index.watches[guild_id] = [(each.words, each.until) for each in listed]
    return [each.words for each in listed]
