"""FeedLink: the feeds that a web page names, found in its markup; and where feeds stand when no page names one.

It reads markup and nothing else: it fetches nothing, and whether a feed stands at an address shows only when that is
fetched. Hostile pages may cost it seconds: run it where it can be killed (see language).
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from bot.core.body import encoding_of
from bot.core.link import canonical_link, host_of
from bot.core.text import read_line
from bot.errors import FeedError

READ_BYTES = 1_000_000
"""Of a page: feeds are named in its head, lists of feeds not far below."""

MOST_LINKS = 20
LONGEST_TITLE = 100

COMMON = ("/feed", "/rss.xml", "/feed.xml", "/atom.xml")
"""Where publishers put feeds that their pages do not name, the usual place first."""

_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
_VAGUE = frozenset({"application/json", "application/xml", "text/xml"})  # of other alternates too
_LOOKS = re.compile(r"(?:^|[/._-])(?:rss|atom|feeds?)(?:[/._-]|$)|\.(?:rss|atom|rdf)$", re.IGNORECASE)
_COMMENTS = re.compile(r"\bcomments?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names: its address, and what the page calls it ("" where it does not)."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says of feeds: those that it names, the likeliest first, and whether it asks for a password."""

    links: tuple[FeedLink, ...] = ()
    asks_login: bool = False


def read_page(body: bytes, *, url: str, content_type: str | None = None) -> Page:
    """The feeds that the page at `url` names with <link rel=alternate>, or else with links that look like feeds.

    At most 20, those of comments last. Only http(s) addresses without credentials. Never raises.
    """
    reader = _Reader(url)
    with suppress(AssertionError, ValueError):  # html.parser's answers to declarations that it does not know
        reader.feed(_decoded(body[:READ_BYTES], content_type))
    found = reader.named or reader.linked
    ordered = sorted(found.items(), key=lambda link: _unlikely(*link, home=host_of(url)))
    return Page(tuple(FeedLink(*link) for link in ordered[:MOST_LINKS]), reader.asks_login)


def common_addresses(url: str) -> tuple[str, ...]:
    """Where a feed may stand although the page at `url` names none, at its host; empty for what is no address."""
    home = canonical_link(url)
    return tuple(urljoin(home, path) for path in COMMON) if home else ()


class _Reader(HTMLParser):
    """Collects addresses with their titles while it is fed; the page's own <base> counts from where it stands."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.named: dict[str, str] = {}
        self.linked: dict[str, str] = {}
        self.asks_login = False
        self._base = url

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attrs)}  # of two equal names a browser takes the first
        if tag == "base" and given.get("href"):
            self._base = canonical_link(given["href"], self._base) or self._base
        elif tag == "link" and _names_feed(given):
            self._add(self.named, given)
        elif tag == "a" and _looks_like_feed(given):
            self._add(self.linked, given)
        elif tag == "input" and given.get("type", "").strip().lower() == "password":
            self.asks_login = True

    def _add(self, found: dict[str, str], given: dict[str, str]) -> None:
        address = _address(given.get("href", ""), self._base)
        if address and len(found) < MOST_LINKS * 5:
            found.setdefault(address, read_line(given.get("title", "")[:500])[:LONGEST_TITLE])


def _address(href: str, base: str) -> str | None:
    """The absolute address as the page writes it, so that what its publisher reads in it stays; None if it is none."""
    try:
        address = urljoin(base, href.strip())
    except ValueError:
        return None
    return address.partition("#")[0] if href.strip() and canonical_link(address) else None


def _names_feed(given: dict[str, str]) -> bool:
    words = given.get("rel", "").lower().split()
    kind = given.get("type", "").partition(";")[0].strip().lower()
    if "alternate" not in words and "feed" not in words:
        return False
    return kind in _TYPES or (kind in _VAGUE and _LOOKS.search(_path(given)) is not None) or "feed" in words


def _looks_like_feed(given: dict[str, str]) -> bool:
    kind = given.get("type", "").partition(";")[0].strip().lower()
    return kind in _TYPES or _LOOKS.search(_path(given)) is not None


def _path(given: dict[str, str]) -> str:
    try:
        return urlsplit(given.get("href", "").strip()).path
    except ValueError:
        return ""


def _unlikely(url: str, title: str, *, home: str) -> tuple[bool, bool]:
    """Feeds of comments come last, those of other hosts after the page's own."""
    return _COMMENTS.search(f"{title} {_path({'href': url})}") is not None, host_of(url) != home


def _decoded(body: bytes, content_type: str | None) -> str:
    try:
        encoding = encoding_of(body, content_type) or "utf-8"
    except FeedError:
        encoding = "utf-8"
    return body.decode(encoding, errors="replace")
