"""The command line: `tocsin …`, one file for each command or group.

Results go to standard output, logs and progress to standard error.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer

__all__ = ["UsageError", "command_line", "in_one_sentence"]

# typer names this one of its usage errors alone; the others (an unknown option, a missing argument) share its base.
UsageError: Any = typer.BadParameter.__bases__[0]

COMMANDS = ("demo", "run", "poll", "analyze", "check", "evaluate", "why", "doctor")
"""Each a function of the same name, in the file of that name."""

GROUPS = {"alerts": "alerts", "feeds": "feeds", "db": "database"}
"""Each with its file."""


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """The whole command tree; for a call whose `words` begin with a command, that one alone, because to load what the
    others work with takes a second."""
    everything = {*COMMANDS, *GROUPS}
    wanted = everything.intersection(words[:1]) or everything
    tree = typer.Typer(
        name="tocsin",
        help="Watches news feeds for stories where artificial intelligence meets defence, and alerts once per story.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    tree.callback()(_options)
    for name in (each for each in COMMANDS if each in wanted):
        tree.command(name)(getattr(import_module(f"bot.cli.{name}"), name))
    for name in (each for each in GROUPS if each in wanted):
        tree.add_typer(import_module(f"bot.cli.{GROUPS[name]}").group())
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
