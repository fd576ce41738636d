"""Parcel: a claimed row of either outbox as sending sees it — where it goes, how it looks, how it ends.

It sends nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

import structlog

from bot.core.alert import Delivery, Edit
from bot.core.bulletin import Dispatch, bulletin_message, minimal_bulletin, title_of
from bot.core.escape import cut
from bot.core.message import Message, alert_message, event_name, kind_of, minimal_message
from bot.errors import MessageRefusedError
from bot.store import Connection, alerts, bulletins

log = structlog.get_logger(__name__)
POST_NAME = (
    100  # characters: https://docs.discord.com/developers/resources/channel#start-thread-in-forum-or-media-channel
)


Work = Callable[..., None]
"""A function of the store; its first argument is the connection."""

Fenced = Callable[..., bool]
"""The same for a row that is ours: False, and nothing is changed, where it is ours no more."""


class Sent(NamedTuple):
    """A message that stands in Discord, and the forum post or thread of its own if it has one."""

    message_id: int
    place_id: int | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed row: `draw` makes its message, `renew` keeps it ours, `settle_sent` (with what was sent, None where it
    was deleted since), `settle_retry` and `settle_dead` end the attempt.

    `channel_id` is where it is owed, `place_id` a thread or post in which it goes instead, there as no reply. In a
    forum it becomes a post named `name_of_post` with `tag`; elsewhere a `thread` may be opened under it, and it may be
    published. By `ids` it is met again in the log. The other fields are those of a Delivery.
    """

    ids: Mapping[str, object]
    guild_id: int
    channel_id: int
    place_id: int | None
    nonce: str
    attempt: int
    claimed_at: datetime
    earlier_claim: datetime | None
    minimal: bool
    reply_to: int | None
    name_of_post: str
    tag: str
    thread: bool
    publish: bool
    draw: Callable[[bool], Message]
    renew: Fenced
    settle_sent: Work
    settle_retry: Fenced
    settle_dead: Fenced

    def drawn(self, *, as_post: bool = False) -> Message:
        """The message, as a post or in a channel. Raises MessageRefusedError where it cannot be drawn, so that it ends
        like one that Discord does not take."""
        with refused_if_undrawable(self.ids):
            return self.draw(as_post)


def of_alert(delivery: Delivery) -> Parcel:
    """An owed alert or update."""
    row, habits = delivery.alert_id, delivery.subscription.habits
    claim = (delivery.attempt, delivery.claimed_at)
    return Parcel(
        ids=ids_of(delivery),
        guild_id=delivery.subscription.guild_id,
        channel_id=delivery.subscription.channel_id,
        place_id=delivery.reply_place if delivery.kind == "update" else None,
        nonce=delivery.nonce,
        attempt=delivery.attempt,
        claimed_at=delivery.claimed_at,
        earlier_claim=delivery.earlier_claim,
        minimal=delivery.minimal,
        reply_to=delivery.reply_to,
        name_of_post=cut(delivery.story.title, POST_NAME) or kind_of(delivery.story),
        tag=event_name(delivery.story.event),
        thread=habits.thread and delivery.kind == "alert",
        publish=habits.publish and delivery.kind == "alert",
        draw=partial(_draw_alert, delivery),
        renew=lambda c, until: alerts.renew(c, row, claim=claim, until=until),
        settle_sent=partial(_alert_sent, delivery),
        settle_retry=lambda c, **answer: alerts.settle_retry(c, row, claim=claim, **answer),
        settle_dead=lambda c, **answer: alerts.settle_dead(c, row, claim=claim, **answer),
    )


def of_bulletin(dispatch: Dispatch) -> Parcel:
    """An owed digest, catch-up or notice."""
    row, claim = dispatch.id, (dispatch.attempt, dispatch.claimed_at)
    return Parcel(
        ids={"bulletin": row, "kind": dispatch.bulletin.kind, "subscription": dispatch.bulletin.subscription_id}
        | {"guild": dispatch.bulletin.guild_id, "channel": dispatch.bulletin.channel_id, "nonce": dispatch.nonce},
        guild_id=dispatch.bulletin.guild_id,
        channel_id=dispatch.bulletin.channel_id,
        place_id=None,
        nonce=dispatch.nonce,
        attempt=dispatch.attempt,
        claimed_at=dispatch.claimed_at,
        earlier_claim=dispatch.earlier_claim,
        minimal=dispatch.minimal,
        reply_to=None,
        name_of_post=title_of(dispatch),
        tag="",
        thread=False,
        publish=False,
        draw=lambda _: (minimal_bulletin if dispatch.minimal else bulletin_message)(dispatch),
        settle_sent=lambda c, sent, now: bulletins.settle_sent(c, row, message_id=sent and sent.message_id, now=now),
        renew=lambda c, until: bulletins.renew(c, row, claim=claim, until=until),
        settle_retry=lambda c, **answer: bulletins.settle_retry(c, row, claim=claim, **answer),
        settle_dead=lambda c, **answer: bulletins.settle_dead(c, row, claim=claim, **answer),
    )


def ids_of(row: Delivery | Edit) -> dict[str, object]:
    """By what an alert is met again in the log: its row, its story, who wants it and where, and its mark."""
    wanted = row.subscription
    ids = {"alert": row.alert_id, "story": row.story.id, "subscription": wanted.id, "guild": wanted.guild_id}
    return ids | {"channel": wanted.channel_id, "nonce": row.nonce}


@contextmanager
def refused_if_undrawable(ids: Mapping[str, object]) -> Iterator[None]:
    """Turns whatever goes wrong inside into a MessageRefusedError."""
    try:
        yield
    except Exception as error:
        log.exception("deliver.undrawable", **ids)
        raise MessageRefusedError("Tocsin cannot draw this message; its log says why") from error


def _draw_alert(delivery: Delivery, as_post: bool) -> Message:
    """The message of a delivery, with the delivery's mark in its buttons."""
    if delivery.minimal:
        return minimal_message(delivery.story, mark=delivery.nonce)
    habits = delivery.subscription.habits
    return alert_message(
        delivery.story,
        mark=delivery.nonce,
        reasons=delivery.reasons,
        update=delivery.kind == "update",
        compact=habits.layout == "compact",
        role=habits.role_id if delivery.ping else None,
        follows=_earlier_post(delivery) if as_post else None,
    )


def _earlier_post(delivery: Delivery) -> str | None:
    """The address of the forum post that this story follows: another post cannot answer it."""
    place, message = delivery.reply_place, delivery.reply_to
    return f"https://discord.com/channels/{delivery.subscription.guild_id}/{place}/{message}" if place else None


def _alert_sent(delivery: Delivery, c: Connection, sent: Sent | None, now: datetime) -> None:
    """A message that an earlier attempt may have made shows the story as it was then, and is due for an edit."""
    row = delivery.alert_id
    shown = delivery.story.revision if delivery.earlier_claim is None else delivery.revision
    message_id, place_id = sent or (None, None)
    alerts.settle_sent(c, row, message_id=message_id, shown_revision=shown, now=now, place_id=place_id)
    if sent is None:
        alerts.end_edits(c, row, "the message was deleted")
    elif delivery.minimal:
        alerts.end_edits(c, row, "Discord takes this story as minimal text only")
