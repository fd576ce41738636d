"""Trial: a mutant is made in a copy of the tree, and the tests that it names are run there.

The checkout is read and never written. Which mutants there are, and what is shown of them, is told elsewhere.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from tests.mutants.mutant import Mutant, StaleError
from tests.mutants.witness import WHERE

Ending = Literal["caught", "survived", "wrong reason", "stale", "too slow", "not tried"]

LIMIT = 150.0
"""Seconds for the tests of one mutant."""

NEEDED = ("bot", "handlers", "config", "tests", "pyproject.toml", "README.md", "requirements.lock", "Makefile")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.db", "*.db-*", ".hypothesis")
ORACLES = ("AssertionError", "Failed")
"""What a test raises that saw something wrong: an assertion, or pytest's `fail` and `raises`."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How one test ended, as the witness wrote it down."""

    test: str
    phase: str
    outcome: str
    kinds: tuple[str, ...]
    said: str

    def is_of(self, named: str) -> bool:
        """Whether it is the test `named`, or one of its cases."""
        return self.test == named or self.test.startswith((f"{named}[", f"{named}::"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant: `by` are the tests that are red, `why` is the first thing that one of them said."""

    mutant: Mutant
    ending: Ending
    by: tuple[str, ...] = ()
    why: str = ""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.ending in ("caught", "not tried")


class Copy:
    """A copy of a tree in which tests are run with this interpreter, one run at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # Python trusts a cached module whose file has the same second and size: each change gets a second of its own.
        self._stamps = count(int(time.time()) + 10_000)

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[None]:
        """The tree with the mutant in it, and afterwards as it was. Raises StaleError."""
        texts = mutant.changed(self.root)
        before = {name: (self.root / name).read_bytes() for name in texts}
        try:
            for name, text in texts.items():
                self._put(name, text.encode())
            yield
        finally:
            for name, content in before.items():
                self._put(name, content)

    def run(self, tests: Sequence[str], *, limit: float = LIMIT) -> list[Seen] | None:
        """How each of the tests ended; None if they took longer than `limit` seconds and were killed."""
        lines = self.root / "witness.jsonl"
        lines.write_text("", "utf-8")
        plugins = ("-p", "tests.mutants.witness", "-p", "no:cacheprovider", "-p", "no:xdist")
        command = [sys.executable, "-m", "pytest", *plugins, "--hypothesis-seed=0", "--tb=no", *tests]
        environment = {**os.environ, "PYTHONPATH": str(self.root), WHERE: str(lines)}
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                return None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)  # and the programs that its tests started
        seen = [_seen(line) for line in lines.read_text("utf-8").splitlines()]
        return seen or [Seen("", "collect", "failed", ("NothingRan",), said.decode(errors="replace")[-200:].strip())]

    def _put(self, name: str, content: bytes) -> None:
        (self.root / name).write_bytes(content)
        stamp = next(self._stamps)
        os.utime(self.root / name, (stamp, stamp))


@contextmanager
def copy_of(root: Path) -> Iterator[Copy]:
    """A copy in a folder of its own, which goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        for name in NEEDED:
            if (root / name).is_dir():
                shutil.copytree(root / name, Path(folder, name), ignore=LEFT_OUT)
            elif (root / name).exists():
                shutil.copy2(root / name, folder)
        yield Copy(Path(folder))


def green(copy: Copy, tests: Sequence[str], *, limit: float = 4 * LIMIT) -> tuple[set[str], list[Seen]]:
    """Of the tests, without any mutant: the names of those that were skipped, and what is red already, twice."""
    seen = copy.run(tests, limit=limit)
    if seen is None:
        return set(), [Seen("", "call", "failed", ("Timeout",), f"the tests took longer than {limit:.0f} s")]
    ran = {name for name in tests for each in seen if each.is_of(name) and each.outcome != "skipped"}
    red = [each for each in seen if each.outcome == "failed"]
    if red and all(each.phase == "call" for each in red):  # the machine may have been too busy for them
        red = [each for each in copy.run([each.test for each in red], limit=limit) or red if each.outcome == "failed"]
    return set(tests) - ran, red


def tried(copy: Copy, mutant: Mutant, *, skipped: set[str], limit: float = LIMIT) -> Verdict:
    """The mutant's tests in the copy, judged; those that this machine skips are not asked."""
    tests = [name for name in mutant.red if name not in skipped]
    if not tests:
        return Verdict(mutant, "not tried", why="this machine skips its tests")
    began = time.monotonic()
    try:
        with copy.changed(mutant):
            seen = copy.run(tests, limit=limit)
    except StaleError as error:
        return Verdict(mutant, "stale", why=str(error))
    return judged(mutant, tests, seen, seconds=time.monotonic() - began)


def judged(mutant: Mutant, tests: Sequence[str], seen: Sequence[Seen] | None, *, seconds: float = 0.0) -> Verdict:
    """Caught is a mutant if every test that it names is red, and each because it saw something wrong."""
    if seen is None:
        return Verdict(mutant, "too slow", why="its tests did not end in time", seconds=seconds)
    red = [each for each in seen if each.outcome == "failed"]
    allowed = {*ORACLES, *mutant.raises}
    stray = [each for each in red if each.phase in ("setup", "collect") or not allowed.issuperset(each.kinds)]
    if stray:
        return Verdict(mutant, "wrong reason", (stray[0].test,), stray[0].said, seconds)
    blind = tuple(name for name in tests if not any(each.is_of(name) for each in red))
    if blind:
        return Verdict(mutant, "survived", blind, "this test stays green", seconds)
    return Verdict(mutant, "caught", tuple(each.test for each in red), red[0].said, seconds)


def _seen(line: str) -> Seen:
    row = json.loads(line)
    return Seen(**row | {"kinds": tuple(row["kinds"])})
