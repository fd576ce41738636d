"""`/alerts preview · test`: what a subscription would have told, and whether its channel can be reached."""

import secrets
from dataclasses import replace

import discord
from discord import app_commands

from bot.client import DiscordSender, TocsinClient
from bot.client.places import find_place, require_place
from bot.client.replies import Interaction, RefusedError, reply
from bot.core.alert import Subscription
from bot.core.escape import escape
from bot.core.message import Message
from bot.core.subscribing import lacking, noted_message
from bot.core.wishes import habit, wish
from bot.errors import DeliveryError
from handlers.alerts.adding import require_fit, rights_of
from handlers.alerts.listing import WHICH
from handlers.alerts.means import Means, chosen, forecast_of, offer_subscriptions
from handlers.alerts.options import Command
from handlers.alerts.showing import drawn, show_preview

OFTEN = (5, 60.0)
"""How many tests one person may send within so many seconds: everybody in the channel reads them."""


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""

    @group.command(name="preview", description="Shows you real recent stories as a subscription would tell them")
    @app_commands.describe(subscription=WHICH)
    async def preview(interaction: Interaction, subscription: int) -> None:
        await show_preview(interaction, means, await chosen(interaction, means, subscription))

    @group.command(name="test", description="Sends one message, marked as a test, to a subscription's channel")
    @app_commands.describe(subscription=WHICH)
    @app_commands.checks.cooldown(*OFTEN, key=lambda interaction: (interaction.guild_id, interaction.user.id))
    async def test(interaction: Interaction, subscription: int) -> None:
        found = await chosen(interaction, means, subscription)
        place = await find_place(interaction, found.channel_id)
        require_place(interaction, place)
        require_fit(interaction, place, found)
        missing = lacking(rights_of(place, found), place.id)
        if missing:
            raise RefusedError(missing)
        message = await _test_message(interaction, means, found)
        await reply(interaction, await _sent(interaction.client, found, message))

    both: tuple[Command, ...] = (preview, test)
    for command in both:

        @command.autocomplete("subscription")
        async def offer(interaction: Interaction, typed: int | str) -> list[app_commands.Choice[int]]:
            return offer_subscriptions(interaction, means, str(typed))


async def _test_message(interaction: Interaction, means: Means, found: Subscription) -> Message:
    """The newest story that matches under a line that says what it is, or that line with the wishes alone."""
    latest = (await forecast_of(means, found)).latest
    by = escape(interaction.user.display_name, 60)
    mark = f"**Test** of subscription {found.id}, asked for by {by}: nothing new happened."
    if latest:
        return replace(drawn(latest[0], found), content=mark)
    return replace(noted_message("Test", [f"This channel gets {wish(found)}", habit(found)]), content=mark)


async def _sent(client: discord.Client, found: Subscription, message: Message) -> Message:
    """Sends through the bot's own sender, whose errors say what is wrong. Raises RefusedError."""
    budget = client.budget if isinstance(client, TocsinClient) else None
    sender = DiscordSender(client, budget=budget)
    there, guild_id = found.channel_id, found.guild_id
    try:
        if await sender.is_forum(there):
            there = sent = await sender.create_post(there, message, name="Test", guild_id=guild_id)
        else:
            sent = await sender.create(there, message, nonce=secrets.token_urlsafe(16), guild_id=guild_id)
    except DeliveryError as error:
        raise RefusedError(f"The test did not reach <#{found.channel_id}>: {error}.") from error
    link = f"https://discord.com/channels/{guild_id}/{there}/{sent}"
    lines = [f"It stands in <#{found.channel_id}>: {link}", "Roles are not called by a test."]
    if found.paused:
        lines.append("The subscription itself is paused; `/alerts resume` lets it go on.")
    return noted_message("The test arrived", lines)
