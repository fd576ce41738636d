"""The tick that sends what is owed and edits what has grown: claim, send, settle, each step committed.

Within a channel alerts keep their order, and no channel waits for another: the store hands out the next alert of each
channel that is free. What an answer of Discord means for a row is decided here, and nowhere else; what is owed is
decided long before (see core/alert), and how it looks elsewhere (see core/message).
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.core.alert import Delivery, Edit
from bot.core.message import Message, alert_message, minimal_message
from bot.errors import (
    BlockedError,
    DeliveryError,
    DestinationForbiddenError,
    DestinationGoneError,
    MessageGoneError,
    MessageRefusedError,
    RateLimitedError,
    TokenRefusedError,
    TryAgainError,
)
from bot.store import Store, alerts

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """Where messages go: Discord, or the terminal. Every method raises nothing but DeliveryErrors."""

    async def create(
        self, channel_id: int, message: Message, *, nonce: str, reply_to: int | None = None, guild_id: int | None = None
    ) -> int: ...

    async def edit(self, channel_id: int, message_id: int, message: Message) -> None: ...

    async def find(self, channel_id: int, mark: str, after: datetime) -> int | None: ...


@dataclass(frozen=True, slots=True)
class DeliverRules:
    """How deliveries are tried.

    `lease` has to be longer than one call of the sender may take. A row whose earlier attempt began less than
    `remembered` ago is resent with its nonce, which Discord still knows; an older one is first looked up in the
    channel, from `search_back` before that attempt on. Pauses grow from `first_pause` fourfold to `longest_pause`.
    """

    lease: timedelta = timedelta(seconds=120)
    debounce: timedelta = timedelta(seconds=60)
    attempts: int = 60
    at_once: int = 20
    remembered: timedelta = timedelta(seconds=90)
    search_back: timedelta = timedelta(minutes=1)
    first_pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=10)
    look_again: float = 1.0  # seconds between two looks for other channels' alerts while a slow one is under way


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What one tick did: rows by what became of them. `found` were sent by an earlier attempt, `unread` could not be
    looked up before a resend."""

    sent: int = 0
    found: int = 0
    unread: int = 0
    retried: int = 0
    dead: int = 0
    paused: int = 0
    edited: int = 0


@dataclass(frozen=True, slots=True)
class _Tick:
    """What the steps of one tick share. `moment` is the tick's time, moved on by the time that has passed since."""

    store: Store
    sender: Sender
    rules: DeliverRules
    moment: Callable[[], datetime]
    jitter: Callable[[], float]
    counts: Counter[str]


async def deliver(
    now: datetime,
    *,
    store: Store,
    sender: Sender,
    rules: DeliverRules = DeliverRules(),
    jitter: Callable[[], float] = random.random,
    stop: asyncio.Event | None = None,
) -> DeliverReport:
    """Sends everything that is owed by now, then edits what has grown; alerts go before edits. `jitter` gives 0…1.

    Once `stop` is set nothing more is claimed and what is under way is finished. Raises TokenRefusedError, after all
    else that was under way is settled, and StoreError.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    tick = _Tick(store, sender, rules, lambda: now + timedelta(seconds=loop.time() - began), jitter, counts=Counter())
    halt = _Halt(stop)
    await _send_owed(tick, halt)
    while not halt.is_set() and await _edit_grown(tick, halt):
        await _send_owed(tick, halt)
    halt.raise_problem()
    report = DeliverReport(**tick.counts)
    if any(tick.counts.values()):
        log.info("deliver.done", **tick.counts)
    return report


class _Halt:
    """Why nothing more is begun in this tick: the program stops, or one answer concerned every channel."""

    def __init__(self, stop: asyncio.Event | None) -> None:
        self._stop = stop
        self._problem: Exception | None = None
        self.blocked = False

    def is_set(self) -> bool:
        return self.blocked or self._problem is not None or (self._stop is not None and self._stop.is_set())

    def note(self, finished: "set[asyncio.Task[None]]") -> None:
        """Keeps the first problem of the finished tasks for the end of the tick."""
        for task in finished:
            problem = task.exception()
            if isinstance(problem, BlockedError):
                self.blocked = True
            elif isinstance(problem, Exception):
                self._problem = self._problem or problem

    def raise_problem(self) -> None:
        if self._problem is not None:
            raise self._problem


async def _send_owed(tick: _Tick, halt: _Halt) -> None:
    running: set[asyncio.Task[None]] = set()
    async with _ended_with_the_tick(running):
        while True:
            room = tick.rules.at_once - len(running)
            if room > 0 and not halt.is_set():
                claimed = await tick.store.write(alerts.claim, now=tick.moment(), lease=tick.rules.lease, limit=room)
                running |= {asyncio.create_task(_attempt(delivery, tick)) for delivery in claimed}
            if not running:
                return
            done, _ = await asyncio.wait(running, timeout=tick.rules.look_again, return_when=asyncio.FIRST_COMPLETED)
            running -= done
            halt.note(done)


async def _edit_grown(tick: _Tick, halt: _Halt) -> bool:
    """Edits what is due; True if it broke off, because an alert is due by now."""
    due = await tick.store.read(alerts.due_edits, now=tick.moment(), debounce=tick.rules.debounce, limit=200)
    by_channel: dict[int, list[Edit]] = {}
    for edit in due:
        by_channel.setdefault(edit.subscription.channel_id, []).append(edit)
    running = {asyncio.create_task(_edit_channel(edits, tick, halt)) for edits in by_channel.values()}
    async with _ended_with_the_tick(running):
        if running:
            halt.note((await asyncio.wait(running))[0])
    return bool(due) and await tick.store.read(alerts.is_due, now=tick.moment())


@asynccontextmanager
async def _ended_with_the_tick(running: "set[asyncio.Task[None]]") -> AsyncIterator[None]:
    """When the tick is cancelled, so is what it began: the rows are claimed again after their lease."""
    try:
        yield
    except BaseException:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        raise


async def _attempt(delivery: Delivery, tick: _Tick) -> None:
    """One attempt at one row, settled whatever comes of it. Raises what concerns every channel."""
    try:
        message_id = await _found(delivery, tick) or await _created(delivery, tick)
    except DeliveryError as error:
        await _settle_error(delivery, error, tick)
        if isinstance(error, TokenRefusedError | BlockedError):
            raise
    else:
        await _settle_sent(delivery, message_id, tick)


async def _found(delivery: Delivery, tick: _Tick) -> int | None:
    """The message of an earlier attempt whose answer was lost, if Discord has forgotten its nonce by now."""
    earlier = delivery.earlier_claim
    if earlier is None or tick.moment() - earlier < tick.rules.remembered:
        return None
    try:
        message_id = await tick.sender.find(
            delivery.subscription.channel_id, delivery.nonce, earlier - tick.rules.search_back
        )
    except DestinationForbiddenError as error:
        tick.counts["unread"] += 1
        log.warning("deliver.unread", alert=delivery.alert_id, channel=delivery.subscription.channel_id, why=str(error))
        return None
    if message_id is not None:
        tick.counts["found"] += 1
    return message_id


async def _created(delivery: Delivery, tick: _Tick) -> int | None:
    """The id of the message, or None where it was delivered before and has been deleted since."""
    try:
        return await tick.sender.create(
            delivery.subscription.channel_id,
            drawn(delivery),
            nonce=delivery.nonce,
            reply_to=delivery.reply_to,
            guild_id=delivery.subscription.guild_id,
        )
    except MessageGoneError:
        return None


def drawn(delivery: Delivery) -> Message:
    """The message of a delivery, with the delivery's mark in its buttons.

    Raises MessageRefusedError for a story that cannot be drawn, so that it ends like one that Discord does not take.
    """
    story, mark = delivery.story, delivery.nonce
    with _refused_if_undrawable(delivery.alert_id):
        if delivery.minimal:
            return minimal_message(story, mark=mark)
        return alert_message(story, mark=mark, reasons=delivery.reasons, update=delivery.kind == "update")


def _drawn_edit(edit: Edit) -> Message:
    with _refused_if_undrawable(edit.alert_id):
        return alert_message(edit.story, mark=edit.nonce, reasons=edit.reasons)


@contextmanager
def _refused_if_undrawable(alert_id: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        log.exception("deliver.undrawable", alert=alert_id)
        raise MessageRefusedError("Tocsin cannot draw this story; its log says why") from error


async def _settle_sent(delivery: Delivery, message_id: int | None, tick: _Tick) -> None:
    """A message that an earlier attempt may have made shows the story as it was then, and is due for an edit."""
    now, row = tick.moment(), delivery.alert_id
    shown = delivery.story.revision if delivery.earlier_claim is None else delivery.revision
    tick.counts["sent"] += 1
    await tick.store.write(alerts.settle_sent, row, message_id=message_id or 0, shown_revision=shown, now=now)
    if message_id is None:
        await tick.store.write(alerts.end_edits, row, "the message was deleted")
    elif delivery.minimal:
        await tick.store.write(alerts.end_edits, row, "Discord takes this story as minimal text only")


async def _settle_error(delivery: Delivery, error: DeliveryError, tick: _Tick) -> None:
    """The table of RELIABILITY, section 1."""
    row, channel, said = delivery.alert_id, delivery.subscription.channel_id, str(error)
    log.warning("deliver.failed", alert=row, channel=channel, attempt=delivery.attempt, code=error.code, why=said)
    match error:
        case DestinationGoneError():
            await _bury(delivery, f"{said} ({error.code})", tick)
            buried = await tick.store.write(alerts.close_channel, channel, reason=said, now=tick.moment())
            tick.counts["dead"] += buried
        case DestinationForbiddenError():
            await tick.store.write(alerts.pause_channel, channel, reason=said, now=tick.moment())
            tick.counts["paused"] += 1
            await _retry(delivery, said, tick, counts=False)
        case MessageRefusedError() if not delivery.minimal:
            await _retry(delivery, said, tick, minimal=True)
        case RateLimitedError() | BlockedError():
            wait = timedelta(seconds=error.retry_after or tick.rules.first_pause.total_seconds())
            await _retry(delivery, said, tick, counts=False, wait=wait)
        case TokenRefusedError():
            await _retry(delivery, said, tick, counts=False)
        case TryAgainError() if delivery.attempt < tick.rules.attempts:
            await _retry(delivery, said, tick, wait=pause(delivery.attempt, tick.rules, tick.jitter()))
        case _:
            await _bury(delivery, said, tick)


def pause(attempt: int, rules: DeliverRules, jitter: float) -> timedelta:
    """How long to wait after the given failed attempt (from 1); `jitter` of 0…1 spreads it over its second half."""
    grown = rules.first_pause * 4.0 ** min(max(attempt - 1, 0), 8)
    return min(grown, rules.longest_pause) * (0.5 + jitter / 2)


async def _retry(
    delivery: Delivery,
    problem: str,
    tick: _Tick,
    *,
    wait: timedelta = timedelta(0),
    counts: bool = True,
    minimal: bool = False,
) -> None:
    tick.counts["retried"] += 1
    now = tick.moment()
    await tick.store.write(
        alerts.settle_retry,
        delivery.alert_id,
        not_before=now + wait,
        problem=problem,
        now=now,
        counts=counts,
        minimal=minimal or delivery.minimal,
        unclear=counts and not minimal,
    )


async def _bury(delivery: Delivery, reason: str, tick: _Tick) -> None:
    tick.counts["dead"] += 1
    await tick.store.write(alerts.settle_dead, delivery.alert_id, reason=reason, now=tick.moment())


async def _edit_channel(edits: Sequence[Edit], tick: _Tick, halt: _Halt) -> None:
    """The edits of one channel, one after the other, up to the first that says something about the channel.

    They also end where an alert has become due, so that no alert waits for more than one edit of each channel.
    """
    for number, edit in enumerate(edits):
        if halt.is_set() or (number and await tick.store.read(alerts.is_due, now=tick.moment())):
            return
        try:
            message = _drawn_edit(edit)
            await tick.sender.edit(edit.subscription.channel_id, edit.message_id, message)
        except DeliveryError as error:
            await _settle_edit_error(edit, error, tick)
            if isinstance(error, TokenRefusedError | BlockedError):
                raise
            if not isinstance(error, MessageGoneError | MessageRefusedError):
                return
        else:
            tick.counts["edited"] += 1
            await tick.store.write(
                alerts.settle_edit, edit.alert_id, shown_revision=edit.story.revision, now=tick.moment()
            )


async def _settle_edit_error(edit: Edit, error: DeliveryError, tick: _Tick) -> None:
    """An edit is a courtesy: what cannot be edited any more stays as it is, and says why."""
    row, channel, said, now = edit.alert_id, edit.subscription.channel_id, str(error), tick.moment()
    match error:
        case MessageGoneError() | MessageRefusedError():
            await tick.store.write(alerts.end_edits, row, said)
        case DestinationGoneError():
            await tick.store.write(alerts.close_channel, channel, reason=said, now=now)
        case DestinationForbiddenError():
            await tick.store.write(alerts.pause_channel, channel, reason=said, now=now)
            tick.counts["paused"] += 1
        case _:
            wait = getattr(error, "retry_after", None) or tick.rules.debounce.total_seconds()
            later = now + timedelta(seconds=max(wait, 1.0))
            await tick.store.write(alerts.delay_edit, row, not_before=later, problem=said, now=now)
