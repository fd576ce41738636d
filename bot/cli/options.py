"""What the commands share: the options that override settings, how a command runs, and where it prints."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.logs import set_up_logs
from bot.settings import Overrides, Settings, forget_secrets, load_settings
from bot.store import Store

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="DIR", help="A folder whose *.toml files replace those that ship.")
]
DatabaseOption = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="sqlite:///FILE or postgresql://…, for this call.")
]
FeedsOption = Annotated[
    Path | None, typer.Option("--feeds", metavar="FILE", help="Feeds from this TOML or OPML file, for this call.")
]
PIPE_WIDTH = 200
"""Columns where the output is no terminal: wide, so that a line stays a line for the program that reads it."""

JsonOption = Annotated[bool, typer.Option("--json", help="Prints machine-readable lines.")]


def settings_for(
    *, config: Path | None = None, database: str | None = None, feeds: Path | None = None, quiet: bool = False
) -> Settings:
    """The settings of this call, with logging set up as they say (`quiet`: warnings, where
    they would say what goes well too). The environment's secrets are in the settings alone from then on."""
    settings = load_settings(Overrides(config=config, database=database, feeds=feeds))
    forget_secrets()
    level = "WARNING" if quiet and settings.log.level == "INFO" else settings.log.level
    set_up_logs(level=level, form=settings.log.format, secrets=settings.secrets())
    for file in settings.unread:
        log.warning("settings.unread", file=file.file, why=file.text)
    return settings


def open_store(settings: Settings, *, alone: bool = True) -> AbstractAsyncContextManager[Store]:
    """The database; `alone` False for a short look or change beside a Tocsin that runs. Raises StoreError."""
    return Store.open(settings.database_url.get_secret_value(), alone=alone)


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs the command's asynchronous part to its end."""
    return asyncio.run(work)


def results() -> Console:
    """Where a command prints for people."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[], object]]:
    """Shows on a terminal how far long work has come; what it yields is called once for each piece that is done."""
    errors = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)
