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
from bot.core.wording import Cue, Learned, heaviest, likely, summed, told, words_in

EventType = Literal[
    "contract", "partnership", "funding", "product_or_deployment", "policy", "regulation_or_law",
    "incident_or_ethics", "personnel", "research", "market", "conflict_use", "other",
]  # fmt: skip
Stage = Literal["rumoured", "in_talks", "planned", "signed", "deployed", "changed", "cancelled", "denied"]
Question = Literal["type", "stage"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `evidence` names what decided: (field, id of the pattern or cue, words). The field is "event",
    "stage", "buyer" or "seller" for what states it, "event word" or "stage word" for what only makes it likely."""

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
class LearnedRules:
    """What was learned from labelled documents, as `config/learned.toml` states it. `shares` tells how much of a cue
    there is in each zone."""

    type: Learned = field(default_factory=Learned)
    stage: Learned = field(default_factory=Learned)
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventRules:
    """How events are read, as `config/events.toml` states it; `learned` adds to its weights.

    `zones` weigh where a pattern fires. `priors` give the log-weight of each type before anything is read, `usual` the
    weight of each stage for a type ("contract" is usually signed).
    """

    events: tuple[Pattern, ...] = ()
    stages: tuple[Pattern, ...] = ()
    zones: Mapping[str, float] = field(default_factory=dict)
    priors: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    learned: LearnedRules = field(default_factory=LearnedRules)


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


@dataclass(frozen=True, slots=True)
class Types:
    """The type of what happened, how `likely` each type is (1 together), and the cues that say so."""

    best: EventType
    likely: Mapping[str, float]
    cues: Sequence[Cue]


def types_of(lines: Sequence[Masked], reader: EventReader) -> Types:
    """What it may be, by the patterns that fire in `lines` and by their words; the title and the lead weigh most."""
    rules, learned = reader.rules, reader.rules.learned
    cues = [*pattern_cues(lines, reader, "type"), *words_in(lines, learned.shares, learned.type.weights)]
    sums = summed(rules.priors, cues, learned.type)
    return Types(cast(EventType, heaviest(sums) or "other"), likely(sums, learned.type.sharpness), cues)


def event_of(types: Types, lines: Sequence[Masked], amounts: Sequence[Amount], reader: EventReader) -> Event:
    """What happened, if it may be of these types: how far it has come is told like the type. The parties are still
    empty."""
    learned = reader.rules.learned
    cues = [
        *pattern_cues(lines, reader, "stage"),
        *type_cues_of(types.likely, reader.rules),
        *words_in(lines, learned.shares, learned.stage.weights),
    ]
    stage = cast(Stage | None, heaviest(summed({}, cues, learned.stage)))
    evidence = [*_told("event", types.cues, types.best, learned.type), *_told("stage", cues, stage, learned.stage)]
    return Event(types.best, stage, tuple(amounts), evidence=tuple(evidence))


def _told(what: str, cues: Sequence[Cue], answer: str | None, learned: Learned) -> Iterator[tuple[str, str, str]]:
    """What decided. A word that was learned makes an answer likelier, but does not state it as a pattern does, so that
    its field is another: "event word", "stage word"."""
    for cue in told(cues, answer, learned):
        yield (what if cue.by_hand else f"{what} word"), cue.id, cue.words


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


def pattern_cues(lines: Sequence[Masked], reader: EventReader, question: Question) -> list[Cue]:
    """What the patterns that fire say to a question: each once for each value that it speaks for, where it weighs most.
    One that a mood has turned is a cue of its own."""
    rules = reader.rules
    turns = {turn.mood.id: turn for turn in rules.turns}
    if question == "type":
        hits = _typed(fired(reader.events, lines, reader.moods), turns)
    else:
        hits = _staged(fired(reader.stages, lines, reader.moods), turns)
    best: dict[tuple[str, str], Cue] = {}
    for value, hit in hits:
        key, cue = (value, hit.pattern.id), _cue(value, hit, rules)
        if key not in best or abs(cue.by_hand[value]) > abs(best[key].by_hand[value]):
            best[key] = cue
    return list(best.values())


def _cue(value: str, hit: Fired, rules: EventRules) -> Cue:
    pattern = hit.pattern
    name = f"pattern:{pattern.id}" if value == pattern.value else f"pattern:{pattern.id}:{value}"
    weight = pattern.weight * rules.zones.get(hit.zone, 1.0)
    return Cue(name, rules.learned.shares.get(hit.zone, 1.0), pattern.id, hit.words, {value: weight})


def type_cues_of(types: Mapping[str, float], rules: EventRules) -> list[Cue]:
    """What each type that it may be, as likely as it is, says to the stage: that which is usual for it."""
    cues = []
    for kind, share in types.items():
        usual = {stage: weight * share for stage, weight in rules.usual.get(kind, {}).items()}
        cues.append(Cue(f"type:{kind}", share, "", "", usual))
    return cues
