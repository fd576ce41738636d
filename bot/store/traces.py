"""Traces: all that is kept of the articles with one link, over every table. It reads; it explains nothing."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, or_, select

from bot.core.account import Fate, Trace
from bot.core.relevance import Reason
from bot.core.story import Story
from bot.store import guild_feeds, rows, stories
from bot.store.codec import decode_all
from bot.store.schema import alerts, articles, entries, feeds, subscriptions

HIDDEN = "a feed that another server added"


def of_link(c: Connection, links: Iterable[str], guild_id: int | None = None) -> list[Trace]:
    """Every entry whose link is one of `links`, read or not, the newest first; one for each feed that brought it.

    With `guild_id`, subscriptions of other servers are left out and feeds that only those added are not named.
    """
    wanted = list(dict.fromkeys(links))
    read = select(articles.c.entry_id).where(articles.c.link.in_(wanted))
    found = select(entries.c.id).where(or_(entries.c.link.in_(wanted), entries.c.id.in_(read)))
    return _seen(c, list(c.scalars(found.order_by(entries.c.id.desc()))), guild_id)


def of_story(c: Connection, story_id: str, guild_id: int | None = None) -> list[Trace]:
    """The same of every report of a story, the first one first."""
    wanted = select(articles.c.entry_id).where(articles.c.story_id == story_id)
    return _seen(c, list(c.scalars(wanted.order_by(articles.c.first_seen, articles.c.id))), guild_id)


def _seen(c: Connection, entry_ids: Iterable[int], guild_id: int | None) -> list[Trace]:
    private = guild_feeds.feeds_of_others(c, guild_id) if guild_id is not None else frozenset()
    return [_trace(c, entry_id, guild_id, private) for entry_id in entry_ids]


def _trace(c: Connection, entry_id: int, guild_id: int | None, private: Collection[int]) -> Trace:
    brought = (
        select(entries, feeds.c.name.label("feed"), feeds.c.first_polled_at)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .where(entries.c.id == entry_id)
    )
    entry = c.execute(brought).mappings().one()
    read = c.execute(select(articles).where(articles.c.entry_id == entry_id)).mappings().one_or_none()
    story = stories.get(c, read["story_id"]) if read and read["story_id"] else None
    first_polled = entry["first_polled_at"]
    return Trace(
        feed=entry["feed"] if entry["feed_id"] not in private else HIDDEN,
        title=entry["title"],
        link=entry["link"],
        first_seen=entry["first_seen"],
        published=entry["published"],
        adopted=entry["adopted"],
        silent=first_polled is None or entry["first_seen"] <= first_polled,
        report=rows.report(read) if read else None,
        story=story,
        because=decode_all(Reason, read["placed_because"]) if read else (),
        earlier=stories.get(c, story.follows) if story and story.follows else None,
        fates=_fates(c, story, guild_id) if story else (),
    )


def _fates(c: Connection, story: Story, guild_id: int | None) -> tuple[Fate, ...]:
    wanted = (
        select(alerts, subscriptions.c.guild_id)
        .join(subscriptions, subscriptions.c.id == alerts.c.subscription_id)
        .where(alerts.c.story_id == story.id)
        .order_by(alerts.c.id)
    )
    if guild_id is not None:
        wanted = wanted.where(subscriptions.c.guild_id == guild_id)
    return tuple(
        Fate(
            subscription_id=row["subscription_id"],
            guild_id=row["guild_id"],
            channel_id=row["channel_id"],
            kind=row["kind"],
            state=row["state"],
            moment=row["settled_at"] or row["owed_at"],
            why=row["state_reason"],
            held=row["held"],
            wishes=tuple(row["reasons"]),
        )
        for row in c.execute(wanted).mappings()
    )
