"""`tocsin run`: the bot."""

from bot import app
from bot.cli.options import ConfigOption, DatabaseOption, FeedsOption, run_async, settings_for


def run(config: ConfigOption = None, database: DatabaseOption = None, feeds: FeedsOption = None) -> None:
    """Runs the bot until it is told to stop; without a token it delivers to the terminal."""
    run_async(app.run(settings_for(config=config, database=database, feeds=feeds)))
