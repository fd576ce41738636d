"""Owing: which stories are owed to which channels, as an alert, an update or for a digest, and why.

It decides; it writes nothing down (see the store) and sends nothing (see the deliver handler).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from bot.core.alert import Alert, AlertKind, Held, Subscription
from bot.core.importance import LEVELS, Importance, at_least, held_words
from bot.core.story import Story

Weigh = Callable[[Story, Collection[str]], Importance]
"""How much a story matters to a server that watches for those words."""


NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Server:
    """What a whole server wants, whichever its channels. `stricter` is how far above the topic's threshold a story must
    be there."""

    watched: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    stricter: float = 0.0


INDIFFERENT = Server()
"""A server that wants nothing in particular."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why the alerts of a subscription wait, and until when; `critical` ones go through all the same if it says so."""

    why: Held
    until: datetime
    critical_override: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a subscription wants a story: the wishes that the story meets, or those that it does not."""

    wanted: bool
    reasons: tuple[str, ...] = ()


def match(
    story: Story,
    subscription: Subscription,
    importance: Importance | None = None,
    topics: Mapping[str, str] = NOTHING,
) -> Match:
    """Whether `subscription` wants `story`. An empty wish is met by everything; every other one has to be met.

    A story whose importance is not known counts as low. `topics` are the names of topics by their ids.
    """
    wishes = list(_wishes(story, subscription, importance, topics))
    unmet = tuple(words for met, words in wishes if not met)
    return Match(False, unmet) if unmet else Match(True, tuple(words for _, words in wishes))


def owed(
    stories: Iterable[Story],
    subscriptions: Iterable[Subscription],
    *,
    matched: Collection[tuple[int, str]],
    waiting: Collection[tuple[int, str]] = (),
    tellers: Mapping[tuple[int, str], int] | None = None,
    weigh: Weigh | None = None,
    servers: Mapping[int, Server] | None = None,
    holds: Mapping[int, Hold] | None = None,
    thresholds: Mapping[str, float] | None = None,
    topics: Mapping[str, str] = NOTHING,
) -> tuple[Alert, ...]:
    """The first alerts that `stories`, each with a report that may alert, owe to those who want them.

    `matched` holds the (subscription id, story id) that have a row already: what follows for those are edits. So a
    story that was found in silence owes its first alert with its next report. A paused subscription is owed too, so
    that nothing is lost while it is paused; one that wants only digests is owed rows of that kind. A channel is told
    once, however many of its subscriptions want the story: the others' rows are suppressed, and so is what a server
    has muted or finds too little relevant. `weigh` tells a story's importance; one that is below what a subscription
    asks for is weighed again with its next report. `waiting` are those of `matched` whose row only waits for a digest:
    once the story is to be told at once, by them or by another subscription of the channel, it is. `tellers` are those
    who tell or told, by (channel id, story id); without them, all who matched count, in the channels of now. `servers`
    are by guild id, `holds` by subscription id, `thresholds` and the names `topics` by topic.
    """
    wishes = sorted(subscriptions, key=lambda wish: wish.id)
    least = thresholds or {}
    if tellers is None:
        channel = {wish.id: wish.channel_id for wish in wishes}
        tellers = {(channel[id], story_id): id for id, story_id in sorted(matched, reverse=True) if id in channel}
    return tuple(
        _held_back(alert, weight, (holds or {}).get(alert.subscription_id))
        for story in stories
        for alert, weight in _owed_by(
            story, wishes, matched, waiting, tellers, weigh, servers or {}, least.get(story.topic, 0.0), topics
        )
    )


def updates(
    material: Mapping[str, str],
    told: Iterable[tuple[int, str]],
    revisions: Mapping[str, int],
    *,
    holds: Mapping[int, Hold] | None = None,
    critical: Collection[str] = (),
) -> tuple[Alert, ...]:
    """The updates that are owed where a story was told already and has changed so much that readers should hear of it.

    `material` maps story ids to what changed, `revisions` to the story's revision; `told` holds the
    (subscription id, story id) of alerts that were sent, `critical` the ids of stories that matter most. After `holds`
    (by subscription id) each comes by itself: it answers its alert.
    """
    return tuple(
        Alert(subscription_id, story_id, "update", revisions[story_id], (material[story_id],), not_before=until)
        for subscription_id, story_id in told
        if material.get(story_id)
        for until in (_until((holds or {}).get(subscription_id), is_critical=story_id in critical),)
    )


def told_by(subscription_id: int) -> str:
    """Why a row is suppressed whose channel another of its subscriptions tells."""
    return f"the channel is told by subscription {subscription_id}"


def _owed_by(
    story: Story,
    wishes: Collection[Subscription],
    matched: Collection[tuple[int, str]],
    waiting: Collection[tuple[int, str]],
    tellers: Mapping[tuple[int, str], int],
    weigh: Weigh | None,
    servers: Mapping[int, Server],
    threshold: float,
    topics: Mapping[str, str],
) -> Iterator[tuple[Alert, Importance | None]]:
    known = {channel: teller for (channel, story_id), teller in tellers.items() if story_id == story.id}
    told = {channel: teller for channel, teller in known.items() if (teller, story.id) not in waiting}
    found = list[tuple[Subscription, Alert, Importance | None]]()
    for wish in wishes:
        if (wish.id, story.id) in matched and (wish.id, story.id) not in waiting:
            continue
        weight = weigh(story, servers.get(wish.guild_id, Server()).watched) if weigh is not None else None
        alert = _alert(story, wish, weight, topics)
        if alert is not None:
            found.append((wish, alert, weight))
    for wish, alert, weight in sorted(found, key=_waits):  # who tells it at once tells it to the channel
        refused = unwanted(story, servers.get(wish.guild_id, Server()), threshold)
        if refused is None:
            others = known if any(_waits((wish, alert, weight))) else {}  # what is told later stays with who tells it
            teller = told.setdefault(wish.channel_id, others.get(wish.channel_id, wish.id))
            refused = None if teller == wish.id else told_by(teller)
        if (wish.id, story.id) not in waiting or (alert.kind == "alert" and refused is None):
            yield replace(alert, suppressed=refused), weight


def _waits(found: tuple[Subscription, Alert, Importance | None]) -> tuple[bool, bool]:
    wish, alert, _ = found
    return wish.paused is not None, alert.kind == "digest"


def _alert(story: Story, wish: Subscription, weight: Importance | None, topics: Mapping[str, str]) -> Alert | None:
    """The alert or the digest row that the story owes; None where it is not wanted."""
    found = match(story, wish, weight, topics)
    if found.wanted:
        kind: AlertKind = "digest" if wish.mode == "digest" else "alert"
        return Alert(wish.id, story.id, kind, story.revision, found.reasons)
    if wish.mode != "both":
        return None
    lesser = match(story, replace(wish, min_importance=LEVELS[0]), weight, topics)
    return Alert(wish.id, story.id, "digest", story.revision, lesser.reasons) if lesser.wanted else None


def unwanted(story: Story, server: Server, threshold: float) -> str | None:
    """Why a whole server wants nothing of the story, if that is so; `threshold` is its topic's."""
    muted = held_words(story, server.muted) if server.muted else ""
    if muted:
        return f"this server has muted {muted}"
    least = threshold + server.stricter
    if server.stricter > 0 and story.relevance < least:
        return f"relevance {story.relevance:.2f} is below the {least:.2f} that this server asks for"
    return None


def _held_back(alert: Alert, weight: Importance | None, hold: Hold | None) -> Alert:
    until = _until(hold, is_critical=weight is not None and weight.level == LEVELS[-1])
    if hold is None or until is None or alert.kind != "alert" or alert.suppressed:
        return alert
    return replace(alert, held=hold.why, not_before=until)


def _until(hold: Hold | None, *, is_critical: bool) -> datetime | None:
    """Until when a story has to wait, if it has to."""
    return None if hold is None or (hold.critical_override and is_critical) else hold.until


def _wishes(
    story: Story, subscription: Subscription, importance: Importance | None, topics: Mapping[str, str]
) -> Iterable[tuple[bool, str]]:
    """Each wish that the subscription states: whether the story meets it, and the words for it."""
    if subscription.topic is not None:
        topic = topics.get(subscription.topic, subscription.topic)
        yield story.topic == subscription.topic, f"asked for the topic {topic}"
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
