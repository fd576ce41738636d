"""What people give to the options of `/alerts add` and `/alerts edit`, read into a subscription, and what is offered.

"none" empties an option. Every refusal says what there is to choose from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import discord
from discord import app_commands

from bot.client.chosen import role_chosen, topic_chosen
from bot.client.index import Index, choices, list_choices, split_list
from bot.client.replies import Interaction, RefusedError
from bot.client.rights import is_manager
from bot.core.alert import Layout, Mode, Subscription
from bot.core.escape import escape
from bot.core.event import EventType
from bot.core.importance import Level
from bot.core.wishes import LANGUAGES

Command = app_commands.Command[Any, ..., Any]
NONE: Literal["none"] = "none"
MOST_AN_HOUR = 60
MOST_NAMED = 25  # organisations of one subscription

ABOUT = {
    "topic": "Only stories of this topic; every topic unless given",
    "organisations": "Only stories that name one of these, separated by commas",
    "events": "Only these kinds of event, separated by commas",
    "languages": "Only stories told in these languages, separated by commas",
    "min_importance": "Only stories that matter this much or more; all unless given",
    "mode": "A message for each story, one digest of many, or both (the digest takes what matters less)",
    "max_per_hour": "At most so many alerts an hour; what is above comes together later, nothing is lost",
    "role": "A role that alerts call, from min_importance on; without one, from high importance on",
    "layout": "compact: headline, facts and sources; full: with key points and reasons",
    "thread": "Open a thread under each alert, where its updates go",
    "publish": "In an announcement channel: publish alerts to the servers that follow it",
}


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were given; None for one that was not."""

    topic: str | None = None
    organisations: str | None = None
    events: str | None = None
    languages: str | None = None
    min_importance: Level | None = None
    mode: Mode | None = None
    max_per_hour: int | None = None
    role: discord.Role | Literal["none"] | None = None
    layout: Layout | None = None
    thread: bool | None = None
    publish: bool | None = None

    @property
    def is_empty(self) -> bool:
        return self == Given()


def applied(given: Given, base: Subscription, index: Index) -> Subscription:
    """`base` with what was given in place of what it had. Raises RefusedError."""
    wanted = base
    if given.topic is not None:
        wanted = replace(wanted, topic=topic_chosen(_emptied(given.topic).strip(), index))
    if given.organisations is not None:
        known = [*index.organisation_names(), *((name, name) for name in base.organisations)]
        named = known_organisations(_emptied(given.organisations), known)
        wanted = replace(wanted, organisations=named)
    if given.events is not None:
        wanted = replace(wanted, events=known_events(_emptied(given.events)))
    if given.languages is not None:
        wanted = replace(wanted, languages=known_languages(_emptied(given.languages)))
    wanted = replace(wanted, min_importance=given.min_importance or base.min_importance, mode=given.mode or base.mode)
    return _with_habits(given, wanted)


def _with_habits(given: Given, wanted: Subscription) -> Subscription:
    habits = wanted.habits
    if given.max_per_hour is not None:
        habits = replace(habits, max_per_hour=given.max_per_hour or None)
    if given.role is not None:
        habits = replace(habits, role_id=None if given.role == NONE else given.role.id)
    chosen = {"layout": given.layout, "thread": given.thread, "publish": given.publish}
    habits = replace(habits, **{name: value for name, value in chosen.items() if value is not None})  # type: ignore[arg-type]
    return replace(wanted, habits=habits)


def _emptied(typed: str) -> str:
    return "" if typed.strip().casefold() == NONE else typed


def known_organisations(typed: str | None, known: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Canonical names; `known` are (name, what it is called). Raises RefusedError for a name that could never match."""
    canonical = {called.casefold(): name for name, called in reversed(known)}
    names = split_list(typed)
    unknown = [name for name in names if name.casefold() not in canonical]
    if unknown:
        listed = ", ".join(f"“{escape(name, 80)}”" for name in unknown[:5])
        raise RefusedError(f"Tocsin knows no organisation {listed}. Type a few letters and choose from the list.")
    if len(names) > MOST_NAMED:
        raise RefusedError(f"Name at most {MOST_NAMED} organisations in one subscription; a second one takes others.")
    return tuple(dict.fromkeys(canonical[name.casefold()] for name in names))


def known_events(typed: str | None) -> tuple[EventType, ...]:
    """Kinds of event. Raises RefusedError."""
    kinds = get_args(EventType)
    names = [name.casefold().replace(" ", "_") for name in split_list(typed)]
    for name in names:
        if name not in kinds:
            raise RefusedError(f"There is no kind of event “{escape(name, 60)}”. There are: {', '.join(kinds)}.")
    return tuple(cast("EventType", name) for name in dict.fromkeys(names))


def known_languages(typed: str | None) -> tuple[str, ...]:
    """Codes of languages, given as codes or English names. Raises RefusedError."""
    codes = {name.casefold(): code for code, name in LANGUAGES.items()} | {code: code for code in LANGUAGES}
    names = split_list(typed)
    for name in names:
        if name.casefold() not in codes:
            raise RefusedError(
                f"Tocsin knows no language “{escape(name, 40)}”. It knows {', '.join(sorted(LANGUAGES.values()))}."
            )
    return tuple(dict.fromkeys(codes[name.casefold()] for name in names))


def known_role(typed: str | None, guild: discord.Guild | None) -> discord.Role | Literal["none"] | None:
    """A role of the server by its id, mention or name. Raises RefusedError."""
    if typed is None or guild is None:
        return None
    return NONE if typed.strip().casefold() == NONE else role_chosen(typed, guild)


def offer(command: Command, index: Index, *, clearing: bool) -> None:
    """Gives the options of a command that need it their autocomplete, for managers only; `clearing` offers "none"."""
    first = [NONE] if clearing else []

    @command.autocomplete("topic")
    async def offer_topics(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if not is_manager(interaction, index):
            return []
        return choices([*((name, name) for name in first), *index.topics], typed)

    def several(option: str, offered: Sequence[str]) -> None:
        async def offer_several(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            names = index.organisations if option == "organisations" else offered
            return list_choices(_with_none(first, names, typed), typed) if is_manager(interaction, index) else []

        command.autocomplete(option)(offer_several)

    several("organisations", ())
    several("events", get_args(EventType))
    several("languages", sorted(LANGUAGES.values()))


def _with_none(first: Sequence[str], names: Sequence[str], typed: str) -> Sequence[str]:
    """ "none" is offered alone, not after other names."""
    return names if "," in typed else [*first, *names]


def offer_roles(interaction: Interaction, index: Index, typed: str) -> list[app_commands.Choice[str]]:
    """ "none" and the server's roles, for its managers."""
    if interaction.guild is None or not is_manager(interaction, index):
        return []
    roles = [(str(role.id), role.name) for role in reversed(interaction.guild.roles) if not role.is_default()]
    return choices([(NONE, NONE), *roles], typed)
