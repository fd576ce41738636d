"""The tick that notices a clock that was set back, so that nothing waits for the times that it had shown.

What those times hold up is told in bot/store/clocks.
"""

from datetime import datetime

import structlog

from bot.store import Store, clocks

log = structlog.get_logger(__name__)


async def look_at_the_clock(now: datetime, latest: datetime | None, *, store: Store) -> datetime:
    """Takes `now` and what it was at the last look (None at a start, for who knows what it was before): the later
    look's `latest`."""
    if latest is None or now < latest - clocks.AHEAD:
        rows = await store.write(clocks.set_right, now)
        if rows:
            log.warning("clock.set_back", rows=rows, then="What waited for a time that was shown too soon is due.")
    return now
