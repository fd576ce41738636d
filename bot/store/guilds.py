"""What a server has set for itself, and what it watches for or does not want to hear of.

Nothing here is seen or changed without the server's id.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, or_, select

from bot.core.owing import Server
from bot.store.dialect import insert
from bot.store.schema import guilds, watches

WatchKind = Literal["watch", "mute"]


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """A server's own settings. `threshold` is added to the score that a story needs there; `left_at` is when the bot
    was removed from the server."""

    guild_id: int
    timezone: str | None = None
    ops_channel_id: int | None = None
    manager_role_id: int | None = None
    threshold: float = 0.0
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """An organisation, outlet or phrase that a server watches for or (kind "mute") wants nothing of, `until` a time."""

    guild_id: int
    kind: WatchKind
    words: str
    until: datetime | None
    set_by: int
    set_at: datetime


def settings(c: Connection, guild_id: int) -> GuildSettings:
    """The server's settings; those of one that has set nothing are the defaults."""
    row = c.execute(select(guilds).where(guilds.c.guild_id == guild_id)).mappings().one_or_none()
    return GuildSettings(**row) if row else GuildSettings(guild_id)


def all_settings(c: Connection) -> list[GuildSettings]:
    """The settings of every server that has set something."""
    return [GuildSettings(**row) for row in c.execute(select(guilds).order_by(guilds.c.guild_id)).mappings()]


def wants(c: Connection, guild_id: int, now: datetime) -> Server:
    """What the whole server watches for, has muted and asks of stories at `now`."""
    listed = listed_watches(c, now, guild_id)
    watched, muted = (tuple(each.words for each in listed if each.kind == kind) for kind in ("watch", "mute"))
    return Server(watched, muted, settings(c, guild_id).threshold)


def ops_channels(c: Connection) -> list[tuple[int, int]]:
    """(server, its ops channel) for every server that has one and still has the bot."""
    there = select(guilds.c.guild_id, guilds.c.ops_channel_id).where(
        guilds.c.ops_channel_id.is_not(None), guilds.c.left_at.is_(None)
    )
    return [(row.guild_id, row.ops_channel_id) for row in c.execute(there)]


def save(c: Connection, changed: GuildSettings) -> None:
    """Makes the server's settings what `changed` says."""
    values = {column.name: getattr(changed, column.name) for column in guilds.columns}
    statement = insert(c, guilds).values(**values)
    c.execute(statement.on_conflict_do_update(index_elements=["guild_id"], set_=values))


def left(c: Connection, before: datetime) -> list[int]:
    """The servers that the bot was removed from before that time."""
    return list(c.scalars(select(guilds.c.guild_id).where(guilds.c.left_at < before).order_by(guilds.c.guild_id)))


def add_watch(c: Connection, watch: Watch) -> None:
    """Adds to the server's list; the same words again get the new end and the new author."""
    values = {column.name: getattr(watch, column.name) for column in watches.columns}
    statement = insert(c, watches).values(**values)
    c.execute(statement.on_conflict_do_update(index_elements=["guild_id", "kind", "words"], set_=values))


def remove_watch(c: Connection, guild_id: int, kind: WatchKind, words: str) -> bool:
    """Takes words off the server's list; False if they were not on it."""
    there = (watches.c.guild_id == guild_id) & (watches.c.kind == kind) & (watches.c.words == words)
    return c.execute(delete(watches).where(there)).rowcount > 0


def listed_watches(c: Connection, now: datetime, guild_id: int | None = None) -> list[Watch]:
    """What is watched or muted at `now`, by one server or (None) by all."""
    wanted = select(watches).where(or_(watches.c.until.is_(None), watches.c.until > now))
    if guild_id is not None:
        wanted = wanted.where(watches.c.guild_id == guild_id)
    ordered = wanted.order_by(watches.c.guild_id, watches.c.kind, watches.c.words)
    return [Watch(**row) for row in c.execute(ordered).mappings()]
