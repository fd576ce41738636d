"""merging.toml: the shipped file is whole, and a mistake is named by line."""

import re
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.story import MergingRules
from bot.errors import ConfigurationError
from bot.settings.merging import read_merging

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "merging.toml"


def test_what_is_shipped_and_not_learned_is_what_the_code_falls_back_to() -> None:
    shipped, fallback = asdict(read_merging(SHIPPED)), asdict(MergingRules())
    learned = {"weights", "follow_weights", "merge_at", "follow_at"}
    words = {"common", "ignored", "recap_clauses", "recap_sentences", "steps", "concepts", "customers", "agencies"}
    fixed = shipped.keys() - words - learned
    assert {key: shipped[key] for key in fixed} == {key: fallback[key] for key in fixed}
    assert all(shipped[key] for key in words)


def test_windows_are_read_as_lengths_of_time() -> None:
    assert read_merging(SHIPPED).idle == timedelta(hours=120)


def test_a_mistake_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "merging.toml"
    path.write_text(
        re.sub(r"(?m)^merge_at = .*", "merge_at = 2", SHIPPED.read_text(encoding="utf-8")), encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match=r"merging\.toml:5: merge_at"):
        read_merging(path)
