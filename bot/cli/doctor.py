"""`tocsin doctor`: is everything there that Tocsin needs, and what to do where it is not."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.options import (
    ConfigOption,
    DatabaseOption,
    FeedsOption,
    JsonOption,
    progress,
    results,
    run_async,
    settings_for,
)
from bot.doctor import Finding, Level, examine, exit_code, of_mistakes
from bot.doctor.examination import PIECES
from bot.errors import ConfigurationError

MARKS: dict[Level, tuple[str, str]] = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}


def doctor(
    network: Annotated[bool, typer.Option("--network/--no-network", help="Asks Discord and the feeds, or not.")] = True,
    config: ConfigOption = None,
    database: DatabaseOption = None,
    feeds: FeedsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Looks at everything that Tocsin needs, and says what to do where something is missing or wrong."""
    try:
        settings = settings_for(config=config, database=database, feeds=feeds, quiet=True)
    except ConfigurationError as error:
        findings = of_mistakes(error)
    else:
        with progress("looking", total=PIECES) as done:
            findings = run_async(examine(settings, network=network, done=done))
    if as_json:
        for finding in findings:
            typer.echo(json.dumps(as_row(finding)))
    else:
        show(findings)
    raise typer.Exit(exit_code(findings))


def as_row(finding: Finding) -> dict[str, object]:
    """The object that `--json` prints."""
    return {name: value for name, value in asdict(finding).items() if name != "configured"}


def show(findings: Sequence[Finding]) -> None:
    """For people: on a terminal under headings with marks, in a pipe a line each that begins with its level."""
    console = results()
    if console.is_terminal:
        for about, group in groupby(findings, key=lambda each: each.about):
            console.print(Text(about[:1].upper() + about[1:], style="bold"), _drawn(list(group)), sep="\n")
        console.print(Text(summary(findings)))
    else:
        for each in findings:
            typer.echo(f"{each.level:<8} {each.about}: {_whole(each)}")


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    wrong = sum(each.level == "wrong" for each in findings)
    warnings = sum(each.level == "warning" for each in findings)
    if not wrong and not warnings:
        return "All is well."
    return f"{wrong} wrong, {warnings} to look at, {len(findings) - wrong - warnings} well."


def _whole(finding: Finding) -> str:
    return f"{finding.says} {finding.link}" if finding.link else finding.says


def _drawn(findings: Sequence[Finding]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in findings:
        mark, colour = MARKS[each.level]
        table.add_row(Text(mark, style=colour), Text(_whole(each)))  # as Text: names of strangers are no markup
    return Group(Padding(table, (0, 0, 1, 2)))
