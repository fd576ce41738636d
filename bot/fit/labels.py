"""Labelled documents for fitting: which files are the project's own training set, and how half a file is named.

It reads rows, checked (see core/labelled); it makes nothing of them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.core.labelled import labelled_rows
from bot.errors import TocsinError

Row = Mapping[str, Any]

FOLDER = Path("tests/data/labelled")

TRAINING = (
    "relevant.jsonl@even",
    "noise.jsonl@even",
    "general.jsonl@even",
    "briefs.jsonl",
    "industry.jsonl",
    "power.jsonl",
    "chains.jsonl",
    "../verdicts.jsonl",
)
"""The documents out of which the shipped weights come, as `labelled` takes them, in `FOLDER`. What is named "@even"
keeps its other half for measuring."""

HALVES: Mapping[str, Callable[[int], bool]] = {
    "even": lambda number: number % 2 == 0,
    "odd": lambda number: number % 2 == 1,
}


def sources(named: Sequence[str], *, folder: Path = FOLDER) -> list[str]:
    """What to fit to: the sources named, or the project's own training set where none is."""
    return list(named) or [str(folder / name) for name in TRAINING]


def labelled(source: str) -> list[Row]:
    """The documents of a file of JSON lines; of "FILE@even" only those whose id ends in an even number, of "FILE@odd"
    the others. Raises TocsinError with the place of a line that is no labelled document."""
    name, _, half = (
        source.rpartition("@") if source.endswith(tuple(f"@{each}" for each in HALVES)) else (source, "", "")
    )
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TocsinError(f"{path} cannot be read ({error}); name a file of labelled JSON lines.") from error
    return [row for row in labelled_rows(text, str(path)) if not half or HALVES[half](_number(str(row["id"])))]


def _number(identity: str) -> int:
    """The number in an id ("r017" is 17); 0 where there is none."""
    return int("".join(letter for letter in identity if letter.isdecimal()) or 0)
