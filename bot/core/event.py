"""Event: what happened — type, stage, amounts, buyer and seller — each with the words it came from.

It reads type and stage; the sums and the parties are found by others (see amounts, parties). Unknown stays empty;
nothing is inferred that the text does not say.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast, get_args

from bot.core.amounts import Amount as Amount
from bot.core.parties import Party as Party
from bot.core.patterns import Compiled, Fired, Masked, Mood, Moods, Pattern, compile_moods, compile_patterns, fired

EventType = Literal[
    "contract", "partnership", "funding", "product_or_deployment", "policy", "regulation_or_law",
    "incident_or_ethics", "personnel", "research", "market", "conflict_use", "other",
]  # fmt: skip
Stage = Literal["rumoured", "in_talks", "planned", "signed", "deployed", "changed", "cancelled", "denied"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `evidence` names the patterns that fired: (field, pattern id, words)."""

    type: EventType
    stage: Stage | None
    amounts: tuple[Amount, ...] = ()
    buyer: Party | None = None
    seller: Party | None = None
    evidence: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a mood makes of a hit: the stages it turns into others ("" for none), and the event types of which it is no
    evidence ("could fail" is no failure)."""

    mood: Mood
    stages: Mapping[str, str] = field(default_factory=dict)
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EventRules:
    """How events are read, as `config/events.toml` states it.

    `zones` weigh where a pattern fires. `priors` give the log-weight of each type before anything is read, `usual` the
    weight of each stage for a type ("contract" is usually signed).
    """

    events: tuple[Pattern, ...] = ()
    stages: tuple[Pattern, ...] = ()
    zones: Mapping[str, float] = field(default_factory=dict)
    priors: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class EventReader:
    """`EventRules` made ready."""

    rules: EventRules
    events: tuple[Compiled, ...]
    stages: tuple[Compiled, ...]
    moods: Moods


def event_reader(rules: EventRules) -> EventReader:
    """`rules` made ready."""
    return EventReader(
        rules,
        compile_patterns(rules.events),
        compile_patterns(rules.stages),
        compile_moods(turn.mood for turn in rules.turns),
    )


def event_of(lines: Sequence[Masked], amounts: Sequence[Amount], reader: EventReader) -> Event:
    """What happened, by the patterns that fire in `lines`; the title and the lead weigh most. The parties are still
    empty."""
    rules = reader.rules
    turns = {turn.mood.id: turn for turn in rules.turns}
    typed = _counted(_typed(fired(reader.events, lines, reader.moods), turns), rules.zones)
    kind = cast(EventType, _heaviest(typed, rules.priors) or "other")
    staged = _counted(_staged(fired(reader.stages, lines, reader.moods), turns), rules.zones)
    stage = cast(Stage | None, _heaviest(staged, rules.usual.get(kind, {})))
    evidence = [*_evidence("event", kind, typed), *_evidence("stage", stage, staged)]
    return Event(kind, stage, tuple(amounts), evidence=tuple(evidence))


def with_parties(event: Event, buyer: Party | None, seller: Party | None) -> Event:
    """The event between these parties, with their words among the evidence."""
    told = ((role, "party", party.words) for role, party in (("buyer", buyer), ("seller", seller)) if party)
    return replace(event, buyer=buyer, seller=seller, evidence=(*event.evidence, *told))


def _typed(hits: Iterable[Fired], turns: Mapping[str, Turn]) -> Iterator[tuple[str, Fired]]:
    """The hits that are evidence of a type, each with its type."""
    for hit in hits:
        if hit.mood not in turns or hit.pattern.value not in turns[hit.mood].events:
            yield hit.pattern.value, hit


def _staged(hits: Iterable[Fired], turns: Mapping[str, Turn]) -> Iterator[tuple[str, Fired]]:
    """The hits that are evidence of a stage, each with the stage that its mood leaves."""
    for hit in hits:
        stage = hit.pattern.value
        if hit.mood in turns:
            stage = turns[hit.mood].stages.get(stage, stage)
        if stage:
            yield stage, hit


Counted = Mapping[tuple[str, str], tuple[float, Fired]]


def _counted(hits: Iterable[tuple[str, Fired]], zones: Mapping[str, float]) -> Counted:
    """Each pattern once for each value that it speaks for, where it weighs most: its weight times the zone, the hit."""
    best: dict[tuple[str, str], tuple[float, Fired]] = {}
    for value, hit in hits:
        weight = hit.pattern.weight * zones.get(hit.zone, 1.0)
        key = (value, hit.pattern.id)
        if key not in best or abs(weight) > abs(best[key][0]):
            best[key] = (weight, hit)
    return best


def _heaviest(counted: Counted, start: Mapping[str, float]) -> str | None:
    """The value with the greatest sum over what it starts with; the order of `start` breaks a tie."""
    sums = dict(start)
    for (value, _), (weight, _hit) in counted.items():
        sums[value] = sums.get(value, 0.0) + weight
    return max(sums, key=lambda value: sums[value], default=None)


def _evidence(what: str, value: str | None, counted: Counted) -> list[tuple[str, str, str]]:
    own = [(weight, hit) for (spoken, _), (weight, hit) in counted.items() if spoken == value]
    own.sort(key=lambda pair: -pair[0])
    return [(what, hit.pattern.id, hit.words) for _, hit in own[:3]]
