"""Entity: what the archive knows of one organisation, and of two beside each other, as an answer with a chart.

It draws; what it shows is looked up by the entity handler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.chart import PAIR, Chart, Daily, Period, Series, by_event, counts_of, figure, mix, total, within
from bot.core.escape import cut, escape, masked_link
from bot.core.message import ACCENT, LIMITS, LOOKS, Field, Message, counted, event_name, joined, relative
from bot.core.reasons import stage_name
from bot.core.story import Story
from bot.core.trends import before_of, mix_line, stories_of, total_line

MOST_PARTNERS = 8
LATEST = 5
TOGETHER = 3
KINDS_BESIDE = 4
_HALF = 480  # characters of a column's longest line


@dataclass(frozen=True, slots=True)
class Profile:
    """An organisation in a period: `days` from the period before it on, whom its stories name together with it, its
    latest stories, and when it was last told of at all."""

    name: str
    days: Sequence[Daily]
    partners: Sequence[tuple[str, int]] = ()
    latest: Sequence[Story] = ()
    last_told: datetime | None = None


def entity_chart(profile: Profile, period: Period) -> Chart:
    """The organisation's stories by type of event over the period."""
    step = "day" if period.step == 1 else "week"
    title = f"{cut(profile.name, 36)}: stories a {step}, last {period.words}"
    return Chart(title, period, by_event(profile.days, period))


def entity_message(profile: Profile, period: Period, *, known_since: date | None) -> Message:
    """The figures in words with the latest stories; the picture is added to it."""
    found = within(profile.days, period)
    name = escape(profile.name, LIMITS["title"])
    if not found:
        return Message(title=name, description=_silent(profile, period), colour=ACCENT)
    told = total_line(total(found), before_of(profile.days, period, known_since), period)
    latest = joined([_line(story) for story in profile.latest], "\n", 2500)
    fields = [Field("By kind", mix_line(mix(found)), inline=False)]
    if profile.partners:
        fields.append(Field("Named together with", _partners(profile.partners, 900), inline=False))
    return Message(
        title=name,
        description=f"{told}\n\n**Latest**\n{latest}" if latest else told,
        fields=tuple(fields),
        colour=ACCENT,
    )


def compare_chart(one: Profile, other: Profile, period: Period) -> Chart:
    """The stories of both over the period, as two lines."""
    pairs = zip((one, other), PAIR, strict=True)
    series = tuple(Series(each.name, colour, counts_of(each.days, period)) for each, colour in pairs)
    step = "day" if period.step == 1 else "week"
    return Chart(f"Stories a {step}, last {period.words}", period, series, stacked=False)


def compare_message(
    one: Profile,
    other: Profile,
    period: Period,
    *,
    together: int,
    shared: Sequence[Story],
    known_since: date | None,
) -> Message:
    """Two organisations in two columns. `together` counts the stories of the period that name both, `shared` are the
    latest of all that do."""
    columns = tuple(
        Field(cut(escape(each.name, 200), LIMITS["field name"]), _column(each, period, known_since))
        for each in (one, other)
    )
    lines = joined([_line(story) for story in shared[:TOGETHER]], "\n", LIMITS["field value"] - 100)
    both = f"{counted(together, 'story names', 'stories name')} both in the last {period.words}."
    return Message(
        title=cut(f"{escape(one.name, 110)} and {escape(other.name, 110)}", LIMITS["title"]),
        fields=(*columns, Field("Together", f"{both}\n{lines}" if lines else both, inline=False)),
        colour=ACCENT,
    )


def _column(profile: Profile, period: Period, known_since: date | None) -> str:
    found = within(profile.days, period)
    if not found:
        return _silent(profile, period)
    before = before_of(profile.days, period, known_since)
    parts = [f"**{stories_of(total(found))}**" + ("" if before is None else f" · {figure(before)} before")]
    parts.append(
        "\n".join(
            f"{LOOKS[event][0]} {event_name(event)} {figure(number)}" for event, number in mix(found)[:KINDS_BESIDE]
        )
    )
    if profile.partners:
        parts.append("With " + _partners(profile.partners[:4], _HALF))
    return "\n".join(parts)


def _silent(profile: Profile, period: Period) -> str:
    """That there is nothing in the period, and what to do."""
    if profile.last_told is None:
        return f"No story names {escape(profile.name, 80)} so far. Once one does, it stands here."
    when = relative(profile.last_told)
    return f"No story in the last {period.words}; the last report came {when}. Choose a longer window to see it."


def _partners(partners: Sequence[tuple[str, int]], limit: int) -> str:
    return joined([f"{escape(name, 60)} {figure(number)}" for name, number in partners], " · ", limit)


def _line(story: Story) -> str:
    """One line: mark, title with its link, stage and time."""
    name = stage_name(story.event, story.stage)
    stage = f" · {name}" if name else ""
    link = masked_link(story.title, story.link, limit=110)
    return f"{LOOKS[story.event][0]} {link}{stage} · {relative(story.last_seen)}"
