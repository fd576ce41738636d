"""Feeds in and out as OPML 2.0, the format in which feed readers exchange their lists.

It reads and writes text that it is given; it fetches nothing and opens no file.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.core.feed import Feed
from bot.errors import TocsinError

MAX_BYTES = 1_000_000


def read_opml(body: bytes) -> tuple[Feed, ...]:
    """The feeds of an OPML list, each address once, in its order. Raises TocsinError if it is not such a list."""
    if len(body) > MAX_BYTES:
        raise TocsinError("The OPML list is larger than 1 MB; split it into smaller lists.")
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise TocsinError(f"The list is not readable as OPML ({error}); export it again from its reader.") from error
    if root.tag.lower() != "opml":
        raise TocsinError(f"The list is not OPML: its outermost element is <{root.tag}>; export it as OPML.")
    feeds = (_feed(outline) for outline in root.iter("outline") if outline.get("xmlUrl"))
    return tuple({feed.url: feed for feed in feeds}.values())


def write_opml(feeds: Sequence[Feed], *, title: str = "Tocsin") -> bytes:
    """The feeds as an OPML 2.0 list in UTF-8."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    body = SubElement(root, "body")
    for feed in feeds:
        SubElement(
            body, "outline", type="rss", text=feed.name, title=feed.name, xmlUrl=feed.url,
            category=feed.kind, language=feed.language,
        )  # fmt: skip
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _feed(outline: Element) -> Feed:
    url = outline.get("xmlUrl", "").strip()
    name = (outline.get("title") or outline.get("text") or "").strip()
    return Feed(url=url, name=name or url)
