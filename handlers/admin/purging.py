"""`/admin purge`: deletes everything of a server, after asking once more."""

import re

import structlog
from discord import app_commands

from bot.client.replies import Interaction, PersistentButton, RefusedError, persistent_button, replace, reply
from bot.client.rights import require_manager
from bot.core.about import PURGING, purge_question
from bot.core.pages import notice
from bot.store import prune
from handlers.admin.means import Means, entered

log = structlog.get_logger(__name__)
STEP = 500
NOT_YOURS = "Only who asked can answer this; use `/admin purge` yourself."
DONE = "Everything that Tocsin kept of this server is deleted. Messages that it sent stay until you delete them."


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the command to the group."""

    @group.command(name="purge", description="Deletes at once everything that Tocsin keeps of this server")
    async def purge(interaction: Interaction) -> None:
        guild_id = await entered(interaction, means)
        there = await means.store.read(prune.kept_of, guild_id)
        await reply(interaction, purge_question(there, user_id=interaction.user.id))


def buttons(means: Means) -> list[type[PersistentButton]]:
    """Delete everything, and Cancel."""

    async def press(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        if int(match["user"]) != interaction.user.id:
            raise RefusedError(NOT_YOURS)
        await interaction.response.defer()
        if match["asked"] == "yes":
            await _purge(guild_id, means)
            await replace(interaction, notice(DONE, title="Deleted"))
        else:
            await replace(interaction, notice("Nothing was deleted.", title="Cancelled"))

    return [persistent_button(PURGING, press)]


async def _purge(guild_id: int, means: Means) -> None:
    """Deletes the server's data step by step; nothing is sent there from the first step on."""
    await means.store.write(prune.silence, guild_id)
    while await means.store.write(prune.server, guild_id, means.clock(), STEP):
        pass
    log.warning("guild.purged", guild=guild_id)
    index = means.index
    for by_server in (index.subscriptions, index.manager_roles, index.watches, index.corrections, index.own_feeds):
        by_server.pop(guild_id, None)
