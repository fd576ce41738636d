"""`tocsin db …`: the database."""

import typer

from bot.app import open_store
from bot.cli.options import ConfigOption, DatabaseOption, run_async, settings_for
from bot.settings import Settings


def group() -> typer.Typer:
    """The group with its commands."""
    tree = typer.Typer(name="db", help="The database.", no_args_is_help=True)
    tree.callback()(_group)
    tree.command("upgrade")(upgrade)
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
