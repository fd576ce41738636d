"""`/feeds …`: which feeds a server reads, and how they are. For those who may manage the server.

What the catalogue holds belongs to nobody here; a feed that another server added is never shown.
"""

from discord import app_commands

from bot.client.replies import PersistentButton
from bot.client.rights import for_managers
from handlers.feeds import adding, exchange, listing
from handlers.feeds.means import Means, means_of

__all__ = ["Means", "buttons", "commands", "means_of"]


def commands(means: Means) -> list[app_commands.Group]:
    """The group `/feeds`."""
    group = app_commands.Group(name="feeds", description="Which news feeds are read, and how they are")
    group.guild_only = True
    for theme in (adding, listing, exchange):
        theme.add_to(group, means)
    return [for_managers(group)]


def buttons(means: Means) -> list[type[PersistentButton]]:
    """The buttons under drafts, lists and questions."""
    return [*adding.buttons(means), *listing.buttons(means)]
