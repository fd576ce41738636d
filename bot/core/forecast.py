"""How much a subscription would have told lately, so that people know before they subscribe.

It counts with the rules that will be used (see owing); it looks nothing up.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.alert import Alert, Subscription
from bot.core.digest import Ranked
from bot.core.escape import masked_link
from bot.core.message import LOOKS, counted, joined, relative
from bot.core.owing import Server, owed

WINDOW = timedelta(days=30)
"""How far back a forecast looks."""

EXAMPLES = 3
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
    """How many alerts and stories for digests there would have been within `span`; the latest stories that match."""

    alerts: int
    digest: int
    span: timedelta
    latest: tuple[Ranked, ...] = ()


def forecast(past: Past, wanted: Subscription, *, now: datetime, muted: Collection[str] = ()) -> Forecast:
    """What `wanted` would have been told. What the first polls of an archive brought in at once is no day's measure:
    it is shown, but not counted."""
    known = {ranked.story.id: ranked for ranked in past.stories}
    rows = owed(
        [ranked.story for ranked in past.stories],
        [replace(wanted, paused=None)],
        matched=(),
        weigh=lambda story, _watched: known[story.id].importance,
        servers={wanted.guild_id: Server(muted=tuple(muted))} if muted else None,
    )
    matched = [row for row in rows if not row.suppressed]
    counted_from = past.since
    if past.begun is not None and past.begun > past.since:
        counted_from = past.begun + _FIRST_POLLS
    fresh = [row for row in matched if known[row.story_id].story.first_seen >= counted_from]
    alerts = sum(row.kind == "alert" for row in fresh)
    return Forecast(alerts, len(fresh) - alerts, max(now - counted_from, timedelta()), _latest(matched, known))


def _latest(matched: Sequence[Alert], known: dict[str, Ranked]) -> tuple[Ranked, ...]:
    """The newest matches, those that come by themselves before those for the digest."""
    newest = sorted(matched, key=lambda row: (row.kind == "alert", known[row.story_id].story.last_seen), reverse=True)
    return tuple(known[row.story_id] for row in newest[:EXAMPLES])


def forecast_words(found: Forecast, wanted: Subscription) -> str:
    """ "About 4 alerts a day, going by the last 30 days."; escaped by nature."""
    if found.span < _DAY:
        return "Tocsin has watched the news for less than a day, too short for a forecast."
    alerts = (
        f"{often(found.alerts, found.span)} by itself" if wanted.mode == "both" else often(found.alerts, found.span)
    )
    told = {
        "alerts": often(found.alerts, found.span),
        "digest": f"{often(found.digest, found.span, 'story', 'stories')} for its digests",
        "both": f"{alerts}, and {often(found.digest, found.span, 'story', 'stories')} in its digests",
    }[wanted.mode]
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
