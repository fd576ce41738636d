"""Entry: one item as its feed gives it, and the reading of a feed's body into entries.

The only home of feedparser. It does not fetch, and it does not make text readable (see article).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed.

    `aliases` are the names by which it may be met again, strongest first ("guid:…", "link:…", "text:…");
    `identity` is the first of them. `markup` is HTML or plain text, whichever the feed gave. `published` is the
    publisher's claim, aware UTC, clamped to [1995, now + 24 h]; `outlet` is a source the entry itself names.
    """

    aliases: tuple[str, ...]
    guid: str | None
    link: str | None
    title: str
    markup: str
    published: datetime | None = None
    outlet: str | None = None

    @property
    def identity(self) -> str:
        return self.aliases[0]


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A body made into entries, in the order of the body. `ttl` is the publisher's wish for the polling interval."""

    format: str
    title: str
    entries: tuple[Entry, ...]
    ttl: timedelta | None = None
    truncated: bool = False
