"""The command line: `tocsin …`, one file for each command or group.

Results go to standard output, logs and progress to standard error.
"""

from importlib.metadata import version
from typing import Annotated

import typer

from bot.cli import alerts, analyze, check, database, demo, evaluate, feeds, poll, run


def command_line() -> typer.Typer:
    """The whole command tree."""
    tree = typer.Typer(
        name="tocsin",
        help="Watches news feeds for stories where artificial intelligence meets defence, and alerts once per story.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    tree.callback()(_options)
    tree.command("demo")(demo.demo)
    tree.command("run")(run.run)
    tree.command("poll")(poll.poll)
    tree.command("analyze")(analyze.analyze)
    tree.command("check")(check.check)
    tree.command("evaluate")(evaluate.evaluate)
    tree.add_typer(alerts.group())
    tree.add_typer(feeds.group())
    tree.add_typer(database.group())
    return tree


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tocsin {version('tocsin')}")
        raise typer.Exit


def _options(
    show: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Prints the version.")
    ] = False,
) -> None:
    """Watches news feeds for stories where artificial intelligence meets defence, and alerts once per story."""
