"""`/alerts add · list · remove`: which channels of a server get which stories. For those who may manage the server.

Discord hides these commands from nobody (see bot/README.md): rights are checked here, on every call.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace as changed
from datetime import datetime
from typing import cast, get_args

import discord
from discord import app_commands

from bot.client.index import Index, choices, list_choices, split_list, value_chosen
from bot.client.replies import Interaction, RefusedError, defer, reply
from bot.client.rights import is_manager, missing_rights, require_manager
from bot.core.alert import Subscription
from bot.core.details import wish
from bot.core.escape import cut, escape
from bot.core.event import EventType
from bot.core.importance import Level
from bot.core.pages import added_message, notice, subscriptions_message
from bot.store import Store, alerts, subscriptions

Clock = Callable[[], datetime]
Channel = discord.TextChannel | discord.Thread
MOST = 50  # subscriptions of one server


def commands(*, store: Store, index: Index, clock: Clock) -> list[app_commands.Group]:
    """The group `/alerts`."""
    group = app_commands.Group(name="alerts", description="Which channels get which stories", guild_only=True)

    @group.command(name="add", description="Sends alerts to a channel from now on")
    @app_commands.describe(
        channel="Where the alerts go",
        topic="Only stories of this topic; every topic unless given",
        organisations="Only stories that name one of these, separated by commas",
        events="Only these kinds of event, separated by commas",
        min_importance="Only stories that matter this much or more; all unless given",
    )
    async def add(
        interaction: Interaction,
        channel: Channel,
        topic: str | None = None,
        organisations: str | None = None,
        events: str | None = None,
        min_importance: Level = "low",
    ) -> None:
        await defer(interaction)
        guild_id = require_manager(interaction, index)
        require_channel(interaction, channel)
        subscription = Subscription(
            id=0,
            guild_id=guild_id,
            channel_id=channel.id,
            topic=known_topic(topic, index.topics),
            organisations=known_organisations(organisations, index.organisations),
            events=known_events(events),
            min_importance=min_importance,
            created_at=clock(),
        )
        await require_room(subscription, store=store)
        new = changed(subscription, id=await store.write(subscriptions.add, subscription))
        await store.write(alerts.resume_channel, channel.id)
        index.subscriptions[guild_id] = await store.read(subscriptions.listed, guild_id)
        await reply(interaction, added_message(new))

    @group.command(name="list", description="The channels of this server that get alerts")
    async def listed(interaction: Interaction) -> None:
        await defer(interaction)
        guild_id = require_manager(interaction, index)
        await reply(interaction, subscriptions_message(await store.read(subscriptions.listed, guild_id)))

    @group.command(name="remove", description="Ends a subscription of this server")
    @app_commands.describe(subscription="Its number, or choose it from the list")
    async def remove(interaction: Interaction, subscription: int) -> None:
        await defer(interaction)
        guild_id = require_manager(interaction, index)
        if not await store.write(subscriptions.remove, subscription, guild_id):
            raise RefusedError(f"This server has no subscription {subscription}; see `/alerts list`.")
        index.subscriptions[guild_id] = await store.read(subscriptions.listed, guild_id)
        await reply(
            interaction, notice(f"Subscription {subscription} has ended. What still waited for it is not sent.")
        )

    @add.autocomplete("topic")
    async def offer_topics(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(index.topics, typed)

    @add.autocomplete("organisations")
    async def offer_organisations(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return list_choices(index.organisations, typed)

    @add.autocomplete("events")
    async def offer_events(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return list_choices(get_args(EventType), typed)

    @remove.autocomplete("subscription")
    async def offer_subscriptions(interaction: Interaction, typed: int | str) -> list[app_commands.Choice[int]]:
        if not is_manager(interaction, index):
            return []
        return subscription_choices(interaction, index, str(typed))

    return [group]


def require_channel(interaction: Interaction, channel: Channel) -> None:
    """Raises RefusedError unless the channel is of this server, the person may write there and the bot may alert."""
    if channel.guild.id != interaction.guild_id or not isinstance(interaction.user, discord.Member):
        raise RefusedError("Choose a channel of this server.")
    thread = isinstance(channel, discord.Thread)
    theirs = channel.permissions_for(interaction.user)
    may_write = theirs.send_messages_in_threads if thread else theirs.send_messages
    if not (theirs.view_channel and may_write):
        raise RefusedError(f"You cannot write in {channel.mention} yourself, so you cannot send alerts there.")
    missing = missing_rights(channel.permissions_for(channel.guild.me), thread=thread)
    if missing:
        raise RefusedError(
            f"Tocsin lacks {', '.join(missing)} in {channel.mention}. Give it that there, then try again."
        )


async def require_room(wanted: Subscription, *, store: Store) -> None:
    """Raises RefusedError if the server has the very same subscription already, or too many."""
    existing = await store.read(subscriptions.listed, wanted.guild_id)
    same = [each for each in existing if _wishes(each) == _wishes(wanted)]
    if same:
        raise RefusedError(f"<#{wanted.channel_id}> has that already: it is subscription {same[0].id}.")
    if len(existing) >= MOST:
        raise RefusedError(f"This server has {MOST} subscriptions, the most there can be; remove one first.")


def known_topic(typed: str | None, topics: Sequence[tuple[str, str]]) -> str | None:
    """The id of a topic that the configuration knows. Raises RefusedError."""
    if not typed:
        return None
    chosen = value_chosen(typed, topics)
    if chosen not in {topic for topic, _ in topics}:
        names = ", ".join(name for _, name in topics)
        raise RefusedError(f"There is no topic “{escape(typed, 100)}”. There is: {escape(names, 500)}.")
    return chosen


def known_organisations(typed: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Canonical names. Raises RefusedError for a name that could never match."""
    canonical = {name.casefold(): name for name in known}
    names = split_list(typed)
    unknown = [name for name in names if name.casefold() not in canonical]
    if unknown:
        listed = ", ".join(f"“{escape(name, 80)}”" for name in unknown[:5])
        raise RefusedError(f"Tocsin knows no organisation {listed}. Type a few letters and choose from the list.")
    return tuple(dict.fromkeys(canonical[name.casefold()] for name in names))


def known_events(typed: str | None) -> tuple[EventType, ...]:
    """Kinds of event. Raises RefusedError."""
    kinds = get_args(EventType)
    names = [name.casefold().replace(" ", "_") for name in split_list(typed)]
    for name in names:
        if name not in kinds:
            raise RefusedError(f"There is no kind of event “{escape(name, 60)}”. There are: {', '.join(kinds)}.")
    return tuple(cast("EventType", name) for name in dict.fromkeys(names))


def subscription_choices(interaction: Interaction, index: Index, typed: str) -> list[app_commands.Choice[int]]:
    """This server's subscriptions, by number, channel and wishes."""
    found = []
    for each in index.subscriptions.get(interaction.guild_id or 0, ()):
        channel = interaction.guild.get_channel_or_thread(each.channel_id) if interaction.guild else None
        name = f"{each.id} · #{channel.name if channel else each.channel_id} · {wish(each, shown=cut)}"
        if typed.strip().casefold() in name.casefold():
            found.append(app_commands.Choice(name=cut(name, 100), value=each.id))
    return found[:25]


def _wishes(subscription: Subscription) -> tuple[object, ...]:
    organisations, events = frozenset(subscription.organisations), frozenset(subscription.events)
    return subscription.channel_id, subscription.topic, organisations, events
