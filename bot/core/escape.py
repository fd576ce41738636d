"""Strangers' text made safe to show in Discord: no markup, no mention, no link, nothing invisible, cut where asked.

Rules follow what Discord's client draws in a message: a backslash before punctuation shows that character alone.
discord.py's own escaper leaves `<#…>`, `</command:…>`, `<t:…>`, invites and bare addresses alive, hence this one.
It lays nothing out (see message).
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise, zip_longest
from urllib.parse import quote, urlsplit

LONGEST_LINK = 2048
LONGEST_BUTTON_LINK = 512
ELLIPSIS = "…"
UNTITLED = "(no title)"

_JOINER, _SELECTOR = "\u200d", "\ufe0f"
_JOINERS = frozenset((_JOINER, _SELECTOR, "\u200c"))  # the last parts letters in Persian and the Indic scripts
_WORD_JOINER = "\u2060"  # takes no room and allows no line break: it parts what Discord would read as one
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SPACES = frozenset("\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_MARKS_IN_A_ROW = 3  # Vietnamese and Hebrew need no more; text that climbs over its neighbours does

_MARKUP = re.compile(r"[\\`*_~|<\[\]]")
_OPENING = re.compile(r"^(\d+(?=[.)]\s))?(?=[>#+.)-])")
_COLON = re.compile(r":(?=\S)")
_MENTION = re.compile(r"@(?=everyone|here|[!&\d])", re.IGNORECASE)
_INVITE = re.compile(r"(?<=discord)(app)?(?=\.(?:gg|com|io|me|li|new|gift)\b)|(?<=dis)(?=\.gd\b)", re.IGNORECASE)


def length(text: str) -> int:
    """How long Discord may take `text` to be: in UTF-16 units, the larger of the two ways it counts."""
    return len(text) + sum(character > "\uffff" for character in text)


def plain(text: str) -> str:
    """`text` on one line, without control, invisible, bidirectional and piled-up characters."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    spaced = "".join(" " if character in _SPACES else character for character in text)
    visible = [character for character in spaced if _visible(character)]
    return " ".join(_thinned(_joined(visible)).split())


def escape(text: str, limit: int | None = None) -> str:
    """`text` as Discord shows it literally, at most `limit` long (see `length`) with its backslashes counted."""
    text = plain(text if limit is None else _beginning(text, limit))
    escaped = _escape(text)
    if limit is None or length(escaped) <= limit:
        return escaped
    return _longest(text, limit, _escape)


def cut(text: str, limit: int) -> str:
    """Plain text for where Discord draws no markup (author, footer, labels, choices), at most `limit` long."""
    text = plain(_beginning(text, limit))
    return text if length(text) <= limit else _longest(text, limit, str)


def clusters(text: str) -> list[str]:
    """The characters that a person sees: marks, emoji sequences, flags and Hangul syllables stay whole.

    A small rule in the spirit of Unicode's UAX #29; it may keep together a little more than that one.
    """
    if not text:
        return []
    found = [text[0]]
    for before, character in pairwise(text):
        if _joins(found[-1], before, character):
            found[-1] += character
        else:
            found.append(character)
    return found


def safe_link(url: str | None, *, longest: int = LONGEST_LINK) -> str | None:
    """`url` if it is http(s), has a host, holds nothing that could end a link early and is short enough."""
    if not url or length(url) > longest or plain(url) != url or re.search(r"[\s\\<>\"`]", url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and host and "@" not in parts.netloc else None


def host(url: str | None) -> str:
    """The host that a link really leads to, without "www."."""
    link = safe_link(url)
    return (urlsplit(link).hostname or "").removeprefix("www.") if link else ""


def masked_link(label: str, url: str | None, *, limit: int = 150, longest: int = 400) -> str:
    """`[label](url)` with a label of at most `limit`, or the label alone where the address is unsafe or too long."""
    shown = escape(label.replace("[", "(").replace("]", ")"), limit) or UNTITLED
    link = quote(safe_link(url) or "", safe=_LINK_CHARACTERS)
    return f"[{shown}]({link})" if link and len(link) <= longest else shown


_LINK_CHARACTERS = ":/?#@!$&'*+,;=%~-._"  # all of RFC 3986 but brackets, which would end a masked link


def _beginning(text: str, limit: int) -> str:
    """As much of a text as can matter for what is shown of it, so that an endless one costs no time."""
    return text[: 16 * limit + 512]


def _escape(text: str) -> str:
    text = _MARKUP.sub(r"\\\g<0>", text)
    text = _COLON.sub(r"\\:", text)
    text = _MENTION.sub("@" + _WORD_JOINER, text)
    text = _INVITE.sub(lambda match: (match.group(1) or "") + "\\", text)
    return _OPENING.sub(r"\1\\", text)


def _longest(text: str, limit: int, make: Callable[[str], str]) -> str:
    """The longest beginning of `text`, in whole characters and an ellipsis, that `make` keeps within `limit`."""
    ends = list(accumulate(len(cluster) for cluster in clusters(text)))
    fitting = bisect_right(ends, limit, key=lambda end: length(make(text[:end] + ELLIPSIS)))
    if fitting == 0:
        return ELLIPSIS if limit > 0 else ""
    return make(_at_word(text, ends[fitting - 1]) + ELLIPSIS)


def _at_word(text: str, end: int) -> str:
    """`text[:end]`, back to the end of a word where that costs little."""
    if end < len(text) and text[end] != " ":
        space = text.rfind(" ", 0, end)
        if space > end * 0.7:
            end = space
    return text[:end].rstrip(" ,;:–—-")


def _visible(character: str) -> bool:
    if character in _JOINERS:
        return True
    return character not in _BLANK_LETTERS and unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _joined(characters: Sequence[str]) -> list[str]:
    """The characters without the joiners and selectors that join or select nothing."""
    kept: list[str] = []
    for character, after in zip_longest(characters, characters[1:], fillvalue=" "):
        if character not in _JOINERS or _has_effect(kept[-1] if kept else " ", character, after):
            kept.append(character)
    return kept


def _has_effect(before: str, joiner: str, after: str) -> bool:
    if joiner == _JOINER:
        return _is_emoji(before) and _is_emoji(after)
    if joiner == _SELECTOR:
        return before in "0123456789#*" or (before != _SELECTOR and _is_emoji(before))
    return "\u0600" <= before <= "\u0dff" and "\u0600" <= after <= "\u0dff"


def _thinned(characters: Sequence[str]) -> str:
    """The characters with at most three marks in a row."""
    kept: list[str] = []
    marks = 0
    for character in characters:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _is_emoji(character: str) -> bool:
    return character == _SELECTOR or unicodedata.category(character) in ("So", "Sk", "Sm", "Po")


def _joins(cluster: str, before: str, character: str) -> bool:
    if character in _JOINERS or unicodedata.category(character) in ("Mn", "Me", "Mc"):
        return True
    if before == _JOINER or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if _is_regional(character):
        return len(cluster) == 1 and _is_regional(before)
    return "\u1100" <= before <= "\u11ff" and "\u1160" <= character <= "\u11ff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
