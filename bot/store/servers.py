"""A server's life with the bot: its settings as they change, the bot's removal from it, and its return.

While the bot is away everything stays as it was and nothing is sent; what is deleted in the end is told in prune.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, delete, select, update

from bot.store import guilds, places
from bot.store.alerts import hold_missed
from bot.store.guilds import GuildSettings
from bot.store.schema import alerts, bulletins, channels, guild_feeds, subscriptions, watches
from bot.store.schema import guilds as guild_table

LEFT = "Tocsin was removed from this server."


def change(c: Connection, guild_id: int, **changes: object) -> GuildSettings:
    """Changes some of the server's settings, as they stand in this transaction, and gives all of them."""
    changed = replace(guilds.settings(c, guild_id), **changes)  # type: ignore[arg-type]
    guilds.save(c, changed)
    return changed


def leave(c: Connection, guild_id: int, now: datetime) -> bool:
    """The bot was removed: its subscriptions there wait, and nothing is sent there. False if that was known."""
    known = guilds.settings(c, guild_id)
    if known.left_at is not None or guild_id not in _known(c):
        return False
    guilds.save(c, replace(known, left_at=now))
    places.left(c, guild_id)
    there = and_(subscriptions.c.guild_id == guild_id, ~subscriptions.c.removed, subscriptions.c.paused.is_(None))
    c.execute(update(subscriptions).where(there).values(paused=LEFT))
    owed = and_(bulletins.c.guild_id == guild_id, bulletins.c.kind == "notice", bulletins.c.state == "owed")
    c.execute(update(bulletins).where(owed).values(state="suppressed", state_reason=LEFT, settled_at=now))
    return True


def come_back(c: Connection, guild_id: int) -> bool:
    """The bot is in the server (again): what waited for that goes on. False if it was never away."""
    known = guilds.settings(c, guild_id)
    if known.left_at is None:
        return False
    guilds.save(c, replace(known, left_at=None))
    own = and_(subscriptions.c.guild_id == guild_id, ~subscriptions.c.removed)
    ids = list(c.scalars(select(subscriptions.c.id).where(own, subscriptions.c.paused == LEFT)))
    c.execute(update(subscriptions).where(subscriptions.c.id.in_(ids)).values(paused=None))
    theirs = select(subscriptions.c.channel_id).where(own)
    c.execute(delete(channels).where(channels.c.channel_id.in_(theirs)))
    for id in ids:
        hold_missed(c, alerts.c.subscription_id == id)
    return True


def compare(c: Connection, present: Collection[int], now: datetime) -> tuple[list[int], list[int]]:
    """Takes note of what happened while nobody listened, `present` being the servers that the bot is in: those that it
    was removed from, and those that it came back to."""
    gone = [guild_id for guild_id in sorted(_known(c) - set(present)) if leave(c, guild_id, now)]
    back = [guild_id for guild_id in sorted(present) if come_back(c, guild_id)]
    return gone, back


def _known(c: Connection) -> set[int]:
    """The servers of which anything is kept; the terminal is none."""
    kept = [
        select(guild_table.c.guild_id),
        select(subscriptions.c.guild_id).where(~subscriptions.c.removed),
        select(watches.c.guild_id),
        select(guild_feeds.c.guild_id),
    ]
    return {guild_id for wanted in kept for guild_id in c.scalars(wanted.distinct())} - {0}
