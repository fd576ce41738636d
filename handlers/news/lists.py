"""`/news latest`, `top` and `search`: stories, five a page.

Pages are turned by stateless buttons. Who asked turns the page that he asked for; anybody else who presses a button
under a shared answer gets a page of his own, which only he sees, so that nobody turns it under the others' eyes.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from discord import app_commands

from bot.client.chosen import organisation_chosen, topic_chosen
from bot.client.index import Index, offer_organisations, offer_topics
from bot.client.replies import (
    SHARE,
    Interaction,
    PersistentButton,
    RefusedError,
    defer,
    persistent_button,
    reply,
    turn_to,
)
from bot.core.event import EventType
from bot.core.lists import PAGE, PAGING, Listed, ListKind, Page, Wanted, hours_of, list_message
from bot.core.message import Message
from bot.core.query import LONGEST, cleaned, terms_of
from bot.store import Connection, Store, stories
from bot.store.search import search

Clock = Callable[[], datetime]
Since = Literal["6h", "24h", "3d", "7d"]
Span = Literal["24h", "3d", "7d", "30d", "12w", "52w"]
Window = Literal["24h", "3d", "7d", "30d"]
Sort = Literal["best match", "newest"]
NO_WORDS = "Type at least one word to search for; signs and pictures alone cannot be found."


def add_latest(news: app_commands.Group, *, store: Store, index: Index, clock: Clock) -> None:
    """`/news latest`."""

    @news.command(name="latest", description="The latest stories, five a page")
    @app_commands.rename(named="organisation")
    @app_commands.describe(
        topic="Only stories of this topic",
        event="Only stories of this kind",
        named="Only stories that name this organisation",
        since="Only stories with a report in this time",
        share=SHARE,
    )
    @app_commands.autocomplete(topic=offer_topics(index), named=offer_organisations(index))
    async def latest(
        interaction: Interaction,
        topic: str | None = None,
        event: EventType | None = None,
        named: str | None = None,
        since: Since | None = None,
        share: bool = False,
    ) -> None:
        await defer(interaction, share=share)
        wanted = Wanted(
            hours=hours_of(since),
            event=event,
            topic=topic_chosen(topic, index),
            organisation=await known_organisation(named, index=index, store=store),
        )
        await reply(interaction, await page_of(wanted, 0, store=store, now=clock()), share=share)


def add_search(news: app_commands.Group, *, store: Store, index: Index, clock: Clock) -> None:
    """`/news search`."""

    @news.command(name="search", description="Stories whose reports hold all of some words, five a page")
    @app_commands.rename(named="organisation")
    @app_commands.describe(
        query='Words that all have to be in a report; put "words in quotes" to find them side by side',
        named="Only stories that name this organisation",
        event="Only stories of this kind",
        since="Only stories with a report in this time",
        sort="What comes first; the best match if you do not say",
        share=SHARE,
    )
    @app_commands.autocomplete(named=offer_organisations(index))
    async def search_news(
        interaction: Interaction,
        query: app_commands.Range[str, 1, 6000],
        named: str | None = None,
        event: EventType | None = None,
        since: Span | None = None,
        sort: Sort = "best match",
        share: bool = False,
    ) -> None:
        await defer(interaction, share=share)
        if not terms_of(query):
            raise RefusedError(NO_WORDS)
        wanted = Wanted(
            hours=hours_of(since),
            event=event,
            organisation=await known_organisation(named, index=index, store=store),
            kind="search",
            query=cleaned(query)[:LONGEST],
            newest=sort == "newest",
        )
        await reply(interaction, await page_of(wanted, 0, store=store, now=clock()), share=share)


def add_top(news: app_commands.Group, *, store: Store, index: Index, clock: Clock) -> None:
    """`/news top`."""

    @news.command(name="top", description="The most important stories, five a page")
    @app_commands.describe(
        window="How far back to look; seven days if you do not say", topic="Only stories of this topic", share=SHARE
    )
    @app_commands.autocomplete(topic=offer_topics(index))
    async def top(
        interaction: Interaction, window: Window = "7d", topic: str | None = None, share: bool = False
    ) -> None:
        await defer(interaction, share=share)
        wanted = Wanted(hours=hours_of(window), topic=topic_chosen(topic, index), kind="top")
        await reply(interaction, await page_of(wanted, 0, store=store, now=clock()), share=share)


def buttons(*, store: Store, clock: Clock) -> list[type[PersistentButton]]:
    """Newer and Older, Back and More under a page."""

    async def turn(interaction: Interaction, match: "re.Match[str]") -> None:
        wanted, page = wanted_from(match), int(match["page"])
        await turn_to(interaction, lambda: page_of(wanted, page, store=store, now=clock()))

    return [persistent_button(PAGING, turn)]


async def known_organisation(typed: str | None, *, index: Index, store: Store) -> str | None:
    """The organisation that was asked for. Raises RefusedError for one that nobody knows."""
    return await organisation_chosen(typed, index, is_named=lambda name: store.read(stories.is_named, name))


async def page_of(wanted: Wanted, page: int, *, store: Store, now: datetime) -> Message:
    """The page as a message; a page beyond the last is the last."""
    since = now - timedelta(hours=wanted.hours) if wanted.hours else None
    read = _found if wanted.kind == "search" else _told
    return list_message(await store.read(read, wanted, page, since), wanted)


def wanted_from(match: "re.Match[str]") -> Wanted:
    """What a paging button asks for; a kind of event that no longer exists is no condition."""
    event = match["event"] if match["event"] in get_args(EventType) else None
    return Wanted(
        hours=int(match["hours"]) or None,
        event=cast("EventType | None", event),
        topic=match["topic"] or None,
        organisation=match["organisation"] or None,
        kind=cast(ListKind, match["kind"]),
        query=match["query"] or "",
        newest=match["sort"] == "n",
    )


def _told(c: Connection, wanted: Wanted, page: int, since: datetime | None) -> Page:
    """A page of the latest or of the most important stories."""
    total = stories.count(c, since=since, topic=wanted.topic, event=wanted.event, organisation=wanted.organisation)
    page = min(page, max(-(-total // PAGE) - 1, 0))
    if wanted.kind == "top":
        best = stories.top(c, since=since, topic=wanted.topic, limit=PAGE, offset=page * PAGE)
        return Page([Listed(each.story, each.importance.level) for each in best], page, total)
    found = stories.latest(
        c,
        since=since,
        topic=wanted.topic,
        event=wanted.event,
        organisation=wanted.organisation,
        limit=PAGE,
        offset=page * PAGE,
    )
    levels = {each.story.id: each.importance.level for each in stories.ranked(c, ids=[story.id for story in found])}
    return Page([Listed(story, levels.get(story.id)) for story in found], page, total)


def _found(c: Connection, wanted: Wanted, page: int, since: datetime | None) -> Page:
    """A page of what a search found."""
    found = search(
        c,
        terms_of(wanted.query),
        organisation=wanted.organisation,
        event=wanted.event,
        since=since,
        newest=wanted.newest,
        size=PAGE,
        page=page,
    )
    return Page(found.listed, found.number, found.total, found.more)
