"""The composition root: settings to resources, resources to ticks and handlers, and a running bot.

It wires; it decides nothing. Everything that is opened here is closed here, in reverse order.
"""

from bot.app.clock import Clock
from bot.app.resources import Resources, open_fetcher, open_language, open_parser, open_resources
from bot.app.run import run
from bot.app.runner import read_roles
from bot.app.ticks import deliver_tick, poll_tick, subscribe_terminal

__all__ = [
    "Clock",
    "Resources",
    "deliver_tick",
    "open_fetcher",
    "open_language",
    "open_parser",
    "open_resources",
    "poll_tick",
    "read_roles",
    "run",
    "subscribe_terminal",
]
