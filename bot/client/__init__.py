"""Discord: the client that people talk to and the sender that alerts go through. The only edge that knows discord.py.

It is handed its commands and buttons; it decides neither what is owed nor what an answer of Discord means for a row.
"""

from bot.client.budget import Budget, Exchange
from bot.client.client import Command, TocsinClient
from bot.client.connection import open_rest_sender, point_at, run_client
from bot.client.directory import Directory, Known
from bot.client.index import Index
from bot.client.sender import DiscordSender

__all__ = [
    "Budget",
    "Command",
    "Directory",
    "DiscordSender",
    "Exchange",
    "Index",
    "Known",
    "TocsinClient",
    "open_rest_sender",
    "point_at",
    "run_client",
]
