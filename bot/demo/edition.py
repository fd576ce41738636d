"""Editions: an outlet's feed as it stands at one poll, as RSS 2.0, Atom or JSON Feed.

It writes bodies the way publishers do; it serves nothing (see server).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape

from bot.demo.newsroom import Format, Outlet, Sample

TYPES: dict[Format, str] = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
}
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


@dataclass(frozen=True, slots=True)
class Edition:
    """A feed's body and its Content-Type."""

    body: bytes
    content_type: str


def edition(outlet: Outlet, times: Sequence[datetime]) -> Edition:
    """The feed of `outlet` at the last of `times`, the polls so far (aware UTC), newest article first.

    A body depends on nothing else, so that a feed without a new article stays the same to the byte.
    """
    there = [sample for sample in outlet.samples if sample.poll <= len(times)]
    dated = sorted(((times[sample.poll - 1] - sample.age, sample) for sample in there), key=lambda pair: pair[0])
    write = {"rss": _rss, "atom": _atom, "json": _json}[outlet.format]
    return Edition(write(outlet, dated[::-1]).encode(), TYPES[outlet.format])


def link_of(outlet: Outlet, sample: Sample) -> str:
    """The address of an article; nothing answers there."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in sample.title.lower()).split()
    return f"https://{outlet.host}/{sample.number}/{'-'.join(words[:6])}"


Dated = Sequence[tuple[datetime, Sample]]


def _rss(outlet: Outlet, dated: Dated) -> str:
    articles = "".join(
        f"<item><title>{escape(sample.title)}</title><link>{link_of(outlet, sample)}</link>"
        f'<guid isPermaLink="false">{outlet.slug}-{sample.number}</guid>'
        f"<pubDate>{format_datetime(time)}</pubDate>{_rss_text(outlet, sample)}</item>\n"
        for time, sample in dated
    )
    return (
        f'{_DECLARATION}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(outlet.name)}</title><link>https://{outlet.host}/</link>"
        f"<description>Sample stories, invented for a demonstration</description>\n{articles}</channel></rss>\n"
    )


def _rss_text(outlet: Outlet, sample: Sample) -> str:
    """A feed of markup "full" gives its first paragraph as description and everything as content."""
    if outlet.markup != "full":
        return f"<description>{escape(_text(outlet, sample))}</description>"
    return (
        f"<description>{escape(sample.paragraphs[0])}</description>"
        f"<content:encoded><![CDATA[{_html(sample)}]]></content:encoded>"
    )


def _atom(outlet: Outlet, dated: Dated) -> str:
    articles = "".join(
        f'<entry><title>{escape(sample.title)}</title><link rel="alternate" href="{link_of(outlet, sample)}"/>'
        f"<id>tag:{outlet.host},2026:{sample.number}</id>"
        f"<published>{time.isoformat()}</published><updated>{time.isoformat()}</updated>"
        f'<content type="html">{escape(_text(outlet, sample))}</content></entry>\n'
        for time, sample in dated
    )
    updated = dated[0][0].isoformat() if dated else "2026-01-01T00:00:00+00:00"
    return (
        f'{_DECLARATION}<feed xmlns="http://www.w3.org/2005/Atom"><title>{escape(outlet.name)}</title>'
        f"<id>tag:{outlet.host},2026:feed</id><updated>{updated}</updated>\n{articles}</feed>\n"
    )


def _json(outlet: Outlet, dated: Dated) -> str:
    key = "content_text" if outlet.markup == "plain" else "content_html"
    articles = [
        {
            "id": f"{outlet.slug}-{sample.number}",
            "url": link_of(outlet, sample),
            "title": sample.title,
            key: _text(outlet, sample),
            "date_published": time.isoformat(),
        }
        for time, sample in dated
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": outlet.name, "items": articles}
    return json.dumps(feed, ensure_ascii=False, indent=1)


def _text(outlet: Outlet, sample: Sample) -> str:
    return "\n\n".join(sample.paragraphs) if outlet.markup == "plain" else _html(sample)


def _html(sample: Sample) -> str:
    """Paragraphs as HTML; one that begins with "<" is HTML already."""
    return "".join(
        paragraph if paragraph.startswith("<") else f"<p>{escape(paragraph, quote=False)}</p>"
        for paragraph in sample.paragraphs
    )
