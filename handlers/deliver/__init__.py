"""The tick that sends what is owed and edits what has grown: claim, send, settle, each step committed.

Within a channel alerts keep their order, and no channel waits for another: the store hands out the next alert of each
channel that is free. What is owed is decided long before (see core/owing), and how it looks elsewhere (see
core/message).
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.store import Store
from handlers.deliver.editing import edit_grown
from handlers.deliver.sending import send_owed
from handlers.deliver.tick import DeliverReport, DeliverRules, Halt, Sender, Tick, pause

__all__ = ["DeliverReport", "DeliverRules", "Sender", "deliver", "pause"]

log = structlog.get_logger(__name__)


async def deliver(
    now: datetime,
    *,
    store: Store,
    sender: Sender,
    rules: DeliverRules | None = None,
    jitter: Callable[[], float] = random.random,
    stop: asyncio.Event | None = None,
) -> DeliverReport:
    """Sends everything that is owed by now, then edits what has grown; alerts go before edits. `jitter` gives 0…1.

    Once `stop` is set nothing more is claimed and what is under way is finished. Raises TokenRefusedError, after all
    else that was under way is settled, and StoreError.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    tick = Tick(
        store,
        sender,
        rules or DeliverRules(),
        lambda: now + timedelta(seconds=loop.time() - began),
        jitter,
        counts=Counter(),
    )
    halt = Halt(stop)
    await send_owed(tick, halt)
    while not halt.is_set() and await edit_grown(tick, halt):
        await send_owed(tick, halt)
    halt.raise_problem()
    report = DeliverReport(**tick.counts)
    if any(tick.counts.values()):
        log.info("deliver.done", **tick.counts)
    return report
