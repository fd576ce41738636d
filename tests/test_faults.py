"""Every fault that Tocsin has to survive is held by a test that says so."""

import re
from pathlib import Path

from tests.faults import HERE, NAMES, claimed

ROW = re.compile(r"^\| (\d+) \|.*\| (.*) \|$", re.MULTILINE)


def test_each_fault_has_a_test_that_names_it() -> None:
    found = claimed()
    assert [number for number in range(1, len(NAMES) + 1) if number not in found] == []
    assert set(found) <= set(range(1, 63)), "there are 62"


def test_the_table_in_the_readme_names_tests_that_are_there() -> None:
    """It may lag behind new tests, but it promises none that is gone; `python -m tests.faults` prints it anew."""
    rows = {int(number): re.findall(r"`(\w+)`", modules) for number, modules in ROW.findall(_readme())}
    found = claimed()
    assert sorted(rows) == list(range(1, 63))
    assert all(rows.values())
    strays = {n: set(modules) - {each[5:] for each in found[n]} for n, modules in rows.items()}
    assert {n: stray for n, stray in strays.items() if stray} == {}


def test_a_number_counts_only_where_a_test_says_it(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        '"""Fault 1."""\n\ndef test_a():\n    """Faults 3, 4, 5 and 7: of 9."""\n\ndef b():\n    """Fault 2."""\n'
        '\nasync def test_c():\n    """Fault 62: the loop."""\n    # Fault 8\n',
        encoding="utf-8",
    )
    assert claimed(tmp_path) == {number: {"test_some"} for number in (3, 4, 5, 7, 62)}


def _readme() -> str:
    return (HERE / "README.md").read_text(encoding="utf-8")
