"""`tocsin evaluate`: the figures of a labelled set, what was taken for what, and the worst errors with reasons."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
from bot.core.confusion import Confusion
from bot.core.escape import cut, plain
from bot.core.labelled import Row, labelled_rows
from bot.core.misses import KINDS, Miss, counts
from bot.core.reasons import Part, told, weighed
from bot.core.review import Figure, Review, figures_of, review
from bot.core.stream import Finding, labelled_lines
from bot.errors import TocsinError
from bot.page import evaluation_page
from bot.settings import Settings

WORST = 20
REASONS_SHOWN = 6
MARKS = {None: "", True: "[green]✓[/green]", False: "[red]✗[/red]"}


def evaluate(
    labels: Annotated[list[Path], typer.Argument(metavar="LABELS", help="Labelled documents as JSON lines.")],
    worst: Annotated[int, typer.Option(help="How many of the worst errors are told; 0: only figures.", min=0)] = WORST,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Writes a page to read through: every document with its reasons."),
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Figures to compare with, as --json prints them.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Gives `analyze` the documents of a labelled set and compares what it says with the labels."""
    settings = settings_for(config=config, quiet=True)
    labelled = _together(labels)
    compared = _figures(beside) if beside else {}
    topics = {topic.id: topic.name for topic in settings.knowledge.topics}
    reviewed = review(labelled, run_async(_found(settings, labelled)), topics)
    figures = figures_of(reviewed.figures, compared)
    if html is not None:
        _write(html, evaluation_page(reviewed, figures, title=_title(labels), worst=worst or WORST))
    if as_json:
        typer.echo(json.dumps(reviewed.figures))
    else:
        _print(reviewed, figures, worst)


def _title(labels: Iterable[Path]) -> str:
    return f"Evaluation of {', '.join(path.name for path in labels)}"


def _write(path: Path, page: str) -> None:
    try:
        # Lone surrogates of a document must not break the encoding.
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise TocsinError(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that is there."
        ) from error


def _figures(path: Path) -> Mapping[str, Any]:
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise TocsinError(f"{path} cannot be read ({reason}); name a file of figures as --json prints them.") from error
    if not isinstance(figures, dict):
        raise TocsinError(f"{path} holds no figures; name a file of figures as --json prints them.")
    return figures


async def _found(settings: Settings, labelled: Sequence[Row]) -> list[Finding]:
    async with open_language(settings) as language:
        found = read(settings, language, labelled_lines(labelled), now=datetime.now(UTC))
        with progress("documents read", len(labelled)) as done:
            return [(finding, done())[0] async for finding in found]


def _together(paths: Iterable[Path]) -> list[Row]:
    """The documents of all files, which count as one set."""
    homes: dict[str, Path] = {}
    labelled: list[Row] = []
    for path in paths:
        for row in _read(path):
            if homes.setdefault(str(row["id"]), path) is not path:
                raise TocsinError(
                    f'{path} and {homes[str(row["id"])]} both have the id "{row["id"]}"; name one of them.'
                )
            labelled.append(row)
    return labelled


def _read(path: Path) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise TocsinError(f"{path} cannot be read ({reason}); name a file of labelled JSON lines.") from error
    labelled = labelled_rows(text, str(path))
    if not labelled:
        raise TocsinError(f"{path} holds no document; name a file of labelled JSON lines.")
    return labelled


def _print(review: Review, figures: Sequence[Figure], worst: int) -> None:
    console = results()
    console.print(_table(review, figures))
    if not worst:
        return
    for name, confusion in (("Events", review.events), ("Stages", review.stages)):
        if confusion.total:
            console.print("", _confusion(name, confusion), sep="\n")
    _print_misses(console, review.misses, worst)


def _table(review: Review, figures: Sequence[Figure]) -> Table:
    compared = any(figure.beside is not None for figure in figures)
    title = f"{review.figures['documents']} documents, {review.figures['relevant']} relevant"
    table = Table("figure", "value", *(("to compare", "") if compared else ()), title=title)
    for figure in figures:
        other = ("" if figure.beside is None else _number(figure.beside), MARKS[figure.good]) if compared else ()
        table.add_row(figure.name.replace("_", " "), _number(figure.value), *other)
    return table


def _number(value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


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
        for sentence in _told(miss):
            console.print(Text(f"    {plain(sentence)}"), soft_wrap=True)


def _told(miss: Miss) -> Iterable[str]:
    yield f"Expected: {cut(miss.expected, 300)}"
    yield f"Came: {cut(miss.came, 300)}"
    if miss.part is not None:
        yield f"Because: {_reasons(miss.part)}"


def _reasons(part: Part) -> str:
    strongest = [told(line) for _, group in weighed(part.lines) for line in group[:REASONS_SHOWN]]
    return cut(" · ".join([part.verdict, *strongest]), 600)
