"""How the work goes, in a few figures that every runner may ask for every few seconds. It changes nothing."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from bot.core.vitals import Outbox, Work
from bot.store import feeds
from bot.store.claims import BY_ITSELF
from bot.store.schema import alerts, bulletins, channels, pending, refusals, runners, subscriptions

REFUSALS_COUNT = timedelta(minutes=10)
"""The time over which Discord counts them (RELIABILITY, section 1)."""

SEEN_LATELY = timedelta(minutes=1)
"""A runner that has not been seen for so long is no more."""


def work(c: Connection, now: datetime) -> Work:
    """The feeds by their health, when one was last asked, both outboxes, the requests that Discord refused lately, the
    runners."""
    return Work(
        feeds=feeds.counts(c),
        last_polled=feeds.last_polled(c),
        outboxes=(_alerts(c, now), _bulletins(c, now)),
        refused=refused(c, now),
        runners=_runners(c, now),
    )


def refused(c: Connection, now: datetime) -> int:
    """How many requests Discord refused in the last ten minutes, whoever made them."""
    lately = select(func.sum(refusals.c.count)).where(refusals.c.minute > now - REFUSALS_COUNT)
    return int(c.scalar(lately) or 0)


def oldest_owed(c: Connection, now: datetime, guild_id: int) -> datetime | None:
    """Since when the oldest alert is owed that could go out to a server."""
    wanted = select(func.min(alerts.c.owed_at)).join(subscriptions, subscriptions.c.id == alerts.c.subscription_id)
    found: datetime | None = c.scalar(wanted.where(pending(alerts), _may_go(now), subscriptions.c.guild_id == guild_id))
    return found


def _runners(c: Connection, now: datetime) -> Counter[str]:
    lately = select(runners.c.roles).where(runners.c.seen_at > now - SEEN_LATELY)
    return Counter(role for roles in c.scalars(lately) for role in roles.split(",") if role)


def _alerts(c: Connection, now: datetime) -> Outbox:
    joined = select(func.count(), func.min(alerts.c.owed_at)).join(
        subscriptions, subscriptions.c.id == alerts.c.subscription_id
    )
    due, oldest = c.execute(joined.where(pending(alerts), _may_go(now))).one()
    every = c.scalar(select(func.count()).where(pending(alerts))) or 0
    return Outbox("alerts", due, every - due, oldest)


def _may_go(now: datetime) -> ColumnElement[bool]:
    """Whether nothing but the deliverer keeps an alert back: it was tried already, or its time has come."""
    shut = select(channels.c.channel_id).where(channels.c.channel_id == alerts.c.channel_id)
    begun = or_(alerts.c.claimed_at.is_not(None), alerts.c.not_before <= now)
    return and_(BY_ITSELF, begun, subscriptions.c.paused.is_(None), ~shut.exists())


def _bulletins(c: Connection, now: datetime) -> Outbox:
    shut = select(channels.c.channel_id).where(channels.c.channel_id == bulletins.c.channel_id)
    paused = select(subscriptions.c.id).where(
        subscriptions.c.id == bulletins.c.subscription_id, subscriptions.c.paused.is_not(None)
    )
    begun = or_(bulletins.c.claimed_at.is_not(None), bulletins.c.not_before <= now)
    wanted = select(func.count(), func.min(bulletins.c.owed_at)).where(
        pending(bulletins), begun, ~shut.exists(), ~paused.exists()
    )
    due, oldest = c.execute(wanted).one()
    every = c.scalar(select(func.count()).where(pending(bulletins))) or 0
    return Outbox("bulletins", due, every - due, oldest)
