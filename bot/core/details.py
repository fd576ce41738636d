"""What a person sees who asks more about one story: its sources, its key points, why it was told, all of it.

It draws what is stored; it looks nothing up.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.alert import Subscription
from bot.core.escape import escape, host, masked_link
from bot.core.event import Party
from bot.core.message import (
    LIMITS,
    LOOKS,
    NO_MARK,
    UNTITLED,
    Field,
    Message,
    alert_message,
    counted,
    event_name,
    gate_name,
    joined,
    relative,
)
from bot.core.relevance import Reason
from bot.core.story import Source, Story

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
    points = [f"• {escape(point, 700)}" for point in story.key_points]
    text = joined(points, "\n\n", 3000) or "The reports hold no sentence worth quoting; read the sources."
    facts = (
        ("Seller", _party(story.seller)),
        ("Buyer", _party(story.buyer)),
        ("Amount", joined([f"“{escape(amount.words, 100)}”" for amount in story.amounts], " · ", 500)),
    )
    fields = tuple(Field(name, value, inline=False) for name, value in facts if value)
    return _about(story, "Key points", text, fields=fields, footer="Quoted from the reports, nothing added.")


def why_message(
    story: Story,
    *,
    reasons: Sequence[str] = (),
    subscription: Subscription | None = None,
    joined_because: Sequence[tuple[str, Sequence[Reason]]] = (),
) -> Message:
    """Why the story was told: what made it relevant, which wish it met, why its reports stand together.

    `reasons` are the alert's own, `joined_because` holds (outlet, reasons) for each report after the first.
    """
    fields = [Field("Relevant", f"to {escape(story.topic, 60)} at {story.relevance:.2f} of 1", inline=False)]
    if subscription is not None or reasons:
        told = [*(escape(reason, 200) for reason in reasons), *([wish(subscription)] if subscription else [])]
        fields.append(Field("This channel asked for", joined(told, "\n", 900) or "every story", inline=False))
    lines = [_joined_line(outlet, why) for outlet, why in joined_because]
    if lines:
        fields.append(Field("Reports of one story", joined(lines, "\n", 900) or "–", inline=False))
    gates = joined([_reason_line(reason) for reason in story.because], "\n", 2500)
    return _about(story, "Why?", gates or "No reason is kept for this story.", fields=tuple(fields))


def wish(subscription: Subscription) -> str:
    """What a subscription wants, in words: "topic ai-defence · contract, funding · only NATO"."""
    parts = [f"topic {escape(subscription.topic, 60)}" if subscription.topic else "every topic"]
    if subscription.events:
        parts.append(joined([event_name(event) for event in subscription.events], ", ", 300))
    if subscription.organisations:
        parts.append("only " + joined([escape(name, 80) for name in subscription.organisations], ", ", 400))
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
    title = masked_link(source.title or UNTITLED, source.link)
    return f"• {title} — {named} · {relative(source.first_seen)}" + (" · copy" if source.copy else "")


def _party(party: Party | None) -> str:
    if party is None:
        return ""
    words = escape(party.words, 300)
    return escape(party.name, 100) + (f" — “{words}”" if words else "")


def _reason_line(reason: Reason) -> str:
    weight = f" ({reason.weight:+.2f})" if reason.weight else ""
    return f"• **{gate_name(reason.gate)}**: {escape(reason.words, 200) or '–'}{weight}"


def _joined_line(outlet: str, reasons: Sequence[Reason]) -> str:
    why = ", ".join(f"{gate_name(reason.gate)} {escape(reason.words, 60)}".strip() for reason in reasons[:3])
    return f"{escape(outlet, 60)}: {why or 'the first report'}"
