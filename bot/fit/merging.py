"""`python -m bot.fit.merging [LABELS…]`: learns the weights of merging and of follow-ups out of labelled stories, and
prints how well they hold.

Every report is compared with the stories that stand open when it comes, and must be told to belong to its own: in the
order in which the labelled reports came, and, at half the weight, with all stories moved into ten days, where there is
much to confuse. The threshold is the one that does best in the order in which they came. Each file is a world of its
own, for two readers may have named one story differently. The figures are those of stories that were held out; the
weights written are those of all.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from bot.core.evaluation import evaluate
from bot.core.merging import OpenStories
from bot.core.story import FollowWeights, MergingRules, Weights
from bot.errors import TocsinError
from bot.fit import following
from bot.fit.labels import sources
from bot.fit.logistic import Model, Prior, fit
from bot.fit.stories import SPAN, Labelled, dense, eager_tools, in_half, reports_of, rules_of

SCALE = 12.0
"""Log-odds of belonging together for each unit of likeness, before anything is fitted."""

PRIORS = {
    "words": 1.0, "covered": 0.05, "names": 0.2, "special": 0.05, "other_special": -0.1, "foreign": 0.05,
    "foreign_words": 0.8, "foreign_special": 0.4, "same_amount": 0.04, "other_amount": -0.3,
    "other_title_amount": -0.4, "same_event": 0.01, "akin_event": -0.03, "other_event": -0.1, "other_stage": -0.2,
    "later_stage": -0.8, "same_step": 0.03, "other_step": -0.6, "other_party": -0.7, "new_name": -0.1,
    "lost_name": -0.05, "day": -0.04,
}  # fmt: skip
"""What each weight is taken to be before any report is seen: what labels have few of stays near it."""

DECIDED = ("later_stage", "other_step", "other_party")
"""Weights that say what the product holds to be another story: labels may make them weightier than their priors, not
lighter."""

DEARNESS = 0.5
"""How many reports of a story one of another counts for: there are many more of these."""

NEAR_MISS = 1.0
"""What all near misses merged cost, as a share of all that can be right: who reads two stories as one is misled."""

AROUND = (-0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06)
"""Where the threshold is looked for, around even odds."""

LEAST = 0.11
"""No threshold below: labels have few near misses, and where many stories are open at once two that share little must
stay apart."""


class Order(NamedTuple):
    """Reports in an order in which they come, and how often it counts."""

    name: str
    reports: Sequence[Labelled]
    times: int


def main(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="Labelled JSON lines; FILE@even is half a file. The project's own where none is named."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The folder with merging.toml, which is rewritten.")] = Path("config"),
    strictness: Annotated[float, typer.Option(help="How firmly weights stay near their priors.")] = 1.0,
    figures: Annotated[bool, typer.Option(help="Also print figures of stories that were held out.")] = True,
    dry: Annotated[bool, typer.Option(help="Print the figures only; write nothing.")] = False,
) -> None:
    """Learns the weights of merging and follow-ups out of labelled stories."""
    try:
        rules, tools = rules_of(config), eager_tools(config)
        found = {Path(source).name: reports_of(source, tools) for source in sources(labels or ())}
    except (TocsinError, OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    streams = {name: reports for name, reports in found.items() if reports}
    if figures:
        for half in (0, 1):
            _print_figures(streams, rules, strictness, half)
    learned = _learned(streams, rules, strictness, None)
    if not dry:
        path = config / "merging.toml"
        path.write_text(written(path.read_text(encoding="utf-8"), learned), encoding="utf-8")
        typer.echo(f"Weights, merge_at {learned.merge_at:g} and follow_at {learned.follow_at:g} are written to {path}.")


def _print_figures(
    streams: Mapping[str, Sequence[Labelled]], rules: MergingRules, strictness: float, half: int
) -> None:
    learned = _learned(streams, rules, strictness, half)
    typer.echo(f"learned without half {half} of the stories, measured on it; merge_at {learned.merge_at:g}")
    for order in _orders(streams):
        found = _measured(order.reports, learned, half)
        shown = ("precision", "recall", "f1", "near_misses_merged")
        typer.echo(f"  {order.name}: " + "  ".join(f"{name.replace('_', ' ')} {found[name]:.3f}" for name in shown))
    for name, reports in streams.items():
        own = [each for each in following.asked(reports, rules) if in_half(each.story, half)]
        right, wrong, lost = following.links(own, learned)
        typer.echo(
            f"  {name}: follow-ups {right} right, {wrong} wrong, {lost} not found; follow_at {learned.follow_at:g}"
        )


def _orders(streams: Mapping[str, Sequence[Labelled]]) -> list[Order]:
    came = [Order(name, reports, 2) for name, reports in streams.items()]
    return came + [Order(f"{name}, in {SPAN} days", dense(reports, 0), 1) for name, reports in streams.items()]


def _learned(
    streams: Mapping[str, Sequence[Labelled]], rules: MergingRules, strictness: float, half: int | None
) -> MergingRules:
    """The rules learned from the stories outside of `half`; None leaves no story out."""
    other, orders = None if half is None else 1 - half, _orders(streams)
    compared = [pair for order in orders for pair in _comparisons(order.reports, rules, other) * order.times]
    priors = {name: Prior(weight * SCALE, 1 if weight > 0 else -1) for name, weight in PRIORS.items()}
    model = fit(
        [row for row, _ in compared], [truth for _, truth in compared], priors, strictness=strictness, dearness=DEARNESS
    )
    fitted, even = replace(rules, weights=weights_of(model, rules.weights)), -model.bias / model.weights["words"]
    tried = [replace(fitted, merge_at=max(LEAST, round(even + step, 2))) for step in AROUND]
    best = max(tried, key=lambda each: sum(_worth(reports, each, other) for reports in streams.values()))
    questions = [each for reports in streams.values() for each in following.asked(reports, best)]
    return following.learned(questions, best, half)


def _comparisons(
    stream: Sequence[Labelled], rules: MergingRules, half: int | None
) -> list[tuple[dict[str, float], bool]]:
    """The evidence on each report and each story open when it came, and whether it is the report's own."""
    stories, found = OpenStories(rules=rules), []
    for each in stream:
        for story, known in stories.compare(each.report, now=each.report.article.first_seen):
            if in_half(each.story, half):
                row: defaultdict[str, float] = defaultdict(float)
                for evidence in known.evidence:
                    row[evidence.name] += evidence.value
                found.append((dict(row), story.id == each.story))
        stories.assign(each.report, story_id=each.story)
    return found


def weights_of(model: Model, before: Weights) -> Weights:
    """The learned weights on the scale on which words weigh 1."""
    unit = model.weights["words"]
    learned = {name: round(weight / unit, 2) + 0.0 for name, weight in model.weights.items()}
    decided = {name: min(learned[name], PRIORS[name]) for name in DECIDED}
    return replace(before, **{**learned, **decided})


def _measured(stream: Sequence[Labelled], rules: MergingRules, half: int | None) -> dict[str, float]:
    stories, given = OpenStories(rules=rules), []
    for number, each in enumerate(stream):
        placed = stories.place(each.report, now=each.report.article.first_seen, new_id=f"s{number}")
        if in_half(each.story, half):
            given.append({"id": each.label["id"], "relevant": True, "story": placed.story.id})
    figures: dict[str, float] = evaluate([each.label for each in stream if in_half(each.story, half)], given)["story"]
    return figures


def _worth(stream: Sequence[Labelled], rules: MergingRules, half: int | None) -> float:
    found = _measured(stream, rules, half)
    return found["f1"] - NEAR_MISS * found["near_misses_merged"]


def written(content: str, rules: MergingRules) -> str:
    """`content` of `merging.toml` with these weights and thresholds; comments and all else stay as they are."""
    for name in ("merge_at", "follow_at"):
        line = rf"\g<1>{getattr(rules, name):g}"
        content = re.sub(rf"^({name} = )[-\d.]+", line, content, count=1, flags=re.MULTILINE)
    content = _table_written(content, "weights", rules.weights)
    return _table_written(content, "follow", rules.follow_weights)


def _table_written(content: str, name: str, values: Weights | FollowWeights) -> str:
    head, start, table = content.partition(f"[{name}]\n")
    own, end, rest = table.partition("\n\n")
    for field in fields(values):
        line = f"{field.name} = {getattr(values, field.name):g}".ljust(28)
        own = re.sub(rf"^{field.name} = \S+ *(?=#)", line, own, count=1, flags=re.MULTILINE)
    return head + start + own + end + rest


if __name__ == "__main__":
    typer.run(main)
