"""`/admin …`: why something was told or not, corrections of stories, and deleting everything. For those who may manage
the server; every correction is kept with who made it and when, and can be taken back."""

from collections.abc import Callable
from datetime import datetime

from discord import app_commands

from bot.client.index import Index
from bot.client.replies import PersistentButton
from bot.client.rights import for_managers
from bot.store import Store
from handlers.admin import correcting, purging, relevance, why
from handlers.admin.means import Judgement, Means

__all__ = ["Judgement", "buttons", "commands"]

Clock = Callable[[], datetime]


def commands(*, store: Store, index: Index, clock: Clock, judgement: Judgement) -> list[app_commands.Group]:
    """The group `/admin`."""
    group = app_commands.Group(name="admin", description="Why something was told, corrections, deleting everything")
    group.guild_only = True
    means = Means(store, index, clock, judgement)
    for theme in (why, correcting, relevance, purging):
        theme.add_to(group, means)
    for_managers(group)
    return [group]


def buttons(*, store: Store, index: Index, clock: Clock, judgement: Judgement) -> list[type[PersistentButton]]:
    """Take out, Undo, and the two under the question before everything is deleted."""
    means = Means(store, index, clock, judgement)
    return [*correcting.buttons(means), *purging.buttons(means)]
