"""`tocsin run`: the bot, or some of its roles."""

from typing import Annotated

import typer

from bot import app
from bot.cli.options import ConfigOption, DatabaseOption, FeedsOption, run_async, settings_for

RoleOption = Annotated[
    list[str],
    typer.Option(
        "--role",
        metavar="ROLES",
        help="Only these of poll, deliver and gateway, comma-separated: several runners share a PostgreSQL database.",
    ),
]


def run(
    role: RoleOption = [],  # noqa: B006 - typer makes a new one for each call
    config: ConfigOption = None,
    database: DatabaseOption = None,
    feeds: FeedsOption = None,
) -> None:
    """Runs the bot until it is told to stop; without a token it delivers to the terminal."""
    try:
        roles = app.read_roles(role)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--role") from None
    run_async(app.run(settings_for(config=config, database=database, feeds=feeds), roles=roles))
