"""The page on security promises nothing that no test holds."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")
GUARANTEES = PAGE.partition("## What Tocsin guarantees")[2].partition("\n## ")[0]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def names_in(file: str) -> frozenset[str]:
    """The tests in a file; none where there is no such file."""
    path = ROOT / file
    nodes = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_each_test_that_is_named_is_there(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in names_in(file)


def test_each_promise_names_a_test_that_holds_it() -> None:
    rows = [line for line in GUARANTEES.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 30
    assert [row for row in rows if not NAMED.search(row.split("|")[2])] == []


def test_the_page_says_what_is_not_promised_too() -> None:
    headings = re.findall(r"^##+ (.*)$", PAGE, re.MULTILINE)
    wanted = [
        "Delivery",
        "Feeds",
        "Threats",
        "Secrets",
        "The database",
        "Several processes",
        "What it does not promise",
    ]
    assert [each for each in headings if each in wanted] == wanted
