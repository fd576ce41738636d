"""`/admin merge · split · undo`, and the buttons that split and undo. Each can be taken back."""

import re
import secrets
from collections.abc import Callable

import structlog
from discord import app_commands

from bot.client.index import choices
from bot.client.replies import Interaction, PersistentButton, RefusedError, defer, persistent_button, reply
from bot.client.rights import is_manager, require_manager
from bot.core.corrected import SPLITTING, UNDOING, done_message
from bot.core.escape import escape
from bot.core.message import Message, counted
from bot.core.story import Story
from bot.errors import TocsinError
from bot.store import Connection, corrections, verdicts
from bot.store.corrections import Done
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
Change = Callable[[Connection], Done]


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""
    _add_merge(group, means)
    _add_split(group, means)
    _add_undo(group, means)


def buttons(means: Means) -> list[type[PersistentButton]]:
    """Take out, under the answer to Wrong merge; and Undo."""

    async def press_split(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        await defer(interaction)
        await reply(interaction, await _split(interaction, means, guild_id, int(match["article"])))

    async def press_undo(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        await defer(interaction)
        await reply(interaction, await _undo(interaction, means, guild_id, int(match["correction"])))

    return [persistent_button(SPLITTING, press_split), persistent_button(UNDOING, press_undo)]


def _add_merge(group: app_commands.Group, means: Means) -> None:
    @group.command(name="merge", description="Puts two stories about one thing together; can be taken back")
    @app_commands.describe(story="The story that goes into the other", into="The story that stays")
    @app_commands.autocomplete(story=offer_stories(means), into=offer_stories(means))  # type: ignore[arg-type]
    async def merge(interaction: Interaction, story: str, into: str) -> None:
        guild_id = await entered(interaction, means)
        gone, kept = await story_chosen(story, means), await story_chosen(into, means)
        hand = hand_of(interaction, means, guild_id)
        done = await change(means, guild_id, lambda c: corrections.merge(c, gone.id, kept.id, hand))
        both = done.changed[0]
        lines = [
            f"**{_title(gone)}** is now part of **{_title(both)}**, which has"
            f" {counted(len(both.sources), 'report')} by {counted(len(both.outlets), 'independent outlet')}.",
            "Where only the first was told, its message shows the merged story from now on; where both were, the"
            " message of the one that stays does. Nothing is sent anew.",
        ]
        await reply(interaction, done_message("Merged", lines, correction_id=done.id))


def _add_split(group: app_commands.Group, means: Means) -> None:
    @group.command(name="split", description="Takes a report out of its story, in which it does not belong")
    @app_commands.describe(article="The report: choose it from the list, or give the address of its page")
    @app_commands.autocomplete(article=offer_reports(means))  # type: ignore[arg-type]
    async def split(interaction: Interaction, article: str) -> None:
        guild_id = await entered(interaction, means)
        article_id = await article_chosen(article, means)
        await reply(interaction, await _split(interaction, means, guild_id, article_id))


def _add_undo(group: app_commands.Group, means: Means) -> None:
    @group.command(name="undo", description="Takes a correction of this server back")
    @app_commands.describe(correction="Its number; choose it from the list")
    async def undo(interaction: Interaction, correction: int) -> None:
        guild_id = await entered(interaction, means)
        if not 0 < correction < 2**63:
            raise RefusedError(f"This server has made no correction {correction}; choose one from the list.")
        await reply(interaction, await _undo(interaction, means, guild_id, correction))

    @undo.autocomplete("correction")
    async def offer(interaction: Interaction, typed: int | str) -> list[app_commands.Choice[int]]:
        if not is_manager(interaction, means.index):
            return []
        made = means.index.corrections.get(interaction.guild_id or 0, ())
        found = choices([(str(id), f"{id} · {what}") for id, what in made], str(typed))
        return [app_commands.Choice(name=each.name, value=int(each.value)) for each in found]


async def _split(interaction: Interaction, means: Means, guild_id: int, article_id: int) -> Message:
    hand, new_id = hand_of(interaction, means, guild_id), secrets.token_hex(8)
    done = await change(means, guild_id, lambda c: corrections.split(c, article_id, new_id, hand))
    own, rest = done.changed
    lines = [
        f"**{_title(own)}** is a story of its own now, which alerts nobody by itself.",
        f"**{_title(rest)}** is told by its other reports ({len(rest.sources)}); its messages follow.",
    ]
    return done_message("Taken out", lines, correction_id=done.id)


async def _undo(interaction: Interaction, means: Means, guild_id: int, correction_id: int) -> Message:
    hand, thresholds = hand_of(interaction, means, guild_id), means.judgement.thresholds

    def take_back(c: Connection) -> Done:
        row = corrections.open_correction(c, correction_id, guild_id)
        if row["kind"] == "relevance":
            return verdicts.undo(c, correction_id, hand, thresholds)
        return corrections.undo(c, correction_id, hand)

    done = await change(means, guild_id, take_back)
    shown = [f"- **{_title(story)}**" for story in done.changed[:2]]
    lines = ["As it was before, with what has come in since:", *shown] if shown else ["The votes are as they were."]
    return done_message("Taken back", lines)


async def change(means: Means, guild_id: int, work: Change) -> Done:
    """Changes stories in one transaction. Raises RefusedError where that cannot be."""
    try:
        done = await means.store.write(work)
    except TocsinError as error:
        raise RefusedError(str(error)) from error
    log.info("correction.applied", correction=done.id, guild=guild_id, stories=[story.id for story in done.changed])
    await refresh(means, guild_id, done)
    return done


def _title(story: Story) -> str:
    return escape(story.title, 150)
