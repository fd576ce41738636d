"""`tocsin evaluate`: the figures of a labelled set."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.app import open_language
from bot.cli.analyze import rows
from bot.cli.options import ConfigOption, JsonOption, progress, results, run_async, settings_for
from bot.core.evaluation import evaluate as figures_of
from bot.core.stream import labelled_lines
from bot.errors import TocsinError
from bot.settings import Settings

Row = dict[str, Any]


def evaluate(
    labels: Annotated[Path, typer.Argument(help="Labelled documents as JSON lines.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Gives `analyze` the documents of a labelled set and compares what it says with the labels."""
    settings = settings_for(config=config, quiet=True)
    labelled = _read(labels)
    figures = figures_of(labelled, run_async(_outputs(settings, labelled)))
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        results().print(_table(figures))


async def _outputs(settings: Settings, labelled: list[Row]) -> list[Row]:
    async with open_language(settings) as language:
        found = rows(settings, language, labelled_lines(labelled), now=datetime.now(UTC))
        with progress("documents read", len(labelled)) as done:
            return [(row, done())[0] async for row in found]


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


def _table(figures: Mapping[str, Any]) -> Table:
    table = Table("figure", "value", title=f"{figures['documents']} documents, {figures['relevant']} relevant")
    for name, value in figures.items():
        if isinstance(value, Mapping):
            for key, number in value.items():
                table.add_row(
                    f"{name} {key.replace('_', ' ')}", f"{number:.3f}" if isinstance(number, float) else str(number)
                )
    return table
