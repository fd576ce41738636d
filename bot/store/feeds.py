"""Feeds and what is known of them between polls. It decides nothing about when or how to poll (see core/feed)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, func, or_, select, update

from bot.core.feed import Feed, FeedState, StoredFeed, address_of
from bot.core.link import host_of
from bot.store import hosts, rows
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


def claim(
    c: Connection,
    *,
    runner: str,
    now: datetime,
    until: datetime,
    limit: int | None = None,
    of_host: int | None = None,
    everything: bool = False,
) -> list[StoredFeed]:
    """Feeds to be read by `runner` and nobody else before `until`, the longest waiting first: at most `limit`, for
    which hosts take turns, and `of_host` of one host.

    They are active and due (or `everything`), and their host neither rests nor is another runner's turn; from now on
    it is this one's.
    """
    waiting = (feeds.c.due_at.is_not(None), feeds.c.due_at, feeds.c.id)
    place = func.row_number().over(partition_by=feeds.c.host, order_by=waiting).label("place")
    wanted = select(feeds.c.id, place).where(_is_free(now), hosts.may_ask(feeds.c.host, runner=runner, now=now))
    if not everything:
        wanted = wanted.where(or_(feeds.c.due_at.is_(None), feeds.c.due_at <= now))
    queue = wanted.subquery()
    # Looked at again once it is locked: another may have claimed it since.
    mine = select(feeds).join(queue, queue.c.id == feeds.c.id).where(_is_free(now))
    if of_host is not None:
        mine = mine.where(queue.c.place <= of_host)
    mine = mine.order_by(*waiting) if limit is None else mine.order_by(queue.c.place, *waiting).limit(limit)
    found = c.execute(mine.with_for_update(skip_locked=True, of=feeds)).mappings().all()
    turns = hosts.take_turns(c, {row["host"] for row in found}, runner=runner, now=now, until=until)
    claimed = [row for row in found if row["host"] in turns]
    ours = feeds.c.id.in_([row["id"] for row in claimed])
    c.execute(update(feeds).where(ours).values(claimed_by=runner, claimed_until=until))
    return [rows.feed(row) for row in claimed]


def hold(c: Connection, feed_id: int, *, runner: str) -> bool:
    """Whether the feed is still to be read and claimed by `runner`; if so, it stays so until the transaction ends."""
    mine = select(feeds.c.id).where(feeds.c.id == feed_id, feeds.c.claimed_by == runner)
    return c.execute(mine.where(~feeds.c.removed).with_for_update()).first() is not None


def keep_claims(c: Connection, *, runner: str, until: datetime) -> None:
    """Makes everything that `runner` has claimed its own until then."""
    c.execute(update(feeds).where(feeds.c.claimed_by == runner).values(claimed_until=until))
    hosts.keep_turns(c, runner=runner, until=until)


def end_claims(c: Connection, *, runner: str) -> None:
    """Gives back what `runner` has claimed and not read."""
    c.execute(update(feeds).where(feeds.c.claimed_by == runner).values(claimed_by=None, claimed_until=None))
    hosts.end_turns(c, runner=runner)


def release(c: Connection) -> None:
    """Frees what was being read when the program ended, for the one that starts now: only where there is no other."""
    c.execute(update(feeds).where(feeds.c.claimed_by.is_not(None)).values(claimed_by=None, claimed_until=None))
    hosts.end_turns(c)


def settle(c: Connection, states: Mapping[int, FeedState], *, runner: str) -> None:
    """Replaces what is known of those of the feeds that are still claimed by `runner`, and ends the claims."""
    mine = select(feeds.c.id).where(feeds.c.id.in_(states), feeds.c.claimed_by == runner).order_by(feeds.c.id)
    held = set(c.scalars(mine.with_for_update()))
    save_states(c, {id: state for id, state in states.items() if id in held})


def save_state(c: Connection, feed_id: int, state: FeedState) -> None:
    """Replaces what is known of the feed."""
    save_states(c, {feed_id: state})


def save_states(c: Connection, states: Mapping[int, FeedState]) -> None:
    """Replaces what is known of feeds, by their row ids. Whoever is reading one of them has read it for nothing: what
    he found rests on what was known before."""
    urls = c.execute(select(feeds.c.id, feeds.c.url).where(feeds.c.id.in_(states))) if states else ()
    values = [
        rows.state_columns(states[row.id]) | {"row_id": row.id, "host": host_of(address_of(row.url, states[row.id]))}
        for row in urls
    ]
    if values:
        known: dict[str, object] = {name: bindparam(name) for name in values[0] if name != "row_id"}
        free = update(feeds).where(feeds.c.id == bindparam("row_id"))
        c.execute(free.values(**known, claimed_by=None, claimed_until=None), values)


def let_rest(c: Connection, host: str, until: datetime) -> None:
    """Makes no feed that is asked at `host` due before `until`."""
    hosts.let_rest(c, host, until)
    early = or_(feeds.c.due_at.is_(None), feeds.c.due_at < until)
    c.execute(update(feeds).where(feeds.c.host == host, ~feeds.c.removed, early).values(due_at=until))


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
    new = rows.feed_columns(feed) | {"in_catalogue": in_catalogue, "added_at": now, "host": host_of(feed.url)}
    known = rows.feed_columns(feed) if in_catalogue else {}
    statement = insert(c, feeds).values(**new)
    statement = statement.on_conflict_do_update(
        index_elements=[feeds.c.url],
        set_=known | {"removed": False, "in_catalogue": feeds.c.in_catalogue | statement.excluded.in_catalogue},
    )
    return int(c.scalar(statement.returning(feeds.c.id)) or 0)


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Whether the feed is one to read, and nobody reads it."""
    unclaimed = or_(feeds.c.claimed_until.is_(None), feeds.c.claimed_until <= now)
    return ~feeds.c.removed & (feeds.c.status == "active") & unclaimed
