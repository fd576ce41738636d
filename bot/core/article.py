"""Article: an entry made readable, as plain text in blocks.

It makes text of markup; it does not judge what the text says.
"""

from dataclasses import dataclass
from datetime import datetime


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
