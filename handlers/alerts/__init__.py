"""`/alerts …`: which channels of a server get which stories, how and when. For those who may manage the server.

Discord hides these commands from nobody (see bot/README.md): rights are checked here, on every call, button and
autocomplete.
"""

from collections.abc import Mapping

from discord import app_commands

from bot.client.drafts import Drafts
from bot.client.index import Index
from bot.client.replies import PersistentButton
from bot.client.rights import for_managers
from bot.core.alert import Subscription
from bot.store import Store
from handlers.alerts import adding, digests, editing, listing, quiet, trying, watching
from handlers.alerts.means import Clock, Means


def commands(
    *, store: Store, index: Index, clock: Clock, drafts: Drafts[Subscription], thresholds: Mapping[str, float]
) -> list[app_commands.Group]:
    """The group `/alerts`; `thresholds` are by topic the scores that a story needs."""
    group = app_commands.Group(
        name="alerts", description="Which channels get which stories, how and when", guild_only=True
    )
    means = Means(store, index, clock, drafts, thresholds)
    for theme in (adding, listing, editing, trying, digests, quiet, watching):
        theme.add_to(group, means)
    return [for_managers(group)]


def buttons(
    *, store: Store, index: Index, clock: Clock, drafts: Drafts[Subscription], thresholds: Mapping[str, float]
) -> list[type[PersistentButton]]:
    """The buttons under drafts, lists and questions."""
    means = Means(store, index, clock, drafts, thresholds)
    return [*adding.buttons(means), *listing.buttons(means)]
