"""`/alerts …`: which channels of a server get which stories, how and when. For those who may manage the server.

Discord hides these commands from nobody (see bot/README.md): rights are checked here, on every call, button and
autocomplete.
"""

from discord import app_commands

from bot.client.index import Index
from bot.client.replies import PersistentButton
from bot.store import Store
from handlers.alerts import adding, digests, editing, listing, quiet, trying, watching
from handlers.alerts.drafts import Drafts
from handlers.alerts.means import Clock, Means

__all__ = ["Drafts", "buttons", "commands"]


def commands(*, store: Store, index: Index, clock: Clock, drafts: Drafts) -> list[app_commands.Group]:
    """The group `/alerts`."""
    group = app_commands.Group(
        name="alerts", description="Which channels get which stories, how and when", guild_only=True
    )
    means = Means(store, index, clock, drafts)
    for theme in (adding, listing, editing, trying, digests, quiet, watching):
        theme.add_to(group, means)
    return [group]


def buttons(*, store: Store, index: Index, clock: Clock, drafts: Drafts) -> list[type[PersistentButton]]:
    """The buttons under drafts, lists and questions."""
    means = Means(store, index, clock, drafts)
    return [*adding.buttons(means), *listing.buttons(means)]
