"""What Discord refused, shared with all who work on the same database. It counts nothing itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.client import Exchange
from bot.store import Store, refusals


def exchange_through(store: Store, clock: Callable[[], datetime]) -> Exchange:
    """Tells the database what was refused here, and what was refused everywhere. Raises StoreError."""

    async def exchange(refused: int, rest: float) -> tuple[int, float]:
        if refused or rest:
            await store.write(refusals.tell, clock(), refused=refused, rest=timedelta(seconds=rest))
        of_all, all_rest = await store.read(refusals.standing, clock())
        return of_all, all_rest.total_seconds()

    return exchange
