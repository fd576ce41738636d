"""What the options of `/news` offer: times to look back over, topics, organisations."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Literal

from discord import app_commands

from bot.client.chosen import organisation_chosen
from bot.client.index import Index, choices
from bot.client.replies import Interaction
from bot.store import Store, stories

Clock = Callable[[], datetime]
Offer = Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]
Since = Literal["6h", "24h", "3d", "7d"]
Span = Literal["24h", "3d", "7d", "30d", "90d"]
Window = Literal["24h", "3d", "7d", "30d"]
LongWindow = Literal["7d", "30d", "90d", "365d"]
SHARE = "Show the answer to everybody in the channel"


def hours_of(span: str | None) -> int | None:
    """ "6h" is 6, "3d" is 72; None has no bound."""
    return None if span is None else int(span[:-1]) * (24 if span.endswith("d") else 1)


def offer_topics(index: Index) -> Offer:
    """Autocomplete of an option that takes a topic."""

    async def offer(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(index.topics, typed)

    return offer


def offer_organisations(index: Index) -> Offer:
    """Autocomplete of an option that takes an organisation."""

    async def offer(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(index.organisation_names(), typed)

    return offer


async def organisation(typed: str | None, *, index: Index, store: Store) -> str | None:
    """The organisation that was asked for. Raises RefusedError for one that nobody knows."""
    return await organisation_chosen(typed, index, is_named=lambda name: store.read(stories.is_named, name))
