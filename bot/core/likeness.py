"""Likeness: how much a report and a story are about one development, as a sum of evidence that a person can read.

Each piece of evidence is a Reason: shared words and organisations speak for it; another amount, party or step, a new
name in the title and days without a report speak against it. It decides nothing (see merging).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import hypot

from bot.core.evidence import TOLD, Evidence, Kin, evidence_on
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


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` is the sum of the reasons' weights; `words` and `names` are the bare cosines, 0…1.

    `anchors` are what shows that both are about one affair: common parties that are no mere customers, and common words
    that are names or long numbers, as written. `evidence` is what was weighed.
    """

    score: float
    words: float
    names: float
    reasons: tuple[Reason, ...]
    anchors: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def has(self, gate: str) -> bool:
        """Whether this kind of evidence is among the reasons."""
        return any(reason.gate == gate for reason in self.reasons)


def likeness(
    traits: Traits, profile: Profile, *, rarity: Rarity, days: float, weights: Weights, kin: Kin, age: float = 0.0
) -> Likeness:
    """The likeness of a report to a story whose last report came `days` ago, and whose first `age` days ago."""
    foreign = bool(traits.language and profile.language and traits.language != profile.language)
    words, shared_words = _foreign_words(traits, profile, rarity) if foreign else _words(traits, profile, rarity)
    names, shared_names = _cosine(traits.names, profile.names, lambda name: rarity(f"@{name}"))
    special = [word for word in traits.specific.intersection(profile.proper) if word in traits.words]
    special.sort(key=lambda word: (-rarity(word), word))
    most = rarity("")
    share = min(1.0, sum(map(rarity, special)) / most / ENOUGH_NAMES) if most else 0.0
    written = ", ".join(_as_written(special, traits))
    evidence = (
        Evidence(
            "foreign_words" if foreign else "words", "shared words", ", ".join(_as_written(shared_words, traits)), words
        ),
        Evidence("names", "shared organisations", ", ".join(shared_names[:MOST_SHOWN]), names),
        Evidence("foreign_special" if foreign else "special", "shared names and numbers", written, share),
        *(() if foreign else _other_special(traits, profile)),
        *evidence_on(traits, profile, kin=kin, age=age),
        Evidence("day", "days without a report", f"{days:.1f}", days),
    )
    reasons = _reasons(evidence, weights)
    score = round(sum(reason.weight for reason in reasons), 4)
    return Likeness(score, words, names, reasons, _anchors(traits, profile, special), evidence)


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


def _words(traits: Traits, profile: Profile, rarity: Rarity) -> tuple[float, list[str]]:
    return _cosine(traits.words, profile.words, rarity)


def _foreign_words(traits: Traits, profile: Profile, rarity: Rarity) -> tuple[float, list[str]]:
    """Half the cosine over names and numbers alone: between languages nothing else can agree, and these are few."""
    proper = frozenset(profile.proper)
    ours = {word: weight for word, weight in traits.words.items() if word in traits.proper}
    theirs = {word: weight for word, weight in profile.words.items() if word in proper}
    cosine, shared = _cosine(ours, theirs, rarity)
    return cosine / 2, shared


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
