"""How much a subscription would have told lately, so that people know before they subscribe.

It counts with the rules that will be used (see owing); it looks nothing up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.alert import Subscription
from bot.core.digest import Ranked
from bot.core.escape import masked_link
from bot.core.importance import ImportanceRules, with_watched
from bot.core.message import LOOKS, counted, joined, relative
from bot.core.owing import INDIFFERENT, Server, owed

WINDOW = timedelta(days=30)
"""How far back a forecast looks."""

EXAMPLES = 3
UNWATCHED = ImportanceRules()
"""Rules by which a watched word weighs nothing."""

_FIRST_POLLS = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Past:
    """The stories that had a report since `since`, and when the first story of all was seen, which `since` may lie
    before."""

    stories: Sequence[Ranked]
    since: datetime
    begun: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many alerts and stories for digests there would have been within `span`, and all stories that match: those
    that come by themselves and those for a digest, the newest first."""

    alerts: int
    digest: int
    span: timedelta
    alerted: tuple[Ranked, ...] = ()
    digested: tuple[Ranked, ...] = ()

    @property
    def latest(self) -> tuple[Ranked, ...]:
        """A few of the newest, those that come by themselves before those for a digest."""
        return (*self.alerted, *self.digested)[:EXAMPLES]


def forecast(
    past: Past,
    wanted: Subscription,
    *,
    now: datetime,
    server: Server = INDIFFERENT,
    rules: ImportanceRules = UNWATCHED,
    thresholds: Mapping[str, float] | None = None,
) -> Forecast:
    """What `wanted` would have been told; `server` and `thresholds` are those of `owed`, `rules` say what the words
    weigh that the server watches for. Slow where it watches for any or mutes some.

    What the first polls of an archive brought in at once is no day's measure: it is listed, but not counted.
    """
    known = {ranked.story.id: _weighed(ranked, server, rules) for ranked in past.stories}
    rows = owed(
        [ranked.story for ranked in past.stories],
        [replace(wanted, paused=None)],
        matched=(),
        weigh=lambda story, _watched: known[story.id].importance,
        servers={wanted.guild_id: server},
        thresholds=thresholds,
    )
    alerted, digested = (
        _newest(known[row.story_id] for row in rows if row.kind == kind and not row.suppressed)
        for kind in ("alert", "digest")
    )
    start = past.since
    if past.begun is not None and past.begun > past.since:
        start = past.begun + _FIRST_POLLS
    alerts, digest = (sum(each.story.first_seen >= start for each in group) for group in (alerted, digested))
    return Forecast(alerts, digest, max(now - start, timedelta()), alerted, digested)


def _weighed(ranked: Ranked, server: Server, rules: ImportanceRules) -> Ranked:
    """The story as it matters to the server."""
    if not server.watched:
        return ranked
    return replace(ranked, importance=with_watched(ranked.importance, ranked.story, rules, watched=server.watched))


def _newest(found: Iterable[Ranked]) -> tuple[Ranked, ...]:
    return tuple(sorted(found, key=lambda ranked: (ranked.story.last_seen, ranked.story.id), reverse=True))


def forecast_words(found: Forecast, wanted: Subscription) -> str:
    """ "About 4 alerts a day, going by the last 30 days."; escaped by nature."""
    if found.span < _DAY:
        return "Tocsin has watched the news for less than a day, too short for a forecast."
    alerts = often(found.alerts, found.span)
    digest = f"{often(found.digest, found.span, 'story', 'stories')} in its digests"
    told = {"alerts": alerts, "digest": digest, "both": f"{alerts}, and {digest}"}[wanted.mode]
    advice = "" if found.alerts or found.digest else " Ask for less to hear more."
    return f"{told[:1].upper()}{told[1:]}, going by the last {counted(round(found.span / _DAY), 'day')}.{advice}"


def often(number: int, span: timedelta, noun: str = "alert", plural: str | None = None) -> str:
    """ "about 4 alerts a day", "about 2 alerts a week" or "no alert", in the largest measure that holds one."""
    if not number:
        return f"no {noun}"
    a_day = number / (span / _DAY)
    for unit, days in (("day", 1), ("week", 7), ("month", 30)):
        times = round(a_day * days)
        if times >= 1:
            return f"about {counted(times, noun, plural)} a {unit}"
    return f"less than one {noun} a month"


def latest_lines(found: Forecast) -> str:
    """The latest stories that match, a line each; "" without any."""
    return joined([_line(ranked) for ranked in found.latest], "\n", 1000)


def _line(ranked: Ranked) -> str:
    story = ranked.story
    title = masked_link(story.title, story.link, limit=120, longest=150)
    return f"{LOOKS[story.event][0]} {title} · {ranked.importance.level} · {relative(story.last_seen)}"
