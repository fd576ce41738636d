"""What is to be sent or edited next, claimed for one attempt.

Within a channel alerts go out in the order they were owed, one at a time; channels never wait for each other, and
servers take turns, so that one with much to tell delays no other. A row whose next try lies ahead holds its channel, so
that the order stays; one that was never tried and is held back on purpose does not. What waits for a digest or a
catch-up message is not given out here (see bulletins). Several programs may claim at once (see lanes). It sends
nothing, and it settles nothing (see alerts).
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import (
    ColumnElement,
    Connection,
    Join,
    Row,
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

from bot.core.alert import Delivery, Subscription
from bot.core.importance import at_least
from bot.store import lanes, rows
from bot.store.dialect import has_turn
from bot.store.heirs import hand_over
from bot.store.schema import alerts, bulletins, channels, deliveries, pending, stories, subscriptions

SWEEPING = 1
AT_ONCE = 1_000  # orphans that are ended with one claim
PING_REST = timedelta(hours=1)
REMOVED = "the subscription was removed"
PENDING = pending(alerts)
Claim = tuple[int, datetime]
"""Whose a row is that is being sent: the attempt, and when it was claimed for it."""

BY_ITSELF = and_(alerts.c.kind != "digest", alerts.c.held.is_(None))


def claim(
    c: Connection, *, now: datetime, lease: timedelta, limit: int, channels: Collection[int] | None = None
) -> list[Delivery]:
    """The next alert of each channel (of `channels`, if given), at most `limit`; ours until now + lease.

    Servers with the fewest alerts under way come first, then the oldest alert.

    A row whose lease ran out is claimed again: it may have been sent, and `earlier_claim` says since when that is
    not known. Rows that nobody can receive any more are ended on the way.
    """
    if has_turn(c, SWEEPING):
        _end_orphans(c, now)
    ids = lanes.take(c, lambda held: _next_of_each_channel(now, held or channels), partial(_still_free, now), limit)
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
    first_tries = whole().where(alerts.c.id.in_(ids), alerts.c.attempt == 1, alerts.c.kind == "alert")
    for row in c.execute(first_tries.order_by(alerts.c.id)).mappings().all():
        subscription = rows.subscription(part(row, subscriptions))
        if subscription.habits.role_id and at_least(row[stories.c.level], subscription.pings_from):
            lately = and_(alerts.c.channel_id == row[alerts.c.channel_id], alerts.c.pinged)
            if not c.scalar(select(alerts.c.id).where(lately, alerts.c.claimed_at > now - PING_REST).limit(1)):
                c.execute(update(alerts).where(alerts.c.id == row[alerts.c.id]).values(pinged=True))


def held_by(table: Table, claim: Claim | None) -> ColumnElement[bool]:
    """Whether a row of an outbox is being sent, under this claim if one is given: who was away for longer than its
    lease must not undo what another one has written since."""
    sending = table.c.state == "sending"
    return sending if claim is None else and_(sending, table.c.attempt == claim[0], table.c.claimed_at == claim[1])


def renew(c: Connection, alert_id: int, *, claim: Claim, until: datetime) -> bool:
    """Keeps a claimed row ours until then; False if it is ours no more."""
    ours = update(alerts).where(alerts.c.id == alert_id, held_by(alerts, claim))
    return c.execute(ours.values(lease_until=until)).rowcount > 0


def is_due(c: Connection, *, now: datetime) -> bool:
    """Whether `claim` would give anything out."""
    return c.execute(_next_of_each_channel(now, None).limit(1)).first() is not None


def _end_orphans(c: Connection, now: datetime) -> None:
    """Ends pending rows that nobody is sending and whose subscription is removed or whose channel is closed.

    What a removed subscription was to tell is told by another one of the channel.
    """
    idle = or_(alerts.c.state == "owed", and_(alerts.c.state == "sending", alerts.c.lease_until <= now))
    gone = select(subscriptions.c.id).where(subscriptions.c.id == alerts.c.subscription_id, subscriptions.c.removed)
    left: dict[int, list[str]] = {}
    removed = list(c.execute(_locked(PENDING, idle, gone.exists())))
    for row in removed:
        left.setdefault(row.subscription_id, []).append(row.story_id)
    for teller, story_ids in left.items():
        hand_over(c, teller, story_ids)
    closed = select(channels.c.channel_id).where(channels.c.state == "closed")
    shut = list(c.execute(_locked(PENDING, idle, alerts.c.channel_id.in_(closed))))
    why = select(channels.c.reason).where(channels.c.channel_id == alerts.c.channel_id).scalar_subquery()
    _end_all(c, removed, now, state="suppressed", state_reason=REMOVED)
    _end_all(c, shut, now, state="dead", state_reason=why)


def _locked(*conditions: ColumnElement[bool]) -> Select[*tuple[int, int, str]]:
    """Rows that nobody else changes before this transaction ends; those that somebody changes now are passed over."""
    found = select(alerts.c.id, alerts.c.subscription_id, alerts.c.story_id).where(*conditions)
    in_order = found.order_by(alerts.c.channel_id, alerts.c.id)  # as the index of what is pending has them
    return in_order.limit(AT_ONCE).with_for_update(skip_locked=True)


def _end_all(c: Connection, ended: Sequence[Row[*tuple[int, int, str]]], now: datetime, **final: object) -> None:
    ids = [row.id for row in ended]
    _mark_unsettled(c, ids, now)
    there = and_(alerts.c.id.in_(ids), PENDING)
    c.execute(update(alerts).where(there).values(**final, settled_at=now, lease_until=None))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(alerts.c.state == "owed", alerts.c.not_before <= now),
        and_(alerts.c.state == "sending", alerts.c.lease_until <= now),
    )


def _still_free(now: datetime, ids: Sequence[int], channel_ids: Sequence[int]) -> Select[*tuple[int]]:
    here = and_(alerts.c.id.in_(ids), alerts.c.channel_id.in_(channel_ids))
    return select(alerts.c.id).where(here, BY_ITSELF, _free(now))


def _next_of_each_channel(now: datetime, only: Collection[int] | None) -> Select[*tuple[int, int]]:
    in_flight = and_(alerts.c.state == "sending", alerts.c.lease_until > now)
    waits_for_its_turn = and_(_reachable(), or_(alerts.c.claimed_at.is_not(None), alerts.c.not_before <= now))
    place = func.row_number().over(partition_by=alerts.c.channel_id, order_by=(in_flight.desc(), alerts.c.id))
    turn = case((in_flight, 0), (_free(now), 1), else_=2).label("turn")
    queue = (
        select(alerts.c.id, alerts.c.channel_id, subscriptions.c.guild_id, turn, place.label("place"))
        .select_from(_placed())
        .where(
            PENDING,
            BY_ITSELF,
            or_(in_flight, waits_for_its_turn),
            true() if only is None else alerts.c.channel_id.in_(only),
        )
        .subquery()
    )
    share = func.row_number().over(partition_by=queue.c.guild_id, order_by=(queue.c.turn, queue.c.id))
    heads = select(queue.c.id, queue.c.channel_id, queue.c.turn, share.label("share")).where(queue.c.place == 1)
    first = heads.subquery()
    return select(first.c.id, first.c.channel_id).where(first.c.turn == 1).order_by(first.c.share, first.c.id)


def _mark_unsettled(c: Connection, ids: list[int], now: datetime) -> None:
    """Writes down that an earlier attempt ended without an answer."""
    half_sent = and_(deliveries.c.alert_id.in_(ids), deliveries.c.outcome == "sending")
    c.execute(update(deliveries).where(half_sent).values(outcome="unsettled", ended_at=now))


def _reachable() -> ColumnElement[bool]:
    return and_(~subscriptions.c.removed, subscriptions.c.paused.is_(None), channels.c.channel_id.is_(None))


def _placed() -> Join:
    """Alerts with their subscription, and their channel if it is shut."""
    wanted = alerts.join(subscriptions, subscriptions.c.id == alerts.c.subscription_id)
    return wanted.outerjoin(channels, channels.c.channel_id == alerts.c.channel_id)


def joined() -> Join:
    """The same with their story."""
    return _placed().join(stories, stories.c.id == alerts.c.story_id)


def whole() -> Select[*tuple[object, ...]]:
    """Alerts with their subscription, story, and the message that they answer, with its post or thread."""
    return select(
        alerts,
        subscriptions,
        stories,
        _answered("message_id").label("reply_to"),
        _answered("place_id").label("reply_place"),
    ).select_from(joined())


def _claimed(ids: list[int]) -> Select[*tuple[object, ...]]:
    return whole().where(alerts.c.id.in_(ids)).order_by(alerts.c.id)


def _answered(column: str) -> ScalarSelect[int]:
    """Of the message in the same channel that this one answers: of the story that it follows, or of its own. That is
    its alert or, without one, the list that told it."""
    earlier, listed = alerts.alias("earlier"), bulletins.alias("listed")
    answered = case((alerts.c.kind == "update", alerts.c.story_id), else_=stories.c.follows)
    alerted = and_(earlier.c.state == "sent", earlier.c.kind == "alert", earlier.c.message_id.is_not(None))
    in_list = and_(earlier.c.state == "digested", listed.c.message_id.is_not(None))
    shown = earlier.c.place_id if column == "place_id" else func.coalesce(earlier.c.message_id, listed.c.message_id)
    return (
        select(shown)
        .select_from(earlier.outerjoin(listed, listed.c.id == earlier.c.bulletin_id))
        .where(earlier.c.story_id == answered, earlier.c.channel_id == alerts.c.channel_id, or_(alerted, in_list))
        .order_by(case((alerted, 0), else_=1), earlier.c.id.desc())
        .limit(1)
        .correlate(alerts, stories)
        .scalar_subquery()
    )


def _delivery(row: RowMapping) -> Delivery:
    alert = part(row, alerts)
    return Delivery(
        alert_id=alert["id"],
        subscription=for_channel(row),
        story=rows.story(part(row, stories)),
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


def for_channel(row: RowMapping) -> Subscription:
    """The subscription with the channel in which the alert stands or may stand: it may have moved on since."""
    return replace(rows.subscription(part(row, subscriptions)), channel_id=row[alerts.c.channel_id])


def part(row: RowMapping, table: Table) -> rows.Row:
    """The columns of one table out of a joined row."""
    return {column.name: row[column] for column in table.columns}
