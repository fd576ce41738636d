"""Stream: documents, one JSON object a line, to one row of findings each, in order, merged into stories on the way.

It is what `analyze` and `evaluate` share. It reads no file and analyses nothing: lines and analyses are given.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from types import MappingProxyType
from typing import Any

from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.link import canonical_link, outlet_of
from bot.core.merging import OpenStories
from bot.core.reasons import Part, event_part, organisations_part, placement_part, relevance_part, told_reason
from bot.core.story import Placement, Report
from bot.core.text import fingerprint, scrub
from bot.core.words import StopWords, language_of, words_of
from bot.errors import TocsinError

BYTE_ORDER_MARK = "\ufeff"
"""Some editors begin a file with it."""

KEYS = ("id", "title", "text", "url", "outlet", "date")
MOST_KEY_POINTS = 3
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A line read: its id and the article that it stands for, first seen at the line's date."""

    id: str
    article: Article


@dataclass(frozen=True, slots=True)
class Finding:
    """A document with all that was found in it; without a placement it is not relevant."""

    document: Document
    analysis: Analysis
    placement: Placement | None

    @property
    def row(self) -> Row:
        """What `analyze` prints for it."""
        return row_of(self.document, self.analysis, self.placement)

    def parts(self, topics: Mapping[str, str] = MappingProxyType({})) -> tuple[Part, ...]:
        """Why it was judged and placed so, in words; `topics` are names by id."""
        relevance = self.analysis.relevance
        topic = topics.get(relevance.topic, relevance.topic)
        judged = relevance_part(relevance.score, relevance.reasons, relevant=relevance.relevant, topic=topic)
        if self.placement is None:
            return (judged,)
        return (
            judged,
            organisations_part(self.analysis.organisations),
            event_part(self.analysis.event),
            placement_part(self.placement.story, self.placement.reasons),
        )


def documents(lines: Iterable[str], *, now: datetime, stop: StopWords | None = None) -> Iterator[Document]:
    """The documents of JSON lines, in order; blank lines are passed over.

    A document's `date` (ISO day or time; a day means its midnight, a time without zone is UTC) stands for the time it
    was first seen; a missing one is that of the line before, and `now` on the first. `stop` tells languages.
    Raises TocsinError with the number of the first bad line, after the documents before it.
    """
    seen = now
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = _row(line)
                seen = _date(row.get("date"), seen)
            except TocsinError as error:
                raise TocsinError(f"Line {number} {error}.") from error
            yield Document(str(row["id"]), _article(row, seen, stop or StopWords()))


def story_ids() -> Callable[[], str]:
    """The ids of a stream's stories, in order: "s1", "s2", …"""
    numbers = count(1)
    return lambda: f"s{next(numbers)}"


def findings(
    read: Iterable[tuple[Document, Analysis]], stories: OpenStories, *, new_id: Callable[[], str]
) -> Iterator[Row]:
    """One row for each document and its analysis, in order; relevant ones are placed in `stories`.

    A stream that comes in batches passes the same `stories` and `new_id` (see `story_ids`) with each.
    """
    return (each.row for each in found(read, stories, new_id=new_id))


def found(
    read: Iterable[tuple[Document, Analysis]], stories: OpenStories, *, new_id: Callable[[], str]
) -> Iterator[Finding]:
    """The same as values."""
    for document, analysis in read:
        placement = None
        if analysis.relevance.relevant:
            report = Report(document.article, analysis)
            seen = document.article.first_seen
            placement = stories.place(report, now=seen, new_id=new_id)
        yield Finding(document, analysis, placement)


def row_of(document: Document, analysis: Analysis, placement: Placement | None) -> Row:
    """What `analyze` prints for one document: every key, in a fixed order; without a placement it is not relevant."""
    relevance = analysis.relevance
    event = analysis.event if placement else None
    return {
        "id": document.id,
        "relevant": placement is not None,
        "score": round(relevance.score, 4),
        "reasons": _reasons(analysis, placement),
        "event": event.type if event else None,
        "stage": event.stage if event else None,
        "orgs": [mention.name for mention in analysis.organisations] if placement else [],
        "buyer": event.buyer.name if event and event.buyer else None,
        "seller": event.seller.name if event and event.seller else None,
        "money": [amount.words for amount in event.amounts] if event else [],
        "key_points": [point.sentence for point in analysis.key_points[:MOST_KEY_POINTS]] if placement else [],
        "story": placement.story.id if placement else None,
        "follows": placement.story.follows if placement else None,
    }


def labelled_lines(labels: Iterable[Mapping[str, Any]]) -> list[str]:
    """Labelled documents as lines for `documents`: sorted by (date, id), and nothing in them but what a feed gives."""
    ordered = sorted(labels, key=lambda row: (str(row.get("date", "")), str(row["id"])))
    return [json.dumps({key: row[key] for key in KEYS if key in row}) for row in ordered]


def _row(line: str) -> Row:
    try:
        row = json.loads(line.removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise TocsinError(f"is not JSON ({error}); give one object a line") from error
    if not isinstance(row, dict):
        raise TocsinError("is not a JSON object; give one with id, title, text, url, outlet and date")
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
        raise TocsinError('lacks an "id"; give each document one, as text')
    for key in KEYS[1:]:
        if not isinstance(row.get(key), str | None):
            raise TocsinError(f'has a "{key}" that is not text; write it in quotes')
    return row


def _date(written: str | None, before: datetime) -> datetime:
    if not written:
        return before
    try:
        moment = datetime.fromisoformat(written.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise TocsinError(
            f'has a "date" that is no ISO day or time ("{written[:40]}"); write it like 2026-03-04'
        ) from error


def _article(row: Row, seen: datetime, stop: StopWords) -> Article:
    """The document as an article. Its text stays as it is, so that quotes are verbatim."""
    title, text, url = row.get("title") or "", row.get("text") or "", row.get("url") or ""
    return Article(
        title=title,
        text=text,
        link=canonical_link(url) if url else None,
        outlet=row.get("outlet") or outlet_of(url),
        language=language_of(words_of(f"{title}\n{text}"[:5000]), stop) or "",
        first_seen=seen,
        published=seen if row.get("date") else None,
        fingerprint=fingerprint(scrub(title), scrub(text)),
    )


def _reasons(analysis: Analysis, placement: Placement | None) -> list[str]:
    """Why it is relevant or not, then why it stands in its story, a sentence each; what spoke against says so."""
    reasons = (*analysis.relevance.reasons, *(placement.reasons if placement else ()))
    told = [told_reason(reason) for reason in reasons]
    return [*told, analysis.problem] if analysis.problem else told
