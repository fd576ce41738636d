"""The tick that looks how the work goes, so that whoever asks this runner is told without asking the database.

That it can look is a sign of life of its own. It changes nothing.
"""

from datetime import datetime

from bot.health import Vitals
from bot.store import Store
from bot.store.pulse import work


async def pulse(now: datetime, *, store: Store, vitals: Vitals) -> None:
    """Tells `vitals` of the work. Raises StoreError."""
    vitals.looked(await store.read(work, now))
