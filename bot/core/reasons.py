"""Reasons: why a report was judged and placed as it was, in words for a person.

It is the one place where stored reasons become words: `tocsin why`, the Why? button, a story's view and the errors of
an evaluation show what is made here. It decides nothing, and it escapes nothing: lines are plain text with strangers'
words in them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.event import Event, EventType, Stage
from bot.core.organisations import Mention
from bot.core.relevance import Reason
from bot.core.story import Story

# What the two parties of an event are to each other: the one who gives, the one who takes, and what stands between
# them on one line; funding has two lines, since money and what it buys go opposite ways.
ROLES: dict[EventType, tuple[str, str, str]] = {
    "funding": ("Raised by", "Backed by", ""),
    "partnership": ("Partner", "Partner", " · "),
    "product_or_deployment": ("Supplier", "User", " → "),
}
SELLS_TO = ("Seller", "Buyer", " → ")

# What a stage is called where its plain name would mislead a reader; "" is not said at all.
_RULES: dict[Stage, str] = {"signed": "adopted", "deployed": "in force"}
_UNSTAGED: dict[Stage, str] = {"signed": "", "deployed": ""}
STAGES: dict[EventType, dict[Stage, str]] = {
    "funding": {"signed": "agreed", "deployed": "agreed"},
    "policy": _RULES,
    "regulation_or_law": _RULES,
    "incident_or_ethics": _UNSTAGED,
    "market": _UNSTAGED,
    "personnel": {"signed": "decided", "deployed": "in office"},
    "research": {"signed": "agreed", "deployed": "published"},
    "conflict_use": {"signed": "agreed", "deployed": "in use"},
}

# Gates of merging that say where a report went; all its others say how much two texts are alike.
ALONE, LIKEST, FOLLOWS, COPY = "no open story is alike", "likest open story", "follows", "copy of a text in the story"
_UNSAID = ("gate", "input")
_FOR, _AGAINST = "What spoke for it, the strongest first", "What spoke against it, the strongest first"


@dataclass(frozen=True, slots=True)
class Line:
    """One statement: what it is about, the words behind it, and its weight where it was weighed (above 0: it spoke for
    what was decided about)."""

    label: str
    words: str = ""
    weight: float = 0.0

    def __str__(self) -> str:
        return f"{self.label}: {self.words}" if self.words else self.label


@dataclass(frozen=True, slots=True)
class Part:
    """One decision: what it was about, what was decided, in a sentence, and what led there."""

    name: str
    verdict: str
    lines: tuple[Line, ...] = ()


def line_of(reason: Reason) -> Line:
    """A stored reason as a line."""
    words = "; ".join(dict.fromkeys(reason.words.split("; ")))  # one passage may speak twice
    return Line(label_of(reason.gate), words, reason.weight)


def told(line: Line) -> str:
    """A line by itself, which says where it spoke against what was decided about."""
    return f"Against: {line}" if line.weight < 0 else str(line)


def told_reason(reason: Reason) -> str:
    """A stored reason by itself, as `told`; how like the likest story is speaks neither for nor against."""
    line = line_of(reason)
    return str(line) if reason.gate == LIKEST else told(line)


def label_of(gate: str) -> str:
    """A gate as people read it, beginning as a sentence begins: "ai" is AI, "named_in_title" is Named in title."""
    head, colon, rest = gate.replace("_", " ").strip().partition(": ")
    label = rest if colon and head in _UNSAID else head + colon + rest
    return "AI" if label == "ai" else label[:1].upper() + label[1:]


def weighed(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """(heading, lines): what was merely found, what spoke for it and what against it, the strongest first; groups
    without a line are left out."""
    lines = list(lines)
    strongest = sorted(lines, key=lambda line: -abs(line.weight))
    groups = (
        ("", [line for line in lines if not line.weight]),
        (_FOR, [line for line in strongest if line.weight > 0]),
        (_AGAINST, [line for line in strongest if line.weight < 0]),
    )
    return [(heading, group) for heading, group in groups if group]


def relevance_part(
    score: float, because: Sequence[Reason], *, relevant: bool, topic: str, needed: float | None = None
) -> Part:
    """Whether it is relevant, and why. `topic` is the topic's name, `needed` the score from which it counts."""
    enough = "" if relevant or needed is None else f"; {needed * 100:.0f} are needed"
    about = f" to {topic}" if topic else ""
    verdict = f"{'Relevant' if relevant else 'Not relevant'}{about}: {score * 100:.0f} of 100{enough}."
    return Part("Relevance", verdict, tuple(map(line_of, because)))


def organisations_part(mentions: Sequence[Mention]) -> Part:
    """The organisations named, each with the words that named it."""
    number = len(mentions)
    verdict = f"{number} organisation{'s are' if number > 1 else ' is'} named." if number else "None is named."
    return Part("Organisations", verdict, tuple(map(_mention_line, mentions)))


def event_part(event: Event | None, *, patterns: bool = True) -> Part:
    """What happened, each of its facts with the words that it came from, and with the names of the `patterns` that
    found them."""
    if event is None:
        return Part("What happened", "This was not looked for, since it is not relevant.")
    sells, buys = roles(event.type)
    stage = stage_name(event.type, event.stage)
    lines = [
        Line(_sentence(event.type), _evidence(event, "event", patterns) or "no words tell; it is the most usual"),
        *([Line(_sentence(stage), _evidence(event, "stage", patterns) or _usual(event.type))] if stage else ()),
        *(
            Line(f"{role} {party.name}", _quoted(party.words))
            for role, party in ((sells, event.seller), (buys, event.buyer))
            if party is not None
        ),
        *(Line("Amount", _quoted(amount.words)) for amount in event.amounts),
    ]
    return Part("What happened", ", ".join(filter(None, (_sentence(event.type), stage))) + ".", tuple(lines))


def placement_part(story: Story, because: Sequence[Reason], *, needed: float | None = None) -> Part:
    """Which story a report joined or began, and why; `needed` is the likeness from which a report joins."""
    reasons = {reason.gate: reason for reason in because}
    alike = tuple(line_of(reason) for reason in because if reason.gate not in (ALONE, LIKEST, FOLLOWS, COPY))
    return Part(f"Story {_quoted(story.title)}", _placed(reasons, needed), (*_follow_lines(reasons), *alike))


def stage_name(event: EventType, stage: Stage | None) -> str:
    """How far an event of this type has come, in words; "" where nothing is to be said."""
    return STAGES.get(event, {}).get(stage, _plain(stage)) if stage else ""


def sentences(part: Part) -> list[str]:
    """A part as plain sentences: the verdict, then a line each."""
    return [part.verdict, *map(str, part.lines)]


def roles(event: EventType) -> tuple[str, str]:
    """What seller and buyer of an event of this type are called."""
    sells, buys, _ = ROLES.get(event, SELLS_TO)
    return sells, buys


def _placed(reasons: Mapping[str, Reason], needed: float | None) -> str:
    if COPY in reasons:
        return f"It joined this story as a copy: {reasons[COPY].words} stand in a text of it."
    if LIKEST in reasons:
        likest = reasons[LIKEST]
        enough = f"; {needed * 100:.0f} are needed to join" if needed is not None else ""
        return f"It began this story. The likest open one was {_quoted(likest.words)}, {_alike(likest.weight)}{enough}."
    if ALONE in reasons or not reasons:
        return "It began this story: no open story was like it."
    return f"It joined this story, {_alike(sum(reason.weight for reason in reasons.values()))}."


def _alike(likeness: float) -> str:
    """A likeness in words; below nothing there is no more to tell."""
    return f"{max(0.0, likeness) * 100:.0f} of 100 alike"


def _follow_lines(reasons: Mapping[str, Reason]) -> Iterable[Line]:
    if FOLLOWS in reasons:
        yield Line("It follows an earlier story", reasons[FOLLOWS].words)


def _mention_line(mention: Mention) -> Line:
    often = f", {mention.count} times" if mention.count > 1 else ""
    where = ", in the title" if mention.in_title else ""
    unknown = "" if mention.kind else ", not in the list of organisations"
    return Line(mention.name, f"{_quoted(mention.words)}{where}{often}{unknown}")


def _evidence(event: Event, field: str, patterns: bool) -> str:
    """The words that tell the type or the stage, each with the pattern that they fit, and those that make it likely."""
    own = (field, f"{field} word")
    found = [(pattern, _quoted(words)) for name, pattern, words in event.evidence if name in own]
    return ", ".join(dict.fromkeys(f"{words} ({pattern})" if patterns else words for pattern, words in found))


def _usual(event: str) -> str:
    return f"no words tell; it is the usual for {_plain(event)}"


def _quoted(words: str) -> str:
    return f"“{' '.join(words.split())}”"


def _plain(name: str) -> str:
    """ "product_or_deployment" is "product or deployment"."""
    return name.replace("_", " ")


def _sentence(name: str) -> str:
    plain = _plain(name)
    return plain[:1].upper() + plain[1:]
