"""How far the database's clock is ahead of a machine's, so that several machines may go by one clock.

It sets no clock and decides nothing about one that is wrong.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.store.dialect import has_one_writer

TRIPS = 3
"""The first also begins the transaction, and any may be held up by other work; the shortest tells best."""


def ahead(c: Connection, clock: Callable[[], datetime]) -> timedelta:
    """The database's time less that of `clock`, which gives the present as aware UTC; nothing for a file.

    The server is taken to answer at half of the way there and back, as in Cristian's method of 1989, so the figure is
    wrong by less than half of the shortest of a few trips.
    """
    if has_one_writer(c):
        return timedelta(0)
    _, found = min(_trip(c, clock) for _ in range(TRIPS))
    return found


def _trip(c: Connection, clock: Callable[[], datetime]) -> tuple[timedelta, timedelta]:
    """How long one question took, and the difference that it found."""
    asked, began = clock(), time.monotonic()
    theirs = c.execute(select(func.clock_timestamp())).scalar_one()
    trip = timedelta(seconds=time.monotonic() - began)
    return trip, theirs - asked - trip / 2
