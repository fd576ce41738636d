"""The composition root: settings to resources, resources to ticks and handlers, and a running bot.

It wires; it decides nothing. Everything that is opened here is closed here, in reverse order.
"""

from bot.app.resources import Resources, open_fetcher, open_language, open_parser, open_resources, open_store
from bot.app.run import run
from bot.app.runner import read_roles
from bot.app.ticks import TERMINAL, deliver_tick, poll_tick, subscribe_terminal

__all__ = [
    "TERMINAL",
    "Resources",
    "deliver_tick",
    "open_fetcher",
    "open_language",
    "open_parser",
    "open_resources",
    "open_store",
    "poll_tick",
    "read_roles",
    "run",
    "subscribe_terminal",
]
