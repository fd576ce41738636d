"""Sending what is owed: one attempt at one claimed row of either outbox, settled whatever comes of it.

What an answer of Discord means for a row is decided here, and nowhere else.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import structlog

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
from bot.store import alerts, bulletins
from handlers.deliver.holding import ClaimLostError, Hold, held
from handlers.deliver.parcel import Parcel, Sent, of_alert, of_bulletin
from handlers.deliver.tick import Halt, Tick, ended_with_the_tick, pause

log = structlog.get_logger(__name__)
TOO_LATE = "it was not ours any more when Discord answered"
CLOCK_ASTRAY = timedelta(days=1)
"""How far back a message is looked for whose attempt began in the future: the clock was put back since."""


async def send_owed(tick: Tick, halt: Halt) -> None:
    running: set[asyncio.Task[None]] = set()
    async with ended_with_the_tick(running):
        while True:
            room = tick.rules.at_once - len(running)
            if room > 0 and not halt.is_set():
                running |= {asyncio.create_task(_attempt(parcel, tick, halt)) for parcel in await _claimed(tick, room)}
            if not running:
                return
            done, _ = await asyncio.wait(running, timeout=tick.rules.look_again, return_when=asyncio.FIRST_COMPLETED)
            running -= done
            halt.note(done)


async def _claimed(tick: Tick, room: int) -> list[Parcel]:
    """The next rows of both outboxes, at most `room`; alerts first."""
    now, lease = tick.moment(), tick.rules.lease
    owed = [of_alert(each) for each in await tick.store.write(alerts.claim, now=now, lease=lease, limit=room)]
    if len(owed) == room:
        return owed
    others = await tick.store.write(bulletins.claim, now=now, lease=lease, limit=room - len(owed))
    return owed + [of_bulletin(each) for each in others]


async def _attempt(parcel: Parcel, tick: Tick, halt: Halt) -> None:
    """One attempt at one row, settled whatever comes of it. What concerns every channel ends the tick before the row is
    given back, so that nothing claims it again."""
    try:
        async with held(parcel, tick) as hold:
            sent = await _delivered(parcel, tick, hold)
            tick.counts["sent"] += 1
            if sent is not None:
                sent = await _adorned(parcel, sent, tick)
    except ClaimLostError:
        _lost(parcel, tick, "it was not ours any more when it was to be sent")
    except DeliveryError as error:
        if isinstance(error, TokenRefusedError | BlockedError):
            halt.because_of(error)
        await _settle_error(parcel, error, tick)
    else:
        await tick.store.write(parcel.settle_sent, sent, tick.moment())
        message, place = sent or (None, None)
        log.info("deliver.sent", **parcel.ids, message=message, place=place, attempt=parcel.attempt)


async def _delivered(parcel: Parcel, tick: Tick, hold: Hold) -> Sent | None:
    """The message, found or made. A thread or post that is gone or locked says nothing about its channel, which then
    gets the message itself."""
    try:
        return await _found(parcel, tick) or await _created(parcel, tick, hold)
    except (DestinationGoneError, DestinationForbiddenError) as error:
        if parcel.place_id is None:
            raise
        log.warning("deliver.displaced", **parcel.ids, place=parcel.place_id, code=error.code, why=str(error))
    in_channel = replace(parcel, place_id=None)
    return await _found(in_channel, tick) or await _created(in_channel, tick, hold)


async def _found(parcel: Parcel, tick: Tick) -> Sent | None:
    """The message of an earlier attempt whose answer was lost, if Discord has forgotten its nonce by now.

    A forum takes no nonce: there nothing is repeated before it was looked for.
    """
    earlier = parcel.earlier_claim
    if earlier is None:
        return None
    forum, now = await _is_post(parcel, tick), tick.moment()
    if not forum and timedelta(0) <= now - earlier < tick.rules.remembered:
        return None
    since = earlier if earlier <= now else now - CLOCK_ASTRAY
    where = parcel.place_id or parcel.channel_id
    try:
        message_id = await tick.sender.find(where, parcel.nonce, since - tick.rules.search_back)
    except DestinationForbiddenError as error:
        if forum:
            raise
        tick.counts["unread"] += 1
        log.warning("deliver.unread", **parcel.ids, place=where, why=str(error))
        return None
    if message_id is None:
        return None
    tick.counts["found"] += 1
    log.info("deliver.found", **parcel.ids, message=message_id, since=earlier)
    return Sent(message_id, message_id if forum else None)


async def _created(parcel: Parcel, tick: Tick, hold: Hold) -> Sent | None:
    """The message, or None where it was delivered before and has been deleted since."""
    is_post = await _is_post(parcel, tick)
    hold.require()
    if is_post:
        post_id = await tick.sender.create_post(
            parcel.channel_id,
            parcel.drawn(as_post=True),
            name=parcel.name_of_post,
            tag=parcel.tag,
            guild_id=parcel.guild_id,
        )
        return Sent(post_id, post_id)
    try:
        message_id = await tick.sender.create(
            parcel.place_id or parcel.channel_id,
            parcel.drawn(),
            nonce=parcel.nonce,
            reply_to=parcel.reply_to if parcel.place_id is None else None,
            guild_id=parcel.guild_id,
        )
    except MessageGoneError:
        return None
    return Sent(message_id)


async def _is_post(parcel: Parcel, tick: Tick) -> bool:
    return parcel.place_id is None and await tick.sender.is_forum(parcel.channel_id)


async def _adorned(parcel: Parcel, sent: Sent, tick: Tick) -> Sent:
    """The message with its thread, published where that is wished: what does not work out is left out."""
    if sent.place_id is not None or parcel.place_id is not None:
        return sent
    if parcel.publish:
        with _left_out(parcel):
            await tick.sender.publish(parcel.channel_id, sent.message_id)
    if parcel.thread:
        with _left_out(parcel):
            thread = await tick.sender.open_thread(parcel.channel_id, sent.message_id, parcel.name_of_post)
            return sent._replace(place_id=thread)
    return sent


@contextmanager
def _left_out(parcel: Parcel) -> Iterator[None]:
    try:
        yield
    except DeliveryError as error:
        log.warning("deliver.unadorned", **parcel.ids, code=error.code, why=str(error))


async def _settle_error(parcel: Parcel, error: DeliveryError, tick: Tick) -> None:
    """The table of RELIABILITY, section 1."""
    channel, said = parcel.channel_id, str(error)
    log.warning("deliver.failed", **parcel.ids, attempt=parcel.attempt, code=error.code, why=said)
    match error:
        case DestinationGoneError():
            await _bury(parcel, f"{said} ({error.code})", tick)
            buried = await tick.store.write(alerts.close_channel, channel, reason=said, now=tick.moment())
            tick.counts["dead"] += buried
            log.warning("channel.closed", channel=channel, guild=parcel.guild_id, given_up=buried, why=said)
        case DestinationForbiddenError():
            await tick.store.write(alerts.pause_channel, channel, reason=said, now=tick.moment())
            tick.counts["paused"] += 1
            log.warning("channel.paused", channel=channel, guild=parcel.guild_id, why=said)
            await _retry(parcel, error, tick, counts=False)
        case MessageRefusedError() if not parcel.minimal:
            await _retry(parcel, error, tick, minimal=True)
        case RateLimitedError() | BlockedError():
            wait = timedelta(seconds=error.retry_after or tick.rules.first_pause.total_seconds())
            await _retry(parcel, error, tick, counts=False, wait=wait)
        case TokenRefusedError():
            await _retry(parcel, error, tick, counts=False)
        case TryAgainError() if parcel.attempt < tick.rules.attempts:
            await _retry(parcel, error, tick, wait=pause(parcel.attempt, tick.rules, tick.jitter()))
        case _:
            await _bury(parcel, said, tick)


async def _retry(
    parcel: Parcel,
    error: DeliveryError,
    tick: Tick,
    *,
    wait: timedelta = timedelta(0),
    counts: bool = True,
    minimal: bool = False,
) -> None:
    now = tick.moment()
    ours = await tick.store.write(
        parcel.settle_retry,
        not_before=now + wait,
        problem=str(error),
        now=now,
        counts=counts,
        minimal=minimal or parcel.minimal,
        unclear=error.may_stand or (counts and not minimal),
    )
    if ours:
        tick.counts["retried"] += 1
        log.info("deliver.put_off", **parcel.ids, attempt=parcel.attempt, seconds=round(wait.total_seconds(), 1))
    else:
        _lost(parcel, tick, TOO_LATE)


async def _bury(parcel: Parcel, reason: str, tick: Tick) -> None:
    if await tick.store.write(parcel.settle_dead, reason=reason, now=tick.moment()):
        tick.counts["dead"] += 1
        log.warning("deliver.given_up", **parcel.ids, attempt=parcel.attempt, why=reason)
    else:
        _lost(parcel, tick, TOO_LATE)


def _lost(parcel: Parcel, tick: Tick, why: str) -> None:
    """Whoever has the row now settles it."""
    tick.counts["lost"] += 1
    log.warning("deliver.lost", **parcel.ids, why=why)
