"""How well the labelled documents must be understood at least, by the real workers and the shipped configuration.

A clone evaluates itself here. A floor lies a little under what was measured when it was set, so that nothing gets worse
unseen; raise it when figures rise. Nothing of a document is ever printed, because some sets only decide.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app import open_language
from bot.cli.analyze import read
from bot.core.evaluation import evaluate
from bot.core.stream import labelled_lines
from bot.settings import load_settings

LABELLED = Path(__file__).parent / "data" / "labelled"
SETS = ("sealed", "relevant")
# At least these, for each of SETS.
FLOORS: Mapping[str, tuple[float, float]] = {
    "relevance precision":         (0.97, 0.99),
    "relevance recall":            (0.95, 0.97),
    "relevance average_precision": (0.98, 0.99),
    "story precision":             (0.97, 0.96),
    "story recall":                (0.86, 0.88),
    "story f1":                    (0.91, 0.92),
    "event accuracy":              (0.80, 0.86),
    "stage accuracy":              (0.76, 0.90),
    "stage macro":                 (0.74, 0.88),
    "parties f1":                  (0.77, 0.77),
    "follows f1":                  (0.44, 0.51),
    "orgs f1":                     (0.89, 0.88),
    "money f1":                    (0.95, 0.97),
    "facts coverage":              (0.89, 0.92),
}  # fmt: skip
# At most these.
CEILINGS: Mapping[str, tuple[float, float]] = {
    "story near_misses_merged":    (0.04, 0.04),
    "facts words":                 (45.0, 46.0),
    "facts not_verbatim":          (0.0, 0.0),
}  # fmt: skip
# At most this share of the documents that are not relevant may raise an alert.
FALSE_ALARMS: Mapping[str, float] = {"noise": 0.025, "general": 0.05, "sealed": 0.025}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A set's labels and what is printed for its documents; neither is shown when a test fails."""

    labels: Sequence[Row] = field(repr=False)
    rows: Sequence[Row] = field(repr=False)


@pytest.fixture(scope="module")
def found() -> dict[str, Found]:
    """Each set, read once."""
    sets = {name: labels_of(name) for name in dict.fromkeys((*SETS, *FALSE_ALARMS))}
    printed = asyncio.run(outputs(sets.values()))
    return {name: Found(labels, rows) for (name, labels), rows in zip(sets.items(), printed, strict=True)}


async def outputs(sets: Iterable[list[Row]]) -> list[list[Row]]:
    settings = load_settings()
    async with open_language(settings) as language:
        return [
            [finding.row async for finding in read(settings, language, labelled_lines(labels), now=datetime.now(UTC))]
            for labels in sets
        ]


def labels_of(name: str) -> list[Row]:
    lines = (LABELLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def figure(figures: Mapping[str, Any], name: str) -> float:
    group, key = name.split()
    return float(figures[group][key])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(len(SETS)), ids=SETS)
def test_no_figure_is_below_its_floor(number: int, found: dict[str, Found]) -> None:
    one = found[SETS[number]]
    figures = evaluate(one.labels, one.rows)
    low = {name: (figure(figures, name), floors[number]) for name, floors in FLOORS.items()}
    high = {name: (figure(figures, name), most[number]) for name, most in CEILINGS.items()}
    missed = [f"{name} is {value:.3f}, at least {floor}" for name, (value, floor) in low.items() if value < floor]
    missed += [f"{name} is {value:.3f}, at most {most}" for name, (value, most) in high.items() if value > most]
    assert not missed


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", FALSE_ALARMS)
def test_what_is_not_relevant_raises_hardly_an_alert(name: str, found: dict[str, Found]) -> None:
    silent = {str(label["id"]) for label in found[name].labels if label["label"] == "not_relevant"}
    alarms = sum(row["relevant"] for row in found[name].rows if row["id"] in silent)
    assert alarms <= FALSE_ALARMS[name] * len(silent), f"{alarms} of {len(silent)} raised an alert"
