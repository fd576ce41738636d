"""The store: everything that outlives a process, and the only SQL.

`Store` runs plain functions in transactions; the functions stand in one module per table family and take the
connection first. It knows nothing of feeds, analysis or Discord beyond their values.
"""

from sqlalchemy import Connection as Connection

from bot.store.store import Store

__all__ = ["Connection", "Store"]
