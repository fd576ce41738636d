"""Editing what has grown: messages that show an older revision than their story has, in silence.

An edit is a courtesy: alerts go before it, and one that cannot be made ends quietly.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.core.alert import Edit
from bot.core.message import Message, alert_message
from bot.errors import (
    BlockedError,
    DeliveryError,
    DestinationForbiddenError,
    DestinationGoneError,
    MessageGoneError,
    MessageRefusedError,
    TokenRefusedError,
)
from bot.store import alerts
from handlers.deliver.parcel import ids_of, refused_if_undrawable
from handlers.deliver.tick import Halt, Tick, ended_with_the_tick

log = structlog.get_logger(__name__)
SHUT_POST = (50083, 160005)  # archived for good, locked


async def edit_grown(tick: Tick, halt: Halt) -> bool:
    """Edits what is due; True if it broke off, because an alert is due by now."""
    due = await tick.store.read(alerts.due_edits, now=tick.moment(), debounce=tick.rules.debounce, limit=200)
    by_channel: dict[int, list[Edit]] = {}
    for edit in due:
        by_channel.setdefault(edit.subscription.channel_id, []).append(edit)
    running = {asyncio.create_task(_edit_channel(edits, tick, halt)) for edits in by_channel.values()}
    async with ended_with_the_tick(running):
        if running:
            halt.note((await asyncio.wait(running))[0])
    return bool(due) and await tick.store.read(alerts.is_due, now=tick.moment())


async def _edit_channel(edits: Sequence[Edit], tick: Tick, halt: Halt) -> None:
    """The edits of one channel, one after the other, up to the first that says something about the channel.

    Each is taken when its turn comes, unless another runner has it. They also end where an alert has become due, so
    that no alert waits for more than one edit of each channel.
    """
    for number, due in enumerate(edits):
        if halt.is_set() or (number and await tick.store.read(alerts.is_due, now=tick.moment())):
            return
        edit = await tick.store.write(alerts.take_edit, due.alert_id, now=tick.moment(), lease=tick.rules.lease)
        if edit is None:
            continue
        where = edit.subscription.channel_id
        try:
            where = await _where(edit, tick)
            await tick.sender.edit(where, edit.message_id, _drawn_edit(edit))
        except DeliveryError as error:
            of_post = _of_post_alone(error, in_post=where != edit.subscription.channel_id)
            await _settle_edit_error(edit, error, tick, of_post=of_post)
            if isinstance(error, TokenRefusedError | BlockedError):
                raise
            if not isinstance(error, MessageGoneError | MessageRefusedError) and not of_post:
                return
        else:
            tick.counts["edited"] += 1
            await tick.store.write(
                alerts.settle_edit, edit.alert_id, shown_revision=edit.story.revision, now=tick.moment()
            )
            log.info("deliver.edited", **ids_of(edit), message=edit.message_id, revision=edit.story.revision)


async def _settle_edit_error(edit: Edit, error: DeliveryError, tick: Tick, *, of_post: bool) -> None:
    """An edit is a courtesy: what cannot be edited any more stays as it is, and says why."""
    row, channel, said, now = edit.alert_id, edit.subscription.channel_id, str(error), tick.moment()
    log.warning("deliver.edit_failed", **ids_of(edit), message=edit.message_id, code=error.code, why=said)
    match error:
        case MessageGoneError() | MessageRefusedError():
            await tick.store.write(alerts.end_edits, row, said)
        case DestinationGoneError() | DestinationForbiddenError() if of_post:
            await tick.store.write(alerts.end_edits, row, said)
        case DestinationGoneError():
            buried = await tick.store.write(alerts.close_channel, channel, reason=said, now=now)
            log.warning("channel.closed", channel=channel, guild=edit.subscription.guild_id, given_up=buried, why=said)
        case DestinationForbiddenError():
            await tick.store.write(alerts.pause_channel, channel, reason=said, now=now)
            tick.counts["paused"] += 1
            log.warning("channel.paused", channel=channel, guild=edit.subscription.guild_id, why=said)
        case _:
            wait = getattr(error, "retry_after", None) or tick.rules.debounce.total_seconds()
            later = now + timedelta(seconds=max(wait, 1.0))
            await tick.store.write(alerts.delay_edit, row, not_before=later, problem=said, now=now)


def _of_post_alone(error: DeliveryError, *, in_post: bool) -> bool:
    """Whether the error speaks of one forum post, which somebody deleted, locked or archived, and not of its forum."""
    return in_post and (isinstance(error, DestinationGoneError) or error.code in SHUT_POST)


def _drawn_edit(edit: Edit) -> Message:
    with refused_if_undrawable(ids_of(edit)):
        habits = edit.subscription.habits
        return alert_message(
            edit.story,
            mark=edit.nonce,
            reasons=edit.reasons,
            compact=habits.layout == "compact",
            role=habits.role_id if edit.ping else None,
        )


async def _where(edit: Edit, tick: Tick) -> int:
    """The channel or forum post where the message stands."""
    channel = edit.subscription.channel_id
    return edit.place_id if edit.place_id and await tick.sender.is_forum(channel) else channel
