"""Which feeds a server may see, those that it added, and what they brought.

A feed that only other servers added is nobody else's business: nothing here tells of it. One that two servers added
is one row of `feeds`, fetched once, and goes when the last of them removes it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, case, delete, func, select, update

from bot.core.feed import FeedState, StoredFeed, paused, resumed
from bot.core.feedlist import Figures, ServerFeed, as_seen
from bot.core.newfeed import Sorted
from bot.store import feeds as feed_rows
from bot.store import rows
from bot.store.dialect import insert
from bot.store.schema import articles, entries, feeds, guild_feeds

Admit = Callable[[Sequence[ServerFeed], Sequence[datetime]], Sorted]
HOUR = timedelta(hours=1)


def feeds_of_others(c: Connection, guild_id: int) -> set[int]:
    """The feeds that only other servers added: their addresses are nobody else's business. Those that are read no more
    count too, since nothing tells any longer whose they were."""
    own = select(guild_feeds.c.feed_id).where(guild_feeds.c.guild_id == guild_id)
    anyones = feeds.c.id.in_(select(guild_feeds.c.feed_id)) | feeds.c.removed
    private = select(feeds.c.id).where(~feeds.c.in_catalogue, feeds.c.id.not_in(own), anyones)
    return set(c.scalars(private))


def visible(c: Connection, guild_id: int) -> list[ServerFeed]:
    """The feeds that the server may know of: its own, the catalogue's and the operator's, in the order of adding."""
    return _seen(c, _seen_by(guild_id))


def find(c: Connection, guild_id: int, feed_id: int) -> ServerFeed | None:
    """The feed of that number, if the server may know of it."""
    found = _seen(c, _seen_by(guild_id).where(feeds.c.id == feed_id)) if 0 < feed_id < 2**63 else []
    return found[0] if found else None


def added(c: Connection) -> dict[int, list[ServerFeed]]:
    """What each server added, by server."""
    wanted = (
        select(feeds, guild_feeds.c.guild_id, guild_feeds.c.name.label("own_name"), guild_feeds.c.paused)
        .join_from(guild_feeds, feeds)
        .where(~feeds.c.removed)
        .order_by(guild_feeds.c.guild_id, feeds.c.id)
    )
    found: dict[int, list[ServerFeed]] = {}
    for row in c.execute(wanted).mappings():
        seen = as_seen(rows.feed(row), name=row["own_name"], paused=row["paused"])
        found.setdefault(row["guild_id"], []).append(seen)
    return found


def add(c: Connection, guild_id: int, *, by: int, now: datetime, admit: Admit) -> Sorted:
    """Adds the new ones of what `admit` sorts out, given the feeds that the server may know of and when it added some
    within the last hour; what it sorted. Raises what `admit` raises.

    A feed that nobody reads any more begins anew, with a silent first poll.
    """
    admitted = admit(visible(c, guild_id), added_lately(c, guild_id, now))
    for new in admitted.new:
        gone = c.scalar(select(feeds.c.id).where(feeds.c.url == new.feed.url, feeds.c.removed))
        feed_id = feed_rows.add(c, new.feed, now)
        if gone is not None:
            c.execute(update(feeds).where(feeds.c.id == feed_id).values(name=new.feed.name))
            feed_rows.save_state(c, feed_id, FeedState())
        values = {"guild_id": guild_id, "feed_id": feed_id, "name": new.name, "added_by": by, "added_at": now}
        c.execute(insert(c, guild_feeds).values(**values).on_conflict_do_nothing())
        _settle(c, feed_id, now)
    return admitted


def added_lately(c: Connection, guild_id: int, now: datetime) -> list[datetime]:
    """When the server added the feeds that it added within the last hour, the earliest first."""
    lately = (guild_feeds.c.guild_id == guild_id) & (guild_feeds.c.added_at > now - HOUR)
    return list(c.scalars(select(guild_feeds.c.added_at).where(lately).order_by(guild_feeds.c.added_at)))


def remove(c: Connection, guild_id: int, feed_id: int, now: datetime) -> bool:
    """Takes a feed from the server that added it; False if it did not. Without a server left, it is read no more."""
    here = and_(guild_feeds.c.guild_id == guild_id, guild_feeds.c.feed_id == feed_id)
    if c.execute(delete(guild_feeds).where(here)).rowcount == 0:
        return False
    if c.scalar(select(guild_feeds.c.guild_id).where(guild_feeds.c.feed_id == feed_id).limit(1)) is None:
        c.execute(update(feeds).where(feeds.c.id == feed_id, ~feeds.c.in_catalogue).values(removed=True))
    else:
        _settle(c, feed_id, now)
    return True


def forget(c: Connection, guild_id: int, now: datetime) -> int:
    """Removes every feed that the server added; how many there were."""
    own = list(c.scalars(select(guild_feeds.c.feed_id).where(guild_feeds.c.guild_id == guild_id)))
    return sum(remove(c, guild_id, feed_id, now) for feed_id in own)


def set_paused(c: Connection, guild_id: int, feed_id: int, wanted: bool, now: datetime) -> bool:
    """Pauses or resumes a feed for the server that added it; False if it did not. It is read while any server wants
    it; one that was given up is asked again."""
    here = and_(guild_feeds.c.guild_id == guild_id, guild_feeds.c.feed_id == feed_id)
    if c.execute(update(guild_feeds).where(here).values(paused=wanted)).rowcount == 0:
        return False
    _settle(c, feed_id, now, again=not wanted)
    return True


def figures(c: Connection, feed_id: int, since: datetime) -> Figures:
    """What the feed brought at `since` or later; what a storm swept in was not judged and does not count."""
    first = c.scalar(select(feeds.c.first_polled_at).where(feeds.c.id == feed_id))
    if first is None:
        return Figures()
    later = case((entries.c.first_seen > first, 1), else_=0)
    counted = (
        select(func.count(), func.sum(case((articles.c.relevant, 1), else_=0)), func.sum(later))
        .select_from(entries.join(articles, articles.c.entry_id == entries.c.id))
        .where(entries.c.feed_id == feed_id, entries.c.first_seen >= since)
    )
    number, relevant, after = c.execute(counted).one()
    return Figures(number, int(relevant or 0), int(after or 0), max(first, since))


def _seen_by(guild_id: int) -> Select[tuple[object, ...]]:
    """The rows of feeds that the server may know of, with its own name and pause where it added them."""
    mine = and_(guild_feeds.c.feed_id == feeds.c.id, guild_feeds.c.guild_id == guild_id)
    anyone = guild_feeds.alias()
    taken = select(anyone.c.feed_id).where(anyone.c.feed_id == feeds.c.id).exists()
    return (
        select(feeds, guild_feeds.c.name.label("own_name"), guild_feeds.c.paused.label("own_pause"))
        .select_from(feeds.outerjoin(guild_feeds, mine))
        .where(~feeds.c.removed, guild_feeds.c.guild_id.is_not(None) | feeds.c.in_catalogue | ~taken)
        .order_by(feeds.c.id)
    )


def _seen(c: Connection, wanted: Select[tuple[object, ...]]) -> list[ServerFeed]:
    return [
        as_seen(rows.feed(row), name=row["own_name"], paused=bool(row["own_pause"]))
        for row in c.execute(wanted).mappings()
    ]


def _settle(c: Connection, feed_id: int, now: datetime, *, again: bool = False) -> None:
    """Pauses a feed that every server of it has paused, and lets any other go on. The catalogue's is never paused."""
    stored = _stored(c, feed_id)
    waiting = select(guild_feeds.c.guild_id).where(guild_feeds.c.feed_id == feed_id, ~guild_feeds.c.paused).limit(1)
    wanted = c.scalar(waiting) is not None or c.scalar(select(feeds.c.in_catalogue).where(feeds.c.id == feed_id))
    if not wanted:
        feed_rows.save_state(c, feed_id, paused(stored.state))
    elif stored.state.status == "paused" or (again and stored.state.status == "gone"):
        feed_rows.save_state(c, feed_id, resumed(stored.state, now))


def _stored(c: Connection, feed_id: int) -> StoredFeed:
    return rows.feed(c.execute(select(feeds).where(feeds.c.id == feed_id)).mappings().one())
