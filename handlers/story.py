"""`/story`: one story, its sources, and how it came about. `timeline` has pages, turned by stateless buttons."""

import re
from collections.abc import Callable

from discord import app_commands

from bot.client.index import Index, offer_stories, value_chosen
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
from bot.core.details import Reasoned, sources_message, story_message
from bot.core.escape import escape
from bot.core.message import Message
from bot.core.story import Story
from bot.core.timeline import CHAIN_SHOWN, TURNING, Chain, timeline_message
from bot.store import Connection, Store, stories

Drawn = Callable[[Connection, Story], Message]
ASKED = "Some words of its title; choose it from the list"
FORGOTTEN = "This story is no longer kept; Tocsin forgets stories after a year unless its operator chose otherwise."


def commands(*, store: Store, index: Index) -> list[app_commands.Group]:
    """The group `/story`."""
    story = app_commands.Group(
        name="story", description="One story: what it says, who reports it, what came before", guild_only=True
    )
    for name, description, drawn in (
        ("view", "One story: key points, facts, sources", view),
        ("sources", "Every report of a story, and where each link leads", lambda _c, story: sources_message(story)),
        ("timeline", "How a story came about: every report in order, the steps before it and after it", timeline),
    ):
        _add(story, name, description, drawn, store=store, index=index)
    return [story]


def buttons(*, store: Store) -> list[type[PersistentButton]]:
    """Earlier and Later under a timeline. Anybody but who asked gets a page of his own."""

    async def turn(interaction: Interaction, match: "re.Match[str]") -> None:
        await turn_to(interaction, lambda: _page(store, match["story"], int(match["page"])))

    return [persistent_button(TURNING, turn)]


def view(c: Connection, story: Story) -> Message:
    """The story with what it follows and what its reports say."""
    earlier = stories.get(c, story.follows) if story.follows else None
    reports = [
        Reasoned(each.report.article.outlet, each.report.analysis, each.because)
        for each in stories.reports(c, story.id)
    ]
    return story_message(story, earlier=earlier, reports=reports)


def timeline(c: Connection, story: Story, *, page: int = 0) -> Message:
    """A page of the story's reports, and the chain that it stands in."""
    more = CHAIN_SHOWN + 1  # tells whether there are still others
    chain = Chain(stories.before(c, story, limit=more), stories.after(c, story, limit=more))
    return timeline_message(story, chain, page=page)


async def find_story(asked: str, *, store: Store) -> Story:
    """The story with this id, or the only one whose title holds these words. Raises RefusedError."""
    found = await store.read(stories.get, asked)
    if found is None:
        titled = await store.read(stories.find, asked, limit=2)
        if len(titled) > 1:
            raise RefusedError(f"Several stories hold “{escape(asked, 200)}”; choose one from the list.")
        found = await store.read(stories.get, titled[0][0]) if titled else None
    if found is None:
        raise RefusedError(f"No story is called “{escape(asked, 200)}”; see `/news latest`.")
    return found


async def _page(store: Store, story_id: str, page: int) -> Message:
    """A page of the story's timeline. Raises RefusedError once the story is kept no longer."""
    found = await store.read(stories.get, story_id)
    if found is None:
        raise RefusedError(FORGOTTEN)
    return await store.read(timeline, found, page=page)


def _add(group: app_commands.Group, name: str, description: str, drawn: Drawn, *, store: Store, index: Index) -> None:
    """A command that answers with what `drawn` makes of the story that was asked for."""

    @group.command(name=name, description=description)
    @app_commands.rename(chosen="story")
    @app_commands.describe(chosen=ASKED, share=SHARE)
    @app_commands.autocomplete(chosen=offer_stories(index))
    async def answer(interaction: Interaction, chosen: str, share: bool = False) -> None:
        await defer(interaction, share=share)
        found = await find_story(value_chosen(chosen, index.stories), store=store)
        await reply(interaction, await store.read(drawn, found), share=share)
