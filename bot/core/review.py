"""Review: a whole evaluation for a person to read through: figures, confusions, errors, and every document with marks.

It sets side by side what evaluation, confusion and misses find, and draws nothing (see the page and the command line).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.core.confusion import Confusion, events_confused, stages_confused
from bot.core.evaluation import Row, evaluate
from bot.core.misses import Miss, misses
from bot.core.reasons import Part
from bot.core.stream import Finding

LOWER_IS_BETTER = frozenset(("story near_misses_merged", "facts not_verbatim", "facts words"))
COUNTS = frozenset(("n", "near_misses", "stories"))
"""Figures that tell how much was counted, and are no better for being higher."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure by its name, such as "story f1", the one that it is to be compared with, and whether it is at least as
    good (None where there is nothing to compare, or no better and worse)."""

    name: str
    value: float
    beside: float | None = None
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was expected and what came under one name, and whether that is right (None where it does not count)."""

    name: str
    expected: str
    came: str
    right: bool | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A labelled document with its answers, its errors and the reasons."""

    label: Row
    given: Row
    answers: tuple[Answer, ...]
    misses: tuple[Miss, ...]
    parts: tuple[Part, ...]

    @property
    def id(self) -> str:
        return str(self.label["id"])


@dataclass(frozen=True, slots=True)
class Review:
    """An evaluation; `documents` stand in the order in which they were read."""

    figures: Mapping[str, Any]
    events: Confusion
    stages: Confusion
    misses: tuple[Miss, ...]
    documents: tuple[Reviewed, ...]


def review(labels: Sequence[Row], found: Sequence[Finding], topics: Mapping[str, str] = MappingProxyType({})) -> Review:
    """The review of what was found in the labelled documents; `topics` are names by id."""
    outputs = [finding.row for finding in found]
    parts = {finding.document.id: finding.parts(topics) for finding in found}
    errors = misses(labels, outputs, parts)
    by_id = {str(row["id"]): row for row in outputs}
    read = [label for label in _by_date(labels) if str(label["id"]) in by_id]
    titles = _titles(read, by_id)
    return Review(
        evaluate(labels, outputs),
        events_confused(labels, outputs),
        stages_confused(labels, outputs),
        tuple(errors),
        tuple(_reviewed(label, by_id[str(label["id"])], errors, parts[str(label["id"])], titles) for label in read),
    )


def _by_date(labels: Iterable[Row]) -> list[Row]:
    return sorted(labels, key=lambda row: (str(row.get("date", "")), str(row["id"])))


def _titles(labels: Iterable[Row], by_id: Mapping[str, Row]) -> dict[str, str]:
    """The title of each printed story's first report."""
    titles: dict[str, str] = {}
    for label in labels:
        story = by_id[str(label["id"])]["story"]
        if story is not None:
            titles.setdefault(str(story), str(label["title"]))
    return titles


def figures_of(figures: Mapping[str, Any], beside: Mapping[str, Any] = MappingProxyType({})) -> list[Figure]:
    """The figures one by one; `beside` are others of the same shape: what must be reached, or an earlier run's."""
    return [
        _figure(f"{group} {name}", value, _number(beside, group, name))
        for group, values in figures.items()
        if isinstance(values, Mapping)
        for name, value in values.items()
    ]


def _figure(name: str, value: float, beside: float | None) -> Figure:
    good = None
    if beside is not None and name.split()[-1] not in COUNTS:
        good = value <= beside if name in LOWER_IS_BETTER else value >= beside
    return Figure(name, value, beside, good)


def _number(figures: Mapping[str, Any], group: str, name: str) -> float | None:
    values = figures.get(group)
    number = values.get(name) if isinstance(values, Mapping) else None
    return number if isinstance(number, int | float) else None


def _reviewed(
    label: Row, given: Row, errors: Iterable[Miss], parts: tuple[Part, ...], titles: Mapping[str, str]
) -> Reviewed:
    own = tuple(miss for miss in errors if miss.id == str(label["id"]))
    return Reviewed(label, given, tuple(_answers(label, given, own, titles)), own, parts)


def _answers(label: Row, given: Row, errors: Sequence[Miss], titles: Mapping[str, str]) -> Iterator[Answer]:
    counts = label["label"] != "borderline"
    raised = "an alert" if given["relevant"] else "silence"
    kinds = {miss.kind for miss in errors}
    wrong = bool(kinds & {"missed_story", "missed_report", "false_alarm"})
    yield Answer("relevance", str(label["label"]).replace("_", " "), raised, not wrong if counts else None)
    if label["label"] != "relevant" or not given["relevant"]:
        return
    yield _answer("event", label.get("event"), given["event"], {"wrong_event"} & kinds)
    yield _answer("stage", label.get("stage"), given["stage"], {"wrong_stage"} & kinds)
    for role in ("buyer", "seller"):
        wrong_party = {miss.kind for miss in errors if miss.expected.startswith(f"{role}:")}
        yield _answer(role, label.get(role), given[role], wrong_party)
    named = {"wrong_organisation", "missing_organisation"} & kinds
    yield _answer("organisations", label.get("orgs"), given["orgs"], named)
    yield _answer("amounts", label.get("money"), given["money"], {"wrong_amount", "missing_amount"} & kinds)
    told = titles.get(str(given["story"]))
    yield _answer("story", label.get("story"), told, {"split", "wrong_merge", "near_miss_merged"} & kinds)
    followed = titles.get(str(given["follows"]))
    yield _answer("follows", label.get("follows"), followed, {"wrong_follow", "missing_follow"} & kinds)
    shown = [str(label["title"]), *given["key_points"]]
    yield _answer("facts", label.get("key_facts"), shown, {"missing_facts", "altered_quote"} & kinds)


def _answer(name: str, expected: object, came: object, wrong: set[str]) -> Answer:
    """An answer where the label has none counts only where it is an error."""
    return Answer(name, _words(expected), _words(came), False if wrong else True if expected else None)


def _words(value: object) -> str:
    if isinstance(value, list | tuple):
        return " · ".join(map(str, value))
    return str(value).replace("_", " ") if value else ""
