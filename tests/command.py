"""The command line as tests call it: within this process where only its end counts, else as a process of its own."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
CANARY = "hunter2-canary"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one line on standard error."""
        (line,) = self.err.splitlines()
        assert "Traceback" not in line
        return line


def call(capsys: pytest.CaptureFixture[str], *words: str) -> Ended:
    """`tocsin WORDS…`, within this process."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch, _signals_as_before(), _logging_as_before(), _environment_as_before():
        patch.setattr(sys, "argv", ["tocsin", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    written = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, written.out, written.err)


def command(*words: str) -> list[str]:
    """The words that start `tocsin WORDS…` as a process."""
    return [sys.executable, "-m", "bot", *words]


def environment(**more: str) -> Mapping[str, str]:
    """What such a process finds around it."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **more}


def start(*words: str, **more: str) -> "subprocess.Popen[str]":
    """`tocsin WORDS…` as a process with pipes."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command(*words), env=environment(**more), stdin=pipe, stdout=pipe, stderr=pipe, text=True, bufsize=1
    )


@contextmanager
def _signals_as_before() -> Iterator[None]:
    """`run` takes SIGTERM for its own."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _logging_as_before() -> Iterator[None]:
    """Undoes what a command does to the logging of its process."""
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, threading.excepthook
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        threading.excepthook = hook
        structlog.reset_defaults()


@contextmanager
def _environment_as_before() -> Iterator[None]:
    """Gives back what a command takes out of the environment."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.update(before)
