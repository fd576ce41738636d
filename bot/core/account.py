"""Account: the whole way of one article, from its feed to the channels, part by part, in words.

It retells what is kept, and weighs only what is not (why a channel is owed nothing), by the rules of today. It looks
nothing up, and escapes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.alert import AlertState, Subscription
from bot.core.importance import LEVELS, Importance
from bot.core.owing import INDIFFERENT, Server, match, unwanted
from bot.core.reasons import (
    Line,
    Part,
    event_part,
    line_of,
    organisations_part,
    placement_part,
    relevance_part,
)
from bot.core.relevance import Reason, Topic
from bot.core.story import Report, Story

STATES: dict[AlertState, str] = {
    "owed": "waits to be sent",
    "sending": "is being sent",
    "sent": "told",
    "digested": "told in a digest",
    "suppressed": "not told",
    "dead": "given up",
}


@dataclass(frozen=True, slots=True)
class Fate:
    """A story owed to a subscription, and what became of it. `moment` is when it was settled, or owed until then;
    `held` is why it waits for a digest or a catch-up message."""

    subscription_id: int
    guild_id: int
    channel_id: int
    kind: str
    state: AlertState
    moment: datetime
    why: str | None = None
    held: str | None = None
    wishes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is kept of one entry: where it came from, what was found in it, where it went.

    `adopted` is why it was taken as known, or as none to be told of; `silent` that it came with the first poll of its
    feed. `report` is None for an entry that was not read, `story` for one in no story; `because` and `fates` are that
    story's, `earlier` is the one that it follows.
    """

    feed: str
    title: str
    link: str | None
    first_seen: datetime
    published: datetime | None = None
    adopted: str | None = None
    silent: bool = False
    report: Report | None = None
    story: Story | None = None
    because: tuple[Reason, ...] = ()
    earlier: Story | None = None
    fates: tuple[Fate, ...] = ()


@dataclass(frozen=True, slots=True)
class Standards:
    """What decisions go by today: topics, the likeness from which reports join, and from when on entries are stale."""

    topics: tuple[Topic, ...] = ()
    merge_at: float | None = None
    stale_after: timedelta | None = None

    def threshold(self, topic: str) -> float:
        """The score that a story of the topic needs; 0 for a topic that there is no more."""
        return next((each.threshold for each in self.topics if each.id == topic), 0.0)


def account(
    trace: Trace,
    *,
    subscriptions: Sequence[Subscription] = (),
    importance: Importance | None = None,
    standards: Standards = Standards(),
    server: Server = INDIFFERENT,
) -> tuple[Part, ...]:
    """The way of an entry. `subscriptions` are those there are, `importance` is what the story would weigh now;
    `server` is what the one server wants that they are of."""
    parts = [_origin(trace)]
    if trace.report is not None:
        analysis = trace.report.analysis
        parts.append(_judged(trace.report, standards))
        if analysis.relevance.relevant:
            parts += [organisations_part(analysis.organisations), event_part(analysis.event)]
    if trace.story is not None:
        parts.append(_place(trace, trace.story, standards))
    if importance is not None:
        weighed = f"{importance.level.capitalize()}, a score of {importance.score:g}, as the story stands now."
        parts.append(Part("Importance", weighed, tuple(map(line_of, importance.reasons))))
    return (*parts, _told(trace, subscriptions, importance, standards, server))


def _origin(trace: Trace) -> Part:
    dated = f"{_moment(trace.published)}, as its publisher says" if trace.published else "its publisher gives no date"
    lines = [Line("First seen", _moment(trace.first_seen)), Line("Published", dated)]
    if trace.report is not None:
        lines.append(Line("Outlet", trace.report.article.outlet))
    if trace.report is not None and trace.report.analysis.problem:
        lines.append(Line("Analysis", trace.report.analysis.problem))
    if trace.adopted:
        lines.append(Line("Taken as", trace.adopted))
    new = "It was new." if trace.report is not None else "It was not read."
    return Part("Origin", f"The feed “{trace.feed}” brought it. {new}", tuple(lines))


def _judged(report: Report, standards: Standards) -> Part:
    relevance = report.analysis.relevance
    topic = next((topic for topic in standards.topics if topic.id == relevance.topic), None)
    return relevance_part(
        relevance.score,
        relevance.reasons,
        relevant=relevance.relevant,
        topic=topic.name if topic else relevance.topic,
        needed=topic.threshold if topic else None,
    )


def _place(trace: Trace, story: Story, standards: Standards) -> Part:
    place = placement_part(story, trace.because, needed=standards.merge_at)
    reports = len(story.sources)
    outlets = len(story.outlets)
    by = f"{reports} by now, of {outlets} independent outlet{'s' if outlets != 1 else ''}"
    lines = [Line("Reports", by)] if reports > 1 else []
    if trace.earlier is not None:
        lines.append(Line("The story follows", f"“{trace.earlier.title}”"))
    return Part(place.name, place.verdict, (*lines, *place.lines))


def _told(
    trace: Trace,
    subscriptions: Sequence[Subscription],
    importance: Importance | None,
    standards: Standards,
    server: Server,
) -> Part:
    """What became of the story in each channel."""
    if trace.story is None:
        why = trace.adopted or "it is not relevant"
        return Part("Alerts", f"None: {why}.")
    lines = [_fate_line(fate) for fate in trace.fates]
    known = {fate.subscription_id for fate in trace.fates}
    refused = unwanted(trace.story, server, standards.threshold(trace.story.topic))
    for wish in subscriptions:
        if wish.id not in known:
            label = channel_label(wish.guild_id, wish.channel_id, wish.id)
            lines.append(Line(label, _untold(trace.story, wish, importance, refused, standards)))
    told = len({fate.subscription_id for fate in trace.fates if fate.state in ("sent", "digested")})
    number = len(known.union(wish.id for wish in subscriptions))
    have = "has" if 1 in (told, number) else "have"
    verdict = f"{told} of {number} subscription{'s' if number > 1 else ''} {have} been told."
    silence = "; ".join(_silences(trace, standards))
    verdict = verdict if lines else "None: no channel is subscribed."
    return Part("Alerts", f"{verdict} This report owed none: {silence}." if silence else verdict, tuple(lines))


def _silences(trace: Trace, standards: Standards) -> Iterator[str]:
    """Why this report, whatever its story, owed no alert to anybody."""
    if trace.silent:
        yield "it came with the first poll of its feed, which is silent"
    if trace.adopted:
        yield trace.adopted
    stale = standards.stale_after
    if stale is not None and trace.published is not None and trace.first_seen - trace.published > stale:
        yield f"it was dated more than {stale.days} days back when it was first seen"


def _fate_line(fate: Fate) -> Line:
    said = f"{STATES[fate.state]} ({_moment(fate.moment)})"
    if fate.kind != "alert":
        said = f"{fate.kind}: {said}"
    why = [fate.why] if fate.why and fate.state != "sent" else []
    if fate.held and fate.state == "owed":
        why.append(f"held back: {fate.held}")
    return Line(
        channel_label(fate.guild_id, fate.channel_id, fate.subscription_id), "; ".join((said, *why, *fate.wishes))
    )


def _untold(
    story: Story, wish: Subscription, importance: Importance | None, refused: str | None, standards: Standards
) -> str:
    """Why a subscription has no row for the story; `refused` is why its whole server wants none."""
    found = match(story, wish, importance, {topic.id: topic.name for topic in standards.topics})
    lesser = replace(wish, min_importance=LEVELS[0])
    if not found.wanted and not (wish.mode == "both" and match(story, lesser, importance).wanted):
        return f"not owed: {'; '.join(found.reasons)}"
    if refused:
        return f"not owed: {refused}"
    if wish.paused:
        return f"not owed yet, paused: {wish.paused}"
    if wish.created_at is not None and wish.created_at > story.last_seen:
        return "not owed: it is newer than the story's last report; the next one is told"
    return "not owed yet: it wants the story as it stands now, and is told with its next fresh report"


def channel_label(guild_id: int, channel_id: int, subscription_id: int) -> str:
    """What a subscription's channel is called where its name is not known."""
    if not guild_id:
        return "The terminal"
    return f"Channel {channel_id} of server {guild_id} (subscription {subscription_id})"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
