"""`/story view`: one story with its key points, facts and sources."""

from discord import app_commands

from bot.client.index import Index, choices, value_chosen
from bot.client.replies import Interaction, RefusedError, defer, reply
from bot.core.details import Reasoned, story_message
from bot.core.escape import escape
from bot.core.story import Story
from bot.store import Store, stories


def commands(*, store: Store, index: Index) -> list[app_commands.Group]:
    """The group `/story`."""
    story = app_commands.Group(name="story", description="One story", guild_only=True)

    @story.command(name="view", description="One story: key points, facts, sources")
    @app_commands.rename(chosen="story")
    @app_commands.describe(
        chosen="Some words of its title; choose it from the list",
        share="Show the answer to everybody in the channel",
    )
    async def view(interaction: Interaction, chosen: str, share: bool = False) -> None:
        await defer(interaction, share=share)
        found = await find_story(value_chosen(chosen, index.stories), store=store)
        earlier = await store.read(stories.get, found.follows) if found.follows else None
        placed = await store.read(stories.reports, found.id)
        reports = [Reasoned(each.report.article.outlet, each.report.analysis, each.because) for each in placed]
        await reply(interaction, story_message(found, earlier=earlier, reports=reports), share=share)

    @view.autocomplete("chosen")
    async def offer(_interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return choices(index.stories, typed)

    return [story]


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
