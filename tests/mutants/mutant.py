"""A mutant: a named change that makes the code wrong, why it is wrong, and which tests have to turn red.

It changes text, not files, and runs nothing.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class StaleError(Exception):
    """A mutant that cannot be made any more, in one sentence."""


@dataclass(frozen=True, slots=True)
class Change:
    """`old`, which stands exactly once in `file` (a path from the root of the tree), becomes `new`."""

    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """`text` of the file with the change. Raises StaleError."""
        found = text.count(self.old)
        if found != 1:
            times = "nowhere" if not found else f"{found} times"
            beginning = self.old.strip().splitlines()[0]
            raise StaleError(f"{beginning!r} stands {times} in {self.file}: write the mutant anew for the code of now.")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`red` are the tests that must fail, each as pytest names it; `wrong` says what would happen to people.

    Every failure must be an assertion, or one of the exceptions in `raises`: what does not import proves nothing.
    """

    name: str
    wrong: str
    red: tuple[str, ...]
    changes: tuple[Change, ...]
    raises: tuple[str, ...] = ()

    def changed(self, root: Path) -> dict[str, str]:
        """The files with their new text. Raises StaleError where a change finds nothing to change."""
        texts: dict[str, str] = {}
        for change in self.changes:
            file = root / change.file
            if not file.is_file():
                raise StaleError(f"{change.file} is no file any more: write the mutant anew for the code of now.")
            texts[change.file] = change.applied(texts.get(change.file) or file.read_text("utf-8"))
        return texts


def all_mutants(folder: Path = HERE) -> list[Mutant]:
    """Those of every TOML file in `folder`, in the order in which they stand there."""
    files = sorted(folder.glob("*.toml"))
    return [_mutant(each) for file in files for each in tomllib.loads(file.read_text("utf-8"))["mutant"]]


def named_tests(mutants: Iterable[Mutant]) -> list[str]:
    """Every test that one of them names, once, in order of name."""
    return sorted({test for mutant in mutants for test in mutant.red})


def _mutant(row: dict[str, Any]) -> Mutant:
    changes = tuple(Change(**change) for change in row["change"])
    lists = {name: tuple(row.get(name, ())) for name in ("red", "raises")}
    return Mutant(row["name"], row["wrong"], changes=changes, **lists)
