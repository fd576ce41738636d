"""Entry: one item as its feed gives it, and the reading of a feed's body into entries.

The only home of feedparser. It does not fetch, and hostile bodies may cost it seconds: run it where it can be killed
(see language).
"""

import hashlib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser

from bot.core.body import (
    check_size,
    encoding_of,
    ends_within_entry,
    is_json,
    is_unfinished,
    is_web_page,
    substance,
    with_ampersands_escaped,
    with_references_mended,
)
from bot.core.draft import (
    Draft,
    as_text,
    clean_date,
    clean_guid,
    clean_language,
    clean_link,
    named,
    newest,
    reuses_guids,
)
from bot.core.jsonfeed import json_draft, json_format, json_published, load_json_feed
from bot.core.link import canonical_link, outlet_of
from bot.core.text import LONGEST_MARKUP, plain_text, read_line, scrub
from bot.errors import FeedError


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed.

    `aliases` are the names by which it may be met again, strongest first ("guid:…", "link:…", "text:…");
    `identity` is the first of them. `markup` is HTML or plain text, whichever the feed gave; `text` is the same made
    readable (blocks, one a line, at most 5,000 characters). `title` is one line of plain text. `published` is the
    publisher's claim, aware UTC, clamped to [1995, now + 24 h]; `outlet` is the host of a source the entry itself
    names, `outlet_name` how the entry calls it; `language` is ISO 639 in lower case where feed or entry state it.
    """

    aliases: tuple[str, ...]
    guid: str | None
    link: str | None
    title: str
    markup: str
    published: datetime | None = None
    outlet: str | None = None
    outlet_name: str | None = None
    language: str | None = None
    text: str = ""

    @property
    def identity(self) -> str:
        return self.aliases[0]


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A body made into entries, in the order of the body. `ttl` is the publisher's wish for the polling interval.

    `format` is feedparser's name of it ("rss20", "atom10") or "json10", "json11"; "unknown" where entries were found
    in a body that does not say. `truncated` says that the body held more than was read: over 500 entries, or a last
    one that was cut off. `unfinished` says that the body ended too early: what its validators stand for is more.
    `reuses_guids` says that it puts one guid on several things.
    """

    format: str
    title: str
    entries: tuple[Entry, ...]
    ttl: timedelta | None = None
    truncated: bool = False
    unfinished: bool = False
    reuses_guids: bool = False


def body_hash(body: bytes) -> str:
    """A hash of what matters in a body, so that an unchanged one is not parsed again."""
    return hashlib.sha256(substance(body)).hexdigest()


def parse_feed(body: bytes, *, url: str, content_type: str | None = None, now: datetime) -> ParsedFeed:
    """The feed in `body`, as fetched from `url` with the Content-Type header `content_type`.

    RSS, RDF and Atom in all their dialects and JSON Feed 1. Raises FeedError with one sentence where there is no feed
    in it; broken markup is no reason to refuse, since 54 of 440 broken feeds had good entries.
    """
    check_size(body)
    if is_json(body):
        return _parse_json(body, url=url, now=now)
    return _parse_xml(body, url=url, content_type=content_type, now=now)


def _parse_xml(body: bytes, *, url: str, content_type: str | None, now: datetime) -> ParsedFeed:
    encoding = encoding_of(body, content_type)
    body = with_references_mended(body)
    found = _feedparser(body, encoding)
    if found["bozo"] and (mended := with_ampersands_escaped(body)) is not None:
        found = _feedparser(mended, encoding)
    items, cut_off = _whole_items(body, found)
    about = found["feed"]
    base = clean_link(about.get("link"), url) or url
    language = clean_language(about.get("language"))
    kept = newest(items, lambda item: _published(item, now))
    drafts = [_draft(item, base=base, language=language, now=now) for item in kept]
    return ParsedFeed(
        format=found.get("version") or "unknown",
        title=read_line(as_text(about.get("title"))),
        entries=_entries(drafts, {url, base}),
        reuses_guids=reuses_guids(drafts),
        ttl=_ttl(about.get("ttl")),
        truncated=cut_off or len(kept) < len(items),
        unfinished=bool(found["bozo"]) and is_unfinished(body),
    )


def _parse_json(body: bytes, *, url: str, now: datetime) -> ParsedFeed:
    content = load_json_feed(body)
    base = clean_link(content.get("home_page_url"), url) or url
    language = clean_language(content.get("language"))
    items = [item for item in content["items"] if isinstance(item, dict)]
    kept = newest(items, lambda item: json_published(item, now))
    drafts = [json_draft(item, base=base, language=language, now=now) for item in kept]
    return ParsedFeed(
        format=json_format(content),
        title=read_line(as_text(content.get("title"))),
        entries=_entries(drafts, {url, base}),
        reuses_guids=reuses_guids(drafts),
        truncated=len(kept) < len(items),
    )


def _entries(drafts: Iterable[Draft], homes: Collection[str]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            aliases=aliases,
            guid=draft.guid,
            link=draft.link,
            title=draft.title,
            markup=draft.markup,
            published=draft.published,
            outlet=draft.outlet,
            outlet_name=draft.outlet_name,
            language=draft.language,
            text=draft.text,
        )
        for draft, aliases in named(drafts, {*homes, *filter(None, map(canonical_link, homes))})
    )


def _feedparser(body: bytes, encoding: str | None) -> Mapping[str, Any]:
    """feedparser's reading of `body`; it is given a stream, since bytes or a string make it open paths and URLs."""
    charset = f"; charset={encoding}" if encoding else ""
    try:
        found: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(body),
            response_headers={"content-type": f"application/xml{charset}"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise  # the worker's, which is not worth keeping then
    except Exception as error:  # a parser of strangers' bytes: whatever it trips over is the feed's fault
        raise FeedError(
            f"The feed cannot be read ({type(error).__name__} in its markup): ask its publisher to repair it."
        ) from error
    return found


def _whole_items(body: bytes, found: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
    """The items that arrived whole, and whether one did not. Raises FeedError where there is no feed."""
    items: list[Mapping[str, Any]] = found["entries"]
    if not items and not found.get("version"):
        if is_web_page(body):
            raise FeedError("The address is a web page, not a feed: look on that page for its RSS or Atom link.")
        raise FeedError("The answer is not a feed (no RSS, Atom or JSON Feed in it): check the address.")
    if found["bozo"] and ((not items and is_unfinished(body)) or ends_within_entry(body)):
        if len(items) < 2:
            raise FeedError("The feed was cut off before the end of its first entry: it is asked again later.")
        return items[:-1], True
    return items, False


def _draft(item: Mapping[str, Any], *, base: str, language: str | None, now: datetime) -> Draft:
    outlet, outlet_name = _source(item.get("source"))
    markup = scrub(_markup(item))[:LONGEST_MARKUP]
    return Draft(
        guid=clean_guid(item.get("id")),
        link=clean_link(item.get("link"), base) or canonical_link(as_text(item.get("id"))),
        title=read_line(as_text(item.get("title"))),
        markup=markup,
        text=plain_text(markup),
        published=_published(item, now),
        language=clean_language(item.get("language") or item.get("dc_language")) or language,
        outlet=outlet,
        outlet_name=outlet_name,
    )


def _markup(item: Mapping[str, Any]) -> str:
    """The longest of an item's contents and summary: publishers put the text into either."""
    contents = item.get("content") or []
    candidates = [as_text(content.get("value")) for content in contents if isinstance(content, Mapping)]
    return max([*candidates, as_text(item.get("summary"))], key=len)


def _source(source: object) -> tuple[str | None, str | None]:
    """Host and name of the outlet that an item gives as its source."""
    if not isinstance(source, Mapping):
        return None, None
    address = as_text(source.get("href")) or as_text(source.get("link"))
    return outlet_of(address) or None, read_line(as_text(source.get("title"))) or None


def _published(item: Mapping[str, Any], now: datetime) -> datetime | None:
    # feedparser's own look-up stands "published" in for a missing "updated", with a warning.
    plain: Mapping[str, Any] = dict(item)
    for name in ("published", "updated", "created"):
        parsed = plain.get(f"{name}_parsed")
        moment = _moment(parsed) if parsed else _mail_date(as_text(plain.get(name)))
        if (date := clean_date(moment, now)) is not None:
            return date
    return None


def _moment(parsed: Sequence[int]) -> datetime | None:
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _mail_date(text: str) -> datetime | None:
    """A date as in mail but without a zone, or with a foreign weekday: feedparser reads neither."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _ttl(value: object) -> timedelta | None:
    """RSS's ttl, in minutes."""
    minutes = as_text(value).strip()
    return timedelta(minutes=int(minutes)) if minutes.isascii() and minutes.isdigit() and len(minutes) < 7 else None
