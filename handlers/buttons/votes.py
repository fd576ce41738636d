"""Not relevant and Wrong merge: one person's word on a story. Readers are counted; managers change something."""

import re

import structlog

from bot.client.replies import Interaction, defer, reply
from bot.client.rights import is_manager, require_manager
from bot.core.corrected import wrong_merge_message
from bot.core.message import Message
from bot.core.story import Story
from bot.core.voting import Counted, Verdict, not_relevant_message, taken_back_message
from bot.store import articles, votes
from bot.store.votes import Vote
from handlers.buttons.means import Means, kept_story

log = structlog.get_logger(__name__)


async def not_relevant(interaction: Interaction, story: Story, means: Means) -> Message:
    """Counts the word that a story is not relevant, and tells what it led to."""
    counted = await _count(interaction, story, "not_relevant", means)
    manager = is_manager(interaction, means.index)
    return not_relevant_message(story, counted, manager=manager, threshold=means.thresholds.get(story.topic, 0.0))


async def wrong_merge(interaction: Interaction, story: Story, means: Means) -> Message:
    """Counts the word that reports do not belong together; managers get buttons that take one out."""
    counted = await _count(interaction, story, "wrong_merge", means)
    manager = is_manager(interaction, means.index)
    reports = await means.store.read(articles.titles_of_story, story.id) if manager else []
    return wrong_merge_message(story, counted.tally, reports, is_new=counted.is_new, manager=manager)


async def take_back(interaction: Interaction, match: "re.Match[str]", means: Means) -> None:
    """Undo under the answer to a manager's vote."""
    guild_id = require_manager(interaction, means.index)
    await defer(interaction)
    story = await kept_story(means, match["story"])
    counted = await means.store.write(votes.take_back, guild_id, story.id, interaction.user.id, means.thresholds)
    log.info("vote.taken_back", guild=guild_id, story=story.id)
    await reply(interaction, taken_back_message(story, counted, threshold=means.thresholds.get(story.topic, 0.0)))


async def _count(interaction: Interaction, story: Story, verdict: Verdict, means: Means) -> Counted:
    vote = Vote(
        guild_id=interaction.guild_id or 0,
        story_id=story.id,
        user_id=interaction.user.id,
        manager=is_manager(interaction, means.index),
        verdict=verdict,
        voted_at=means.clock(),
    )
    counted = await means.store.write(votes.cast_vote, vote, means.thresholds)
    ids = {"guild": vote.guild_id, "story": story.id}  # who it was is nobody's business
    log.info("vote.cast", **ids, verdict=verdict, manager=vote.manager, new=counted.is_new)
    return counted
