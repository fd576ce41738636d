"""`/alerts list · pause · resume · remove`."""

import re

import structlog
from discord import app_commands

from bot.client.places import find_place
from bot.client.replies import Interaction, PersistentButton, RefusedError, persistent_button, replace, reply
from bot.client.rights import require_manager
from bot.core.escape import cut
from bot.core.message import Message
from bot.core.subscribing import (
    KEEP,
    LIST,
    REMOVE,
    lacking,
    noted_message,
    removing_message,
    subscriptions_message,
)
from bot.core.watchlist import entry
from bot.core.wishes import wish
from bot.store import alerts, guilds, subscriptions
from handlers.alerts.adding import rights_of
from handlers.alerts.means import Means, chosen, entered, existing, next_digest_lines, offer_subscriptions, refresh
from handlers.alerts.options import Command

log = structlog.get_logger(__name__)

WHICH = "Its number, or choose it from the list"


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""

    @group.command(name="list", description="The channels of this server that get stories, and what each one wants")
    async def listed(interaction: Interaction) -> None:
        guild_id = await entered(interaction, means)
        await reply(interaction, await _page(means, guild_id, 0))

    @group.command(name="pause", description="Holds a subscription's messages back until it is resumed")
    @app_commands.describe(subscription=WHICH)
    async def pause(interaction: Interaction, subscription: int) -> None:
        found = await chosen(interaction, means, subscription)
        if found.paused:
            raise RefusedError(f"Subscription {found.id} is paused already; `/alerts resume` lets it go on.")
        by = cut(interaction.user.display_name, 60)
        await means.store.write(subscriptions.pause, found.id, f"by {by}", found.guild_id)
        log.info("subscription.paused", subscription=found.id, guild=found.guild_id, channel=found.channel_id)
        await refresh(means, found.guild_id)
        lines = [
            f"<#{found.channel_id}> · {wish(found)}",
            "What matches meanwhile is kept, and told when you use `/alerts resume`; much of it comes as one message.",
        ]
        await reply(interaction, noted_message(f"Subscription {found.id} is paused", lines))

    @group.command(name="resume", description="Lets a paused subscription go on, after a look at the bot's rights")
    @app_commands.describe(subscription=WHICH)
    async def resume(interaction: Interaction, subscription: int) -> None:
        found = await chosen(interaction, means, subscription)
        if not found.paused:
            raise RefusedError(f"Subscription {found.id} is not paused.")
        place = await find_place(interaction, found.channel_id)
        missing = lacking(rights_of(place, found), place.id)
        if missing:
            raise RefusedError(missing)
        await means.store.write(subscriptions.resume, found.id, found.guild_id)
        await means.store.write(alerts.resume_channel, found.channel_id)
        log.info("subscription.resumed", subscription=found.id, guild=found.guild_id, channel=found.channel_id)
        await refresh(means, found.guild_id)
        lines = [f"<#{found.channel_id}> · {wish(found)}", *next_digest_lines(found, means.clock())]
        await reply(interaction, noted_message(f"Subscription {found.id} goes on", lines))

    @group.command(name="remove", description="Ends a subscription of this server, after asking once more")
    @app_commands.describe(subscription=WHICH)
    async def remove(interaction: Interaction, subscription: int) -> None:
        await reply(interaction, removing_message(await chosen(interaction, means, subscription)))

    named: tuple[Command, ...] = (pause, resume, remove)
    for command in named:

        @command.autocomplete("subscription")
        async def offer(interaction: Interaction, typed: int | str) -> list[app_commands.Choice[int]]:
            return offer_subscriptions(interaction, means, str(typed))


def buttons(means: Means) -> list[type[PersistentButton]]:
    """Previous and Next under the list; Remove and Keep under the question."""

    async def turn(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        await interaction.response.defer()
        await replace(interaction, await _page(means, guild_id, int(match["page"])))

    async def remove(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        await interaction.response.defer()
        found = await existing(means, guild_id, int(match["subscription"]))
        await means.store.write(subscriptions.remove, found.id, guild_id)
        log.info("subscription.removed", subscription=found.id, guild=guild_id, channel=found.channel_id)
        await refresh(means, guild_id)
        lines = [f"<#{found.channel_id}> · {wish(found)}", "What still waited for it is not sent."]
        await replace(interaction, noted_message(f"Subscription {found.id} has ended", lines))

    async def keep(interaction: Interaction, match: "re.Match[str]") -> None:
        require_manager(interaction, means.index)
        await interaction.response.defer()
        await replace(interaction, noted_message(f"Subscription {match['subscription']} stays as it is", []))

    return [persistent_button(LIST, turn), persistent_button(REMOVE, remove), persistent_button(KEEP, keep)]


async def _page(means: Means, guild_id: int, page: int) -> Message:
    listed = await means.store.read(subscriptions.listed, guild_id)
    words = await means.store.read(guilds.listed_watches, means.clock(), guild_id)
    watched, muted = (
        [entry(each.words, each.until) for each in words if each.kind == kind] for kind in ("watch", "mute")
    )
    return subscriptions_message(listed, page=page, watched=watched, muted=muted)
