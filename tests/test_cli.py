"""The command line as a whole: exit codes, one sentence for what is wrong, and nothing secret in it."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.settings.files import shipped_folder
from bot.store import Store
from tests.command import CANARY, call, command, environment, start

Capture = pytest.CaptureFixture[str]
FILES = sorted(path.name for path in shipped_folder().glob("*.toml"))

# `tocsin --version`, whose user presses Ctrl-C while the first file of Tocsin's own loads.
INTERRUPTED_WHILE_LOADING = """
import runpy, sys

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("bot.") and name != "bot.__main__":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Impatient())
sys.argv = ["tocsin", "--version"]
runpy.run_module("bot", run_name="__main__")
"""


@pytest.mark.parametrize(
    "words",
    [
        ("sing",),
        ("poll",),
        ("poll", "--once", "--role", "poll"),
        ("check",),
        ("alerts", "add"),
        ("alerts", "add", "--guild", "me", "--channel", "2"),
        ("alerts", "add", "--guild", "1", "--channel", str(2**63)),
        ("alerts", "remove", str(2**70)),
        ("analyze", "one", "two"),
        ("feeds", "add", f"https://me:{CANARY}@a.example/feed"),
        ("feeds", "add", "https://a.example:port/"),
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_one_sentence_that_names_the_command_and_exit_code_2(
    words: tuple[str, ...], capsys: Capture
) -> None:
    ended = call(capsys, *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.sentence.startswith("tocsin")
    assert "--help` tells more." in ended.sentence
    assert CANARY not in ended.sentence


@pytest.mark.parametrize("words", [(), ("alerts",), ("feeds",), ("db",)], ids=" ".join)
def test_without_a_command_the_help_is_shown(words: tuple[str, ...], capsys: Capture) -> None:
    ended = call(capsys, *words)
    assert ended.code == 2
    assert "Usage:" in ended.out + ended.err


def test_help_and_version_end_well_and_show_no_secret(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", CANARY)
    for words in ["--help"], ["--version"], ["run", "--help"], ["alerts", "add", "--help"]:
        ended = call(capsys, *words)
        assert ended.code == 0
        assert CANARY not in ended.out + ended.err


@pytest.mark.parametrize("content", [b"x = [", bytes(range(128, 256)), b"surely_no_key = 1\n"])
def test_broken_files_of_the_configuration_are_told_at_once_with_their_places_and_exit_code_78(
    content: bytes, tmp_path: Path, capsys: Capture
) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(content)
    ended = call(capsys, "alerts", "list", "--config", str(tmp_path))
    assert (ended.code, ended.out) == (78, "")
    told = {line.partition(":")[0] for line in ended.err.splitlines()}
    assert told == {str(tmp_path / name) for name in FILES}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:///",
        f"mysql://me:{CANARY}@h/d",
        f"postgresql://me:{CANARY}@h:port/d",
    ],
)
def test_a_wrong_database_address_is_one_sentence_without_its_password(url: str, capsys: Capture) -> None:
    ended = call(capsys, "alerts", "list", "--database", url)
    assert ended.code == 78
    assert ended.sentence.startswith("--database: ")
    assert CANARY not in ended.sentence


def test_a_database_out_of_reach_is_one_sentence_without_its_password(capsys: Capture) -> None:
    for url in f"postgresql://me:{CANARY}@127.0.0.1:1/d", f"postgresql://127.0.0.1:1/d?user=me&password={CANARY}":
        ended = call(capsys, "alerts", "list", "--database", url)
        assert ended.code == 1
        assert "check the address and that PostgreSQL runs" in ended.sentence
        assert CANARY not in ended.sentence


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text(path: Path) -> None:
    path.write_text("dear diary", encoding="utf-8")


def another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE birds (name)")
        database.commit()


def a_newer(path: Path) -> None:
    asyncio.run(make_database(path))
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()


async def make_database(path: Path) -> None:
    async with Store.open(f"sqlite:///{path}"):
        pass


def a_damaged(path: Path) -> None:
    asyncio.run(make_database(path))
    body = bytearray(path.read_bytes())
    body[8192:24576] = b"\xff" * 16384
    path.write_bytes(body)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (a_folder, "is a folder; name a file in it"),
        (a_text, "is not a database; name another with --database"),
        (another_programs, "belongs to another program; name another one"),
        (a_newer, "was written by a newer Tocsin; install that version"),
        (a_damaged, "is damaged; put a backup in its place"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(
    make: Callable[[Path], None], sentence: str, tmp_path: Path, capsys: Capture
) -> None:
    make(tmp_path / "bad.db")
    words = {a_folder: ["alerts", "list"], a_text: ["feeds", "export"], a_newer: ["run"]}.get(make, ["poll", "--once"])
    ended = call(capsys, *words, "--database", f"sqlite:///{tmp_path}/bad.db")
    assert ended.code == 1
    assert sentence in ended.sentence


def test_a_fault_of_ours_is_told_with_its_traceback_and_without_secrets(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"postgresql://me:{CANARY}@h/d, or simply {CANARY}")

    monkeypatch.setenv("TOCSIN_DISCORD_TOKEN", CANARY)
    monkeypatch.setattr("bot.cli.alerts.settings_for", fail)
    ended = call(capsys, "alerts", "list")
    assert ended.code == 1
    assert ended.err.endswith("This is a fault of Tocsin itself: please report it with the lines above.\n")
    assert "Traceback" in ended.err
    assert CANARY not in ended.err


def test_a_reader_that_goes_away_ends_the_program_without_a_word(tmp_path: Path) -> None:
    lines = "".join(f'{{"id": "{number}", "title": "Rain", "text": "Rain."}}\n' for number in range(500))
    (tmp_path / "many.jsonl").write_text(lines, encoding="utf-8")
    with start("analyze", "many.jsonl") as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        program.stdout.close()
        assert program.wait(20) == 1
        assert program.stderr is not None
        assert program.stderr.read() == ""


def test_an_interrupt_ends_the_program_without_a_traceback() -> None:
    with start("analyze") as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write('{"id": "1"}\n')
        assert program.stdout.readline()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=20)
    assert (program.returncode, out, err) == (130, "", "")


def test_an_interrupt_while_the_program_still_loads_ends_it_without_a_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING], env=environment(), capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_the_output_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"version": "https://jsonfeed.org/version/1.1", "items": []}', encoding="utf-8")
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command("check", "--json", "f.json"), env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("The disk is full")
    assert "Traceback" not in ended.stderr


def test_a_closed_standard_input_is_one_sentence() -> None:
    words = " ".join(command("analyze"))
    ended = subprocess.run(["sh", "-c", f"{words} <&-"], env=environment(), capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Standard input is closed")


def test_a_terminal_without_our_letters_still_shows_the_rest(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"version": "https://jsonfeed.org/version/1.1", "items": []}', encoding="utf-8")
    ended = subprocess.run(
        command("check", "f.json"), env=environment(PYTHONIOENCODING="ascii"), capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert "f.json" in ended.stdout


def test_a_database_held_by_another_program_is_waited_for_and_then_told(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a wait of a second in place of the usual half minute."""
    opened = Store.open
    monkeypatch.setattr(Store, "open", lambda url, *, alone=True: opened(url, alone=alone, busy=1.0))
    url = f"sqlite:///{tmp_path}/t.db"
    assert call(capsys, "db", "upgrade", "--database", url).code == 0
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        ended = call(capsys, "alerts", "add", "--guild", "1", "--channel", "2", "--database", url)
    assert time.monotonic() - began >= 1
    assert ended.code == 1
    assert "is locked by another program; close it and try again" in ended.sentence
