"""`/status`, and the button of that name under a notice: how feeds and deliveries are, and which version runs."""

import re
from collections.abc import Callable
from datetime import datetime

from discord import app_commands

from bot.client.replies import Interaction, PersistentButton, defer, persistent_button, reply
from bot.core.bulletin import STATUS_ACTION
from bot.core.feedlist import counts
from bot.core.pages import Health, status_message
from bot.core.vitals import Seen
from bot.store import Store, alerts, guild_feeds, runners, stories, subscriptions
from bot.store.pulse import SEEN_LATELY, oldest_owed, refused
from bot.store.runners import Runner

Clock = Callable[[], datetime]


def commands(*, store: Store, version: str, clock: Clock) -> list[app_commands.Command]:  # type: ignore[type-arg]
    """The command `/status`."""

    @app_commands.command(name="status", description="Feeds healthy or failing, last poll, alerts, version")
    @app_commands.describe(share="Show the answer to everybody in the channel")
    @app_commands.guild_only()
    async def status(interaction: Interaction, share: bool = False) -> None:
        await defer(interaction, share=share)
        health = await health_of(store, clock(), version=version, guild_id=interaction.guild_id or 0)
        await reply(interaction, status_message(health), share=share)

    return [status]


def buttons(*, store: Store, version: str, clock: Clock) -> list[type[PersistentButton]]:
    """The pattern of the button."""

    async def answer(interaction: Interaction, _match: "re.Match[str]") -> None:
        await defer(interaction)
        health = await health_of(store, clock(), version=version, guild_id=interaction.guild_id or 0)
        await reply(interaction, status_message(health))

    return [persistent_button(STATUS_ACTION, answer)]


async def health_of(store: Store, now: datetime, *, version: str, guild_id: int) -> Health:
    """How the bot is at `now`, and how this server's alerts and subscriptions are; nothing of other servers."""
    read = await store.read(guild_feeds.visible, guild_id)
    failing = [each for each in read if each.state.error and each.state.failures]
    here = await store.read(subscriptions.listed, guild_id)
    return Health(
        version=version,
        feeds=counts(read),
        failing=tuple((each.feed.name, each.state.error or "") for each in failing),
        last_polled=max((each.state.last_polled_at for each in read if each.state.last_polled_at), default=None),
        alerts=await store.read(alerts.counts, guild_id),
        stories=(await store.read(stories.figures))["stories"],
        paused_here=sum(subscription.paused is not None for subscription in here),
        oldest=await store.read(oldest_owed, now, guild_id),
        refused=await store.read(refused, now),
        at_work=tuple(map(_seen, await store.read(runners.listed, now - SEEN_LATELY))),
    )


def _seen(runner: Runner) -> Seen:
    """Nothing of where it runs: that is the operator's."""
    facts = runner.facts
    roles = tuple(role for role in runner.roles.split(",") if role)
    return Seen(roles, runner.seen_at, well=bool(facts.get("well", True)), lag=float(facts.get("lag", 0.0)))
