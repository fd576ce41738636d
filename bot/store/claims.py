"""What is to be sent or edited next, claimed for one attempt.

Within a channel alerts go out in the order they were owed, one at a time; channels never wait for each other, and
servers take turns, so that one with much to tell delays no other. A row whose next try lies ahead holds its channel, so
that the order stays; one that was never tried and is held back on purpose does not. What waits for a digest or a
catch-up message is not given out here (see bulletins). It sends nothing, and it settles nothing (see alerts).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Join,
    RowMapping,
    ScalarSelect,
    Select,
    Table,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    true,
    update,
)  # fmt: skip

from bot.core.alert import Delivery, Edit, Subscription
from bot.core.importance import at_least
from bot.store import rows
from bot.store.dialect import take_turn
from bot.store.heirs import hand_over
from bot.store.schema import alerts, channels, deliveries, stories, subscriptions

CLAIMING = 1
PING_REST = timedelta(hours=1)
REMOVED = "the subscription was removed"
PATIENCE = 10  # times the debounce that an edit waits for a story that is never quiet
PENDING = alerts.c.state.in_(("owed", "sending"))
BY_ITSELF = and_(alerts.c.kind != "digest", alerts.c.held.is_(None))


def claim(
    c: Connection, *, now: datetime, lease: timedelta, limit: int, channels: Collection[int] | None = None
) -> list[Delivery]:
    """The next alert of each channel (of `channels`, if given), at most `limit`; ours until now + lease.

    Servers with the fewest alerts under way come first, then the oldest alert.

    A row whose lease ran out is claimed again: it may have been sent, and `earlier_claim` says since when that is
    not known. Rows that nobody can receive any more are ended on the way.
    """
    take_turn(c, CLAIMING)
    _end_orphans(c, now)
    ids = list(c.scalars(_next_of_each_channel(now, channels).limit(limit)))
    if not ids:
        return []
    _mark_unsettled(c, ids, now)
    c.execute(
        update(alerts)
        .where(alerts.c.id.in_(ids))
        .values(
            state="sending",
            attempt=alerts.c.attempt + 1,
            unclear_since=case(
                (alerts.c.state == "sending", func.coalesce(alerts.c.unclear_since, alerts.c.claimed_at)),
                else_=alerts.c.unclear_since,
            ),
            claimed_at=now,
            lease_until=now + lease,
        )
    )
    _let_ping(c, ids, now)
    claimed = [_delivery(row) for row in c.execute(_claimed(ids)).mappings()]
    c.execute(
        insert(deliveries),
        [{"alert_id": d.alert_id, "attempt": d.attempt, "began_at": now, "outcome": "sending"} for d in claimed],
    )
    return claimed


def _let_ping(c: Connection, ids: list[int], now: datetime) -> None:
    """Marks the first attempts that call their role: stories that matter enough, one in each channel in an hour."""
    first_tries = _whole().where(alerts.c.id.in_(ids), alerts.c.attempt == 1, alerts.c.kind == "alert")
    for row in c.execute(first_tries.order_by(alerts.c.id)).mappings().all():
        subscription = rows.subscription(_part(row, subscriptions))
        if subscription.habits.role_id and at_least(row[stories.c.level], subscription.pings_from):
            lately = and_(alerts.c.channel_id == row[alerts.c.channel_id], alerts.c.pinged)
            if not c.scalar(select(alerts.c.id).where(lately, alerts.c.claimed_at > now - PING_REST).limit(1)):
                c.execute(update(alerts).where(alerts.c.id == row[alerts.c.id]).values(pinged=True))


def is_due(c: Connection, *, now: datetime) -> bool:
    """Whether `claim` would give anything out."""
    return c.execute(_next_of_each_channel(now, None).limit(1)).first() is not None


def due_edits(c: Connection, *, now: datetime, debounce: timedelta, limit: int, of_channel: int = 20) -> list[Edit]:
    """Sent alerts that show an older revision than their story has, the longest unchanged first, at most `limit` and
    `of_channel` of one channel.

    A story has to be quiet for `debounce` first, so that a burst of reports makes one edit; one that never is gets
    its edit after ten times that. Paused channels are left alone, and those that want nothing any more.
    """
    place = func.row_number().over(partition_by=alerts.c.channel_id, order_by=(alerts.c.shown_at, alerts.c.id))
    due = (
        select(alerts.c.id, place.label("place"))
        .select_from(_joined())
        .where(
            alerts.c.state == "sent",
            alerts.c.kind == "alert",
            alerts.c.edits_ended.is_(None),
            alerts.c.message_id.is_not(None),
            alerts.c.shown_revision < stories.c.revision,
            or_(stories.c.last_seen <= now - debounce, alerts.c.shown_at <= now - PATIENCE * debounce),
            or_(alerts.c.edit_not_before.is_(None), alerts.c.edit_not_before <= now),
            channels.c.channel_id.is_(None),
            _still_wanted(),
        )
        .subquery()
    )
    chosen = select(due.c.id).where(due.c.place <= of_channel)
    wanted = _whole().where(alerts.c.id.in_(chosen)).order_by(alerts.c.shown_at, alerts.c.id).limit(limit)
    return [_edit(row) for row in c.execute(wanted).mappings()]


def _still_wanted() -> ColumnElement[bool]:
    """Whether the channel has a subscription that is neither removed nor paused: the alert's own, or a later one."""
    heir = subscriptions.alias("heir")
    there = select(heir.c.id).where(heir.c.channel_id == alerts.c.channel_id, ~heir.c.removed, heir.c.paused.is_(None))
    own = and_(~subscriptions.c.removed, subscriptions.c.paused.is_(None))
    return or_(own, and_(subscriptions.c.removed, there.exists()))


def _end_orphans(c: Connection, now: datetime) -> None:
    """Ends pending rows that nobody is sending and whose subscription is removed or whose channel is closed.

    What a removed subscription was to tell is told by another one of the channel.
    """
    idle = or_(alerts.c.state == "owed", and_(alerts.c.state == "sending", alerts.c.lease_until <= now))
    gone = alerts.c.subscription_id.in_(select(subscriptions.c.id).where(subscriptions.c.removed))
    left: dict[int, list[str]] = {}
    for row in c.execute(select(alerts.c.subscription_id, alerts.c.story_id).where(PENDING, idle, gone)):
        left.setdefault(row.subscription_id, []).append(row.story_id)
    for teller, story_ids in left.items():
        hand_over(c, teller, story_ids)
    closed = select(channels.c.reason).where(channels.c.channel_id == alerts.c.channel_id, channels.c.state == "closed")
    for condition, state, reason in (
        (gone, "suppressed", REMOVED),
        (closed.exists(), "dead", closed.scalar_subquery()),
    ):
        orphans = update(alerts).where(PENDING, idle, condition)
        c.execute(orphans.values(state=state, state_reason=reason, settled_at=now, lease_until=None))


def _next_of_each_channel(now: datetime, only: Collection[int] | None) -> Select[int]:
    in_flight = and_(alerts.c.state == "sending", alerts.c.lease_until > now)
    waits_for_its_turn = and_(_reachable(), or_(alerts.c.claimed_at.is_not(None), alerts.c.not_before <= now))
    place = func.row_number().over(partition_by=alerts.c.channel_id, order_by=(in_flight.desc(), alerts.c.id))
    free = or_(
        and_(alerts.c.state == "owed", alerts.c.not_before <= now),
        and_(alerts.c.state == "sending", alerts.c.lease_until <= now),
    )
    turn = case((in_flight, 0), (free, 1), else_=2).label("turn")
    queue = (
        select(alerts.c.id, subscriptions.c.guild_id, turn, place.label("place"))
        .select_from(_joined())
        .where(
            PENDING,
            BY_ITSELF,
            or_(in_flight, waits_for_its_turn),
            true() if only is None else alerts.c.channel_id.in_(only),
        )
        .subquery()
    )
    share = func.row_number().over(partition_by=queue.c.guild_id, order_by=(queue.c.turn, queue.c.id))
    first = select(queue.c.id, queue.c.turn, share.label("share")).where(queue.c.place == 1).subquery()
    return select(first.c.id).where(first.c.turn == 1).order_by(first.c.share, first.c.id)


def _mark_unsettled(c: Connection, ids: list[int], now: datetime) -> None:
    """Writes down that an earlier attempt ended without an answer."""
    half_sent = and_(deliveries.c.alert_id.in_(ids), deliveries.c.outcome == "sending")
    c.execute(update(deliveries).where(half_sent).values(outcome="unsettled", ended_at=now))


def _reachable() -> ColumnElement[bool]:
    return and_(~subscriptions.c.removed, subscriptions.c.paused.is_(None), channels.c.channel_id.is_(None))


def _joined() -> Join:
    return (
        alerts.join(subscriptions, subscriptions.c.id == alerts.c.subscription_id)
        .join(stories, stories.c.id == alerts.c.story_id)
        .outerjoin(channels, channels.c.channel_id == alerts.c.channel_id)
    )


def _whole() -> Select[*tuple[object, ...]]:
    """Alerts with their subscription, story, and the message that they answer, with its post or thread."""
    return select(
        alerts,
        subscriptions,
        stories,
        _answered("message_id").label("reply_to"),
        _answered("place_id").label("reply_place"),
    ).select_from(_joined())


def _claimed(ids: list[int]) -> Select[*tuple[object, ...]]:
    return _whole().where(alerts.c.id.in_(ids)).order_by(alerts.c.id)


def _answered(column: str) -> ScalarSelect[int]:
    """A column of the alert in the same channel that this one answers: of the story that it follows, or of its own."""
    earlier = alerts.alias("earlier")
    answered = case((alerts.c.kind == "update", alerts.c.story_id), else_=stories.c.follows)
    return (
        select(earlier.c[column])
        .where(
            earlier.c.story_id == answered,
            earlier.c.channel_id == alerts.c.channel_id,
            earlier.c.state == "sent",
            earlier.c.kind == "alert",
            earlier.c.message_id.is_not(None),
        )
        .order_by(earlier.c.id.desc())
        .limit(1)
        .correlate(alerts, stories)
        .scalar_subquery()
    )


def _delivery(row: RowMapping) -> Delivery:
    alert = _part(row, alerts)
    return Delivery(
        alert_id=alert["id"],
        subscription=_for_channel(row),
        story=rows.story(_part(row, stories)),
        kind=alert["kind"],
        nonce=alert["nonce"],
        attempt=alert["attempt"],
        claimed_at=alert["claimed_at"],
        reasons=tuple(alert["reasons"]),
        earlier_claim=alert["unclear_since"],
        reply_to=row["reply_to"],
        reply_place=row["reply_place"],
        minimal=alert["minimal"],
        revision=alert["revision"],
        ping=alert["pinged"],
    )


def _edit(row: RowMapping) -> Edit:
    alert = _part(row, alerts)
    return Edit(
        alert_id=alert["id"],
        subscription=_for_channel(row),
        story=rows.story(_part(row, stories)),
        nonce=alert["nonce"],
        message_id=alert["message_id"],
        shown_revision=alert["shown_revision"],
        reasons=tuple(alert["reasons"]),
        place_id=alert["place_id"],
        ping=alert["pinged"],
    )


def _for_channel(row: RowMapping) -> Subscription:
    """The subscription with the channel in which the alert stands or may stand: it may have moved on since."""
    return replace(rows.subscription(_part(row, subscriptions)), channel_id=row[alerts.c.channel_id])


def _part(row: RowMapping, table: Table) -> rows.Row:
    """The columns of one table out of a joined row."""
    return {column.name: row[column] for column in table.columns}
