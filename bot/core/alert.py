"""Subscription and Alert: a channel with its wishes, a story owed to it, and an attempt to send or edit one; Place.

Values only. What is owed is decided by owing, sent by the deliver handler, drawn by message.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.event import EventType
from bot.core.hours import DigestPlan, QuietHours
from bot.core.importance import Level
from bot.core.story import Story

AlertKind = Literal["alert", "update", "digest"]
AlertState = Literal["owed", "sending", "sent", "digested", "suppressed", "dead"]
Mode = Literal["alerts", "digest", "both"]
Held = Literal["quiet hours", "hourly cap", "pause", "long stop", "storm of entries"]
QUIET: Held = "quiet hours"
Layout = Literal["compact", "full"]
PlaceKind = Literal["text", "news", "forum", "thread"]


@dataclass(frozen=True, slots=True)
class Habits:
    """How the messages of a subscription come, whatever they tell.

    `max_per_hour` None is no cap. `role_id` is the role that an alert calls. `thread` opens a thread under each alert,
    in which its updates stand; `publish` publishes alerts of an announcement channel. Without `digest` there is none.
    """

    layout: Layout = "full"
    max_per_hour: int | None = None
    role_id: int | None = None
    thread: bool = False
    publish: bool = False
    digest: DigestPlan | None = None
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel and what it wants. An empty filter takes everything. `topic` None means every topic.

    With the mode "both", what matters less than `min_importance` goes into the digest.
    """

    id: int
    guild_id: int
    channel_id: int
    topic: str | None = None
    organisations: tuple[str, ...] = ()
    events: tuple[EventType, ...] = ()
    languages: tuple[str, ...] = ()
    min_importance: Level = "low"
    mode: Mode = "alerts"
    habits: Habits = Habits()
    paused: str | None = None
    created_at: datetime | None = None

    @property
    def pings_from(self) -> Level:
        """The importance from which an alert calls the role: the one that was chosen, high where none was."""
        return "high" if self.min_importance == "low" else self.min_importance

    @property
    def digest_plan(self) -> DigestPlan | None:
        """When its digests come: at eight each morning, UTC, for one that wants digests and has not said when."""
        return self.habits.digest or (None if self.mode == "alerts" else DigestPlan(8))


TERMINAL = Subscription(id=0, guild_id=0, channel_id=0)
"""The built-in one that takes everything where there is no token: no server and no channel of Discord has the id 0."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A story owed to a subscription, in one of its kinds, with why it matched.

    `suppressed` says why it is written down but not sent, `held` why it waits for a digest or a catch-up message
    instead of going out by itself, which it may from `not_before` on.
    """

    subscription_id: int
    story_id: str
    kind: AlertKind
    revision: int
    reasons: tuple[str, ...] = ()
    suppressed: str | None = None
    held: Held | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An owed row, claimed for one attempt.

    `nonce` is the row's own, stable over attempts, at most 25 characters, and stands in the buttons as the
    delivery's mark. `earlier_claim` is when a former attempt began that was never settled (a half-sent row).
    `reply_to` is the message of the alert that this story follows, or that this row is an update of, or of the list
    that told it, if it stands in the same channel; `reply_place` is an alert's forum post or the thread under it.
    `revision` is the story's when the row was owed: no attempt can have shown an older one. `ping` says that the
    message calls the subscription's role.
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
    reply_place: int | None = None
    minimal: bool = False
    revision: int = 1
    ping: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """A sent message that shows an older revision than its story has; `place_id` is its forum post or thread."""

    alert_id: int
    subscription: Subscription
    story: Story
    nonce: str
    message_id: int
    shown_revision: int
    reasons: tuple[str, ...] = ()
    place_id: int | None = None
    ping: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, forum or thread as delivery has to know it."""

    channel_id: int
    guild_id: int
    kind: PlaceKind
