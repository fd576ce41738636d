"""`/admin why`: the whole way of an article or a story, told or not; of subscriptions and votes only this server's."""

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.client.replies import Interaction, RefusedError, reply
from bot.core.account import Trace, account
from bot.core.escape import escape
from bot.core.explained import account_message, corrections_part, named_channels, votes_part
from bot.core.link import spellings
from bot.core.message import Message
from bot.core.owing import Server
from bot.core.reasons import Part
from bot.core.story import Story
from bot.store import corrections, guilds, subscriptions, traces, votes
from handlers.admin.means import Means, entered, offer_stories, story_chosen


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="why", description="Why something was told or not: every gate with its value")
    @app_commands.describe(
        url="The address of an article, whether it was told or not", story="A story; choose it from the list"
    )
    @app_commands.autocomplete(story=offer_stories(means))  # type: ignore[arg-type]
    async def why(interaction: Interaction, url: str | None = None, story: str | None = None) -> None:
        guild_id = await entered(interaction, means)
        found = await _traces(url, story, guild_id, means)
        await reply(interaction, await _told(found, guild_id, interaction.guild, means))


async def _traces(url: str | None, story: str | None, guild_id: int, means: Means) -> list[Trace]:
    """What is kept of the article or of the story's reports, the first one first. Raises RefusedError."""
    if (url is None) == (story is None):
        raise RefusedError("Give either the address of an article or a story.")
    if story is not None:
        chosen = await story_chosen(story, means)
        found = await means.store.read(traces.of_story, chosen.id, guild_id)
        if not found:
            raise RefusedError("No report of this story is kept any more.")
        return found
    links = spellings(url or "")
    if not links:
        raise RefusedError(f"“{escape(url or '', 150)}” is no address of a web page; it begins with https:// .")
    found = await means.store.read(traces.of_link, links, guild_id)
    if not found:
        raise RefusedError(f"No feed has brought {escape(url or '', 200)} so far; `/status` shows how the feeds are.")
    return found[:1]


async def _told(found: Sequence[Trace], guild_id: int, guild: discord.Guild | None, means: Means) -> Message:
    trace, judgement = found[0], means.judgement
    wishes = await means.store.read(subscriptions.listed, guild_id)
    server = await means.store.read(guilds.wants, guild_id, means.clock())
    weight = judgement.weigh_for(server, trace.story) if trace.story else None
    standards = judgement.standards
    parts = account(trace, subscriptions=wishes, importance=weight, standards=standards, server=server)
    names = {each.id: each.name for each in (*guild.channels, *guild.threads)} if guild else {}
    named = named_channels(parts, trace.fates, wishes, names)
    own = await _own(trace.story, server, guild_id, means) if trace.story else []
    return account_message(trace, named, own, others=len(found) - 1)


async def _own(story: Story, server: Server, guild_id: int, means: Means) -> list[Part]:
    """What people said of the story and did to it."""
    tally = await means.store.read(votes.tally, guild_id, story.id)
    threshold = means.judgement.standards.threshold(story.topic)
    made = await means.store.read(corrections.listed, story_ids=[story.id])
    ours = [each for guild, each in made if guild == guild_id]
    corrected = corrections_part(ours, elsewhere=len(made) - len(ours))
    return [votes_part(tally, added=server.stricter, threshold=threshold), *([corrected] if corrected else [])]
