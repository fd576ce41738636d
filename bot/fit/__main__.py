"""`python -m bot.fit [LABELS…]`: fits the weights of the first topic to labels and prints how well they hold.

The figures are those of stories that were held out; the weights written are those of all. Documents labelled
"borderline" count nowhere.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import spacy
import typer

from bot.core.analysis import Tools, prepare
from bot.core.article import Article
from bot.core.evaluation import average_precision, precision_and_recall
from bot.errors import TocsinError
from bot.fit.labels import Row, labelled, sources
from bot.fit.logistic import Model, Prior, fit, folds, log_odds, share
from bot.fit.weights import features_of, priors_of, rounded, written
from bot.settings.knowledge import read_knowledge

FOLDS = 10
SEEN = datetime(2000, 1, 1, tzinfo=UTC)
"""When an article was first seen says nothing about its relevance."""

app = typer.Typer(add_completion=False)


class Document(NamedTuple):
    """A labelled document: the story that it tells, its features, or None where the gate is closed."""

    story: str
    relevant: bool
    features: dict[str, float] | None


@app.command()
def main(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="Labelled JSON lines; FILE@even is half a file. The project's own where none is named."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The folder with topics.toml, which is rewritten.")] = Path("config"),
    strictness: Annotated[float, typer.Option(help="How firmly weights stay near their priors.")] = 1.0,
    dearness: Annotated[float, typer.Option(help="How many misses a false alarm is worth.")] = 3.0,
    threshold: Annotated[float, typer.Option(help="Score from which an article is relevant.")] = 0.5,
    dry: Annotated[bool, typer.Option(help="Print the figures only; write nothing.")] = False,
) -> None:
    """Fits the topic's weights to labelled documents."""
    try:
        tools = prepare(read_knowledge(config.joinpath), spacy.blank("en"))
        documents = [document for source in sources(labels or ()) for document in _documents(labelled(source), tools)]
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    topic = tools.judges[0].topic
    priors = priors_of(topic)
    for line in _figures(documents, _held_out(documents, priors, strictness, dearness), threshold):
        typer.echo(line)
    if not dry:
        path = config / "topics.toml"
        model = rounded(_fitted(documents, priors, strictness, dearness))
        path.write_text(written(path.read_text(encoding="utf-8"), topic.id, model, threshold), encoding="utf-8")
        typer.echo(f"{len(model.weights)} weights are written to {path}.")


def _documents(rows: Sequence[Row], tools: Tools) -> list[Document]:
    return [
        Document(
            row.get("story") or row["id"],
            row["label"] == "relevant",
            features_of(_article(row), tools.judges[0], tools),
        )
        for row in rows
        if row["label"] != "borderline"
    ]


def _article(row: Row) -> Article:
    return Article(title=row["title"], text=row["text"], link=None, outlet="", language="", first_seen=SEEN)


def _fitted(documents: Sequence[Document], priors: Mapping[str, Prior], strictness: float, dearness: float) -> Model:
    """The weights for documents that pass the gate; behind a closed one nothing is weighed."""
    passed = [(document.features, document.relevant) for document in documents if document.features is not None]
    rows, truths = [features for features, _ in passed], [relevant for _, relevant in passed]
    return fit(rows, truths, priors, strictness=strictness, dearness=dearness)


def _held_out(
    documents: Sequence[Document], priors: Mapping[str, Prior], strictness: float, dearness: float
) -> list[float]:
    """The score of each document by weights that were fitted without it."""
    scores = [0.0] * len(documents)
    for fold in folds([document.story for document in documents], FOLDS):
        rest = sorted(set(range(len(documents))) - set(fold))
        model = rounded(_fitted([documents[n] for n in rest], priors, strictness, dearness))
        for n in fold:
            found = documents[n].features
            scores[n] = 0.0 if found is None else share(log_odds(model, found))
    return scores


def _figures(documents: Sequence[Document], scores: Sequence[float], threshold: float) -> list[str]:
    pairs = list(zip(scores, [document.relevant for document in documents], strict=True))
    relevant = sum(truth for _, truth in pairs)
    right = sum(truth and score >= threshold for score, truth in pairs)
    wrong = sum(not truth and score >= threshold for score, truth in pairs)
    found = precision_and_recall(right, wrong, relevant - right)
    shut = sum(document.relevant and document.features is None for document in documents)
    return [
        f"{len(documents)} documents, {relevant} relevant, held out in {FOLDS} folds, threshold {threshold:g}",
        f"precision {found['precision']:.3f}  recall {found['recall']:.3f}  F1 {found['f1']:.3f}",
        f"average precision {average_precision(pairs):.4f}",
        f"false alarms {wrong} of {len(pairs) - relevant}; relevant but behind a closed gate {shut}",
    ]


if __name__ == "__main__":
    app()
