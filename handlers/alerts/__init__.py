"""`/alerts …`: which channels of a server get which stories, how and when. For those who may manage the server.

Discord hides these commands from nobody (see bot/README.md): rights are checked here, on every call, button and
autocomplete.
"""

from discord import app_commands

from bot.client.replies import PersistentButton
from bot.client.rights import for_managers
from handlers.alerts import adding, digests, editing, listing, quiet, trying, watching
from handlers.alerts.means import Means

__all__ = ["Means", "buttons", "commands"]


def commands(means: Means) -> list[app_commands.Group]:
    """The group `/alerts`."""
    group = app_commands.Group(
        name="alerts", description="Which channels get which stories, how and when", guild_only=True
    )
    for theme in (adding, listing, editing, trying, digests, quiet, watching):
        theme.add_to(group, means)
    return [for_managers(group)]


def buttons(means: Means) -> list[type[PersistentButton]]:
    """The buttons under drafts, lists and questions."""
    return [*adding.buttons(means), *listing.buttons(means)]
