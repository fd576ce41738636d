"""The menu of a message: Why this alert?, Wrong merge, Not relevant.

Which story a message tells stands in its buttons; no message is read.
"""

import re

import discord
from discord import app_commands

from bot.client.replies import Interaction, RefusedError, defer, reply
from bot.core.message import ACTION, mark_of
from bot.core.story import Story
from handlers.buttons.answers import why
from handlers.buttons.means import Means, kept_story
from handlers.buttons.votes import not_relevant, wrong_merge

NO_ALERT = "This message is no alert of Tocsin. Use this on a message in which Tocsin tells one story."
MANY = "This message lists several stories. Its button shows the list; `/story view` and `/admin why` take one of them."


def menus(means: Means) -> list[app_commands.ContextMenu]:
    """The three commands of a message's menu."""

    async def tell_why(interaction: Interaction, message: discord.Message) -> None:
        await defer(interaction)
        story, mark = await _story_of(interaction, message, means)
        await reply(interaction, await why(story, mark, guild_id=interaction.guild_id or 0, means=means))

    async def count_wrong_merge(interaction: Interaction, message: discord.Message) -> None:
        await defer(interaction)
        story, _ = await _story_of(interaction, message, means)
        await reply(interaction, await wrong_merge(interaction, story, means))

    async def count_not_relevant(interaction: Interaction, message: discord.Message) -> None:
        await defer(interaction)
        story, _ = await _story_of(interaction, message, means)
        await reply(interaction, await not_relevant(interaction, story, means))

    named = {"Why this alert?": tell_why, "Wrong merge": count_wrong_merge, "Not relevant": count_not_relevant}
    made = [app_commands.ContextMenu(name=name, callback=callback) for name, callback in named.items()]
    for menu in made:
        menu.guild_only = True
    return made


async def _story_of(interaction: Interaction, message: discord.Message, means: Means) -> tuple[Story, str]:
    """The story that a message tells, and its delivery's mark. Raises RefusedError for any other message."""
    own = interaction.client.user is not None and message.author.id == interaction.client.user.id
    carried = _carried(message) if own else []
    for custom_id in carried:
        found = re.fullmatch(ACTION, custom_id)
        if found:
            return await kept_story(means, found["story"]), found["mark"]
    raise RefusedError(MANY if any(map(mark_of, carried)) else NO_ALERT)


def _carried(message: discord.Message) -> list[str]:
    """What the buttons under a message carry."""
    rows = [each for each in message.components if isinstance(each, discord.ActionRow)]
    return [each.custom_id for row in rows for each in row.children if each.custom_id]
