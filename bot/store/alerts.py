"""The outbox: stories owed to subscriptions, and what became of each.

A row is `owed`, then `sending` while one attempt runs, and ends in exactly one of `sent`, `digested`, `suppressed`
and `dead`, with the reason beside it. Each attempt leaves a row in `deliveries`. It decides neither what is owed
(see core/owing) nor what follows an answer of Discord (see the deliver handler).
"""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from bot.core.alert import Alert, AlertState
from bot.store import waiting
from bot.store.claims import Claim, claim, is_due, renew
from bot.store.dialect import insert
from bot.store.edits import due_edits, take_edit
from bot.store.heirs import TELLING
from bot.store.schema import alerts, bulletins, channels, subscriptions
from bot.store.settling import (
    delay_edit,
    end_edits,
    release,
    settle_dead,
    settle_edit,
    settle_retry,
    settle_sent,
)

__all__ = [
    "Claim",
    "claim",
    "close_channel",
    "closed_channels",
    "counts",
    "delay_edit",
    "due_edits",
    "end_edits",
    "enter",
    "is_due",
    "matched",
    "owe",
    "pause_channel",
    "paused_channels",
    "release",
    "renew",
    "resume_channel",
    "sent_to",
    "settle_dead",
    "settle_edit",
    "settle_retry",
    "settle_sent",
    "shut_channels",
    "state_of",
    "take_edit",
    "tellers",
    "told",
]  # fmt: skip

HOUR = timedelta(hours=1)
MANY = 4  # so many missed alerts come as one message
TOLD = "the channel was told by a subscription that is removed"
SHOWN = ("id", "kind", "story_id", "subscription_id", "channel_id", "state_reason", "held")
STATES: tuple[AlertState, ...] = ("owed", "sending", "sent", "digested", "suppressed", "dead")


@dataclass(frozen=True, slots=True)
class Entered:
    """A row that is new in the outbox; `suppressed` says why it is not sent, `held` why it waits."""

    id: int
    kind: str
    story_id: str
    subscription_id: int
    channel_id: int
    suppressed: str | None
    held: str | None


def owe(c: Connection, owed: Sequence[Alert], now: datetime, *, not_before: datetime | None = None) -> int:
    """Enters alerts (see `enter`); how many are newly owed."""
    return sum(row.suppressed is None for row in enter(c, owed, now, not_before=not_before))


def enter(
    c: Connection, owed: Sequence[Alert], now: datetime, *, not_before: datetime | None = None
) -> Sequence[Entered]:
    """Inserts rows, each with a random nonce of its own (22 characters); gives those that were not there, and those
    that only waited for a digest until now (see `waiting`).

    A suppressed alert is a row in its terminal state from the start, so that every match has one. So is one whose
    channel stands told: who ends a subscription and adds another for the channel does not read the same story again.
    """
    if not owed:
        return ()
    wanted = select(subscriptions.c.id, subscriptions.c.channel_id, subscriptions.c.habits).where(
        subscriptions.c.id.in_({alert.subscription_id for alert in owed})
    )
    habits = {row.id: (row.channel_id, row.habits.get("max_per_hour")) for row in c.execute(wanted)}
    channel_of = {id: channel for id, (channel, _) in habits.items()}
    stand = _told_channels(c, owed)
    owed = _capped(c, owed, {id: cap for id, (_, cap) in habits.items() if cap}, now)
    values = [
        {
            "subscription_id": alert.subscription_id,
            "channel_id": channel_of[alert.subscription_id],
            "story_id": alert.story_id,
            "kind": alert.kind,
            "revision": alert.revision,
            "reasons": list(alert.reasons),
            "nonce": secrets.token_urlsafe(16),
            "owed_at": now,
            "not_before": alert.not_before or not_before or now,
            "held": alert.held,
            "state": "suppressed" if why else "owed",
            "state_reason": why,
            "settled_at": now if why else None,
        }
        for alert in owed
        for why in (alert.suppressed or _stands_told(alert, channel_of[alert.subscription_id], stand),)
    ]
    risen = waiting.tell_at_once(c, values, now)
    new = [row for row in values if row["kind"] != "alert" or (row["subscription_id"], row["story_id"]) not in risen]
    shown = [
        alerts.c[name] for name in ("id", "kind", "story_id", "subscription_id", "channel_id", "state_reason", "held")
    ]
    entered = c.execute(insert(c, alerts).on_conflict_do_nothing().returning(*shown), new).all() if new else ()
    told = c.execute(select(*shown).where(alerts.c.id.in_(risen.values()))).all() if risen else ()
    return [Entered(*row) for row in (*entered, *told)]


def _capped(c: Connection, owed: Sequence[Alert], caps: Mapping[int, int], now: datetime) -> list[Alert]:
    """The same, those held that are more than a subscription's cap for an hour, until the hour ends."""
    recent = select(alerts.c.subscription_id, func.count()).where(
        alerts.c.subscription_id.in_(caps),
        alerts.c.kind == "alert",
        alerts.c.state.in_(("owed", "sending", "sent")),
        alerts.c.held.is_(None),
        alerts.c.owed_at > now - HOUR,
    )
    counted = Counter({row[0]: row[1] for row in c.execute(recent.group_by(alerts.c.subscription_id))})
    return [_over_cap(alert, caps.get(alert.subscription_id), counted, now) for alert in owed]


def _over_cap(alert: Alert, cap: int | None, counted: Counter[int], now: datetime) -> Alert:
    if cap is None or alert.kind != "alert" or alert.suppressed or alert.held:
        return alert
    counted[alert.subscription_id] += 1
    if counted[alert.subscription_id] <= cap:
        return alert
    return replace(alert, held="hourly cap", not_before=now + HOUR)


def matched(c: Connection, story_ids: Iterable[str]) -> set[tuple[int, str]]:
    """The (subscription, story) that have a row already, in whatever state."""
    wanted = select(alerts.c.subscription_id, alerts.c.story_id).where(alerts.c.story_id.in_(set(story_ids)))
    return {(row.subscription_id, row.story_id) for row in c.execute(wanted)}


def tellers(c: Connection, story_ids: Iterable[str]) -> dict[tuple[int, str], int]:
    """Which subscription tells or told a story, by (channel, story): the channel where that was, whatever it is now."""
    wanted = (
        select(alerts.c.channel_id, alerts.c.story_id, func.min(alerts.c.subscription_id).label("teller"))
        .join(subscriptions, subscriptions.c.id == alerts.c.subscription_id)
        .where(alerts.c.story_id.in_(set(story_ids)), alerts.c.state.in_(TELLING), alerts.c.kind != "update")
        .where(~subscriptions.c.removed)
        .group_by(alerts.c.channel_id, alerts.c.story_id)
    )
    return {(row.channel_id, row.story_id): row.teller for row in c.execute(wanted)}


def sent_to(c: Connection, story_ids: Iterable[str]) -> set[tuple[int, str]]:
    """The (subscription, story) that was to be an alert and stands in its channel, as one or in a list, for
    subscriptions that are not removed."""
    stands = or_(
        and_(alerts.c.state == "sent", alerts.c.message_id.is_not(None)),
        and_(alerts.c.state == "digested", bulletins.c.message_id.is_not(None)),
    )
    wanted = (
        select(alerts.c.subscription_id, alerts.c.story_id)
        .join(subscriptions, subscriptions.c.id == alerts.c.subscription_id)
        .outerjoin(bulletins, bulletins.c.id == alerts.c.bulletin_id)
        .where(alerts.c.story_id.in_(set(story_ids)), alerts.c.kind == "alert", stands, ~subscriptions.c.removed)
    )
    return {(row.subscription_id, row.story_id) for row in c.execute(wanted)}


def pause_channel(c: Connection, channel_id: int, *, reason: str, now: datetime) -> bool:
    """Holds back everything for a channel; False if it was paused or closed already."""
    values = {"channel_id": channel_id, "state": "paused", "reason": reason, "since": now}
    statement = insert(c, channels).values(**values).on_conflict_do_nothing(index_elements=["channel_id"])
    return c.execute(statement.returning(channels.c.channel_id)).first() is not None


def resume_channel(c: Connection, channel_id: int) -> bool:
    """Opens a channel again, a closed one too; False if it was open."""
    if not c.execute(delete(channels).where(channels.c.channel_id == channel_id)).rowcount:
        return False
    hold_missed(c, alerts.c.channel_id == channel_id)
    return True


def hold_missed(c: Connection, whose: ColumnElement[bool]) -> None:
    """After a pause: many alerts that were owed meanwhile and never tried become one catch-up message."""
    never_tried = and_(alerts.c.state == "owed", alerts.c.kind != "digest", alerts.c.claimed_at.is_(None))
    missed = and_(whose, never_tried, alerts.c.held.is_(None))
    if (c.scalar(select(func.count()).select_from(alerts).where(missed)) or 0) >= MANY:
        c.execute(update(alerts).where(missed).values(held="pause"))


def close_channel(c: Connection, channel_id: int, *, reason: str, now: datetime) -> int:
    """The channel is gone: all that is owed to it is dead with the reason; how many rows that were."""
    values = {"channel_id": channel_id, "state": "closed", "reason": reason, "since": now}
    statement = insert(c, channels).values(**values)
    c.execute(statement.on_conflict_do_update(index_elements=["channel_id"], set_=values))
    pending = and_(alerts.c.channel_id == channel_id, alerts.c.state == "owed")
    ended = update(alerts).where(pending).values(state="dead", state_reason=reason, settled_at=now)
    return c.execute(ended).rowcount


def paused_channels(c: Connection) -> dict[int, tuple[str, datetime]]:
    """The channels that wait for a right, each with why and since when."""
    wanted = select(channels).where(channels.c.state == "paused")
    return {row.channel_id: (row.reason, row.since) for row in c.execute(wanted)}


def shut_channels(c: Connection) -> dict[int, tuple[str, datetime]]:
    """The channels that cannot be written into, those that are gone too, each with why and since when."""
    return {row.channel_id: (row.reason, row.since) for row in c.execute(select(channels))}


def closed_channels(c: Connection) -> set[int]:
    """The channels that are gone."""
    return set(c.scalars(select(channels.c.channel_id).where(channels.c.state == "closed")))


def counts(c: Connection, guild_id: int | None = None) -> dict[AlertState, int]:
    """How many rows are in each state; those of one server if `guild_id` is given."""
    wanted = select(alerts.c.state, func.count()).group_by(alerts.c.state)
    if guild_id is not None:
        own = select(subscriptions.c.id).where(subscriptions.c.guild_id == guild_id)
        wanted = wanted.where(alerts.c.subscription_id.in_(own))
    found = {row[0]: row[1] for row in c.execute(wanted)}
    return {state: found.get(state, 0) for state in STATES}


def state_of(c: Connection, alert_id: int) -> tuple[AlertState, str | None] | None:
    """The state of a row and why it is so."""
    row = c.execute(select(alerts.c.state, alerts.c.state_reason).where(alerts.c.id == alert_id)).one_or_none()
    return (row.state, row.state_reason) if row else None


def told(c: Connection, nonce: str) -> tuple[int, tuple[str, ...]] | None:
    """The subscription that the row with this nonce is for, and why the story matched it."""
    wanted = select(alerts.c.subscription_id, alerts.c.reasons).where(alerts.c.nonce == nonce)
    row = c.execute(wanted).one_or_none()
    return (row.subscription_id, tuple(row.reasons)) if row else None


def _told_channels(c: Connection, owed: Sequence[Alert]) -> set[tuple[int, str]]:
    """The (channel, story) that a removed subscription told, by itself or in a digest."""
    gone = select(subscriptions.c.id).where(subscriptions.c.removed)
    made = select(bulletins.c.id).where(bulletins.c.state.in_(("sending", "sent")))
    wanted = select(alerts.c.channel_id, alerts.c.story_id).where(
        alerts.c.story_id.in_({alert.story_id for alert in owed}),
        alerts.c.kind != "update",
        or_(alerts.c.state == "sent", and_(alerts.c.state == "digested", alerts.c.bulletin_id.in_(made))),
        alerts.c.subscription_id.in_(gone),
    )
    return {(row.channel_id, row.story_id) for row in c.execute(wanted)}


def _stands_told(alert: Alert, channel_id: int, told: Collection[tuple[int, str]]) -> str | None:
    return TOLD if alert.kind != "update" and (channel_id, alert.story_id) in told else None
