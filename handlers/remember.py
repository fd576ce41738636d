"""Keeps what autocomplete offers in memory: topics, organisations, recent stories, each server's subscriptions.

Runs as a tick and after a change; it answers nobody itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.client import Index
from bot.core.alert import Subscription
from bot.core.corrected import Correction
from bot.core.feedlist import names_of
from bot.core.relevance import Topic
from bot.store import Store, articles, corrections, guild_feeds, guilds, stories, subscriptions, watches
from bot.store.guilds import Watch

STORIES, ORGANISATIONS, CORRECTIONS = 2_000, 20_000, 500
"""Names in memory: the newest stories, the organisations with most stories. To look through them takes milliseconds."""

NOBODY = 0
"""No server: what it may see, every server may."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)  # what has ended is left out when it is offered


async def remember(
    index: Index,
    *,
    store: Store,
    topics: Sequence[Topic],
    organisations: Sequence[str],
    other_names: Sequence[tuple[str, str]] = (),
) -> None:
    """Refreshes `index` from the store; `organisations` are the names that the configuration knows, `other_names` each
    (organisation, what else it is called)."""
    index.topics = [(topic.id, topic.name) for topic in topics]
    named = await store.read(stories.organisations, limit=ORGANISATIONS)
    index.organisations = list(dict.fromkeys([*named, *organisations]))
    index.other_names = other_names
    index.stories = await store.read(stories.find, "", limit=STORIES)
    settings = await store.read(guilds.all_settings)
    index.manager_roles = {each.guild_id: each.manager_role_id for each in settings if each.manager_role_id}
    index.outlets = await store.read(watches.outlets)
    index.watches = words_by_guild(await store.read(guilds.listed_watches, LONG_AGO))
    index.subscriptions = by_guild(await store.read(subscriptions.listed))
    index.feeds = names_of(await store.read(guild_feeds.visible, NOBODY))
    own = await store.read(guild_feeds.added)
    index.own_feeds = {guild: names_of(added) for guild, added in own.items()}
    index.reports = await store.read(articles.joined_lately)
    index.corrections = corrections_by_guild(await store.read(corrections.listed, limit=CORRECTIONS))


def corrections_by_guild(found: Sequence[tuple[int, Correction]]) -> dict[int, Sequence[tuple[int, str]]]:
    """The corrections of each server that stand, the newest first."""
    grouped: dict[int, list[tuple[int, str]]] = {}
    for guild_id, correction in found:
        if correction.undone_at is None:
            grouped.setdefault(guild_id, []).append((correction.id, correction.what))
    return dict(grouped)


def by_guild(found: Sequence[Subscription]) -> dict[int, Sequence[Subscription]]:
    """The subscriptions of each server."""
    grouped: dict[int, list[Subscription]] = {}
    for subscription in found:
        grouped.setdefault(subscription.guild_id, []).append(subscription)
    return dict(grouped)


def words_by_guild(found: Sequence[Watch]) -> dict[int, Sequence[tuple[str, datetime | None]]]:
    """What each server watches for or has muted, with its end."""
    grouped: dict[int, list[tuple[str, datetime | None]]] = {}
    for watch in found:
        grouped.setdefault(watch.guild_id, []).append((watch.words, watch.until))
    return dict(grouped)
