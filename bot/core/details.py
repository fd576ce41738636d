"""What a person sees who asks more about one story: its sources, its key points, why it was told, all of it.

It draws what is stored; it looks nothing up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.alert import Subscription
from bot.core.analysis import Analysis
from bot.core.escape import UNTITLED, escape, host, masked_link
from bot.core.event import Party
from bot.core.message import (
    LIMITS,
    LOOKS,
    NO_MARK,
    Field,
    Message,
    alert_message,
    counted,
    excess,
    joined,
    relative,
    remarks,
)
from bot.core.reasons import (
    Line,
    Part,
    event_part,
    organisations_part,
    placement_part,
    relevance_part,
    roles,
    weighed,
)
from bot.core.relevance import Reason
from bot.core.story import Source, Story
from bot.core.wishes import wish

REASONS_SHOWN = 5
_ROOM = LIMITS["description"] - 200  # what a closing line may need
_WHY_ROOM, _FIELD = 2000, 850  # of why: three fields of that room beside the description and what was asked for


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A report of a story: its outlet, what it says, and why it stands there."""

    outlet: str
    analysis: Analysis
    because: tuple[Reason, ...] = ()


def story_message(story: Story, *, earlier: Story | None = None, reports: Sequence[Reasoned] = ()) -> Message:
    """One story with all that is kept of it; `earlier` is the one that it follows, `reports` are its own, the first one
    first."""
    message = alert_message(story, mark=NO_MARK, key_points=5)
    if earlier is not None:
        link = f"{masked_link(earlier.title, earlier.link)} · {relative(earlier.first_seen)}"
        message = replace(message, fields=(*message.fields, Field("Follows", link, inline=False)))
    longer = replace(message, fields=(*message.fields, *_happened(reports)))
    return message if excess(longer) else longer


def sources_message(story: Story) -> Message:
    """Every report in the order it was seen, each with the host that its link really leads to."""
    lines = [_source_line(source) for source in story.sources]
    shown = joined(lines, "\n", _ROOM)
    hidden = len(lines) - (shown.count("\n") + 1 if shown else 0)
    copies = sum(source.copy for source in story.sources)
    told = counted(len(story.outlets), "independent outlet")
    if copies:
        told += f", {counted(copies, 'copy', 'copies')} of their texts not counted"
    rest = f"\n… and {counted(hidden, 'more report')}" if hidden else ""
    return _about(story, "Sources", (shown + rest) or "No report is kept any more.", footer=told)


def key_points_message(story: Story) -> Message:
    """The sentences worth quoting, as they were written, and the words that each fact came from."""
    points = [f"- {escape(point, 700)}" for point in story.key_points]
    text = joined(points, "\n", 3000) or "The reports hold no sentence worth quoting; read the sources."
    sells, buys = roles(story.event)
    facts = (
        (sells, _party(story.seller)),
        (buys, _party(story.buyer)),
        ("Amount", joined([f"“{escape(amount.words, 100)}”" for amount in story.amounts], " · ", 500)),
    )
    fields = tuple(Field(name, value, inline=False) for name, value in facts if value)
    return _about(story, "Key points", text, fields=fields, footer="Quoted from the reports, nothing added.")


def why_message(
    story: Story,
    *,
    topic: str = "",
    reasons: Sequence[str] = (),
    subscription: Subscription | None = None,
    reports: Sequence[Reasoned] = (),
) -> Message:
    """Why the story was told: what made it relevant, what was read in it, why its reports stand together, which wish
    it met.

    `topic` is the topic's name, `reasons` are the alert's own, `reports` are the story's, the first one first. Weights
    are not shown: they mean something only beside the threshold and each other, so what spoke for the story and what
    against stand in their order instead.
    """
    judged = relevance_part(story.relevance, story.because, relevant=True, topic=topic or story.topic)
    fields = [*_happened(reports), *_named(reports), *_together(story, reports)]
    if subscription is not None and topic and subscription.topic == story.topic:
        subscription = replace(subscription, topic=topic)  # people know it by its name
    if subscription is not None or reasons:
        fields.append(Field("This channel asked for", _met(reasons, subscription), inline=False))
    return _about(story, "Why?", _drawn(judged, _WHY_ROOM), fields=tuple(fields))


def _met(reasons: Sequence[str], subscription: Subscription | None) -> str:
    """Which of its wishes the story met, if it has any, and what the subscription wants in all."""
    met = joined([escape(reason.removeprefix("asked for "), 200) for reason in reasons], " · ", 220)
    whole = wish(subscription) if subscription else ""
    if not met or not whole or met.removeprefix("the ") == whole:
        return met or whole or "every story"
    return f"{met}\nIn all: {whole}"


def _about(story: Story, what: str, text: str, *, fields: tuple[Field, ...] = (), footer: str = "") -> Message:
    return Message(
        author=what,
        title=escape(story.title, LIMITS["title"]) or UNTITLED,
        description=text,
        fields=fields,
        footer=footer,
        colour=LOOKS[story.event][1],
    )


def _source_line(source: Source) -> str:
    outlet, real = escape(source.outlet, 60), host(source.link)
    named = outlet if real in ("", source.outlet) else f"{outlet} ({escape(real, 80)})"
    title = masked_link(source.title, source.link)
    return f"- {title} — {named} · {relative(source.first_seen)}{remarks(source)}"


def _party(party: Party | None) -> str:
    if party is None:
        return ""
    words = escape(party.words, 300)
    return escape(party.name, 100) + (f" — “{words}”" if words else "")


def _happened(reports: Sequence[Reasoned]) -> Sequence[Field]:
    """What the first report says that happened, with the words."""
    return [_field(event_part(first.analysis.event, patterns=False)) for first in reports[:1] if first.analysis.event]


def _named(reports: Sequence[Reasoned]) -> Sequence[Field]:
    """The organisations of the first report, with the words that named them."""
    return [_field(organisations_part(first.analysis.organisations)) for first in reports[:1]]


def _field(part: Part) -> Field:
    return Field(part.name, _drawn(part, _FIELD), inline=False)


def _drawn(part: Part, limit: int) -> str:
    """A part as far as there is room: its verdict, then what was found, what spoke for it and what against it."""
    groups = [_listed(f"{heading}:\n" if heading else "", lines) for heading, lines in weighed(part.lines)]
    return joined([escape(part.verdict, 400), *groups], "\n\n" if len(groups) > 1 else "\n", limit)


def _listed(heading: str, lines: Sequence[Line]) -> str:
    shown = [_line(line) for line in lines[:REASONS_SHOWN]]
    hidden = len(lines) - len(shown)
    rest = [f"- … and {hidden} more"] if hidden else []
    return heading + joined([*shown, *rest], "\n", 1300)


def _line(line: Line) -> str:
    label = f"**{escape(line.label, 60) or '–'}**"
    return f"- {label}: {escape(line.words, 200)}" if line.words else f"- {label}"


def _together(story: Story, reports: Sequence[Reasoned]) -> Sequence[Field]:
    """Why each report stands in the story; the first one says what it follows, if anything."""
    lines = [_report_line(each.outlet, placement_part(story, each.because)) for each in reports if each.because]
    shown = joined(lines, "\n", _FIELD)
    return [Field("Why these reports are one story", shown, inline=False)] if shown else []


def _report_line(outlet: str, part: Part) -> str:
    found = [str(line) for _, group in weighed(part.lines) for line in group[:2]]
    return f"- **{escape(outlet, 60)}**: {escape(' '.join([part.verdict, '; '.join(found)]).strip(), 350)}"
