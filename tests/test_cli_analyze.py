"""`tocsin analyze`: documents as JSON lines in, what Tocsin makes of each out, in order, as a stream."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.stream import documents
from bot.errors import TocsinError
from tests.command import call, start

Capture = pytest.CaptureFixture[str]
KEYS = [
    "id", "relevant", "score", "reasons", "event", "stage", "orgs", "buyer", "seller", "money", "key_points", "story",
    "follows",
]  # fmt: skip
DEAL = "The Pentagon signed a $200 million contract with OpenAI to build artificial intelligence for the US Army."


def document(id: str, text: str = DEAL, **more: object) -> str:
    return json.dumps({"id": id, "title": text, "text": f"{text} Officials said so on Tuesday.", **more}) + "\n"


def test_every_line_has_every_key_and_an_irrelevant_one_says_nothing_else(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "d.jsonl").write_text(document("a") + "\n" + document("b", "Rain is coming."), encoding="utf-8")
    ended = call(capsys, "analyze", "d.jsonl")
    assert (ended.code, ended.err) == (0, "")
    deal, rain = ended.rows
    assert list(deal) == list(rain) == KEYS
    assert (deal["id"], deal["relevant"], deal["event"], deal["stage"]) == ("a", True, "contract", "signed")
    assert {"OpenAI", "US Department of Defense"} <= set(deal["orgs"])
    assert isinstance(deal["story"], str)
    assert deal["reasons"]
    assert (rain["id"], rain["relevant"]) == ("b", False)
    assert [rain[key] for key in ("event", "stage", "buyer", "seller", "story", "follows")] == [None] * 6
    assert [rain[key] for key in ("orgs", "money", "key_points")] == [[], [], []]


def test_a_slow_writer_gets_each_answer_at_once() -> None:
    with start("analyze", "-") as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for number in range(3):
            program.stdin.write(document(str(number)))
            program.stdin.flush()
            began = time.monotonic()
            assert json.loads(program.stdout.readline())["id"] == str(number)
            assert number == 0 or time.monotonic() - began < 5
        out, err = program.communicate(timeout=20)
    assert (program.returncode, out, err) == (0, "", "")


def test_a_bad_line_is_one_sentence_with_its_number_after_the_lines_before_it(tmp_path: Path, capsys: Capture) -> None:
    lines = document("a", "Rain.") + "\n" + "[1]\n" + document("z", "Rain.")
    (tmp_path / "d.jsonl").write_text(lines, encoding="utf-8")
    ended = call(capsys, "analyze", "d.jsonl")
    assert ended.code == 1
    assert [row["id"] for row in ended.rows] == ["a"]
    assert ended.sentence.startswith("Line 3 is not a JSON object")


@pytest.mark.parametrize("bad", ["{", "[" * 100_000, '{"id": "x", "n": ' + "1" * 5000 + "}", "\ufeff\ufeff{}"])
def test_a_line_that_no_reader_takes_is_a_sentence_too(bad: str) -> None:
    with pytest.raises(TocsinError, match="Line 1 is not JSON"):
        list(documents([bad], now=datetime.now(UTC)))


def test_odd_letters_come_out_as_json_that_any_program_reads(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "d.jsonl").write_bytes(b'{"id": "\\ud800 \xff \\u0000", "title": "x"}\n')
    ended = call(capsys, "analyze", "d.jsonl")
    assert ended.code == 0
    assert ended.out.isascii()
    assert ended.rows[0]["id"] == "\ud800 \ufffd \0"


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(name: str, capsys: Capture) -> None:
    ended = call(capsys, "analyze", name)
    assert ended.code == 1
    assert ended.sentence.startswith(f"{name} cannot be read (")


def test_nothing_in_is_nothing_out(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "empty").write_text("", encoding="utf-8")
    ended = call(capsys, "analyze", "empty")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
