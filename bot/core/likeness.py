"""Likeness: how much a report and a story are about one development, as a sum of evidence that a person can read.

Each piece of evidence is a Reason: shared words and organisations speak for it; another amount, party or step, a new
name in the title and days without a report speak against it. It decides nothing (see merging).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import hypot

from bot.core.profile import Profile
from bot.core.relevance import Reason
from bot.core.story import Weights
from bot.core.traits import Traits, amount_of

Rarity = Callable[[str], float]
"""How much a word or a name (as "@name") tells: its inverse document frequency."""

Kin = Mapping[str, frozenset[str]]
"""The organisations that each organisation is a part of."""

SORTS = {
    "rumoured": "open", "in_talks": "open", "planned": "planned", "signed": "settled", "deployed": "settled",
    "changed": "settled", "cancelled": "ended", "denied": "ended",
}  # fmt: skip
APART = {
    frozenset(("open", "planned")): 0.12,
    frozenset(("planned", "settled")): 0.18,
    frozenset(("planned", "ended")): 0.36,
}
"""How far two sorts of stage are apart, where not 1: plans are told of as talks by some and as decided by others."""

MOST_SHOWN = 6
"""Words that a reason shows."""

TOLD = 1.5
"""Weight of a name from which a report tells about it, and not only of it: more than the body, less than the lead."""

SAME_AMOUNT = 0.06
"""Amounts this close, as a share of the larger, are one amount told differently."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` is the sum of the reasons' weights; `words` and `names` are the bare cosines, 0…1.

    `anchors` are what shows that both are about one affair: common parties that are no mere customers, and common words
    that are names or long numbers, as written.
    """

    score: float
    words: float
    names: float
    reasons: tuple[Reason, ...]
    anchors: tuple[str, ...] = ()

    def has(self, gate: str) -> bool:
        """Whether this kind of evidence is among the reasons."""
        return any(reason.gate == gate for reason in self.reasons)


def likeness(
    traits: Traits, profile: Profile, *, rarity: Rarity, days: float, weights: Weights, kin: Kin, age: float = 0.0
) -> Likeness:
    """The likeness of a report to a story whose last report came `days` ago, and whose first `age` days ago."""
    words, shared_words = _words(traits, profile, rarity)
    names, shared_names = _cosine(traits.names, profile.names, lambda name: rarity(f"@{name}"))
    evidence = [
        Reason("shared words", ", ".join(_as_written(shared_words, traits)), weights.words * words),
        Reason("shared organisations", ", ".join(shared_names[:MOST_SHOWN]), weights.names * names),
        *_names(traits, profile, weights, kin),
        *_amounts(traits, profile, weights),
        *_happening(traits, profile, weights, age),
        *_parties(traits, profile, weights, kin),
        Reason("days without a report", f"{days:.1f}", weights.day * days),
    ]
    reasons = tuple(_rounded(reason) for reason in evidence if abs(reason.weight) >= 0.0005)
    score = round(sum(reason.weight for reason in reasons), 4)
    return Likeness(score, words, names, reasons, _anchors(traits, profile))


def _anchors(traits: Traits, profile: Profile) -> tuple[str, ...]:
    """Parties and names that both tell of before their background."""
    parties = [name for name in traits.parties if traits.names[name] >= TOLD and profile.names.get(name, 0.0) >= TOLD]
    words = [word for word in traits.specific.intersection(profile.proper) if word in traits.words]
    return (*sorted(parties), *_as_written(sorted(words), traits)[:MOST_SHOWN])


def _as_written(stems: Iterable[str], traits: Traits) -> list[str]:
    """Stems as the report writes them, names of several words whole; what it does not write so is left out."""
    shared = list(stems)[: 2 * MOST_SHOWN]
    written: dict[str, None] = {}
    told: set[str] = set()
    for word in shared:
        if word in told:
            continue
        name, parts = next((run for run in traits.runs if word in run[1] and run[1].issubset(shared)), ("", ()))
        told.update(parts)
        if name or word in traits.forms:
            written[name or traits.forms[word]] = None
    return list(written)[:MOST_SHOWN]


def _words(traits: Traits, profile: Profile, rarity: Rarity) -> tuple[float, list[str]]:
    """The cosine over words; between languages over names and numbers alone, since nothing else can agree."""
    if not (traits.language and profile.language) or traits.language == profile.language:
        return _cosine(traits.words, profile.words, rarity)
    proper = frozenset(profile.proper)
    ours = {word: weight for word, weight in traits.words.items() if word in traits.proper}
    theirs = {word: weight for word, weight in profile.words.items() if word in proper}
    return _cosine(ours, theirs, rarity)


def _cosine(ours: Mapping[str, float], theirs: Mapping[str, float], rarity: Rarity) -> tuple[float, list[str]]:
    """The cosine of two vectors weighted by rarity, and the shared entries, those that make most of it first."""
    weighted = {word: weight * rarity(word) for word, weight in ours.items()}
    others = {word: weight * rarity(word) for word, weight in theirs.items()}
    products = {word: weight * others[word] for word, weight in weighted.items() if word in others}
    if not products:
        return 0.0, []
    length = hypot(*weighted.values()) * hypot(*others.values())
    best = sorted(products, key=lambda word: (-products[word], word))
    return (sum(products.values()) / length if length else 0.0), best


def _names(traits: Traits, profile: Profile, weights: Weights, kin: Kin) -> Iterable[Reason]:
    new = sorted(name for name in traits.title_names if not _is_told(name, profile, kin))
    if new:
        yield Reason("title names another organisation", ", ".join(new), weights.new_name * min(2, len(new)))
    usual = {name for name, count in profile.title_names.items() if count >= 0.6 * profile.reports}
    lost = sorted(name for name in usual if not any(_akin(name, other, kin) for other in traits.names))
    if lost:
        yield Reason("does not name", ", ".join(lost), weights.lost_name * min(2, len(lost)))


def _is_told(name: str, profile: Profile, kin: Kin) -> bool:
    """Whether a title of the story names it or one akin, or most reports do before their background."""
    return any(
        other in profile.title_names or weight >= TOLD * profile.reports
        for other, weight in profile.names.items()
        if _akin(name, other, kin)
    )


def _akin(one: str, other: str, kin: Kin) -> bool:
    """Whether two organisations are the same, or one is a part of the other."""
    return one == other or other in kin.get(one, ()) or one in kin.get(other, ())


def _amounts(traits: Traits, profile: Profile, weights: Weights) -> Iterable[Reason]:
    written = {**profile.amount_words, **traits.amount_words}
    shared = [key for key in traits.amounts if any(_same_amount(key, other) for other in profile.amounts)]
    if shared:
        yield Reason("same amount", _listed(shared, written), weights.same_amount)
        return
    main = [key for key, weight in traits.amounts.items() if weight >= 2]
    theirs = [key for key, weight in profile.amounts.items() if weight >= profile.reports]
    against = [key for key in main if any(_comparable(key, other) for other in theirs)]
    if against:
        in_title = any(traits.amounts[key] >= 3 for key in against)
        weight = weights.other_title_amount if in_title else weights.other_amount
        yield Reason("another amount", f"{_listed(against, written)}, not {_listed(theirs, written)}", weight)


def _listed(keys: Iterable[str], written: Mapping[str, str]) -> str:
    """Amounts as they are written, each once."""
    return ", ".join(dict.fromkeys(written.get(key, key) for key in keys))


def _happening(traits: Traits, profile: Profile, weights: Weights, age: float) -> Iterable[Reason]:
    """Evidence of the kind of event, its stage and the step of a longer affair."""
    event = _usual(profile.events)
    if traits.event and event and "other" not in (traits.event, event):
        same = traits.event == event
        yield Reason(
            "same event" if same else "another event",
            _plain(event) if same else f"{_plain(traits.event)}, not {_plain(event)}",
            weights.same_event if same else weights.other_event,
        )
    stage = _usual(profile.told_stages)
    apart = _apart(traits.told_stage, stage)
    if apart and traits.told_stage and stage:
        later = min(1.0, max(0.0, age))
        weight = apart * (weights.other_stage + (weights.later_stage - weights.other_stage) * later)
        yield Reason("another stage", f"{_plain(traits.told_stage)}, not {_plain(stage)}", weight)
    steps = {step for step, count in profile.steps.items() if count * 3 >= profile.reports}
    if traits.steps and steps:
        shared = traits.steps & steps
        yield Reason(
            "same step" if shared else "another step",
            _plain(", ".join(sorted(shared)) or f"{', '.join(sorted(traits.steps))}, not {', '.join(sorted(steps))}"),
            weights.same_step if shared else weights.other_step,
        )


def _parties(traits: Traits, profile: Profile, weights: Weights, kin: Kin) -> Iterable[Reason]:
    """Another buyer or seller, where neither side says much of the other's."""
    main = [name for name, weight in traits.names.items() if weight >= TOLD]
    for role, ours, votes in (("buyer", traits.buyer, profile.buyers), ("seller", traits.seller, profile.sellers)):
        theirs = _usual(votes)
        if not ours or not theirs or _akin(ours, theirs, kin) or _is_told(ours, profile, kin):
            continue
        if not any(_akin(theirs, name, kin) for name in main):
            yield Reason(f"another {role}", f"{ours}, not {theirs}", weights.other_party)


def _apart(stage: str | None, other: str | None) -> float:
    """How little two stages have in common, 0…1."""
    one, two = SORTS.get(stage or ""), SORTS.get(other or "")
    if one is None or two is None or one == two:
        return 0.0
    return APART.get(frozenset((one, two)), 1.0)


def _plain(name: str) -> str:
    """A type of event, a stage or a step as people write it."""
    return name.replace("_", " ")


def _usual(votes: Mapping[str, int]) -> str | None:
    """What most reports say; of equals, the first in the alphabet."""
    return min(votes, key=lambda name: (-votes[name], name), default=None)


def _same_amount(one: str, other: str) -> bool:
    (_, ours), (_, theirs) = amount_of(one), amount_of(other)
    return _comparable(one, other) and abs(ours - theirs) <= SAME_AMOUNT * max(ours, theirs)


def _comparable(one: str, other: str) -> bool:
    """Whether two amounts are in one currency, as far as is known."""
    ours, theirs = amount_of(one)[0], amount_of(other)[0]
    return "?" in (ours, theirs) or ours == theirs


def _rounded(reason: Reason) -> Reason:
    return Reason(reason.gate, reason.words, round(reason.weight, 4))
