"""What autocomplete offers, kept in memory: Discord waits three seconds for it and takes no deferral.

It is refreshed from outside (see the remember handler); it looks nothing up itself.
"""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from discord import app_commands

from bot.client.replies import Interaction
from bot.core.alert import Subscription
from bot.core.escape import cut, length

CHOICES = 25  # https://docs.discord.com/developers/interactions/application-commands
NAME = 100

Offer = Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]


@dataclass(slots=True)
class Index:
    """Names that people may choose from, the likeliest first.

    `topics` and `stories` are (id, name); `subscriptions`, `manager_roles` (who may manage besides those with the
    right), `watches` (what is watched for or muted, and until when) and `own_feeds` are by server. `feeds` are those
    that every server reads; these too are (id, name). `other_names` are (organisation, what else it is called).
    """

    topics: Sequence[tuple[str, str]] = ()
    organisations: Sequence[str] = ()
    stories: Sequence[tuple[str, str]] = ()
    subscriptions: dict[int, Sequence[Subscription]] = field(default_factory=dict)
    manager_roles: dict[int, int] = field(default_factory=dict)
    outlets: Sequence[str] = ()
    watches: dict[int, Sequence[tuple[str, datetime | None]]] = field(default_factory=dict)
    reports: Sequence[tuple[str, str]] = ()
    corrections: dict[int, Sequence[tuple[int, str]]] = field(default_factory=dict)
    feeds: Sequence[tuple[str, str]] = ()
    own_feeds: dict[int, Sequence[tuple[str, str]]] = field(default_factory=dict)
    other_names: Sequence[tuple[str, str]] = ()

    def organisation_names(self) -> list[tuple[str, str]]:
        """(organisation, what it is called): each by its name, then by its other names."""
        return [*((name, name) for name in self.organisations), *self.other_names]


def choices(offered: Iterable[tuple[str, str]], typed: str) -> list[app_commands.Choice[str]]:
    """The (value, name) whose name holds every word that was typed, at most 25: first those that begin with what was
    typed, then those with a word that does, then the others, each in the order given."""
    wanted = typed.strip().casefold()
    words = wanted.split() or [""]
    found = [
        (_nearness(folded, wanted), value, name)
        for value, name in offered
        if words[0] in (folded := name.casefold())
        and all(word in folded for word in words)
        and 0 < length(value) <= NAME
    ]
    found.sort(key=lambda each: each[0])
    return [app_commands.Choice(name=cut(name, NAME) or value, value=value) for _, value, name in found[:CHOICES]]


def _nearness(name: str, wanted: str) -> int:
    if name.startswith(wanted):
        return 0
    return 1 if f" {wanted}" in name else 2


def offer_topics(index: Index) -> Offer:
    """Autocomplete of an option that takes a topic."""
    return _offer(lambda: index.topics)


def offer_organisations(index: Index) -> Offer:
    """Autocomplete of an option that takes an organisation."""

    def offered() -> list[tuple[str, str]]:
        return [(name, name if name == called else f"{called} · {name}") for name, called in index.organisation_names()]

    return _offer(offered)


def offer_stories(index: Index) -> Offer:
    """Autocomplete of an option that takes a story."""
    return _offer(lambda: index.stories)


def _offer(names: Callable[[], Sequence[tuple[str, str]]]) -> Offer:
    """Names as they stand when somebody types."""

    async def offer(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(names(), typed)

    return offer


def list_choices(offered: Iterable[str], typed: str) -> list[app_commands.Choice[str]]:
    """Choices for an option that takes several names with commas: what stands before the last comma stays."""
    before, comma, last = typed.rpartition(",")
    kept = before + comma + " " if comma else ""
    taken = {name.casefold() for name in split_list(before)}
    found = choices(((name, name) for name in offered if name.casefold() not in taken), last)
    whole = [(kept + choice.value).strip() for choice in found]
    return [app_commands.Choice(name=name, value=name) for name in whole if length(name) <= NAME]


def split_list(text: str | None) -> tuple[str, ...]:
    """The names of a comma-separated option, each once."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


def value_chosen(typed: str, offered: Iterable[tuple[str, str]]) -> str:
    """The value of what was typed: people may send a name without choosing it from the list."""
    wanted = typed.strip().casefold()
    return next((value for value, name in offered if wanted in (value.casefold(), name.casefold())), typed.strip())
