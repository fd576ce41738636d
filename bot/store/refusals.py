"""What Discord refused, counted by the minute, and until when nobody sends anything there: by all who work on this
database. It judges nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from bot.store import hosts
from bot.store.dialect import insert
from bot.store.schema import refusals

DISCORD = "discord.com"
WINDOW = timedelta(minutes=10)
KEPT = timedelta(days=1)


def tell(c: Connection, now: datetime, *, refused: int, rest: timedelta) -> None:
    """Counts requests that were refused just now, and lets Discord rest for so long, if at all."""
    if refused:
        minute = now.replace(second=0, microsecond=0)
        statement = insert(c, refusals).values(minute=minute, count=refused)
        more = {"count": refusals.c.count + statement.excluded["count"]}
        c.execute(statement.on_conflict_do_update(index_elements=["minute"], set_=more))
        c.execute(delete(refusals).where(refusals.c.minute < now - KEPT))
    if rest > timedelta(0):
        hosts.let_rest(c, DISCORD, now + rest)


def standing(c: Connection, now: datetime) -> tuple[int, timedelta]:
    """How many requests were refused in the last ten minutes, and for how long Discord is to rest from now on."""
    lately = select(func.sum(refusals.c.count)).where(refusals.c.minute > now - WINDOW, refusals.c.minute <= now)
    until = hosts.rests_until(c, DISCORD)
    return int(c.scalar(lately) or 0), max(until - now, timedelta(0)) if until else timedelta(0)
