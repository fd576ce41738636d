"""What `/alerts digest` and `/alerts quiet` share: reading times and zones, offering them, saving what was changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from discord import app_commands

from bot.client.index import choices, value_chosen
from bot.client.replies import Interaction, RefusedError
from bot.client.rights import is_manager
from bot.core.alert import Subscription
from bot.errors import TocsinError
from bot.settings.zones import zone, zone_names
from bot.store import plans
from handlers.alerts.means import Means, offer_subscriptions, plan_zone, refresh
from handlers.alerts.options import Command

log = structlog.get_logger(__name__)
OFF = "off"


async def keep(means: Means, wanted: Subscription) -> None:
    """Saves what was changed of a subscription. Raises RefusedError if it is gone."""
    kept = await means.store.write(plans.change, wanted, means.clock(), plan_zone(wanted), lambda _others: None)
    if not kept:
        raise RefusedError(f"This server has no subscription {wanted.id} any more; see `/alerts list`.")
    log.info("subscription.changed", subscription=wanted.id, guild=wanted.guild_id, channel=wanted.channel_id)
    await refresh(means, wanted.guild_id)


def zone_name(typed: str) -> str:
    """The IANA name of a zone, typed in any case. Raises TocsinError."""
    return zone(value_chosen(typed.replace(" ", "_"), [(name, name) for name in zone_names()])).key


def is_off(words: str | None) -> bool:
    return (words or "").strip().casefold() == OFF


@contextmanager
def refusing() -> Iterator[None]:
    """Within it, what a person typed and what cannot be is refused with the sentence that says why."""
    try:
        yield
    except TocsinError as error:
        raise RefusedError(str(error)) from error


def offer(command: Command, means: Means) -> None:
    """Gives `subscription` and `timezone` their autocomplete, for managers only."""
    zones = [(name, name) for name in zone_names()]

    @command.autocomplete("subscription")
    async def offer_numbers(interaction: Interaction, typed: int | str) -> list[app_commands.Choice[int]]:
        return offer_subscriptions(interaction, means, str(typed))

    @command.autocomplete("timezone")
    async def offer_zones(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(zones, typed.replace(" ", "_")) if is_manager(interaction, means.index) else []
