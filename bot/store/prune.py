"""What is kept no longer: old articles with their stories, who voted, and everything of a server that wants it so.

Each function deletes at most `limit` rows of one kind and says how many, so that no transaction is long: it is called
until there are none. What must not go, because something still needs it, is told beside each.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, exists, false, func, or_, select, update

from bot.store import changes, guild_feeds, stories
from bot.store.schema import (
    alerts,
    aliases,
    articles,
    bulletins,
    channels,
    corrections,
    deliveries,
    entries,
    feeds,
    guilds,
    hosts,
    pending,
    refusals,
    runners,
    story_organisations,
    subscriptions,
    votes,
    watches,
)
from bot.store.schema import guild_feeds as guild_feed_table
from bot.store.schema import stories as story_table

SPARED = 500
"""Entries of each feed that are always remembered, the newest: as many as one body may list. One that is forgotten
while its feed still lists it would come again as new."""

PENDING = ("owed", "sending")
TOO_LATE = "it waited for longer than stories are kept"


def voters(c: Connection, before: datetime, limit: int) -> int:
    """Forgets who voted before then; the votes stay."""
    old = select(votes.c.id).where(votes.c.voted_at < before, votes.c.user_id.is_not(None)).limit(limit)
    return c.execute(update(votes).where(votes.c.id.in_(list(c.scalars(old)))).values(user_id=None)).rowcount


def old_articles(c: Connection, before: datetime, open_since: datetime, limit: int) -> int:
    """Deletes articles that were first seen before then, but for those of stories that still take reports (one since
    `open_since`) or still owe something."""
    needed = exists().where(
        story_table.c.id == articles.c.story_id, or_(story_table.c.last_seen >= open_since, _owes())
    )
    old = select(articles.c.id).where(articles.c.first_seen < before, ~needed)
    return _delete(c, articles, list(c.scalars(old.limit(limit))))


def old_alerts(c: Connection, before: datetime, now: datetime, limit: int) -> int:
    """Ends alerts that wait since before then, as in a paused channel: their stories are kept no longer. How many."""
    waiting = and_(pending(alerts), alerts.c.state == "owed", alerts.c.owed_at < before)
    ids = list(c.scalars(select(alerts.c.id).where(waiting).limit(limit).with_for_update(skip_locked=True)))
    ended = update(alerts).where(alerts.c.id.in_(ids))
    return c.execute(ended.values(state="suppressed", state_reason=TOO_LATE, settled_at=now)).rowcount if ids else 0


def every_feed(c: Connection) -> list[int]:
    """The feeds that have or had entries, those that are read no more among them."""
    return list(c.scalars(select(feeds.c.id)))


def old_entries(c: Connection, feed_id: int, before: datetime, limit: int) -> int:
    """Deletes entries of a feed first seen before then whose article is gone, and their names, but for the newest."""
    newest = select(entries.c.id).where(entries.c.feed_id == feed_id).order_by(entries.c.id.desc())
    last = c.scalar(newest.offset(SPARED).limit(1))
    if last is None:
        return 0
    read = exists().where(articles.c.entry_id == entries.c.id)
    old = and_(entries.c.feed_id == feed_id, entries.c.id <= last, entries.c.first_seen < before, ~read)
    ids = list(c.scalars(select(entries.c.id).where(old).limit(limit)))
    c.execute(delete(aliases).where(aliases.c.entry_id.in_(ids)))
    return _delete(c, entries, ids)


def old_stories(c: Connection, before: datetime, limit: int) -> int:
    """Deletes stories without a report since then, none of whose articles is kept and that owe nothing, with all that
    is about them; how many. Stories that were merged into one go with it."""
    changes.take_the_turn(c)
    told = exists().where(articles.c.story_id == story_table.c.id)
    old = select(story_table.c.id).where(story_table.c.last_seen < before, stories.LIVE, ~told, ~_owes())
    ids = set(c.scalars(old.limit(limit)))
    empty = set(c.scalars(select(story_table.c.id).where(story_table.c.merged_into.in_(ids))))
    while empty - ids:
        ids |= empty
        empty = set(c.scalars(select(story_table.c.id).where(story_table.c.merged_into.in_(ids))))
    if not ids:
        return 0
    _delete_alerts(c, alerts.c.story_id.in_(ids))
    following = list(c.scalars(select(story_table.c.id).where(story_table.c.follows.in_(ids))))
    c.execute(update(story_table).where(story_table.c.id.in_(following)).values(follows=None))
    changes.touch(c, following)
    for table in (votes, corrections, story_organisations):
        c.execute(delete(table).where(table.c.story_id.in_(ids)))
    c.execute(delete(story_table).where(story_table.c.id.in_(ids)))
    return len(ids)


def old_bulletins(c: Connection, before: datetime, limit: int) -> int:
    """Deletes digests, catch-ups and notices that ended before then."""
    old = select(bulletins.c.id).where(bulletins.c.settled_at < before, bulletins.c.state.not_in(PENDING))
    return _delete_bulletins(c, list(c.scalars(old.limit(limit))))


def old_runners(c: Connection, before: datetime) -> int:
    """Forgets programs that were not seen since then."""
    return c.execute(delete(runners).where(runners.c.seen_at < before)).rowcount


def old_refusals(c: Connection, before: datetime) -> int:
    """Forgets the minutes before then in which Discord refused requests."""
    return c.execute(delete(refusals).where(refusals.c.minute < before)).rowcount


def idle_hosts(c: Connection, now: datetime) -> int:
    """Forgets hosts that nobody asks and that want no rest: they are noted anew when it is a turn again."""
    asked, rests = hosts.c.turn_until >= now, hosts.c.rest_until >= now
    return c.execute(delete(hosts).where(~func.coalesce(asked, false()), ~func.coalesce(rests, false()))).rowcount


def kept_of(c: Connection, guild_id: int) -> dict[str, int]:
    """How much there is of a server, by name in the plural."""
    return {
        "subscriptions": _count(c, subscriptions, and_(subscriptions.c.guild_id == guild_id, ~subscriptions.c.removed)),
        "alerts told or owed": _count(c, alerts, alerts.c.subscription_id.in_(_subscriptions(guild_id))),
        "digests and notices": _count(c, bulletins, bulletins.c.guild_id == guild_id),
        "settings": _count(c, guilds, guilds.c.guild_id == guild_id),
        "words watched for or muted": _count(c, watches, watches.c.guild_id == guild_id),
        "feeds that it added": _count(c, guild_feed_table, guild_feed_table.c.guild_id == guild_id),
        "votes": _count(c, votes, votes.c.guild_id == guild_id),
        "records of corrections": _count(c, corrections, corrections.c.guild_id == guild_id),
    }


def silence(c: Connection, guild_id: int) -> None:
    """Ends what a server is sent, at once: the first step of deleting everything of it."""
    c.execute(update(subscriptions).where(subscriptions.c.guild_id == guild_id).values(removed=True))


def server(c: Connection, guild_id: int, now: datetime, limit: int) -> int:
    """Deletes everything of a server, step by step; 0 once nothing is left."""
    own = _subscriptions(guild_id)
    owed = list(c.scalars(select(alerts.c.id).where(alerts.c.subscription_id.in_(own)).limit(limit)))
    if owed:
        return _delete_alerts(c, alerts.c.id.in_(owed))
    messages = list(c.scalars(select(bulletins.c.id).where(bulletins.c.guild_id == guild_id).limit(limit)))
    if messages:
        return _delete_bulletins(c, messages)
    gone = guild_feeds.forget(c, guild_id, now)
    told = select(subscriptions.c.channel_id).where(subscriptions.c.guild_id == guild_id)
    noticed = select(guilds.c.ops_channel_id).where(guilds.c.guild_id == guild_id)
    c.execute(delete(channels).where(channels.c.channel_id.in_(told.union(noticed))))
    for table in (votes, corrections, watches, subscriptions, guilds):
        gone += c.execute(delete(table).where(table.c.guild_id == guild_id)).rowcount
    return gone


def _owes() -> ColumnElement[bool]:
    """Whether a story has an alert that has not ended."""
    return exists().where(alerts.c.story_id == story_table.c.id, alerts.c.state.in_(PENDING))


def _subscriptions(guild_id: int) -> Select[tuple[int]]:
    return select(subscriptions.c.id).where(subscriptions.c.guild_id == guild_id)


def _delete_alerts(c: Connection, which: ColumnElement[bool]) -> int:
    """Asked for in SQL, because they may be more than a statement takes ids."""
    c.execute(delete(deliveries).where(deliveries.c.alert_id.in_(select(alerts.c.id).where(which))))
    return c.execute(delete(alerts).where(which)).rowcount


def _delete_bulletins(c: Connection, ids: Collection[int]) -> int:
    c.execute(update(alerts).where(alerts.c.bulletin_id.in_(ids)).values(bulletin_id=None))
    return _delete(c, bulletins, ids)


def _delete(c: Connection, table: Table, ids: Collection[int]) -> int:
    return c.execute(delete(table).where(table.c.id.in_(ids))).rowcount if ids else 0


def _count(c: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return c.scalar(select(func.count()).select_from(table).where(condition)) or 0
