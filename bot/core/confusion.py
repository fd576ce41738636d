"""Confusion: how often each true value was given as which other, for types of event and stages.

Rows are the truth, columns the answer. An answer that the label also accepts counts as the truth, so that the share on
the diagonal is the figure of accuracy.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.evaluation import Pair, Row, has_event, is_accepted, paired
from bot.core.event import EVENT_TYPES, STAGES

MISSED = "missed"
"""The answer for a document that was judged irrelevant."""
NONE = "none"


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts[row][column]` documents whose truth is `rows[row]` and whose answer is `columns[column]`."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def right(self) -> int:
        return sum(self.counts[n][self.columns.index(name)] for n, name in enumerate(self.rows) if name in self.columns)

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts))


def events_confused(labels: Sequence[Row], outputs: Iterable[Row]) -> Confusion:
    """The types of event of the relevant documents whose label has one other than "other"."""
    pairs = [pair for pair in _relevant(labels, outputs) if has_event(pair)]
    return _confusion(pairs, "event", EVENT_TYPES)


def stages_confused(labels: Sequence[Row], outputs: Iterable[Row]) -> Confusion:
    """The stages of the relevant documents whose label has one."""
    return _confusion([pair for pair in _relevant(labels, outputs) if pair.label.get("stage")], "stage", STAGES)


def _relevant(labels: Sequence[Row], outputs: Iterable[Row]) -> list[Pair]:
    printed = {str(row["id"]): row for row in outputs}
    return [pair for pair in paired(labels, printed) if pair.relevant]


def _confusion(pairs: Iterable[Pair], key: str, order: Sequence[str]) -> Confusion:
    """Rows and columns in `order`, those that never occur left out; what is in no order comes last."""
    counted = Counter((str(pair.label[key]), _answer(pair, key)) for pair in pairs)
    rows = _ordered({true for true, _ in counted}, order)
    columns = _ordered({given for _, given in counted} | set(rows), (*order, NONE, MISSED))
    return Confusion(rows, columns, tuple(tuple(counted[true, given] for given in columns) for true in rows))


def _answer(pair: Pair, key: str) -> str:
    if is_accepted(pair, key):
        return str(pair.label[key])
    return str(pair.given[key] or NONE) if pair.given["relevant"] else MISSED


def _ordered(values: set[str], order: Sequence[str]) -> tuple[str, ...]:
    return (*(value for value in order if value in values), *sorted(values.difference(order)))
