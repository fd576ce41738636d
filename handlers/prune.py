"""The daily tick that deletes what is kept no longer: old articles and stories, with what still waits to tell them, who
voted, servers that left for good.

Each step is a small transaction, so that polls and deliveries go on between them. What is old, and what is still
needed, is told in bot/store/prune.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.about import KEPT_AFTER_LEAVING, VOTERS_KEPT
from bot.store import Store, guilds, prune

log = structlog.get_logger(__name__)

STEP = 200
STORIES = 20
"""Rows, and stories with all that is about them, that one transaction deletes at most."""

RUNNERS_KEPT = timedelta(days=1)
REFUSALS_KEPT = timedelta(hours=1)
"""Far beyond what anybody looks back: two minutes for runners, ten for refused requests."""


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What one tick deleted; `voters` were forgotten, `alerts` given up."""

    servers: int = 0
    alerts: int = 0
    articles: int = 0
    entries: int = 0
    stories: int = 0
    bulletins: int = 0
    voters: int = 0
    runners: int = 0
    refusals: int = 0
    hosts: int = 0


async def prune_tick(now: datetime, *, store: Store, keep: timedelta, idle: timedelta) -> PruneReport:
    """Deletes what is older than `keep`, and what else is kept for a fixed time. A story takes reports until none has
    come for `idle`."""
    old = now - keep
    report = PruneReport(
        servers=await _servers(now, store=store),
        voters=await _all(lambda: store.write(prune.voters, now - timedelta(days=VOTERS_KEPT), STEP)),
        alerts=await _all(lambda: store.write(prune.old_alerts, old, now, STEP)),
        articles=await _all(lambda: store.write(prune.old_articles, old, now - idle, STEP)),
        entries=await _entries(old, store=store),
        stories=await _all(lambda: store.write(prune.old_stories, old, STORIES)),
        bulletins=await _all(lambda: store.write(prune.old_bulletins, old, STEP)),
        runners=await store.write(prune.old_runners, now - RUNNERS_KEPT),
        refusals=await store.write(prune.old_refusals, now - REFUSALS_KEPT),
        hosts=await store.write(prune.idle_hosts, now),
    )
    log.info("prune.done", **{name: getattr(report, name) for name in PruneReport.__slots__})
    return report


async def _servers(now: datetime, *, store: Store) -> int:
    """Deletes what is kept of servers that the bot was removed from long enough ago."""
    gone = await store.read(guilds.left, now - timedelta(days=KEPT_AFTER_LEAVING))
    for guild_id in gone:
        await store.write(prune.silence, guild_id)
        await _all(lambda guild_id=guild_id: store.write(prune.server, guild_id, now, STEP))  # type: ignore[misc]
        log.info("guild.forgotten", guild=guild_id)
    return len(gone)


async def _entries(old: datetime, *, store: Store) -> int:
    """Goes from feed to feed: to look through all of them at once takes as long as others can wait."""
    deleted = 0
    for feed_id in await store.read(prune.every_feed):
        deleted += await _all(lambda feed_id=feed_id: store.write(prune.old_entries, feed_id, old, STEP))  # type: ignore[misc]
    return deleted


async def _all(step: Callable[[], Awaitable[int]]) -> int:
    """Takes steps until there is nothing left to do."""
    total = 0
    while done := await step():
        total += done
    return total
