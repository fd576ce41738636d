"""Draft: an item of a feed with its fields cleaned, before it has names; and the names that tell items apart.

It knows no format (see entry and jsonfeed) and remembers nothing between polls (see the store).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot.core.link import canonical_link, link_key
from bot.core.text import fingerprint, fold, scrub

MOST_ENTRIES = 500
"""Entries of one body that are read: longer feeds are archives, and their newest entries are what counts."""

_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_LATEST_AHEAD = timedelta(hours=24)
# What programs write when they have no date: year 1, or the epoch.
_NO_DATE_BEFORE = datetime(1970, 1, 2, tzinfo=UTC)
_LONGEST_GUID = 512
_FEWEST_WORDS = 6
_TITLES_OF_REUSE = 3
_LANGUAGE = re.compile(r"[a-z]{2,3}(?=$|[-_])", re.IGNORECASE)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Draft:
    """An item as found in a body, its fields cleaned; see Entry for what each holds."""

    guid: str | None
    link: str | None
    title: str
    markup: str
    text: str
    published: datetime | None
    language: str | None
    outlet: str | None = None
    outlet_name: str | None = None


def named(drafts: Iterable[Draft], homes: Collection[str]) -> tuple[tuple[Draft, tuple[str, ...]], ...]:
    """`drafts` with their aliases, strongest first; `homes` are the addresses of the feed itself.

    A guid or link that stands on items of different titles names none of them (some publishers use one guid for
    all), and neither does a text under several guids and links. A second copy of an item is left out, and so is an
    item without anything to know it by.
    """
    marked = [(draft, fingerprint(draft.title, draft.text)) for draft in drafts]
    shared = (
        _ambiguous((draft.guid, _headline(draft)) for draft, _ in marked)
        | _ambiguous((draft.link, _headline(draft)) for draft, _ in marked)
        | _ambiguous((mark, (draft.guid, draft.link)) for draft, mark in marked)
        | frozenset(homes)
    )
    entries: dict[str, tuple[Draft, tuple[str, ...]]] = {}
    for draft, mark in marked:
        if aliases := tuple(_names(draft, mark, shared)):
            entries.setdefault(aliases[0], (draft, aliases))
    return tuple(entries.values())


def reuses_guids(drafts: Iterable[Draft]) -> bool:
    """Whether one guid stands on items of three titles or more: of two, one may be the other before it was edited."""
    told = _told_by((draft.guid, _headline(draft)) for draft in drafts)
    return any(len(titles) >= _TITLES_OF_REUSE for titles in told.values())


def clean_guid(value: object) -> str | None:
    """A publisher's id, trimmed; a very long one by its hash; None where there is none."""
    guid = fold(scrub(as_text(value)))
    return (guid if len(guid) <= _LONGEST_GUID else hashlib.sha256(guid.encode()).hexdigest()) or None


def clean_link(value: object, base: str) -> str | None:
    """A link of the feed, canonical, resolved against `base`."""
    address = as_text(value).strip()
    return canonical_link(address, base) if address else None


def clean_language(value: object) -> str | None:
    """ "en" out of "en-US"; None where it is no language tag."""
    match = _LANGUAGE.match(as_text(value).strip())
    return match[0].lower() if match else None


def clean_date(moment: datetime | None, now: datetime) -> datetime | None:
    """A publisher's date as far as it can be true, in [1995, now + 24 h]; None where it stands for no date."""
    if moment is None or moment < _NO_DATE_BEFORE:
        return None
    return min(max(moment, _EARLIEST), now + _LATEST_AHEAD)


def newest(items: Sequence[Item], published: Callable[[Item], datetime | None]) -> Sequence[Item]:
    """At most 500 of `items`: the first ones, or the last ones of a feed that tells its oldest first."""
    if len(items) <= MOST_ENTRIES:
        return items
    dates = [date for date in map(published, items) if date is not None]
    return items[-MOST_ENTRIES:] if dates and dates[0] < dates[-1] else items[:MOST_ENTRIES]


def as_text(value: object) -> str:
    """`value` if it is a string, else an empty one: feeds put anything anywhere."""
    return value if isinstance(value, str) else ""


def _names(draft: Draft, mark: str, shared: Collection[str]) -> Iterator[str]:
    """The names of one item; `mark` is its text's. A short text is a name only where there is no other."""
    strong = False
    if draft.guid and draft.guid not in shared:
        strong = True
        yield f"guid:{draft.guid}"
    if draft.link and draft.link not in shared:
        strong = True
        yield f"link:{link_key(draft.link)}"
    words = len(draft.title.split()) + len(draft.text.split())
    if mark and (not strong or (words >= _FEWEST_WORDS and mark not in shared)):
        yield f"text:{mark}"


def _ambiguous(names: Iterable[tuple[str | None, object]]) -> frozenset[str]:
    """The names, each given with what it stands for, that stand for different things."""
    return frozenset(name for name, different in _told_by(names).items() if len(different) > 1)


def _told_by(names: Iterable[tuple[str | None, object]]) -> Mapping[str, set[object]]:
    """All that each of the names stands for."""
    told: defaultdict[str, set[object]] = defaultdict(set)
    for name, thing in names:
        if name:
            told[name].add(thing)
    return told


def _headline(draft: Draft) -> str:
    return (draft.title or draft.text).casefold()
