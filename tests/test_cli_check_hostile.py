"""`tocsin check` over anything: hostile feeds, files that are no files, thousands at once."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli import check as check_module
from bot.language import Language
from tests.command import ROOT, call, command, environment, start
from tests.dialects import ENTRIES, dialects
from tests.hostile import bodies
from tests.workers import until_busy

Capture = pytest.CaptureFixture[str]
KEYS = ["source", "ok", "error", "format", "title", "entries"]
ENTRY_KEYS = ["id", "link", "title", "published", "text"]
MEMORY = 400
"""Megabytes that no process of a call may come to hold."""

# Runs the words given to it and says on its last line of standard error how much memory any process of theirs took.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}")
sys.exit(code)
"""


@dataclass(frozen=True)
class Checked:
    """What a call printed, and what it took."""

    code: int
    rows: list[dict[str, Any]]
    err: str
    megabytes: int


def check(sources: Sequence[str | bytes], **settings: int) -> Checked:
    """`tocsin check --json SOURCES`, in a process of its own, with these settings of the workers."""
    words = [sys.executable, "-c", MEASURED, *command("check", "--json", "--config", str(config(**settings)), "--")]
    ended = subprocess.run([*words, *sources], env=environment(), capture_output=True, timeout=170)
    err, _, megabytes = ended.stderr.decode().rpartition("\n")
    return Checked(ended.returncode, read(ended.stdout), err, int(megabytes))


def config(**settings: int) -> Path:
    """A folder with the settings that ship, but for these."""
    folder = Path("config")
    folder.mkdir(exist_ok=True)
    text = (ROOT / "config" / "settings.toml").read_text(encoding="utf-8")
    for name, value in settings.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert count == 1
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    return folder


def read(out: bytes) -> list[dict[str, Any]]:
    """The rows, read as the strictest reader does: UTF-8, no NaN, no key twice, no lone surrogate."""
    lines = out.decode("utf-8", "strict").splitlines()
    rows = [json.loads(line, parse_constant=_refuse, object_pairs_hook=_once) for line in lines]
    json.dumps(rows, ensure_ascii=False).encode("utf-8", "strict")
    return rows


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


def well_formed(row: dict[str, Any]) -> bool:
    """Whether the row is one of a feed, or of none with one sentence."""
    if not row["ok"]:
        empty = {"format": None, "title": None, "entries": []}
        sentence = row["error"]
        return row == {"source": row["source"], "ok": False, "error": sentence} | empty and _is_sentence(sentence)
    entries = row["entries"]
    return row["error"] is None and len(entries) <= 500 and all(list(entry) == ENTRY_KEYS for entry in entries)


def _is_sentence(text: str) -> bool:
    return text.endswith(".") and text.isprintable() and "Traceback" not in text and len(text) < 400


@pytest.mark.timeout(180)  # some twenty of them take a worker each with them
def test_every_hostile_body_and_every_dialect_has_its_line_in_time_and_within_memory(tmp_path: Path) -> None:
    """Fault 58, as the command line meets it. The limit of a second stands for the ten that ship."""
    recipes = {**{name: recipe() for name, recipe in bodies().items()}, **dialects()}
    assert len(bodies()) >= 120
    for number, body in enumerate(recipes.values()):
        (tmp_path / f"{number}").write_bytes(body)
    sources = [str(number) for number in range(len(recipes))]
    checked = check(sources, time_limit=1, workers=2)
    assert (checked.code, checked.err) == (1, "")
    assert [row["source"] for row in checked.rows] == sources
    wrong = [name for name, row in zip(recipes, checked.rows, strict=True) if list(row) != KEYS or not well_formed(row)]
    assert wrong == []
    found = {name: len(row["entries"]) for name, row in zip(recipes, checked.rows, strict=True)}
    assert {name: found[name] for name in dialects()} == dict.fromkeys(dialects(), ENTRIES)
    assert checked.megabytes < MEMORY


def test_a_worker_that_is_killed_costs_at_most_its_source(tmp_path: Path) -> None:
    """Fault 2. The slow source is not begun before the first line is written, nor the last one before its own."""
    (tmp_path / "slow").write_bytes(bodies()["an itunes author"]())
    (tmp_path / "good").write_bytes(dialects()["rss 2.0"])
    others = ["good"] * check_module.AT_ONCE
    with start("check", "--json", *others, "slow", *others) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        for worker in until_busy(process.pid, seconds=0.5):
            os.kill(worker, signal.SIGKILL)
        rows = read((first + process.stdout.read()).encode())  # communicate() would forget what readline read ahead
        err = process.stderr.read()
    assert [row["ok"] for row in rows] == [True] * len(others) + [False] + [True] * len(others)
    assert (process.returncode, err) == (1, "")


@pytest.mark.skipif(sys.platform != "linux", reason="these files are Linux's")
def test_files_that_are_no_files_are_told_in_time(tmp_path: Path, capsys: Capture, monkeypatch: Any) -> None:
    monkeypatch.setattr(check_module, "PATIENCE", 0.3)
    feed = dialects()["rss 2.0"]
    Path("good").write_bytes(feed)
    Path("link").symlink_to("good")
    Path("circle").symlink_to("circle")
    Path("dangling").symlink_to("nowhere")
    os.mkfifo("silent")
    os.mkfifo("spoken")
    Path("locked").write_bytes(feed)
    Path("locked").chmod(0)
    with Path("sparse").open("wb") as sparse:
        sparse.truncate(2**40)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        devices = ["/dev/zero", "/dev/urandom", "/dev/null", "/dev/full", "/proc/self/mem", "/proc/self/maps"]
        bad = ["", ".", "good/x", "circle", "dangling", "silent", "sparse", "socket", "a\0b", "x" * 5000, *devices]
        writer = threading.Thread(target=Path("spoken").write_bytes, args=(feed,))
        writer.start()
        began = time.monotonic()
        ended = call(capsys, "check", "--json", "--", "good", "spoken", "link", "good", *bad, "locked")
        writer.join()
    assert time.monotonic() - began < 10
    assert [row["source"] for row in ended.rows] == ["good", "spoken", "link", "good", *bad, "locked"]
    assert [row["ok"] for row in ended.rows[:-1]] == [True] * 4 + [False] * len(bad)
    assert all(well_formed(row) or "x" * 5000 in row["error"] for row in ended.rows)
    assert (ended.code, ended.err) == (1, "")


def test_any_name_of_a_file_can_be_given(tmp_path: Path) -> None:
    names = [
        b"caf\xe9.xml", b"\xff\xfe", "\U0001f680 x.xml".encode(), b"--json", b"-", b"new\nline", b"\x1b[31mred",
        b"[red]", b"feed%20x.xml?a=b#c", b"'; rm -rf ~", b"file:", b"x" * 250, "\u202egpj".encode(),
    ]  # fmt: skip
    for name in names:
        Path(os.fsdecode(name)).write_bytes(dialects()["rss 2.0"])
    (tmp_path / "http:" / "a.example").mkdir(parents=True)
    (tmp_path / "http:" / "a.example" / "feed").write_bytes(dialects()["rss 2.0"])
    checked = check([*names, "./http://a.example/feed"])
    assert (checked.code, checked.err) == (0, "")
    assert all(row["ok"] for row in checked.rows)
    shown = [row["source"] for row in checked.rows]
    assert shown[:3] == ["caf\\xe9.xml", "\\xff\\xfe", "\U0001f680 x.xml"]
    assert shown[3:-1] == [name.decode() for name in names[3:]]


def test_a_name_moves_no_cursor_when_people_read_it(capsys: Capture) -> None:
    ended = call(capsys, "check", "\x1b[2Jnowhere\nx", "[bold]y")
    assert "\x1b" not in ended.out
    assert "[2Jnowhere x cannot be read" in ended.out
    assert "[bold]y cannot be read" in ended.out


def test_thousands_of_sources_in_one_call_come_in_their_order(tmp_path: Path) -> None:
    for number, body in enumerate(dialects().values()):
        (tmp_path / f"{number}").write_bytes(body)
    sources = [str(number % len(dialects())) for number in range(1_000)]
    checked = check(sources)
    assert (checked.code, checked.err) == (0, "")
    assert [row["source"] for row in checked.rows] == sources
    assert {len(row["entries"]) for row in checked.rows} == {ENTRIES}
    assert checked.megabytes < MEMORY


def test_a_reader_that_leaves_early_ends_the_call_quietly(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(dialects()["rss 2.0"])
    process = start("check", "--json", *["good"] * 2_000)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["ok"]
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 1
    process.stderr.close()
    assert process.stdin is not None
    process.stdin.close()


def test_a_bug_of_ours_costs_no_other_source_its_line(tmp_path: Path, capsys: Capture, monkeypatch: Any) -> None:
    (tmp_path / "good").write_bytes(dialects()["rss 2.0"])
    (tmp_path / "odd").write_bytes(b"odd")
    parse = Language.parse

    async def stumble(self: Language, body: bytes, **more: Any) -> Any:
        if body == b"odd":
            raise ZeroDivisionError("a bug of ours")
        return await parse(self, body, **more)

    monkeypatch.setattr(Language, "parse", stumble)
    ended = call(capsys, "check", "--json", "odd", "good")
    assert [row["ok"] for row in ended.rows] == [False, True]
    assert "Tocsin itself failed" in ended.rows[0]["error"]
    assert "ZeroDivisionError" in ended.err
