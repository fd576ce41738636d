"""What a forecast of alerts is made of: the stories of the last weeks, each with its weight. It counts none of them."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.core.forecast import Past
from bot.store import rows
from bot.store.schema import stories
from bot.store.stories import LIVE

MOST = 3_000
"""Stories that are looked through: where more came in, the time that is looked back over is shorter."""


def past(c: Connection, since: datetime, *, most: int = MOST) -> Past:
    """The stories with a report since then, the newest `most` of them."""
    wanted = select(stories).where(stories.c.last_seen >= since, LIVE).order_by(stories.c.last_seen.desc()).limit(most)
    found = [rows.ranked(row) for row in c.execute(wanted).mappings()]
    reached = max(found[-1].story.last_seen, since) if len(found) == most else since
    return Past(found, reached, c.scalar(select(func.min(stories.c.first_seen))))
