"""`/admin relevance`: a manager's verdict on a story or on the story of a report; `reset` takes votes back."""

from typing import Literal, cast

import structlog
from discord import app_commands

from bot.client.replies import Interaction, RefusedError, reply
from bot.core.corrected import done_message
from bot.core.escape import escape
from bot.core.message import counted
from bot.core.story import Story
from bot.core.voting import Verdict, needed, verdict_lines
from bot.errors import TocsinError
from bot.store import articles, stories, verdicts
from handlers.admin.means import (
    Means,
    article_chosen,
    entered,
    hand_of,
    offer_reports,
    offer_stories,
    refresh,
    story_chosen,
)

log = structlog.get_logger(__name__)
NOT_TOLD = (
    "Votes only keep stories out, they bring none in. `/admin why` with its address shows what counted; who runs this"
    " Tocsin can change that."
)


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="relevance", description="Says whether a story is relevant here, or takes such votes back")
    @app_commands.describe(
        verdict="What it is to this server; reset takes managers' votes back, all of them without a story",
        story="The story; choose it from the list",
        article="Or one of its reports: choose it from the list, or give the address of its page",
    )
    @app_commands.autocomplete(story=offer_stories(means), article=offer_reports(means))  # type: ignore[arg-type]
    async def relevance(
        interaction: Interaction,
        verdict: Literal["relevant", "not_relevant", "reset"],
        story: str | None = None,
        article: str | None = None,
    ) -> None:
        guild_id = await entered(interaction, means)
        about = await _story(story, article, means)
        if verdict == "reset":
            await _reset(interaction, means, guild_id, about)
        elif about is None:
            raise RefusedError("Say what it is about: give a story or one of its reports.")
        else:
            await _give(interaction, means, guild_id, about, cast(Verdict, verdict))


async def _story(story: str | None, article: str | None, means: Means) -> Story | None:
    if story is not None and article is not None:
        raise RefusedError("Give either a story or a report, not both.")
    if story is not None:
        return await story_chosen(story, means)
    if article is None:
        return None
    story_id = await means.store.read(articles.story_of, await article_chosen(article, means, advice=NOT_TOLD))
    found = await means.store.read(stories.get, story_id) if story_id else None
    if found is None:
        raise RefusedError("This report is in no story any more.")
    return found


async def _give(interaction: Interaction, means: Means, guild_id: int, story: Story, verdict: Verdict) -> None:
    thresholds, hand = means.judgement.thresholds, hand_of(interaction, means, guild_id)
    number, counted = await means.store.write(verdicts.give, story, verdict, hand, thresholds)
    log.info("verdict.given", correction=number, guild=guild_id, story=story.id, verdict=verdict)
    await refresh(means, guild_id)
    lines = verdict_lines(story, verdict, counted, thresholds.get(story.topic, 0.0))
    await reply(interaction, done_message("Relevance", lines, correction_id=number))


async def _reset(interaction: Interaction, means: Means, guild_id: int, story: Story | None) -> None:
    thresholds, hand = means.judgement.thresholds, hand_of(interaction, means, guild_id)
    try:
        done = await means.store.write(verdicts.reset, story, hand, thresholds)
    except TocsinError as error:
        raise RefusedError(str(error)) from error
    log.info("verdict.reset", correction=done.id, guild=guild_id, story=story and story.id, votes=done.votes)
    await refresh(means, guild_id)
    about = f"on **{escape(story.title, 150)}** " if story else ""
    least = thresholds.get(story.topic, 0.0) if story else next(iter(thresholds.values()), 0.0)
    lines = [f"Taken back: {counted(done.votes, 'vote')} of managers {about}here.", needed(done.after, least)]
    await reply(interaction, done_message("Relevance", lines, correction_id=done.id))
