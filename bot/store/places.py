"""What channels, forums and threads are, as the gateway's cache had them last: for deliverers without a gateway.

It judges nothing but age: a row that nobody has confirmed for a while is as good as none.
"""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from bot.core.alert import Place
from bot.store.dialect import insert
from bot.store.schema import places

FRESH = timedelta(hours=2)
"""Longer than a gateway takes to look at all of them again; what it has not confirmed since may have changed."""

KEPT = timedelta(days=30)


def known(c: Connection, channel_id: int, now: datetime) -> Place | None:
    """What the channel is, unless nobody knows, or knew lately."""
    lately = select(places).where(places.c.channel_id == channel_id, places.c.seen_at > now - FRESH)
    row = c.execute(lately).one_or_none()
    return Place(row.channel_id, row.guild_id, row.kind) if row else None


def seen(c: Connection, found: Collection[Place], now: datetime) -> None:
    """Writes down what the gateway sees. What it has not seen for long is forgotten."""
    if found:
        names = ("guild_id", "kind", "seen_at")
        statement = insert(c, places)
        again = {name: statement.excluded[name] for name in names}
        rows = [asdict(place) | {"seen_at": now} for place in found]
        c.execute(statement.on_conflict_do_update(index_elements=["channel_id"], set_=again), rows)
    c.execute(delete(places).where(places.c.seen_at < now - KEPT))


def left(c: Connection, guild_id: int) -> None:
    """Forgets the channels of a server that the bot was removed from."""
    c.execute(delete(places).where(places.c.guild_id == guild_id))


def count(c: Connection) -> int:
    """How many are known."""
    return c.scalar(select(func.count()).select_from(places)) or 0
