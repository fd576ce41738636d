"""The tick that tells each server's ops channel what has gone wrong and what works again, once each.

It sends nothing itself: notices go the way of digests. Servers without an ops channel are told nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.core.conditions import Condition, changes, channel_condition, feed_condition, notice, told_so_far
from bot.core.feed import StoredFeed
from bot.store import Store, alerts, bulletins, feeds, guild_feeds, guilds, subscriptions
from bot.store.guilds import GuildSettings


async def notify(now: datetime, *, store: Store) -> int:
    """Owes what has changed for each server; how many notices there are."""
    made = 0
    known = await store.read(feeds.listed)
    for settings in await store.read(guilds.all_settings):
        if settings.ops_channel_id is not None and settings.left_at is None:
            made += await _tell(settings, known, now, store=store)
    return made


async def _tell(settings: GuildSettings, known: Sequence[StoredFeed], now: datetime, *, store: Store) -> bool:
    guild, ops = settings.guild_id, settings.ops_channel_id or 0
    told = told_so_far(await store.read(bulletins.notices, guild))
    content = changes(await _conditions(guild, known, store=store), told)
    if content is None:
        return False
    bulletin = notice(guild, ops, now.isoformat(), content)
    return await store.write(bulletins.make, bulletin, now) is not None


async def _conditions(guild: int, known: Sequence[StoredFeed], *, store: Store) -> list[Condition]:
    """What is wrong with the feeds that the server reads and the channels that it tells."""
    private = await store.read(guild_feeds.feeds_of_others, guild)
    shut = await store.read(alerts.shut_channels)
    wanted = {each.channel_id for each in await store.read(subscriptions.listed, guild)}
    failing = (feed_condition(feed) for feed in known if feed.id not in private)
    channels = (channel_condition(id, *shut[id]) for id in sorted(wanted & shut.keys()))
    return [*(found for found in failing if found), *channels]
