"""Feeds and what is known of them between polls. It decides nothing about when or how to poll (see core/feed)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from bot.core.feed import Feed, FeedState, StoredFeed, address_of, postponed
from bot.core.link import host_of
from bot.store import rows
from bot.store.dialect import insert
from bot.store.schema import feeds, guild_feeds

Counts = Mapping[str, int]


def sync_catalogue(c: Connection, listed: Sequence[Feed], now: datetime) -> None:
    """Makes the operator's feeds those of `listed`: adds, renames, takes back; one no longer listed is marked removed,
    unless a server added it as well.

    State and history of a feed stay with its URL. Feeds that people added are let be.
    """
    for feed in {feed.url: feed for feed in listed}.values():
        _put(c, feed, now, in_catalogue=True)
    gone = select(feeds.c.id, feeds.c.url).where(feeds.c.in_catalogue, ~feeds.c.removed)
    urls = {feed.url for feed in listed}
    ids = [row.id for row in c.execute(gone) if row.url not in urls]
    if ids:
        wanted = select(guild_feeds.c.feed_id).where(guild_feeds.c.feed_id == feeds.c.id).exists()
        c.execute(update(feeds).where(feeds.c.id.in_(ids)).values(removed=~wanted, in_catalogue=False))


def add(c: Connection, feed: Feed, now: datetime) -> int:
    """The row id of `feed`, which is new, known already, or taken back after a removal."""
    return _put(c, feed, now, in_catalogue=False)


def remove(c: Connection, url: str) -> bool:
    """Stops polling the feed, whoever added it, and keeps its history; False if there is none. The catalogue brings its
    own back."""
    listed_here = select(feeds.c.id).where(feeds.c.url == url)
    c.execute(delete(guild_feeds).where(guild_feeds.c.feed_id.in_(listed_here)))
    gone = update(feeds).where(feeds.c.url == url, ~feeds.c.removed).values(removed=True)
    return c.execute(gone).rowcount > 0


def listed(c: Connection) -> list[StoredFeed]:
    """Every feed that is not removed, in the order of its adding."""
    wanted = select(feeds).where(~feeds.c.removed).order_by(feeds.c.id)
    return [rows.feed(row) for row in c.execute(wanted).mappings()]


def due(c: Connection, now: datetime, *, limit: int | None = None, everything: bool = False) -> list[StoredFeed]:
    """The active feeds whose time has come, the longest waiting first; `everything` takes all active feeds."""
    wanted = select(feeds).where(~feeds.c.removed, feeds.c.status == "active")
    if not everything:
        wanted = wanted.where(feeds.c.due_at.is_(None) | (feeds.c.due_at <= now))
    order = (feeds.c.due_at.is_not(None), feeds.c.due_at, feeds.c.id)
    return [rows.feed(row) for row in c.execute(wanted.order_by(*order).limit(limit)).mappings()]


def save_state(c: Connection, feed_id: int, state: FeedState) -> None:
    """Replaces what is known of the feed."""
    save_states(c, {feed_id: state})


def save_states(c: Connection, states: Mapping[int, FeedState]) -> None:
    """Replaces what is known of feeds, by their row ids."""
    values = [rows.state_columns(state) | {"row_id": feed_id} for feed_id, state in states.items()]
    if values:
        c.execute(update(feeds).where(feeds.c.id == bindparam("row_id")), values)


def let_rest(c: Connection, host: str, until: datetime) -> None:
    """Makes no feed that is asked at `host` due before `until`."""
    for each in listed(c):
        after = postponed(each.state, until)
        if after != each.state and host_of(address_of(each.feed.url, each.state)) == host:
            save_state(c, each.id, after)


def counts(c: Connection) -> Counts:
    """How the feeds are: `healthy`, `failing`, `paused`, `gone`, `waiting` (never polled); each feed counts once."""
    health = case(
        (feeds.c.status != "active", feeds.c.status),
        (feeds.c.failures > 0, "failing"),
        (feeds.c.last_success_at.is_(None), "waiting"),
        else_="healthy",
    )
    found = c.execute(select(health, func.count()).where(~feeds.c.removed).group_by(health))
    return dict.fromkeys(("healthy", "failing", "paused", "gone", "waiting"), 0) | {row[0]: row[1] for row in found}


def last_polled(c: Connection) -> datetime | None:
    """When any feed was last asked."""
    last: datetime | None = c.scalar(select(func.max(feeds.c.last_polled_at)))
    return last


def _put(c: Connection, feed: Feed, now: datetime, *, in_catalogue: bool) -> int:
    """A feed of the catalogue overwrites what was known of it; one that a person adds only takes a removed one back."""
    new = rows.feed_columns(feed) | {"in_catalogue": in_catalogue, "added_at": now}
    known = rows.feed_columns(feed) if in_catalogue else {}
    statement = insert(c, feeds).values(**new)
    statement = statement.on_conflict_do_update(
        index_elements=[feeds.c.url],
        set_=known | {"removed": False, "in_catalogue": feeds.c.in_catalogue | statement.excluded.in_catalogue},
    )
    return int(c.scalar(statement.returning(feeds.c.id)) or 0)
