"""Subscription and Alert: which stories are owed to which channels, and why.

It decides what is owed; it sends nothing (see the deliver handler) and draws nothing (see message).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.event import EventType
from bot.core.story import Story

AlertKind = Literal["alert", "update", "digest"]
AlertState = Literal["owed", "sending", "sent", "digested", "suppressed", "dead"]
Mode = Literal["alerts", "digest", "both"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel and what it wants. An empty filter takes everything. `topic` None means every topic."""

    id: int
    guild_id: int
    channel_id: int
    topic: str | None = None
    organisations: tuple[str, ...] = ()
    events: tuple[EventType, ...] = ()
    languages: tuple[str, ...] = ()
    min_importance: str = "low"
    mode: Mode = "alerts"
    paused: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A story owed to a subscription, in one of its kinds, with why it matched."""

    subscription_id: int
    story_id: str
    kind: AlertKind
    revision: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """An owed row, claimed for one attempt.

    `nonce` is the row's own, stable over attempts, at most 25 characters, and stands in the buttons as the
    delivery's mark. `earlier_claim` is when a former attempt began that was never settled (a half-sent row).
    `reply_to` is the message of the alert that this story follows, if it stands in the same channel.
    """

    alert_id: int
    subscription: Subscription
    story: Story
    kind: AlertKind
    nonce: str
    attempt: int
    claimed_at: datetime
    reasons: tuple[str, ...] = ()
    earlier_claim: datetime | None = None
    reply_to: int | None = None
    minimal: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """A sent message that shows an older revision than its story has."""

    alert_id: int
    subscription: Subscription
    story: Story
    nonce: str
    message_id: int
    shown_revision: int
    reasons: tuple[str, ...] = ()
