"""`tocsin evaluate`: the figures of a labelled set, what was taken for what, and the worst errors with reasons."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import open_language
from bot.cli.analyze import read
from bot.cli.options import ConfigOption, JsonOption, progress, results, run_async, settings_for
from bot.core.confusion import Confusion, events_confused, stages_confused
from bot.core.escape import cut, plain
from bot.core.evaluation import evaluate as figures_of
from bot.core.misses import KINDS, Miss, counts, misses
from bot.core.reasons import Part, weighed
from bot.core.stream import Finding, labelled_lines
from bot.errors import TocsinError
from bot.settings import Settings

Row = dict[str, Any]
WORST = 20
REASONS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A labelled set, what was found in its documents, and how far the two agree."""

    labelled: Sequence[Row]
    found: Sequence[Finding]
    figures: Mapping[str, Any]
    events: Confusion
    stages: Confusion
    misses: Sequence[Miss]


def evaluate(
    labels: Annotated[list[Path], typer.Argument(metavar="LABELS", help="Labelled documents as JSON lines.")],
    worst: Annotated[int, typer.Option(help="How many of the worst errors are told; 0: only figures.", min=0)] = WORST,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Gives `analyze` the documents of a labelled set and compares what it says with the labels."""
    settings = settings_for(config=config, quiet=True)
    labelled = [row for path in labels for row in _read(path)]
    found = run_async(_found(settings, labelled))
    if as_json:
        typer.echo(json.dumps(figures_of(labelled, [finding.row for finding in found])))
    else:
        _print(_evaluation(settings, labelled, found), worst)


def _evaluation(settings: Settings, labelled: Sequence[Row], found: Sequence[Finding]) -> Evaluation:
    topics = {topic.id: topic.name for topic in settings.knowledge.topics}
    outputs = [finding.row for finding in found]
    parts = {finding.document.id: finding.parts(topics) for finding in found}
    return Evaluation(
        labelled,
        found,
        figures_of(labelled, outputs),
        events_confused(labelled, outputs),
        stages_confused(labelled, outputs),
        misses(labelled, outputs, parts),
    )


async def _found(settings: Settings, labelled: Sequence[Row]) -> list[Finding]:
    async with open_language(settings) as language:
        found = read(settings, language, labelled_lines(labelled), now=datetime.now(UTC))
        with progress("documents read", len(labelled)) as done:
            return [(finding, done())[0] async for finding in found]


def _read(path: Path) -> list[Row]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TocsinError(f"{path} cannot be read ({reason}); name a file of labelled JSON lines.") from error
    labelled = [_label(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not labelled:
        raise TocsinError(f"{path} holds no document; name a file of labelled JSON lines.")
    return labelled


def _label(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TocsinError(f"{path}:{number} is not JSON ({error}).") from error
    if not isinstance(row, dict) or not row.get("id") or not row.get("label"):
        raise TocsinError(f'{path}:{number} is not a labelled document; it needs an "id" and a "label".')
    return row


def _print(evaluation: Evaluation, worst: int) -> None:
    console = results()
    console.print(_table(evaluation.figures))
    if not worst:
        return
    for name, confusion in (("Events", evaluation.events), ("Stages", evaluation.stages)):
        if confusion.total:
            console.print("", _confusion(name, confusion), sep="\n")
    _print_misses(console, evaluation.misses, worst)


def _table(figures: Mapping[str, Any]) -> Table:
    table = Table("figure", "value", title=f"{figures['documents']} documents, {figures['relevant']} relevant")
    for name, value in figures.items():
        if isinstance(value, Mapping):
            for key, number in value.items():
                table.add_row(
                    f"{name} {key.replace('_', ' ')}", f"{number:.3f}" if isinstance(number, float) else str(number)
                )
    return table


def _confusion(name: str, confusion: Confusion) -> Table:
    """Rows the truth, columns the answer, by numbers, since their names are too long for heads."""
    title = f"{name}: rows the truth, columns the answer ({confusion.right} of {confusion.total} right)"
    heads = [_short(column) for column in confusion.columns]
    table = Table("", *heads, title=title, title_justify="left", padding=(0, 1))
    for row, numbers in zip(confusion.rows, confusion.counts, strict=True):
        cells = zip(confusion.columns, numbers, strict=True)
        marked = [
            Text(str(number or "·"), style=_style(row == column, number), justify="right") for column, number in cells
        ]
        table.add_row(row.replace("_", " "), *marked)
    return table


def _short(name: str) -> str:
    """A value as a narrow head: "product or deployment" is "prod"."""
    return name.replace("_", " ")[:4].strip()


def _style(right: bool, number: int) -> str:
    return "dim" if not number else "green" if right else "red"


def _print_misses(console: Console, found: Sequence[Miss], worst: int) -> None:
    """How many errors there are of each kind, then the worst of them with the reasons for the answer."""
    kinds = [f"{number} × {KINDS[kind].name}" for kind, number in counts(found).items()]
    console.print("", Text(f"Errors: {', '.join(kinds) or 'none'}"), "", sep="\n", soft_wrap=True)
    for number, miss in enumerate(found[:worst], 1):
        head = Text(f"{number:2}. {KINDS[miss.kind].name} ", style="bold").append(f"({miss.hurt:g})", style="dim")
        console.print(head.append(f" {plain(miss.id)}: {cut(miss.title, 120)}"), soft_wrap=True)
        for told in _told(miss):
            console.print(Text(f"    {plain(told)}"), soft_wrap=True)


def _told(miss: Miss) -> Iterable[str]:
    yield f"Expected: {cut(miss.expected, 300)}"
    yield f"Came: {cut(miss.came, 300)}"
    if miss.part is not None:
        yield f"Because: {_reasons(miss.part)}"


def _reasons(part: Part) -> str:
    strongest = [str(line) for _, group in weighed(part.lines) for line in group[:REASONS_SHOWN]]
    return cut(" · ".join([part.verdict, *strongest]), 600)
