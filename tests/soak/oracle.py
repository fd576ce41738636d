"""The oracle: what was lost and what was told twice, by what stands in the channels and in the database.

It believes neither: every article that was published has to be an entry, every story with later news a row for each
subscription, every row one terminal state, every row that was sent one message, and every message one row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.soak.books import Books
from tests.soak.press import Press
from tests.soak.town import Town

Row = Any


@dataclass
class Verdict:
    """What was found: a sentence for each fault. `sent` counts messages that were told and stand."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    sent: int = 0


def judge(town: Town, books: Books, press: Press, *, last: bool) -> Verdict:
    """The state of things once nothing is under way any more; what waits for a digest may do so before the `last`."""
    rows, lists, told = books.alerts(), books.bulletins(), list(town.told())
    verdict = Verdict(sent=len(told))
    verdict.lost += [f"{guid} is in no database" for guid in sorted(press.guids - set(books.guids()))]
    verdict.lost += _unmatched(rows, books)
    verdict.lost += _unended([row for row in rows if last or not _waits(row)], lists, town)
    verdict.lost += _untold(rows, lists, town)
    verdict.twice += [f"{guid} is kept twice" for guid, times in Counter(books.guids()).items() if times > 1]
    verdict.twice += _repeated(rows, lists, town)
    return verdict


def _waits(row: Row) -> bool:
    return bool(row.kind == "digest" and row.state == "owed")


def _unmatched(rows: Sequence[Row], books: Books) -> Iterator[str]:
    """Every subscription of the town wants every story that is reported while it is there."""
    there = {(row.subscription_id, row.story_id) for row in rows}
    wanting = books.subscriptions()
    for story, reported in sorted(books.told_later().items()):
        for subscription in wanting:
            if reported > subscription.created_at and (subscription.id, story) not in there:
                yield f"story {story} has no row for subscription {subscription.id}"


def _unended(rows: Sequence[Row], lists: Sequence[Row], town: Town) -> Iterator[str]:
    allowed = {"sent", "digested"}
    for row in rows:
        if row.state not in allowed and not (row.state == "dead" and row.channel_id in town.gone):
            yield f"alert {row.id} is {row.state} ({row.state_reason})"
    for row in lists:
        fine = row.state == "sent" or (row.state == "suppressed" and row.message_id is None and not row.attempt)
        if not fine and not (row.state == "dead" and row.channel_id in town.gone):
            yield f"{row.kind} {row.id} is {row.state} ({row.state_reason})"


def _untold(rows: Sequence[Row], lists: Sequence[Row], town: Town) -> Iterator[str]:
    """What is marked as sent and does not stand there, though nobody deleted it."""
    stand = {message.mark for message in town.told()} | town.removed
    for row in (*rows, *lists):
        if row.state == "sent" and row.nonce not in stand and row.channel_id not in town.gone:
            yield f"row {row.id} ({row.nonce}) is sent and stands nowhere"
    sent = {row.id for row in lists if row.state == "sent"}
    for row in rows:
        if row.state == "digested" and row.bulletin_id not in sent and row.channel_id not in town.gone:
            yield f"alert {row.id} was told in a list that was not sent"


def _repeated(rows: Sequence[Row], lists: Sequence[Row], town: Town) -> Iterator[str]:
    told = list(town.told())
    known = {row.nonce: row.channel_id for row in (*rows, *lists) if row.state == "sent"}
    for mark, times in Counter(message.mark for message in told).items():
        if times > 1:
            yield f"{times} messages carry the mark {mark!r}"
    for message in told:
        if known.get(message.mark) != message.channel_id:
            yield f"message {message.message_id} in {message.channel_id} belongs to no row that was sent there"
    first = Counter((row.channel_id, row.story_id) for row in rows if row.kind != "update" and row.state != "dead")
    for (channel, story), times in first.items():
        if times > 1:
            yield f"channel {channel} was told story {story} {times} times"
