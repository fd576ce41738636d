"""`tocsin evaluate LABELS`: the figures of a labelled set."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import call

Capture = pytest.CaptureFixture[str]
SETS = ["relevance", "story", "event", "stage", "parties", "follows", "orgs", "money"]


def labels(path: Path) -> None:
    deal = "The Pentagon signed a contract with OpenAI to build artificial intelligence for the US Army."
    rows = [
        {"id": "1", "title": deal, "text": deal, "date": "2026-03-01", "label": "relevant", "story": "s"},
        {"id": "2", "title": "Rain", "text": "Rain.", "date": "2026-03-01", "label": "irrelevant"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_the_figures_are_one_object_on_one_line(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    ended = call(capsys, "evaluate", "labels.jsonl", "--json")
    assert (ended.code, ended.err) == (0, "")
    (figures,) = ended.rows
    assert list(figures) == ["documents", "relevant", "missing", *SETS]
    assert figures["relevance"]["f1"] == 1.0


def test_people_get_a_table(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    ended = call(capsys, "evaluate", "labels.jsonl")
    assert ended.code == 0
    assert "2 documents, 1 relevant" in ended.out
    assert "relevance f1" in ended.out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"\xff\xfe", "cannot be read (it is not UTF-8 text)"),
        (b"\n\n", "holds no document"),
        (b'{"id": "1"}', ':1 is not a labelled document; it needs an "id" and a "label"'),
        (b'\n{"id"', ":2 is not JSON"),
        (b'{"id": "1", "label": "relevant", "text": 7}', 'has a "text" that is not text'),
    ],
)
def test_what_is_no_labelled_set_is_one_sentence(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: Capture
) -> None:
    if content is not None:
        (tmp_path / "labels.jsonl").write_bytes(content)
    ended = call(capsys, "evaluate", "labels.jsonl", "--json")
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.sentence


def test_the_figures_are_those_of_the_sets_own_scorer(tmp_path: Path, capsys: Capture, reference: Path) -> None:
    everything = (reference / "eval" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "labels.jsonl").write_text("\n".join(everything[::2]), encoding="utf-8")
    rows = sorted(map(json.loads, everything[::2]), key=lambda row: (row["date"], row["id"]))
    given = [{key: row[key] for key in ("id", "title", "text", "url", "outlet", "date") if key in row} for row in rows]
    (tmp_path / "documents.jsonl").write_text("\n".join(map(json.dumps, given)), encoding="utf-8")
    (tmp_path / "found.jsonl").write_text(call(capsys, "analyze", "documents.jsonl").out, encoding="utf-8")
    scorer = [sys.executable, str(reference / "eval" / "score.py"), "labels.jsonl", "found.jsonl", "--json"]
    theirs = subprocess.run(scorer, capture_output=True, text=True, check=True).stdout
    assert json.loads(call(capsys, "evaluate", "labels.jsonl", "--json").out) == json.loads(theirs)
