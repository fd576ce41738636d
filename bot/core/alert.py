"""Subscription and Alert: which stories are owed to which channels, and why.

It decides what is owed; it sends nothing (see the deliver handler) and draws nothing (see message).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.event import EventType
from bot.core.hours import DigestPlan, QuietHours
from bot.core.importance import LEVELS, Importance, at_least
from bot.core.story import Story

AlertKind = Literal["alert", "update", "digest"]
AlertState = Literal["owed", "sending", "sent", "digested", "suppressed", "dead"]
Mode = Literal["alerts", "digest", "both"]
Layout = Literal["compact", "full"]


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

    `min_importance` is kept for when stories are weighed; `match` does not look at it.
    """

    id: int
    guild_id: int
    channel_id: int
    topic: str | None = None
    organisations: tuple[str, ...] = ()
    events: tuple[EventType, ...] = ()
    languages: tuple[str, ...] = ()
    min_importance: str = "low"
    mode: Mode = "alerts"
    habits: Habits = Habits()
    paused: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A story owed to a subscription, in one of its kinds, with why it matched.

    `suppressed` says why it is written down but not sent.
    """

    subscription_id: int
    story_id: str
    kind: AlertKind
    revision: int
    reasons: tuple[str, ...] = ()
    suppressed: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An owed row, claimed for one attempt.

    `nonce` is the row's own, stable over attempts, at most 25 characters, and stands in the buttons as the
    delivery's mark. `earlier_claim` is when a former attempt began that was never settled (a half-sent row).
    `reply_to` is the message of the alert that this story follows, if it stands in the same channel. `revision` is
    the story's when the row was owed: no attempt can have shown an older one.
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
    revision: int = 1


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


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a subscription wants a story: the wishes that the story meets, or those that it does not."""

    wanted: bool
    reasons: tuple[str, ...] = ()


def match(story: Story, subscription: Subscription, importance: Importance | None = None) -> Match:
    """Whether `subscription` wants `story`. An empty wish is met by everything; every other one has to be met.

    A story whose importance is not known counts as low.
    """
    wishes = list(_wishes(story, subscription, importance))
    unmet = tuple(words for met, words in wishes if not met)
    return Match(False, unmet) if unmet else Match(True, tuple(words for _, words in wishes))


def owed(
    stories: Iterable[Story],
    subscriptions: Iterable[Subscription],
    *,
    matched: Collection[tuple[int, str]],
    weigh: Callable[[Story], Importance] | None = None,
) -> tuple[Alert, ...]:
    """The first alerts that `stories`, each with a report that may alert, owe to those who want them.

    `matched` holds the (subscription id, story id) that have a row already: what follows for those are edits. So a
    story that was found in silence owes its first alert with its next report. A paused subscription is owed too, so
    that nothing is lost while it is paused; one that wants only digests is owed no alerts. A channel is told once,
    however many of its subscriptions want the story: the others' rows are suppressed. `weigh` tells a story's
    importance; one that is below what a subscription asks for is weighed again with its next report.
    """
    wishes = sorted(subscriptions, key=lambda wish: (wish.paused is not None, wish.id))
    return tuple(
        alert
        for story in stories
        for alert in _owed_by(story, wishes, matched, weigh(story) if weigh is not None else None)
    )


def _owed_by(
    story: Story, wishes: Sequence[Subscription], matched: Collection[tuple[int, str]], importance: Importance | None
) -> Iterator[Alert]:
    told = {wish.channel_id: wish.id for wish in reversed(wishes) if (wish.id, story.id) in matched}
    for wish in wishes:
        if wish.mode == "digest" or (wish.id, story.id) in matched:
            continue
        found = match(story, wish, importance)
        if found.wanted:
            teller = told.setdefault(wish.channel_id, wish.id)
            suppressed = None if teller == wish.id else told_by(teller)
            yield Alert(wish.id, story.id, "alert", story.revision, found.reasons, suppressed)


def told_by(subscription_id: int) -> str:
    """Why a row is suppressed whose channel another of its subscriptions tells."""
    return f"the channel is told by subscription {subscription_id}"


def _wishes(story: Story, subscription: Subscription, importance: Importance | None) -> Iterable[tuple[bool, str]]:
    """Each wish that the subscription states: whether the story meets it, and the words for it."""
    if subscription.topic is not None:
        yield story.topic == subscription.topic, f"asked for the topic {subscription.topic}"
    if subscription.events:
        yield story.event in subscription.events, f"asked for {' or '.join(map(_plain, subscription.events))}"
    if subscription.languages and story.language:
        yield _speaks(story, subscription.languages), f"asked for {' or '.join(subscription.languages)}"
    if subscription.organisations:
        named = _named(story, subscription.organisations)
        yield bool(named), f"asked for {' or '.join(named or subscription.organisations)}"
    if subscription.min_importance != LEVELS[0]:
        level = importance.level if importance is not None else LEVELS[0]
        wanted = subscription.min_importance
        yield at_least(level, wanted), f"asked for {wanted} importance or more; this is {level}"


def _speaks(story: Story, languages: Iterable[str]) -> bool:
    """Whether the story is told in one of the languages; "en-GB" is English."""
    return _base(story.language) in map(_base, languages)


def _base(language: str) -> str:
    return language.partition("-")[0].lower()


def _named(story: Story, organisations: Iterable[str]) -> list[str]:
    """Those of the organisations that the story names, its parties included, in any case."""
    parties = (party.name for party in (story.buyer, story.seller) if party)
    known = {name.casefold() for name in (*story.organisations, *parties)}
    return [name for name in organisations if name.casefold() in known]


def _plain(event: str) -> str:
    return event.replace("_", " ")
