"""The HTTP edge: one conditional GET at a time for each host, behind a guard of the address that is really dialled.

`guard` says which addresses may be dialled, `answer` holds what comes back, `client` asks. Nothing here reads a body.
"""

from bot.fetch.answer import Fetched, FetchError, HostRestsError, NotModified
from bot.fetch.client import Fetcher, Limits
from bot.fetch.guard import Guard

__all__ = ["FetchError", "Fetched", "Fetcher", "Guard", "HostRestsError", "Limits", "NotModified"]
