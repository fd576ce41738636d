"""`tocsin db …`: the database."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.cli.options import ConfigOption, DatabaseOption, JsonOption, open_store, progress, run_async, settings_for
from bot.core.message import counted
from bot.settings import Settings
from bot.store import backup as backups
from bot.store import copying, integrity, restoring
from bot.store.bare import existing, name, one_moment
from bot.store.engine import address, file_of
from bot.store.integrity import Finding

ForceOption = Annotated[bool, typer.Option("--force", help="Replaces what is there.")]


def group() -> typer.Typer:
    """The group with its commands."""
    tree = typer.Typer(name="db", help="The database.", no_args_is_help=True)
    tree.callback()(_group)
    for command in (upgrade, check, backup, restore, copy):
        tree.command(command.__name__)(command)
    return tree


def _group() -> None:
    """The database."""


def upgrade(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Brings the database to this program's version; `run` does the same when it starts."""
    typer.echo(run_async(_upgrade(settings_for(config=config, database=database, quiet=True))))


async def _upgrade(settings: Settings) -> str:
    async with open_store(settings) as store:
        did = "was brought up to date" if store.upgraded else "is up to date"
        return f"The database {store.name} {did}."


def check(config: ConfigOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Looks whether the database is sound; changes nothing, and may run beside the bot."""
    url = settings_for(config=config, database=database, quiet=True).database_url.get_secret_value()
    findings = _examined(url)
    typer.echo(json.dumps(as_row(url, findings)) if as_json else in_words(url, findings))
    if any(each.count for each in findings):
        raise typer.Exit(1)


def _examined(url: str) -> list[Finding]:
    with existing(url) as engine, one_moment(engine) as moment:
        findings = []
        with progress("checking", total=integrity.steps(engine.dialect.name)) as done:
            for finding in integrity.examine(moment):
                findings.append(finding)
                done()
        return findings


def as_row(url: str, findings: list[Finding]) -> dict[str, object]:
    """The object that `--json` prints."""
    wrong = [each for each in findings if each.count]
    return {
        "database": name(url),
        "ok": not wrong,
        "checks": len(findings),
        "wrong": [{"rule": each.says, "count": each.count, "examples": list(each.examples)} for each in wrong],
    }


def in_words(url: str, findings: list[Finding]) -> str:
    """What a person reads."""
    wrong = [each for each in findings if each.count]
    if not wrong:
        return f"The database {name(url)} is sound: {counted(len(findings), 'check')} found nothing wrong."
    lines = [f"The database {name(url)} is not sound; {counted(len(wrong), 'check')} of {len(findings)} failed:"]
    lines += [f"- Not so: {each.says} ({each.count}, such as {', '.join(each.examples)})." for each in wrong]
    return "\n".join(lines)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; an SQLite database.")],
    force: ForceOption = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Writes everything into one file, as it is now, beside a bot that works on."""
    url = settings_for(config=config, database=database, quiet=True).database_url.get_secret_value()
    with bar("backing up") as told:
        if file_of(address(url)):
            backups.back_up(url, file, force=force, told=told)
        else:
            backups.refuse_target(file, force=force)
            copying.copy(url, f"sqlite:///{file}", now=datetime.now(UTC), force=force, beside=True, told=told)
    typer.echo(f"The database {name(url)} is backed up in {file} ({_size(file)}).")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Puts a backup in the place of the database, while no Tocsin works with it."""
    url = settings_for(config=config, database=database, quiet=True).database_url.get_secret_value()
    with bar("restoring") as told:
        restored = restoring.restore(url, file, now=datetime.now(UTC), told=told)
    kept = f" What stood there before is kept in {restored.kept}." if restored.kept else ""
    typer.echo(f"The database {restored.name} is what {file} holds.{kept}")


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="sqlite:///FILE or postgresql://…, in use by nobody.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same, empty.")],
    force: ForceOption = False,
    config: ConfigOption = None,
) -> None:
    """Copies everything into another database and compares the two, for a move from one engine to the other."""
    settings_for(config=config, quiet=True)
    with bar("copying") as told:
        rows = copying.copy(source, target, now=datetime.now(UTC), force=force, told=told)
    typer.echo(
        f"{name(target)} holds all that {name(source)} holds: {counted(rows, 'row')}, each compared. "
        "From now on start Tocsin with the new one alone."
    )


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], object]]:
    """Shows on a terminal how much of how much is done, as it is told."""
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.1f} MB"
