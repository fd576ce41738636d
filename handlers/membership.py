"""What follows when the bot is removed from a server, comes (back) to one, or finds out after a while without contact.

What is kept waits for the server's return; deleting it for good is the prune tick's.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.client import Index
from bot.core.about import KEPT_AFTER_LEAVING
from bot.store import Store, servers, subscriptions

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """Takes note of it in the store, and in what autocomplete offers. `returned` is called after a server came back:
    what waited there goes on only if the operator still serves it."""

    store: Store
    index: Index
    clock: Callable[[], datetime]
    returned: Callable[[], Awaitable[None]] | None = None

    async def present(self, guild_ids: Sequence[int]) -> None:
        """The servers that the bot is in, as a new session tells."""
        gone, back = await self.store.write(servers.compare, guild_ids, self.clock())
        await self._noted(gone, back)

    async def joined(self, guild_id: int) -> None:
        """The bot came to a server."""
        back = await self.store.write(servers.come_back, guild_id)
        await self._noted([], [guild_id] if back else [])

    async def left(self, guild_id: int) -> None:
        """The bot was removed from a server."""
        gone = await self.store.write(servers.leave, guild_id, self.clock())
        await self._noted([guild_id] if gone else [], [])

    async def _noted(self, gone: Sequence[int], back: Sequence[int]) -> None:
        for guild_id in gone:
            log.info("guild.left", guild=guild_id, deleted_in_days=KEPT_AFTER_LEAVING)
        for guild_id in back:
            log.info("guild.back", guild=guild_id)
        if back and self.returned is not None:
            await self.returned()
        for guild_id in (*gone, *back):
            self.index.subscriptions[guild_id] = await self.store.read(subscriptions.listed, guild_id)
