"""Holding a claimed row while its send is under way: the lease is renewed, and what is ours no more is not sent.

A runner that was paused for longer than its lease finds that out here before it creates anything; another one may
have sent the row meanwhile. It sends and settles nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from bot.errors import StoreError
from bot.health import no_headway
from handlers.deliver.parcel import Parcel
from handlers.deliver.tick import Tick

log = structlog.get_logger(__name__)
RENEWALS = 3  # in the time of one lease


class ClaimLostError(Exception):
    """The row is ours no more: whoever has it now settles it."""


class Hold:
    """Until when the row is ours."""

    def __init__(self, tick: Tick, until: datetime) -> None:
        self._tick = tick
        self.until = until

    def require(self) -> None:
        """Raises ClaimLostError unless the row is ours still."""
        if self._tick.moment() >= self.until:
            raise ClaimLostError


@asynccontextmanager
async def held(parcel: Parcel, tick: Tick) -> AsyncIterator[Hold]:
    """Within it the row's lease is renewed, for as long as it is ours."""
    hold = Hold(tick, parcel.claimed_at + tick.rules.lease)
    renewing = asyncio.create_task(_renew(parcel, tick, hold))
    try:
        yield hold
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _renew(parcel: Parcel, tick: Tick, hold: Hold) -> None:
    no_headway()
    while True:
        await asyncio.sleep(tick.rules.lease.total_seconds() / RENEWALS)
        until = tick.moment() + tick.rules.lease
        try:
            ours = await tick.store.write(parcel.renew, until=until)
        except StoreError as error:
            log.warning("deliver.not_renewed", **parcel.ids, why=str(error))
            continue
        hold.until = until if ours else tick.moment()
        if not ours:
            return
