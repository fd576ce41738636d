"""Entries and the names by which they are met again, each within its feed.

It remembers; whether an entry under a new name is an old one is decided in core/novelty.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, func, select

from bot.core.entry import Entry
from bot.core.novelty import Known
from bot.store.codec import clean
from bot.store.dialect import insert
from bot.store.schema import aliases, entries

LONGEST_NAME = 500  # characters; PostgreSQL's index rows end at 2,700 bytes


def find(c: Connection, feed_id: int, names: Iterable[str]) -> dict[str, Known]:
    """Those of `names` that the feed has used before, each with the entry it stands for."""
    keys = {name: _key(name) for name in names}
    wanted = (
        select(aliases.c.alias, entries.c.id, entries.c.title, entries.c.link, entries.c.published)
        .join(entries, entries.c.id == aliases.c.entry_id)
        .where(aliases.c.feed_id == feed_id, aliases.c.alias.in_(set(keys.values())))
    )
    found = {row.alias: Known(row.id, row.title, row.link, row.published) for row in c.execute(wanted)} if keys else {}
    return {name: found[key] for name, key in keys.items() if key in found}


def known(c: Connection, feed_id: int, names: Iterable[str]) -> set[str]:
    """Those of `names` that the feed has used before."""
    return set(find(c, feed_id, names))


def titles(c: Connection, feed_id: int) -> set[str]:
    """Every title that the feed has used before, as it was first seen."""
    return set(c.scalars(select(entries.c.title).where(entries.c.feed_id == feed_id)))


def add(
    c: Connection, feed_id: int, new: Sequence[Entry], now: datetime, *, adopted: Mapping[str, str]
) -> dict[str, int]:
    """Inserts entries with all their names; the row ids of those that were new, by identity.

    `adopted` says why an entry (by identity) is none to be told of. An identity that the feed has
    used already is no new entry, but lends its names to the old one.
    """
    if not new:
        return {}
    values = [_columns(feed_id, entry, now, adopted.get(entry.identity)) for entry in new]
    statement = insert(c, entries).on_conflict_do_nothing(index_elements=["feed_id", "identity"])
    added = {row.identity: row.id for row in c.execute(statement.returning(entries.c.id, entries.c.identity), values)}
    ids = added | _ids(c, feed_id, {_key(entry.identity) for entry in new} - added.keys())
    add_names(c, feed_id, [(ids[_key(entry.identity)], name) for entry in new for name in entry.aliases])
    return {entry.identity: added[_key(entry.identity)] for entry in new if _key(entry.identity) in added}


def add_names(c: Connection, feed_id: int, names: Iterable[tuple[int, str]]) -> None:
    """More names of known entries, as (entry row id, name). A name that is taken stays with the entry that had it."""
    values = [{"feed_id": feed_id, "entry_id": entry_id, "alias": _key(name)} for entry_id, name in names]
    if values:
        c.execute(insert(c, aliases).on_conflict_do_nothing(index_elements=["feed_id", "alias"]), values)


def count(c: Connection, feed_id: int | None = None) -> int:
    """How many entries there are, of one feed or of all."""
    wanted = select(func.count()).select_from(entries)
    return c.scalar(wanted if feed_id is None else wanted.where(entries.c.feed_id == feed_id)) or 0


def _ids(c: Connection, feed_id: int, identities: set[str]) -> dict[str, int]:
    if not identities:
        return {}
    wanted = select(entries.c.identity, entries.c.id).where(
        entries.c.feed_id == feed_id, entries.c.identity.in_(identities)
    )
    return {row.identity: row.id for row in c.execute(wanted)}


def _columns(feed_id: int, entry: Entry, now: datetime, adopted: str | None) -> dict[str, object]:
    return {
        "feed_id": feed_id,
        "identity": _key(entry.identity),
        "guid": entry.guid,
        "link": entry.link,
        "title": entry.title,
        "published": entry.published,
        "first_seen": now,
        "adopted": adopted,
    }


def _key(name: str) -> str:
    """A name as it is indexed: a very long one becomes its start and a digest."""
    name = clean(name)
    if len(name) <= LONGEST_NAME:
        return name
    return name[:LONGEST_NAME] + "…" + sha256(name.encode()).hexdigest()
