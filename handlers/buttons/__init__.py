"""The buttons under an alert — Sources, Key points, Why?, Not relevant — and the menu of its message.

They work for ever, over restarts, and answer one person.
"""

import re
from collections.abc import Mapping

from discord import app_commands

from bot.client.index import Index
from bot.client.replies import Interaction, PersistentButton, defer, persistent_button, reply
from bot.core.message import ACTION
from bot.core.voting import TAKING_BACK
from bot.store import Store
from handlers.buttons.answers import answer
from handlers.buttons.means import Clock, Means, kept_story
from handlers.buttons.menus import menus
from handlers.buttons.votes import not_relevant, take_back


def commands(
    *, store: Store, index: Index, clock: Clock, thresholds: Mapping[str, float]
) -> list[app_commands.ContextMenu]:
    """The menu of a message."""
    return menus(Means(store, index, clock, thresholds))


def buttons(
    *, store: Store, index: Index, clock: Clock, thresholds: Mapping[str, float]
) -> list[type[PersistentButton]]:
    """One pattern for the four under an alert, and one for Undo under the answer to a vote."""
    means = Means(store, index, clock, thresholds)

    async def press(interaction: Interaction, match: "re.Match[str]") -> None:
        await defer(interaction)
        story, asked = await kept_story(means, match["story"]), match["asked"]
        if asked == "reject":
            await reply(interaction, await not_relevant(interaction, story, means))
            return
        guild_id = interaction.guild_id or 0
        await reply(interaction, await answer(asked, story, match["mark"], guild_id=guild_id, means=means))

    async def undo(interaction: Interaction, match: "re.Match[str]") -> None:
        await take_back(interaction, match, means)

    return [persistent_button(ACTION, press), persistent_button(TAKING_BACK, undo)]
