"""What a person sees who asks more about one story: its sources, its key points, why it was told, all of it.

It draws what is stored; it looks nothing up.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.core.alert import Subscription
from bot.core.escape import UNTITLED, cut, escape, host, masked_link
from bot.core.event import Party
from bot.core.importance import LEVELS
from bot.core.message import (
    LIMITS,
    LOOKS,
    NO_MARK,
    Field,
    Message,
    alert_message,
    counted,
    event_name,
    gate_name,
    joined,
    relative,
    roles,
)
from bot.core.relevance import Reason
from bot.core.story import Source, Story

REASONS_SHOWN = 5
_ROOM = LIMITS["description"] - 200  # what a closing line may need


def story_message(story: Story, *, earlier: Story | None = None) -> Message:
    """One story with all that is kept of it; `earlier` is the one that it follows."""
    message = alert_message(story, mark=NO_MARK, key_points=5)
    if earlier is None:
        return message
    before = Field("Follows", f"{masked_link(earlier.title, earlier.link)} · {relative(earlier.first_seen)}", False)
    return replace(message, fields=(*message.fields, before))


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
    joined_because: Sequence[tuple[str, Sequence[Reason]]] = (),
) -> Message:
    """Why the story was told: what made it relevant, which wish it met, why its reports stand together.

    `topic` is the topic's name, `reasons` are the alert's own, `joined_because` holds (outlet, reasons) for each report
    after the first. Weights are not shown: they mean something only beside the threshold and each other, so what spoke
    for the story and what against stand in their order instead.
    """
    fields = []
    if subscription is not None or reasons:
        fields.append(Field("This channel asked for", _met(reasons, subscription), inline=False))
    lines = [f"- {_joined_line(outlet, why)}" for outlet, why in joined_because]
    if lines:
        fields.append(Field("Why these reports are one story", joined(lines, "\n", 900) or "–", inline=False))
    score = f"Relevance: {story.relevance * 100:.0f} of 100 for {cut(topic or story.topic, 60)}"
    text = joined([part for part in _weighed(story.because) if part], "\n\n", _ROOM)
    return _about(story, "Why?", text or "No reason is kept for this story.", fields=tuple(fields), footer=score)


def _met(reasons: Sequence[str], subscription: Subscription | None) -> str:
    """Which of its wishes the story met, if it has any, and what the subscription wants in all."""
    met = joined([escape(reason.removeprefix("asked for "), 200) for reason in reasons], " · ", 400)
    whole = wish(subscription) if subscription else ""
    return f"{met}\nIn all: {whole}" if met and whole else met or whole or "every story"


def wish(subscription: Subscription, *, shown: Callable[[str, int], str] = escape) -> str:
    """What a subscription wants, in words: "topic ai-defence · contract, funding · only NATO".

    `shown` makes a stranger's text fit for where it stands: `escape` in a message, `cut` in a choice.
    """
    parts = [f"topic {shown(subscription.topic, 60)}" if subscription.topic else "every topic"]
    if subscription.events:
        parts.append(joined([event_name(event) for event in subscription.events], ", ", 300))
    if subscription.languages:
        parts.append("in " + joined([shown(language, 20) for language in subscription.languages], ", ", 100))
    if subscription.organisations:
        parts.append("only " + joined([shown(name, 80) for name in subscription.organisations], ", ", 400))
    if subscription.min_importance != LEVELS[0]:
        parts.append(f"{shown(subscription.min_importance, 20)} importance or more")
    return " · ".join(parts)


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
    return f"- {title} — {named} · {relative(source.first_seen)}" + (" · copy" if source.copy else "")


def _party(party: Party | None) -> str:
    if party is None:
        return ""
    words = escape(party.words, 300)
    return escape(party.name, 100) + (f" — “{words}”" if words else "")


def _weighed(because: Sequence[Reason]) -> Sequence[str]:
    """What was found, what spoke for the story and what against it, the strongest first."""
    strongest = sorted(because, key=lambda reason: -abs(reason.weight))
    return (
        _reason_list("", [reason for reason in because if not reason.weight]),
        _reason_list("What spoke for it, the strongest first:\n", [each for each in strongest if each.weight > 0]),
        _reason_list("What spoke against it:\n", [each for each in strongest if each.weight < 0]),
    )


def _reason_list(heading: str, reasons: Sequence[Reason]) -> str:
    lines = [
        f"- **{gate_name(reason.gate)}**: {escape(reason.words, 200) or '–'}" for reason in reasons[:REASONS_SHOWN]
    ]
    hidden = len(reasons) - len(lines)
    rest = [f"- … and {counted(hidden, 'weaker reason')}"] if hidden else []
    return heading + joined([*lines, *rest], "\n", 1300) if lines else ""


def _joined_line(outlet: str, reasons: Sequence[Reason]) -> str:
    why = ", ".join(f"{gate_name(reason.gate)} {escape(reason.words, 60)}".strip() for reason in reasons[:3])
    return f"{escape(outlet, 60)}: {why or 'the first report'}"
