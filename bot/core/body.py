"""Body: what a feed's bytes are before anyone parses them: their encoding, whether they end too early, or are no feed.

It looks at a few marks only; entries are read in entry and jsonfeed.
"""

import codecs
import re

from bot.errors import FeedError

LONGEST_BODY = 5 * 1024 * 1024
"""Bytes of a body that are read, decoded."""

_DECLARED = re.compile(rb"^[\s\x00]*<\?xml[^>]{0,200}?encoding\s*=\s*['\"]([^'\"]{0,100})['\"]")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\"';\s]+)", re.IGNORECASE)
# Possessive and atomic: a page that begins with hundreds of comments must not be tried in every division of them.
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:(?><!--[\s\S]*?-->)\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I
)
# The first characters of a feed in two or four bytes each that lacks both a byte order mark and a declaration.
_WIDE = {b"<\0\0\0": "utf-32-le", b"\0\0\0<": "utf-32-be"}
_WIDE_PAIRS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_OPEN_ENTRY = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_CLOSED_ENTRY = re.compile(rb"</(?:\w{1,20}:)?(?:item|entry)\s*>", re.IGNORECASE)
_CLOSED_FEED = re.compile(rb"</(?:\w{1,20}:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_FEED_DATE = re.compile(
    rb"<((?:\w{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))(?:\s[^<>]{0,200})?>[^<]{0,200}</\1\s*>",
    re.IGNORECASE,
)
# Text encodings by Python's reckoning that no feed is written in and that cost too much or read as something else.
_REFUSED = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"})
_CDATA = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_BARE_AMPERSAND = re.compile(rb"&(?!#[0-9]{1,8};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,30};)")
_REFERENCE = re.compile(rb"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
_SURROGATES = re.compile(rb"&#(?:[0-9]{5}|[xX][0-9a-fA-F]{4});&#(?:[0-9]{5}|[xX][0-9a-fA-F]{4});")
_EDGE = 20_000  # bytes; a feed's own fields come before its entries, and little follows its end
_UTF8 = frozenset({"utf-8", "ascii"})


def check_size(body: bytes) -> None:
    """Raise FeedError for a body that is empty or over 5 MB."""
    if not body.strip(b"\x00 \t\r\n"):
        raise FeedError("The answer is empty: check the feed's address in a browser.")
    if len(body) > LONGEST_BODY:
        raise FeedError("The feed is larger than 5 MB: ask its publisher for a shorter one.")


def is_json(body: bytes) -> bool:
    """Whether the body can only be JSON."""
    return body[:1024].removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def is_web_page(body: bytes) -> bool:
    """Whether the body begins as an HTML page does."""
    return _HTML.match(body[:8192].removeprefix(codecs.BOM_UTF8)) is not None


def encoding_of(body: bytes, content_type: str | None) -> str | None:
    """The encoding to read `body` in, or None to leave it to the body's own marks.

    Raises FeedError where a declared one is not a text encoding. A charset in the header gives way to a body that
    is plainly UTF-8: servers label such bodies as ISO-8859-1 far more often than the reverse.
    """
    header = _CHARSET.search(content_type or "")
    from_header = _text_encoding(header[1]) if header else None
    from_body = _declared(body)
    if (from_body is None or from_body in _UTF8 or from_header == "utf-8") and _is_utf8(body):
        return "utf-8"
    if from_body is not None:
        return None
    return from_header or _WIDE.get(body[:4]) or _WIDE_PAIRS.get(body[:2])


def is_unfinished(body: bytes) -> bool:
    """Whether the feed's closing tag is missing; False where that cannot be seen (two-byte encodings)."""
    return b"\x00" not in body[:4] and not _CLOSED_FEED.search(body[-1024:])


def ends_within_entry(body: bytes) -> bool:
    """Whether the body ends inside its last entry, whose link and title may then be halves."""
    starts = [match.start() for match in _OPEN_ENTRY.finditer(body)] if is_unfinished(body) else []
    return bool(starts) and _CLOSED_ENTRY.search(body, starts[-1]) is None


def substance(body: bytes) -> bytes:
    """The body without what many publishers change with every answer: the feed's own dates, and what follows its end
    ("page generated in 0.2 seconds"). It looks at the edges only, so that it costs next to nothing."""
    first = _OPEN_ENTRY.search(body, 0, _EDGE)
    start = first.start() if first else 0
    ends = [match.end() for match in _CLOSED_FEED.finditer(body, max(start, len(body) - _EDGE))]
    return _FEED_DATE.sub(b"", body[:start]) + body[start : ends[-1] if ends else len(body)]


def with_ampersands_escaped(body: bytes) -> bytes | None:
    """The body with every bare "&" made "&amp;", or None where there is none to mend.

    feedparser reads "R&D" in broken markup as an entity and gives "R&D;".
    """
    if b"\x00" in body[:4]:
        return None
    pieces = _CDATA.split(body)  # every second one is a CDATA section, where "&" is right
    pieces[::2] = [_BARE_AMPERSAND.sub(b"&amp;", piece) for piece in pieces[::2]]
    mended = b"".join(pieces)
    return mended if mended != body else None


def with_references_mended(body: bytes) -> bytes:
    """The body with numeric references that stand for no character made ones that do, or left out if for a control.

    A pair of surrogates, as some programs write an emoji, becomes its character. One such reference costs feedparser
    the whole feed.
    """
    if b"\x00" in body[:4] or b"&#" not in body:
        return body
    return _REFERENCE.sub(_mended_reference, _SURROGATES.sub(_mended_pair, body))


def _mended_pair(match: re.Match[bytes]) -> bytes:
    """The reference to the one character that two surrogates stand for."""
    high, low = (_number(each) for each in _REFERENCE.finditer(match[0]))
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return match[0]
    return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _mended_reference(match: re.Match[bytes]) -> bytes:
    number = _number(match)
    if number < 0x20 and number not in (0x9, 0xA, 0xD):
        return b""
    return b"&#65533;" if 0xD800 <= number < 0xE000 or number > 0x10FFFF else match[0]


def _number(reference: re.Match[bytes]) -> int:
    """The code point that is referred to; a number that is too long to be one counts as too high."""
    decimal, hexadecimal = reference.groups()
    digits = (decimal or hexadecimal).lstrip(b"0") or b"0"
    return int(digits, 10 if decimal else 16) if len(digits) <= 7 else 0x110000


def _declared(body: bytes) -> str | None:
    """The encoding that the body declares in plain ASCII: if that is one of two or four bytes to a character, its
    program told how it held the text, not how it sent it."""
    declaration = _DECLARED.match(body[:1024].removeprefix(codecs.BOM_UTF8))
    declared = _text_encoding(declaration[1].decode("ascii", "replace")) if declaration else None
    return None if declared is not None and declared.startswith(("utf-16", "utf-32")) else declared


def _text_encoding(name: str) -> str | None:
    """Python's name for the encoding called `name`; None for an unknown one; FeedError for what encodes no text."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if not codec._is_text_encoding or codec.name in _REFUSED:
        raise FeedError(f"The feed declares the encoding {codec.name!r}, which is none for text: ask its publisher.")
    return codec.name


def _is_utf8(body: bytes) -> bool:
    if b"\x00" in body[:4]:
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
