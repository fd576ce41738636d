"""Labelled documents for fitting: whole files, halves, and lines that are no labels."""

import json
from pathlib import Path

import pytest

from bot.errors import TocsinError
from bot.fit.labels import FOLDER, TRAINING, labelled, sources

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.jsonl"
    rows = [{"id": f"r{n:03}", "title": "A", "text": "B", "label": "relevant"} for n in range(1, 6)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def ids(source: str) -> list[str]:
    return [row["id"] for row in labelled(source)]


def test_a_file_is_read_whole_or_by_halves(file: Path) -> None:
    assert len(ids(str(file))) == 5
    assert ids(f"{file}@even") == ["r002", "r004"]
    assert ids(f"{file}@odd") == ["r001", "r003", "r005"]


def test_what_is_named_is_taken_and_else_the_projects_own() -> None:
    assert sources(["mine.jsonl"]) == ["mine.jsonl"]
    assert sources([]) == [str(FOLDER / name) for name in TRAINING]


def test_the_projects_own_documents_are_there_and_only_even_halves_of_what_is_measured() -> None:
    for source in sources([], folder=ROOT / FOLDER):
        assert labelled(source)
    halved = {name for name in TRAINING if name.startswith(("relevant", "noise", "general", "sealed"))}
    assert all(name.endswith("@even") for name in halved)


def test_a_line_that_is_no_label_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('\n{"id": "1"}\n', encoding="utf-8")
    with pytest.raises(TocsinError, match=r"labels\.jsonl:2 is not a labelled document"):
        labelled(str(path))


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TocsinError, match="cannot be read"):
        labelled(str(tmp_path / "nowhere.jsonl@even"))
