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
        (b'{"id": "1", "label": "relevant", "title": "", "text": 7}', ':1 has a "text" that is not text'),
        (b'{"id": "1", "label": "relevant"}', ':1 lacks a "title"'),
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


def test_people_read_the_worst_errors_with_their_reasons(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    wrong = {"id": "3", "title": "Sun", "text": "Sun.", "date": "2026-03-02", "label": "relevant", "story": "sun"}
    with (tmp_path / "labels.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(wrong) + "\n")
    shown = call(capsys, "evaluate", "labels.jsonl").out
    assert "Errors: 1 × missed story" in shown
    assert "missed story (90) 3: Sun\n    Expected: an alert\n    Came: silence, scored 0 of 100\n" in shown
    assert "Because: Not relevant" in shown
    assert "Errors:" not in call(capsys, "evaluate", "labels.jsonl", "--worst", "0").out


def test_a_page_is_written_and_the_output_stays_what_it_was(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    alone = call(capsys, "evaluate", "labels.jsonl", "--json").out
    (tmp_path / "figures.json").write_text(alone, encoding="utf-8")
    more = call(capsys, "evaluate", "labels.jsonl", "--json", "--html", "page.html", "--beside", "figures.json")
    assert (more.code, more.out) == (0, alone)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Evaluation of labels.jsonl" in page
    assert "to compare" in page
    assert "The Pentagon signed a contract with OpenAI" in page


def test_figures_stand_beside_others_in_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    (tmp_path / "figures.json").write_text('{"relevance": {"f1": 1.0}}', encoding="utf-8")
    shown = call(capsys, "evaluate", "labels.jsonl", "--beside", "figures.json", "--worst", "0").out
    assert "✓" in next(line for line in shown.splitlines() if "relevance f1" in line)


def test_several_files_count_as_one_set(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    (tmp_path / "more.jsonl").write_text('{"id": "9", "title": "Rain", "text": "", "label": "borderline"}\n')
    assert call(capsys, "evaluate", "labels.jsonl", "more.jsonl", "--json").rows[0]["documents"] == 2


def test_two_files_with_one_document_are_told(tmp_path: Path, capsys: Capture) -> None:
    labels(tmp_path / "labels.jsonl")
    labels(tmp_path / "again.jsonl")
    ended = call(capsys, "evaluate", "labels.jsonl", "again.jsonl")
    assert (ended.code, ended.out) == (1, "")
    assert 'again.jsonl and labels.jsonl both have the id "1"' in ended.sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--beside", "none.json"), "none.json cannot be read (No such file or directory)"),
        (("--beside", "labels.jsonl"), "labels.jsonl cannot be read (it is not JSON)"),
        (("--html", "nowhere/page.html"), "nowhere/page.html cannot be written (No such file or directory)"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    options: tuple[str, ...], sentence: str, tmp_path: Path, capsys: Capture
) -> None:
    labels(tmp_path / "labels.jsonl")
    ended = call(capsys, "evaluate", "labels.jsonl", *options)
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.sentence
