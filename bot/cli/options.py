"""What the commands share: the options that override settings, and how a command runs and ends."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot.logs import set_up_logs
from bot.settings import Overrides, Settings, load_settings

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
JsonOption = Annotated[bool, typer.Option("--json", help="Prints machine-readable lines.")]


def settings_for(
    *, config: Path | None = None, database: str | None = None, feeds: Path | None = None, quiet: bool = False
) -> Settings:
    """The settings of this call, with logging set up as they say (`quiet`: warnings only)."""
    settings = load_settings(Overrides(config=config, database=database, feeds=feeds))
    set_up_logs(level="WARNING" if quiet else settings.log.level, form=settings.log.format)
    return settings


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs the command's asynchronous part to its end."""
    return asyncio.run(work)
