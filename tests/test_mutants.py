"""Each mutant can still be made of the tree as it is, and the trial of mutants tells what the tests notice from what
they do not. `make mutants` runs them all."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.mutants.mutant import ROOT, Change, Mutant, StaleError, all_mutants
from tests.mutants.trial import Copy, Seen, copy_of, green, judged, tried

MUTANTS = all_mutants()
RIGHT, BROKEN = "def double(number):\n    return 2 * number\n", "import nothing_of_this_name\n"
TESTS = """
import pytest
from bot.sums import double

def test_doubles():
    assert double(3) == 6

def test_zero():
    assert double(0) == 0

@pytest.mark.skipif(True, reason="always")
def test_elsewhere():
    assert False
"""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_can_be_made_of_the_code_of_now(mutant: Mutant) -> None:
    for name, text in mutant.changed(ROOT).items():
        assert text != (ROOT / name).read_text("utf-8")
        compile(text, name, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_says_why_it_is_wrong_and_names_tests_that_are_there(mutant: Mutant) -> None:
    assert mutant.wrong.endswith(".")
    assert mutant.red
    for name in mutant.red:
        file, _, test = name.partition("::")
        assert test.partition("[")[0] in functions(file), name


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_mutant_has_a_name_of_its_own() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names)) >= 16


# ---- the trial itself, on a tree of three files


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    root = tmp_path_factory.mktemp("tree")
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-q'\n")
    for file, text in {
        "bot/__init__.py": "",
        "bot/sums.py": RIGHT,
        "tests/__init__.py": "",
        "tests/test_sums.py": TESTS,
    }.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text)
    (root / "tests/mutants").symlink_to(ROOT / "tests/mutants")
    with copy_of(root) as found:
        yield found


def a_mutant(new: str, *tests: str, old: str = RIGHT) -> Mutant:
    red = tuple(f"tests/test_sums.py::{test}" for test in tests or ("test_doubles",))
    return Mutant("a mutant", "It doubles wrongly.", red, (Change("bot/sums.py", old, new),))


@pytest.mark.parametrize(
    ("mutant", "ending", "words"),
    [
        (a_mutant("def double(number):\n    return 3 * number\n"), "caught", "assert 9 == 6"),
        (a_mutant("def double(number):\n    return 3 * number\n", "test_doubles", "test_zero"), "survived", "green"),
        (a_mutant(BROKEN), "wrong reason", "nothing_of_this_name"),
        (a_mutant("def double(number):\n    return number.twice\n"), "wrong reason", "AttributeError"),
        (a_mutant(RIGHT, old="def triple(number):\n    pass"), "stale", "'def triple(number):' stands nowhere"),
        (a_mutant("def double(number):\n    while True: pass\n"), "too slow", "did not end in time"),
        (a_mutant(BROKEN, "test_elsewhere"), "not tried", "skips"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_trial_tells_what_became_of_a_mutant(copy: Copy, mutant: Mutant, ending: str, words: str) -> None:
    skipped = {"tests/test_sums.py::test_elsewhere"}
    found = tried(copy, mutant, skipped=skipped, limit=3 if ending == "too slow" else 30)
    assert (found.ending, found.good) == (ending, ending in ("caught", "not tried"))
    assert words in found.why
    assert (copy.root / "bot/sums.py").read_text() == RIGHT


def test_without_a_mutant_the_tests_are_green_and_those_that_are_skipped_are_known(copy: Copy) -> None:
    tests = [f"tests/test_sums.py::{name}" for name in ("test_doubles", "test_elsewhere")]
    assert green(copy, tests) == ({tests[1]}, [])


def test_a_text_that_stands_several_times_names_no_place() -> None:
    with pytest.raises(StaleError, match="3 times in a file: write the mutant anew"):
        Change("a file", "a", "b").applied("a and a")


def test_a_red_test_that_was_not_named_proves_nothing() -> None:
    seen = [Seen("tests/test_sums.py::test_zero", "call", "failed", ("AssertionError",), "assert 0")]
    assert judged(a_mutant(BROKEN), ["tests/test_sums.py::test_doubles"], seen).ending == "survived"
