"""`/news latest`: what was told lately, five stories a page. Pages are turned by stateless buttons."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from discord import app_commands

from bot.client.index import Index, choices, value_chosen
from bot.client.replies import Interaction, PersistentButton, defer, persistent_button, replace, reply
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
            topic=value_chosen(topic, index.topics) if topic else None,
            organisation=value_chosen(organisation, _pairs(index)) if organisation else None,
        )
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
        await interaction.response.defer()
        wanted = wanted_from(match)
        await replace(interaction, await page_of(wanted, int(match["page"]), store=store, now=clock()))

    return [persistent_button(PAGING, turn)]


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
