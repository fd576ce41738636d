"""`tocsin db …`: the database."""

import json

import typer

from bot.app import open_store
from bot.cli.options import ConfigOption, DatabaseOption, JsonOption, progress, run_async, settings_for
from bot.core.message import counted
from bot.settings import Settings
from bot.store import integrity
from bot.store.bare import existing, name, one_moment
from bot.store.integrity import Finding


def group() -> typer.Typer:
    """The group with its commands."""
    tree = typer.Typer(name="db", help="The database.", no_args_is_help=True)
    tree.callback()(_group)
    for command in (upgrade, check):
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
