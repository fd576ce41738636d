"""What becomes of a channel's stories when the subscription that was to tell them does not: another one tells them.

A channel with several subscriptions is told each story by one of them; the rows of the others are suppressed and say
by whom. It ends no rows.
"""

import secrets
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from bot.core.alert import QUIET
from bot.core.owing import told_by
from bot.store import rows
from bot.store.schema import alerts, bulletins, channels, subscriptions

HEIRS = (
    select(subscriptions.c.id)
    .where(~subscriptions.c.removed, subscriptions.c.channel_id == alerts.c.channel_id)
    .correlate(alerts)
)
"""Those who are there to tell a row's channel still: one that has moved away tells another channel."""

SHUT = select(channels.c.channel_id)
TELLING = ("owed", "sending", "sent", "digested")


def hand_over(c: Connection, teller: int, story_ids: Collection[str]) -> None:
    """Owes the stories to those who were to hear of them from the subscription `teller`: the first for each story and
    channel; the others hear of them from that one.

    A message that may stand in the channel already is looked for by the one who tells it now: the row goes on as an
    alert with the nonce of the other. To be called while the rows of `teller` are pending still.
    """
    waiting = and_(
        alerts.c.story_id.in_(story_ids),
        alerts.c.state == "suppressed",
        alerts.c.state_reason == told_by(teller),
        alerts.c.subscription_id.in_(HEIRS),
    )
    heirs = select(func.min(alerts.c.id)).where(waiting).group_by(alerts.c.channel_id, alerts.c.story_id)
    still = select(alerts).where(alerts.c.id.in_(heirs), waiting).order_by(alerts.c.id).with_for_update()
    for heir in c.execute(still).mappings().all():
        unclear = _unclear(c, teller, heir)
        inherited = _inherited(c, unclear) if unclear is not None else {"held": _held(c, heir)}
        owed = update(alerts).where(alerts.c.id == heir["id"])
        c.execute(owed.values(state="owed", state_reason=None, settled_at=None, **inherited))
        others = update(alerts).where(
            waiting, alerts.c.story_id == heir["story_id"], alerts.c.channel_id == heir["channel_id"]
        )
        c.execute(others.values(state_reason=told_by(heir["subscription_id"])))


def move(c: Connection, id: int, channel_id: int) -> None:
    """Lets what the subscription is owed go to its new channel, once there and still once in the old one.

    What may stand in the old channel already stays with it, to be looked for, unless nothing can be read there.
    """
    movable = and_(
        alerts.c.subscription_id == id,
        alerts.c.state == "owed",
        alerts.c.channel_id != channel_id,
        or_(alerts.c.unclear_since.is_(None), alerts.c.channel_id.in_(SHUT)),
    )
    hand_over(c, id, list(c.scalars(select(alerts.c.story_id).where(movable, alerts.c.kind != "update"))))
    _suppress_told(c, and_(movable, alerts.c.kind != "update"), channel_id)
    c.execute(update(alerts).where(movable).values(channel_id=channel_id))
    _move_bulletins(c, id, channel_id)


def _suppress_told(c: Connection, movable: ColumnElement[bool], channel_id: int) -> None:
    """Ends those rows whose story the new channel is told by another subscription."""
    others = alerts.alias("others")
    told = (
        select(alerts.c.id, func.min(others.c.subscription_id).label("teller"))
        .join(
            others, and_(others.c.story_id == alerts.c.story_id, others.c.subscription_id != alerts.c.subscription_id)
        )
        .where(movable, others.c.channel_id == channel_id, others.c.kind != "update", others.c.state.in_(TELLING))
        .group_by(alerts.c.id)
    )
    for row in c.execute(told).all():
        ended = update(alerts).where(alerts.c.id == row.id)
        c.execute(ended.values(state="suppressed", state_reason=told_by(row.teller), channel_id=channel_id))


def _move_bulletins(c: Connection, id: int, channel_id: int) -> None:
    made = bulletins.alias("made")
    there = select(made.c.id).where(
        made.c.channel_id == channel_id, made.c.kind == bulletins.c.kind, made.c.period == bulletins.c.period
    )
    pending = select(bulletins.c.id).where(
        bulletins.c.subscription_id == id,
        bulletins.c.state == "owed",
        bulletins.c.channel_id != channel_id,
        or_(bulletins.c.unclear_since.is_(None), bulletins.c.channel_id.in_(SHUT)),
        ~there.exists(),
    )
    ids = list(c.scalars(pending))
    c.execute(update(bulletins).where(bulletins.c.id.in_(ids)).values(channel_id=channel_id))
    c.execute(update(alerts).where(alerts.c.bulletin_id.in_(ids)).values(channel_id=channel_id))


def _held(c: Connection, heir: rows.Row) -> str | None:
    """What is handed to a subscription with quiet hours waits for the next look at what is held, which knows the time
    and what may pass."""
    wanted = select(subscriptions).where(subscriptions.c.id == heir["subscription_id"])
    quiet = rows.subscription(c.execute(wanted).mappings().one()).habits.quiet
    return QUIET if quiet is not None and heir["kind"] == "alert" else heir["held"]


def _unclear(c: Connection, teller: int, heir: rows.Row) -> rows.Row | None:
    """The row of `teller` whose message may stand in the heir's channel."""
    wanted = select(alerts).where(
        alerts.c.subscription_id == teller,
        alerts.c.story_id == heir["story_id"],
        alerts.c.channel_id == heir["channel_id"],
        alerts.c.kind == "alert",
        or_(alerts.c.state == "sending", and_(alerts.c.state == "owed", alerts.c.unclear_since.is_not(None))),
    )
    return c.execute(wanted).mappings().first()


def _inherited(c: Connection, row: rows.Row) -> dict[str, object]:
    """What goes on with the heir, as an alert, because a digest does not look. The row gives its nonce away."""
    c.execute(update(alerts).where(alerts.c.id == row["id"]).values(nonce=secrets.token_urlsafe(16)))
    kept = {name: row[name] for name in ("nonce", "attempt", "claimed_at", "minimal", "pinged")}
    return kept | {"kind": "alert", "unclear_since": row["unclear_since"] or row["claimed_at"]}
