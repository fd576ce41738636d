"""`tocsin demo`: the whole path on sample news, into the terminal."""

from rich.console import Console

from bot.cli.options import ConfigOption, run_async, settings_for
from bot.demo.player import play


def demo(config: ConfigOption = None) -> None:
    """Plays sample news through the whole path into the terminal; needs no token and no network."""
    run_async(play(settings_for(config=config, quiet=True), Console()))
