"""The tables as they stand today. What is searched or joined has a column; the rest of a value is one JSON document.

It creates nothing: `migrations/` does, and a test holds the two together.
"""

from bot.store.schema.archive import aliases, articles, entries, feeds, hosts, stories, story_organisations
from bot.store.schema.columns import metadata, pending
from bot.store.schema.outbox import alerts, bulletins, channels, deliveries, subscriptions
from bot.store.schema.programs import counters, places, refusals, runners
from bot.store.schema.servers import corrections, guild_feeds, guilds, votes, watches

__all__ = [
    "alerts",
    "aliases",
    "articles",
    "bulletins",
    "channels",
    "corrections",
    "counters",
    "deliveries",
    "entries",
    "feeds",
    "guild_feeds",
    "guilds",
    "hosts",
    "metadata",
    "pending",
    "places",
    "refusals",
    "runners",
    "stories",
    "story_organisations",
    "subscriptions",
    "votes",
    "watches",
]
