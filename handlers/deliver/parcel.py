"""Parcel: a claimed row of either outbox as sending sees it — where it goes, how it looks, how it ends.

It sends nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from bot.core.alert import Delivery
from bot.core.bulletin import Dispatch, bulletin_message, minimal_bulletin
from bot.core.message import Message, alert_message, minimal_message
from bot.errors import MessageRefusedError
from bot.store import Connection, alerts, bulletins

log = structlog.get_logger(__name__)


Work = Callable[..., None]
"""A function of the store; its first argument is the connection."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed row: `draw` makes its message, `settle_sent` (with the message's id, None where it was deleted since),
    `settle_retry` and `settle_dead` end the attempt. The other fields are those of a Delivery."""

    name: str
    guild_id: int
    channel_id: int
    nonce: str
    attempt: int
    earlier_claim: datetime | None
    minimal: bool
    reply_to: int | None
    draw: Callable[[], Message]
    settle_sent: Work
    settle_retry: Work
    settle_dead: Work

    def drawn(self) -> Message:
        """The message. Raises MessageRefusedError where it cannot be drawn, so that it ends like one that Discord does
        not take."""
        with refused_if_undrawable(self.name):
            return self.draw()


def of_alert(delivery: Delivery) -> Parcel:
    """An owed alert or update."""
    row = delivery.alert_id
    return Parcel(
        name=f"alert {row}",
        guild_id=delivery.subscription.guild_id,
        channel_id=delivery.subscription.channel_id,
        nonce=delivery.nonce,
        attempt=delivery.attempt,
        earlier_claim=delivery.earlier_claim,
        minimal=delivery.minimal,
        reply_to=delivery.reply_to,
        draw=partial(_draw_alert, delivery),
        settle_sent=partial(_alert_sent, delivery),
        settle_retry=lambda c, **answer: alerts.settle_retry(c, row, **answer),
        settle_dead=lambda c, **answer: alerts.settle_dead(c, row, **answer),
    )


def of_bulletin(dispatch: Dispatch) -> Parcel:
    """An owed digest, catch-up or notice."""
    row = dispatch.id
    return Parcel(
        name=f"bulletin {row}",
        guild_id=dispatch.bulletin.guild_id,
        channel_id=dispatch.bulletin.channel_id,
        nonce=dispatch.nonce,
        attempt=dispatch.attempt,
        earlier_claim=dispatch.earlier_claim,
        minimal=dispatch.minimal,
        reply_to=None,
        draw=partial(minimal_bulletin if dispatch.minimal else bulletin_message, dispatch),
        settle_sent=lambda c, message_id, now: bulletins.settle_sent(c, row, message_id=message_id, now=now),
        settle_retry=lambda c, **answer: bulletins.settle_retry(c, row, **answer),
        settle_dead=lambda c, **answer: bulletins.settle_dead(c, row, **answer),
    )


@contextmanager
def refused_if_undrawable(name: str) -> Iterator[None]:
    """Turns whatever goes wrong inside into a MessageRefusedError."""
    try:
        yield
    except Exception as error:
        log.exception("deliver.undrawable", row=name)
        raise MessageRefusedError("Tocsin cannot draw this message; its log says why") from error


def _draw_alert(delivery: Delivery) -> Message:
    """The message of a delivery, with the delivery's mark in its buttons."""
    if delivery.minimal:
        return minimal_message(delivery.story, mark=delivery.nonce)
    update = delivery.kind == "update"
    return alert_message(delivery.story, mark=delivery.nonce, reasons=delivery.reasons, update=update)


def _alert_sent(delivery: Delivery, c: Connection, message_id: int | None, now: datetime) -> None:
    """A message that an earlier attempt may have made shows the story as it was then, and is due for an edit."""
    row = delivery.alert_id
    shown = delivery.story.revision if delivery.earlier_claim is None else delivery.revision
    alerts.settle_sent(c, row, message_id=message_id or 0, shown_revision=shown, now=now)
    if message_id is None:
        alerts.end_edits(c, row, "the message was deleted")
    elif delivery.minimal:
        alerts.end_edits(c, row, "Discord takes this story as minimal text only")
