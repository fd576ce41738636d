"""Recalls what was said after a backup was made: before anything is told from a restored database, what stands in the
channels is compared with what waits.

A story that stands there is settled with its message, which is edited from then on; which belong together is decided
in core/recalling, how long that lasts in the store.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Protocol

import structlog

from bot.core.recalling import Said, Unsaid, recalled
from bot.errors import DeliveryError, DestinationForbiddenError, DestinationGoneError, MessageRefusedError
from bot.store import Store, aftermath
from bot.store.aftermath import Aftermath

log = structlog.get_logger(__name__)

SLACK = timedelta(minutes=1)
"""By which Discord's clock may differ from ours. What the database knows of is left out anyway."""


class Listener(Protocol):
    """Reads what stands in a channel. Raises nothing but DeliveryErrors."""

    async def said(self, channel_id: int, *, after: datetime, before: datetime) -> Sequence[Said]: ...


class Recall:
    """What was heard in each channel, which does not change any more, and which rows were compared with it at which
    change of their story."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._heard: dict[int, Sequence[Said]] = {}
        self._looked: dict[int, int] = {}
        self._over = False

    async def is_needed(self, now: datetime) -> bool:
        """Whether what waits may have been told before the backup was put back."""
        return await self._aftermath(now) is not None

    async def recall(self, now: datetime, listener: Listener) -> bool:
        """Settles what waits and stands in its channel already; True where nothing speaks against telling the rest.

        Raises StoreError.
        """
        lacking = await self._aftermath(now)
        if lacking is None:
            return True
        waiting = await self._store.read(aftermath.waiting)
        changed = [id for id, change in waiting.items() if self._looked.get(id) != change]
        unsaid = await self._store.read(aftermath.unsaid, changed) if changed else ()
        for channel_id, rows in groupby(unsaid, key=attrgetter("channel_id")):
            if channel_id not in self._heard and not await self._listen(channel_id, lacking, listener):
                return False
            await self._settle(channel_id, list(rows), now)
        self._looked |= {id: waiting[id] for id in changed}
        return True

    async def _aftermath(self, now: datetime) -> Aftermath | None:
        if self._over:
            return None
        found = await self._store.read(aftermath.of, now)
        self._over = found is None
        return found

    async def _listen(self, channel_id: int, lacking: Aftermath, listener: Listener) -> bool:
        """Reads a channel once; False where that has to wait. What cannot be read is not known."""
        try:
            said = await listener.said(channel_id, after=lacking.since - SLACK, before=lacking.at + SLACK)
        except (DestinationForbiddenError, DestinationGoneError, MessageRefusedError) as error:
            log.warning("recall.unread", channel=channel_id, why=str(error))
            said = ()
        except DeliveryError as error:
            log.warning("recall.waits", channel=channel_id, why=str(error))
            return False
        self._heard[channel_id] = said
        return True

    async def _settle(self, channel_id: int, rows: Sequence[Unsaid], now: datetime) -> None:
        heard = self._heard[channel_id]
        known = await self._store.read(aftermath.known, [each.message_id for each in heard])
        for found in recalled(rows, [each for each in heard if each.message_id not in known]):
            await self._store.write(aftermath.settle, found, now)
            log.info("recall.found", alert=found.alert_id, channel=channel_id, message=found.said.message_id)
