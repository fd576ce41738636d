"""Witness: a plugin of pytest that writes down how each test ended and what was raised, a JSON line each.

It is loaded in the copy of a tree by `-p tests.mutants.witness` and judges nothing.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

WHERE = "MUTANTS_WITNESS"
"""The variable that names the file of lines."""


def pytest_configure() -> None:
    import bot

    found, here = Path(bot.__file__).resolve(), Path.cwd().resolve()
    if not found.is_relative_to(here):
        raise pytest.UsageError(f"the tests would run the code of {found.parent}, not that of {here}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or report.outcome != "passed":
        kinds = kinds_of(call.excinfo.value) if call.excinfo else []
        _note(item.nodeid, report.when, report.outcome, kinds, _said(call.excinfo) or str(report.longrepr or ""))
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        lines = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
        said = lines[-1].removeprefix("E ") if lines else str(report.longrepr)
        _note(report.nodeid, "collect", "failed", ["CollectError"], said)


def kinds_of(error: BaseException) -> list[str]:
    """The names of what was raised, out of groups too. A time-out is told apart from other failures of pytest."""
    if isinstance(error, BaseExceptionGroup):
        return [kind for each in error.exceptions for kind in kinds_of(each)]
    name = type(error).__name__
    return ["Timeout" if name == "Failed" and str(error).startswith("Timeout") else name]


def _said(raised: "pytest.ExceptionInfo[BaseException] | None") -> str:
    return f"{raised.type.__name__}: {raised.value}" if raised else ""


def _note(test: str, phase: str, outcome: str, kinds: list[str], said: str) -> None:
    words = next((line.strip() for line in said.splitlines() if line.strip()), "")
    line = {"test": test, "phase": phase, "outcome": outcome, "kinds": kinds, "said": words[:200]}
    with Path(os.environ[WHERE]).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line) + "\n")
