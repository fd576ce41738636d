"""`/news latest`: what was told lately, five stories a page.

Pages are turned by stateless buttons. Who asked turns the page that he asked for; anybody else who presses a button
under a shared answer gets a page of his own, which only he sees, so that nobody turns it under the others' eyes.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from discord import app_commands

from bot.client.index import Index, choices, value_chosen
from bot.client.replies import Interaction, PersistentButton, RefusedError, defer, persistent_button, replace, reply
from bot.core.escape import escape
from bot.core.event import EventType
from bot.core.message import Message
from bot.core.pages import PAGE, PAGING, Wanted, latest_message
from bot.store import Store, stories

Clock = Callable[[], datetime]
Since = Literal["6h", "24h", "3d", "7d"]
HOURS: dict[str, int] = {"6h": 6, "24h": 24, "3d": 72, "7d": 168}


def commands(*, store: Store, index: Index, clock: Clock) -> list[app_commands.Group]:
    """The group `/news`."""
    news = app_commands.Group(name="news", description="What was told lately", guild_only=True)

    @news.command(name="latest", description="The latest stories, five a page")
    @app_commands.describe(
        topic="Only stories of this topic",
        event="Only stories of this kind",
        organisation="Only stories that name this organisation",
        since="Only stories with a report in this time",
        share="Show the answer to everybody in the channel",
    )
    async def latest(
        interaction: Interaction,
        topic: str | None = None,
        event: EventType | None = None,
        organisation: str | None = None,
        since: Since | None = None,
        share: bool = False,
    ) -> None:
        await defer(interaction, share=share)
        wanted = Wanted(
            hours=HOURS[since] if since else None,
            event=event,
            topic=known_topic(topic, index),
            organisation=value_chosen(organisation, _pairs(index)) if organisation else None,
        )
        await require_known(wanted, index=index, store=store)
        await reply(interaction, await page_of(wanted, 0, store=store, now=clock()), share=share)

    @latest.autocomplete("topic")
    async def offer_topics(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(index.topics, typed)

    @latest.autocomplete("organisation")
    async def offer_organisations(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(_pairs(index), typed)

    return [news]


def buttons(*, store: Store, clock: Clock) -> list[type[PersistentButton]]:
    """Newer and Older under a page."""

    async def turn(interaction: Interaction, match: "re.Match[str]") -> None:
        own = asked_by(interaction)
        await (interaction.response.defer() if own else defer(interaction))
        page = await page_of(wanted_from(match), int(match["page"]), store=store, now=clock())
        await (replace(interaction, page) if own else reply(interaction, page))

    return [persistent_button(PAGING, turn)]


def asked_by(interaction: Interaction) -> bool:
    """Whether the one who pressed a button is the one whom its message answers."""
    asked = interaction.message.interaction_metadata if interaction.message else None
    return asked is None or asked.user.id == interaction.user.id


def known_topic(typed: str | None, index: Index) -> str | None:
    """The id of a topic that there is. Raises RefusedError."""
    if not typed:
        return None
    chosen = value_chosen(typed, index.topics)
    if chosen not in {topic for topic, _ in index.topics}:
        names = ", ".join(name for _, name in index.topics)
        raise RefusedError(f"There is no topic “{escape(typed, 100)}”. There is: {escape(names, 500)}.")
    return chosen


async def require_known(wanted: Wanted, *, index: Index, store: Store) -> None:
    """Raises RefusedError for an organisation that neither the configuration nor any story names."""
    name = wanted.organisation
    if name and name not in index.organisations and not await store.read(stories.count, organisation=name):
        raise RefusedError(
            f"Tocsin knows no organisation “{escape(name, 80)}”. Type a few letters and choose from the list."
        )


async def page_of(wanted: Wanted, page: int, *, store: Store, now: datetime) -> Message:
    """The page as a message; a page beyond the last is the last."""
    conditions = {
        "since": now - timedelta(hours=wanted.hours) if wanted.hours else None,
        "topic": wanted.topic,
        "event": wanted.event,
        "organisation": wanted.organisation,
    }
    total = await store.read(lambda c: stories.count(c, **conditions))  # type: ignore[arg-type]
    page = min(page, max(-(-total // PAGE) - 1, 0))
    found = await store.read(
        lambda c: stories.latest(c, **conditions, limit=PAGE, offset=page * PAGE)  # type: ignore[arg-type]
    )
    return latest_message(found, page=page, total=total, wanted=wanted)


def wanted_from(match: "re.Match[str]") -> Wanted:
    """What a paging button asks for; a kind of event that no longer exists is no condition."""
    event = match["event"] if match["event"] in get_args(EventType) else None
    return Wanted(
        hours=int(match["hours"]) or None,
        event=cast("EventType | None", event),
        topic=match["topic"] or None,
        organisation=match["organisation"] or None,
    )


def _pairs(index: Index) -> list[tuple[str, str]]:
    return [(name, name) for name in index.organisations]
