"""A server's lists of words as people change them: the same words stand on one list only, in any case.

The tables are those of guilds.
"""

from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.errors import TocsinError
from bot.store.guilds import Watch, WatchKind, add_watch, listed_watches, remove_watch
from bot.store.schema import articles


def put(c: Connection, watch: Watch, *, most: int) -> bool:
    """Sets words to be watched or muted from `watch.set_at` on; True if they stood on the other list, which they leave.

    Raises TocsinError where the list holds `most` others already.
    """
    present = listed_watches(c, watch.set_at, watch.guild_id)
    same = [each for each in present if each.words.casefold() == watch.words.casefold()]
    if sum(each.kind == watch.kind for each in present if each not in same) >= most:
        raise TocsinError(f"This server's list holds {most} already, the most there can be; lift one with unmute.")
    for each in same:
        remove_watch(c, each.guild_id, each.kind, each.words)
    add_watch(c, watch)
    return any(each.kind != watch.kind for each in same)


def lift(c: Connection, guild_id: int, words: str, now: datetime) -> tuple[WatchKind, ...]:
    """Takes words off the server's lists; the kinds of those they stood on."""
    wanted = words.casefold()
    found = [each for each in listed_watches(c, now, guild_id) if each.words.casefold() == wanted]
    for each in found:
        remove_watch(c, guild_id, each.kind, each.words)
    return tuple(each.kind for each in found)


def outlets(c: Connection, *, newest: int = 2_000, limit: int = 500) -> list[str]:
    """The outlets of the newest articles, those with most of them first."""
    recent = select(articles.c.outlet).order_by(articles.c.id.desc()).limit(newest).subquery()
    ranked = select(recent.c.outlet).group_by(recent.c.outlet).order_by(func.count().desc(), recent.c.outlet)
    return [outlet for outlet in c.scalars(ranked.limit(limit)) if outlet]
