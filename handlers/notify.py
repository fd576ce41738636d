"""The tick that tells each server's ops channel what has gone wrong and what works again, once each.

It sends nothing itself: notices go the way of digests. Servers without an ops channel are told nothing.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from bot.core.conditions import (
    OWN_SUBJECTS,
    Condition,
    changes,
    channel_condition,
    channel_subject,
    feed_condition,
    feed_subject,
    notice,
    told_so_far,
)
from bot.core.feed import StoredFeed
from bot.store import Connection, Store, alerts, bulletins, guild_feeds, guilds, subscriptions

log = structlog.get_logger(__name__)


async def notify(now: datetime, *, store: Store, troubles: Sequence[Condition] = ()) -> int:
    """Owes what has changed for each server; how many notices there are. `troubles` are Tocsin's own, told to all."""
    made = 0
    for guild_id, channel_id in await store.write(_ops_channels):
        made += await _tell(guild_id, channel_id, now, store=store, troubles=troubles)
    return made


def _ops_channels(c: Connection) -> list[tuple[int, int]]:
    """Each server with its ops channel, unless that is gone; what waits for a former one comes along."""
    closed = alerts.closed_channels(c)
    there = [(guild, ops) for guild, ops in guilds.ops_channels(c) if ops not in closed]
    for guild, ops in there:
        bulletins.redirect(c, guild, ops)
    return there


async def _tell(guild: int, ops: int, now: datetime, *, store: Store, troubles: Sequence[Condition]) -> bool:
    """One notice, if there is something to tell."""
    told = await store.read(bulletins.notices, guild)
    conditions, watched = await _conditions(guild, store=store)
    content = changes([*troubles, *conditions], told_so_far(told), watched | OWN_SUBJECTS)
    if content is None:
        return False
    made = await store.write(bulletins.make_notice, notice(guild, ops, now.isoformat(), content), now, told=told)
    if made is None or not content.lines:
        return False
    log.info("bulletin.owed", bulletin=made, kind="notice", guild=guild, channel=ops, lines=len(content.lines))
    return True


async def _conditions(guild: int, *, store: Store) -> tuple[list[Condition], set[str]]:
    """What is wrong with the feeds that the server reads and the channels that it tells, and all that was looked at."""
    seen = [each for each in await store.read(guild_feeds.visible, guild) if each.state.status != "paused"]
    shut = await store.read(alerts.shut_channels)
    closed = await store.read(alerts.closed_channels)
    wanted = {each.channel_id for each in await store.read(subscriptions.listed, guild)}
    failing = [feed_condition(StoredFeed(each.id, each.feed, each.state)) for each in seen]
    channels = [channel_condition(id, *shut[id], closed=id in closed) for id in sorted(wanted & shut.keys())]
    watched = {feed_subject(each.id) for each in seen} | {channel_subject(id) for id in wanted}
    return [*(found for found in failing if found), *channels], watched
