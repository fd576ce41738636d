"""`/feeds list · health · pause · resume · remove`."""

import re
from typing import Any

import structlog
from discord import app_commands

from bot.client.replies import Interaction, PersistentButton, RefusedError, persistent_button, replace, reply
from bot.client.rights import require_manager
from bot.core.feedlist import (
    KEEP,
    LIST,
    REMOVE,
    WINDOW,
    ServerFeed,
    ShownFeeds,
    address_host,
    feeds_message,
    health_message,
    name_of,
    removing_message,
    told_message,
)
from bot.store import guild_feeds
from handlers.feeds.means import Means, chosen, entered, offer_feeds, own, refresh, visible

log = structlog.get_logger(__name__)

WHICH = "Choose it from the list, or give its name or address"


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""

    @group.command(name="list", description="The feeds that this server reads, and how each one is")
    @app_commands.describe(filter="Only those that fail, are paused, or were added by this server")
    async def listed(interaction: Interaction, filter: ShownFeeds = "all") -> None:
        guild_id = await entered(interaction, means)
        await reply(interaction, feeds_message(await visible(means, guild_id), filter))

    @group.command(name="health", description="How a feed is: last success, error, next try, how much was relevant")
    @app_commands.describe(feed=WHICH)
    async def health(interaction: Interaction, feed: str) -> None:
        guild_id = await entered(interaction, means)
        found, now = await chosen(means, guild_id, feed), means.clock()
        figures = await means.store.read(guild_feeds.figures, found.id, now - WINDOW)
        await reply(interaction, health_message(found, figures, now=now))

    @group.command(name="pause", description="Stops reading a feed that this server added, until it is resumed")
    @app_commands.describe(feed=WHICH)
    async def pause(interaction: Interaction, feed: str) -> None:
        guild_id = await entered(interaction, means)
        found = await own(means, guild_id, feed, "pause")
        if found.state.status == "paused":
            raise RefusedError(f"**{name_of(found)}** is paused already; `/feeds resume` lets it go on.")
        await means.store.write(guild_feeds.set_paused, guild_id, found.id, True, means.clock())
        log.info("feed.paused", feed=found.id, guild=guild_id)
        lines = [_line(found), "It is read again when you use `/feeds resume`."]
        await reply(interaction, told_message("The feed is paused", lines))

    @group.command(name="resume", description="Reads a paused feed again, or tries one that was given up once more")
    @app_commands.describe(feed=WHICH)
    async def resume(interaction: Interaction, feed: str) -> None:
        guild_id = await entered(interaction, means)
        found = await own(means, guild_id, feed, "resume")
        if found.state.status == "active":
            raise RefusedError(f"**{name_of(found)}** is not paused; see `/feeds health`.")
        await means.store.write(guild_feeds.set_paused, guild_id, found.id, False, means.clock())
        log.info("feed.resumed", feed=found.id, guild=guild_id)
        lines = [_line(found), "It is asked within a minute; `/feeds health` tells how that went."]
        await reply(interaction, told_message("The feed goes on", lines))

    @group.command(name="remove", description="Takes away a feed that this server added, after asking once more")
    @app_commands.describe(feed=WHICH)
    async def remove(interaction: Interaction, feed: str) -> None:
        guild_id = await entered(interaction, means)
        await reply(interaction, removing_message(await own(means, guild_id, feed, "remove")))

    named: tuple[tuple[app_commands.Command[Any, ..., Any], bool], ...] = (
        (health, False), (pause, True), (resume, True), (remove, True),
    )  # fmt: skip
    for command, own_only in named:
        _offer(command, means, own_only=own_only)


def _offer(command: app_commands.Command[Any, ..., Any], means: Means, *, own_only: bool) -> None:
    @command.autocomplete("feed")
    async def offer(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return offer_feeds(interaction, means, typed, own_only=own_only)


def buttons(means: Means) -> list[type[PersistentButton]]:
    """Previous and Next under the list; Remove and Keep under the question."""

    async def turn(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        await interaction.response.defer()
        wanted: ShownFeeds = match["shown"]  # type: ignore[assignment]  # the pattern holds the same four
        await replace(interaction, feeds_message(await visible(means, guild_id), wanted, page=int(match["page"])))

    async def remove(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        await interaction.response.defer()
        found = await means.store.read(guild_feeds.find, guild_id, int(match["feed"]))
        if found is None or not found.own:
            raise RefusedError("This server no longer has that feed; see `/feeds list`.")
        await means.store.write(guild_feeds.remove, guild_id, found.id, means.clock())
        log.info("feed.removed", feed=found.id, guild=guild_id)
        await refresh(means, guild_id)
        await replace(interaction, told_message("The feed is removed", [_line(found), "Stories that it told stay."]))

    async def keep(interaction: Interaction, _match: "re.Match[str]") -> None:
        require_manager(interaction, means.index)
        await interaction.response.defer()
        await replace(interaction, told_message("The feed stays", []))

    return [persistent_button(LIST, turn), persistent_button(REMOVE, remove), persistent_button(KEEP, keep)]


def _line(found: ServerFeed) -> str:
    return f"**{name_of(found)}** · {address_host(found.feed.url)}"
