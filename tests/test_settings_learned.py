"""The file of learned weights: what it must hold, and mistakes with file and line."""

from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.settings.learned import LearnedFile
from bot.settings.toml import read_toml

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "learned.toml"
SMALL = """\
[shares]
title = 1.0
lead = 0.5
rest = 0.2
[type]
sharpness = 1.0
[type.weights]
"sued" = { regulation_or_law = 1.0 }
[stage]
sharpness = 1.0
"""


def mistakes(folder: Path, text: str) -> list[str]:
    path = folder / "learned.toml"
    path.write_text(text, encoding="utf-8")
    try:
        read_toml(path, LearnedFile)
    except ConfigurationError as error:
        return [f"{mistake.line}: {mistake.text}" for mistake in error.mistakes]
    return []


def test_the_shipped_file_is_without_mistakes_and_short_enough_to_read() -> None:
    assert read_toml(SHIPPED, LearnedFile).type.weights
    assert len(SHIPPED.read_text(encoding="utf-8").splitlines()) < 1500


def test_a_file_without_weights_is_enough(tmp_path: Path) -> None:
    assert mistakes(tmp_path, SMALL.replace('"sued" = { regulation_or_law = 1.0 }\n', "")) == []


@pytest.mark.parametrize(
    ("piece", "instead", "line"),
    [
        ("regulation_or_law = 1.0", "circus = 1.0", 8),
        ("regulation_or_law = 1.0", "regulation_or_law = nan", 8),
        ("regulation_or_law = 1.0", 'regulation_or_law = "much"', 8),
        ("lead = 0.5", "lead = 0", 3),
        ("[type]\nsharpness = 1.0", "[type]\nsharpness = -1", 6),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, piece: str, instead: str, line: int) -> None:
    (mistake,) = mistakes(tmp_path, SMALL.replace(piece, instead, 1))
    assert mistake.startswith(f"{line}: ")
