"""Article: an entry made readable, as plain text in blocks.

It names outlet and language, trims the title and says what is amiss; it does not judge what the text says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.entry import Entry
from bot.core.feed import Feed
from bot.core.link import canonical_link, outlet_of
from bot.core.text import LONGEST_TEXT, cut, fingerprint, plain_text, read_line
from bot.core.words import TAG, TEXT_LIMIT, Words

LONGEST_TITLE = 500
"""Characters of a title that are kept: longer ones are texts put into the wrong field."""

EARLIEST, LATEST = 1990, 2090
"""Years between which a date is believed."""

AHEAD = timedelta(days=2)
"""How far a date may lie behind the time when the article was first seen: clocks and zones differ."""

SHOUTED = 20
"""Letters from which a text without small ones is in capitals: fewer may be a name or two among other scripts."""

_SUFFIX = re.compile(r"\s+[-–—|·»]\s+(?P<name>[^|·»]{2,80})$")
_NOT_NAME = re.compile(r"[\W_]+|^the\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Article:
    """An entry made readable.

    `text` holds one block (paragraph, heading, list entry) a line, so that a heading is never glued to a sentence.
    `outlet` is the host of the link without "www."; `fingerprint` is equal for copies of one text.
    `first_seen` is ours, `published` the publisher's claim; both aware UTC.
    """

    title: str
    text: str
    link: str | None
    outlet: str
    language: str
    first_seen: datetime
    published: datetime | None = None
    fingerprint: str = ""
    feed_kind: str = "press"


def read_entry(entry: Entry, *, feed: Feed, first_seen: datetime) -> Article:
    """`entry` of `feed` as an Article, its text at most 5,000 characters. Never raises."""
    outlet = feed.outlet or entry.outlet or outlet_of(entry.link or "") or outlet_of(feed.url)
    title = _without_outlet(read_line(entry.title), (feed.outlet, entry.outlet, entry.outlet_name, outlet))
    text = entry.text or plain_text(entry.markup)
    title, text = _titled(title, _without_title(text, title))
    return Article(
        title=cut(title, LONGEST_TITLE),
        text=cut(text, LONGEST_TEXT),
        link=canonical_link(entry.link) if entry.link else None,
        outlet=outlet,
        language=entry.language or feed.language,
        first_seen=first_seen,
        published=entry.published,
        fingerprint=fingerprint(title, text),
        feed_kind=feed.kind,
    )


def _titled(title: str, text: str) -> tuple[str, str]:
    """A title for an entry that has none: the first line of its text, which then is not repeated."""
    if title or not text:
        return title, text
    first, _, rest = text.partition("\n")
    return (first, rest) if len(first) <= LONGEST_TITLE else (cut(first, 120), text)


def _without_title(text: str, title: str) -> str:
    """`text` without a first line that only repeats the title."""
    first, _, rest = text.partition("\n")
    if not title or len(first) > 2 * len(title) + 20:  # which needs no closer look
        return text
    return rest if _key(first) == _key(title) else text


def _without_outlet(title: str, names: tuple[str | None, ...]) -> str:
    """`title` without a last part that is one of the outlet's names ("… - Reuters")."""
    match = _SUFFIX.search(title)
    if match is None:
        return title
    known = {_key(form) for name in names if name for form in (name, name.split(".")[0]) if _key(form)}
    return title[: match.start()] if _key(match["name"]) in known else title


def _key(name: str) -> str:
    """`name` as outlets are compared: no case, spaces, punctuation or leading "the"."""
    return _NOT_NAME.sub("", name.strip()).casefold()


def shortcomings(article: Article, words: Words, title_words: int) -> Iterator[str]:
    """What is amiss with an article whose `words`, the first `title_words` of them its title's, are all that was read:
    a clause each, which says what was made of it."""
    if not words.forms:
        yield "neither title nor text holds a word; there was nothing to judge"
    elif title_words == len(words.forms):
        yield "the text is empty; judged by the title alone"
    elif not title_words:
        yield "the title is empty; judged by the text alone"
    if len(article.text) > TEXT_LIMIT:
        yield f"only the first {TEXT_LIMIT:,} characters of the text were read"
    if len(article.title) > LONGEST_TITLE:
        yield f"only the first {LONGEST_TITLE} characters of the title were read"
    if words.text.isupper() and sum(letter.isupper() for letter in words.text) > SHOUTED:
        yield "all is in capitals, so that names are told from words less surely"
    if "\ufffd" in words.text:
        yield "some characters are broken and were passed over"
    if TAG.search(words.text):
        yield "markup was left in the text; what stands around it was read"
    yield from _date_shortcomings(article)


def _date_shortcomings(article: Article) -> Iterator[str]:
    if article.published is None:
        yield "no date is given that can be believed"
    elif not EARLIEST <= article.published.year <= LATEST or article.published - article.first_seen > AHEAD:
        yield f"its date, {article.published.date()}, is not to be believed"
