"""The command line: `tocsin …`, one file for each command or group.

Results go to standard output, logs and progress to standard error.
"""

from importlib.metadata import version
from typing import Annotated, Any

import typer

from bot.cli import alerts, analyze, check, database, demo, doctor, evaluate, feeds, poll, run, why

__all__ = ["UsageError", "command_line", "in_one_sentence"]

# typer names this one of its usage errors alone; the others (an unknown option, a missing argument) share its base.
UsageError: Any = typer.BadParameter.__bases__[0]


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
    tree.command("why")(why.why)
    tree.command("doctor")(doctor.doctor)
    tree.add_typer(alerts.group())
    tree.add_typer(feeds.group())
    tree.add_typer(database.group())
    return tree


def in_one_sentence(error: Any) -> str:  # noqa: ANN401 - see UsageError
    """What is wrong with a call and where to look; without any command, the help, if it was not printed yet."""
    said: str = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        return said
    said = said.removeprefix("Invalid value: ").rstrip(".")
    command = error.ctx.command_path if error.ctx else "tocsin"
    return f"{command}: {said}; `{command} --help` tells more."


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
