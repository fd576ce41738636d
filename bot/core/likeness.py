"""Likeness: how much a report and a story are about one development, as a sum of evidence that a person can read.

Each piece of evidence is a Reason: shared words and organisations speak for it; another amount, party or step, a new
name in the title and days without a report speak against it. It decides nothing (see merging).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

from bot.core.evidence import TOLD, Evidence, Kin, evidence_on, usual
from bot.core.profile import Profile
from bot.core.relevance import Reason
from bot.core.story import Weights
from bot.core.traits import Traits

Rarity = Callable[[str], float]
"""How much a word or a name (as "@name") tells: its inverse document frequency."""

MOST_SHOWN = 6
"""Words that a reason shows."""

ENOUGH_NAMES = 5.0
"""Common names and long numbers, each as rare as can be, from which more of them add nothing."""

ENOUGH_RECALLED = 3.0
"""Words of the story, each as rare as can be, that a report recalls, from which more of them add nothing."""

UNSEEN = 5.0
"""Weight of words that a text might have told and did not, so that three words in common are not taken for all."""


class _Overlap(NamedTuple):
    """What two sets of weighted words share: their cosine, the larger of the two shares that is common, the words."""

    cosine: float = 0.0
    covered: float = 0.0
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` is the sum of the reasons' weights; `words` and `names` are the bare cosines, `recalled` says how
    much of the story the report's recaps tell, all 0…1.

    `anchors` are what shows that both are about one affair: common parties that are no mere customers, and common words
    that are names or long numbers, as written. `evidence` is what was weighed, `events` are the types of event that the
    report and most reports of the story tell.
    """

    score: float
    words: float
    names: float
    reasons: tuple[Reason, ...]
    anchors: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    recalled: float = 0.0
    events: tuple[str, str] = ("", "")

    def amount(self, *names: str) -> float:
        """The values of the evidence of these names, summed."""
        return sum(each.value for each in self.evidence if each.name in names)

    def has(self, gate: str) -> bool:
        """Whether this kind of evidence is among the reasons."""
        return any(reason.gate == gate for reason in self.reasons)


def likeness(
    traits: Traits, profile: Profile, *, rarity: Rarity, days: float, weights: Weights, kin: Kin, age: float = 0.0
) -> Likeness:
    """The likeness of a report to a story whose last report came `days` ago, and whose first `age` days ago."""
    foreign = bool(traits.language and profile.languages and traits.language not in profile.languages)
    words = (_foreign_words if foreign else _words)(traits, profile, rarity)
    names = _overlap(traits.names, profile.names, lambda name: rarity(f"@{name}"))
    special = [word for word in traits.specific.intersection(profile.proper) if word in traits.words]
    special.sort(key=lambda word: (-rarity(word), word))
    share = _share(special, rarity, ENOUGH_NAMES)
    evidence = (
        *_shared(traits, words, names, special, foreign=foreign, share=share),
        *(() if foreign else _other_special(traits, profile)),
        *evidence_on(traits, profile, kin=kin, age=age),
        Evidence("day", "days without a report", f"{days:.1f}", days),
    )
    reasons = _reasons(evidence, weights)
    score = round(sum(reason.weight for reason in reasons), 4)
    recalled = _share(sorted(traits.recalled.intersection(profile.words)), rarity, ENOUGH_RECALLED)
    anchors = _anchors(traits, profile, special)
    events = (traits.event or "", usual(profile.events) or "")
    return Likeness(score, words.cosine, names.cosine, reasons, anchors, evidence, recalled, events)


def _shared(
    traits: Traits, words: _Overlap, names: _Overlap, special: Iterable[str], *, foreign: bool, share: float
) -> Iterable[Evidence]:
    """What both sides name, and why they may share less than others do."""
    told, written = ", ".join(_as_written(words.shared, traits)), ", ".join(_as_written(special, traits))
    yield Evidence("foreign_words" if foreign else "words", "shared words", told, words.cosine)
    yield Evidence("covered", "shared words", told, words.covered)
    yield Evidence("names", "shared organisations", ", ".join(names.shared[:MOST_SHOWN]), names.cosine)
    yield Evidence("foreign_special" if foreign else "special", "shared names and numbers", written, share)
    if foreign:
        yield Evidence("foreign", "told in another language", "")


def _share(words: Iterable[str], rarity: Rarity, enough: float) -> float:
    """The summed rarity of words as a share of that of `enough` words that nobody else has."""
    most = rarity("")
    return min(1.0, sum(map(rarity, words)) / most / enough) if most else 0.0


def _reasons(evidence: Iterable[Evidence], weights: Weights) -> tuple[Reason, ...]:
    """What was weighed, one reason for each gate; what weighs next to nothing is left out."""
    words: dict[str, str] = {}
    sums: dict[str, float] = {}
    for each in evidence:
        words[each.gate] = words.get(each.gate) or each.words
        sums[each.gate] = sums.get(each.gate, 0.0) + getattr(weights, each.name) * each.value
    found = (Reason(gate, words[gate], round(weight, 4)) for gate, weight in sums.items())
    return tuple(reason for reason in found if abs(reason.weight) >= 0.0005)


def _other_special(traits: Traits, profile: Profile) -> Iterable[Evidence]:
    """How far both sides name, before their background, what the other side does not name at all."""
    ours = [word for word in traits.subjects if word not in profile.words]
    theirs = [word for word in profile.subjects if word not in traits.words]
    if ours and theirs:
        value = len(ours) / len(traits.subjects) * len(theirs) / len(profile.subjects)
        words = ", ".join(_as_written(sorted(ours), traits))
        yield Evidence("other_special", "names something else", words, value)


def _anchors(traits: Traits, profile: Profile, special: Iterable[str]) -> tuple[str, ...]:
    """Parties that both tell of before their background, and common names."""
    parties = [name for name in traits.parties if traits.names[name] >= TOLD and profile.names.get(name, 0.0) >= TOLD]
    return (*sorted(parties), *_as_written(special, traits))


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


def _words(traits: Traits, profile: Profile, rarity: Rarity) -> _Overlap:
    return _overlap(traits.words, profile.words, rarity)


def _foreign_words(traits: Traits, profile: Profile, rarity: Rarity) -> _Overlap:
    """Half the cosine over names, numbers and words known in both languages: nothing else can agree, they are few."""
    proper = frozenset(profile.proper)
    ours = {word: weight for word, weight in traits.words.items() if word in traits.proper}
    theirs = {word: weight for word, weight in profile.words.items() if word in proper}
    found = _overlap(ours, theirs, rarity)
    return _Overlap(found.cosine / 2, 0.0, found.shared)


def _overlap(ours: Mapping[str, float], theirs: Mapping[str, float], rarity: Rarity) -> _Overlap:
    """How much two vectors weighted by rarity share; the shared entries, those that make most of it first."""
    weighted = {word: weight * rarity(word) for word, weight in ours.items()}
    others = {word: weight * rarity(word) for word, weight in theirs.items()}
    products = {word: weight * others[word] for word, weight in weighted.items() if word in others}
    if not products:
        return _Overlap()
    length = hypot(*weighted.values()) * hypot(*others.values())
    covered = max(sum(side[word] for word in products) / (sum(side.values()) + UNSEEN) for side in (weighted, others))
    best = sorted(products, key=lambda word: (-products[word], word))
    return _Overlap(sum(products.values()) / length if length else 0.0, covered, tuple(best))
