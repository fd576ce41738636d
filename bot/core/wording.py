"""Wording: what in a text speaks for one answer among several, be it the type of an event or its stage — patterns that
fired, words and pairs of words — and what all of it weighs together.

It knows no type, no stage and no pattern; how the weights were learned stands elsewhere (see bot/fit).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.core.patterns import Masked, unmasked

TELLING = 0.25
"""The weight from which a cue is told among the evidence."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about one question, in the unit of the weights that people gave to patterns, to which it adds.

    `weights` tells for each cue what it adds to each answer, `start` what each answer begins with. Sums times
    `sharpness` are log-odds; where it is None nothing was learned, and the heaviest answer is taken for certain.
    """

    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    start: Mapping[str, float] = field(default_factory=dict)
    sharpness: float | None = None


class Cue(NamedTuple):
    """One thing that speaks for answers: the `name` under which its weights were learned, how much of it there is
    (0 to 1), and what it weighs by hand for each answer. `id` and `words` are what the evidence tells of it."""

    name: str
    size: float
    id: str
    words: str
    by_hand: Mapping[str, float]


_NOTHING: Mapping[str, float] = {}


def words_in(
    lines: Iterable[Masked], shares: Mapping[str, float], known: Mapping[str, object] | None = None
) -> list[Cue]:
    """A cue for each word and each pair of neighbours, once, by the zone where its share is greatest; those alone that
    are `known`, if told. Organisations and sums are what they are ("{customer}"), numbers "{number}"; a "^" stands
    before a sentence."""
    found: dict[str, tuple[float, Masked, int, int]] = {}
    for masked in lines:
        share = shares.get(masked.zone, 1.0)
        for name, first, last in _named(masked):
            if (known is None or name in known) and (name not in found or found[name][0] < share):
                found[name] = (share, masked, first, last)
    return [
        Cue(name, share, "words" if last > first else "word", _quote(masked, first, last), _NOTHING)
        for name, (share, masked, first, last) in found.items()
    ]


def _named(masked: Masked) -> Iterator[tuple[str, int, int]]:
    """Words and pairs, with the places of their first and last word."""
    before = "^"
    for place, mark in enumerate(masked.line.split()):
        word = unmasked(mark)
        yield word, place, place
        yield f"{before} {word}", max(place - 1, 0), place
        before = word


def _quote(masked: Masked, first: int, last: int) -> str:
    return masked.text[masked.offsets[first][1] : masked.offsets[last][2]]


def summed(start: Mapping[str, float], cues: Iterable[Cue], learned: Learned) -> dict[str, float]:
    """What speaks for each answer, in the order of `start` and then of the cues."""
    sums = dict(start)
    for answer, weight in learned.start.items():
        sums[answer] = sums.get(answer, 0.0) + weight
    for cue in cues:
        for answer, weight in cue.by_hand.items():
            sums[answer] = sums.get(answer, 0.0) + weight
        for answer, weight in learned.weights.get(cue.name, _NOTHING).items():
            sums[answer] = sums.get(answer, 0.0) + weight * cue.size
    return sums


def heaviest(sums: Mapping[str, float]) -> str | None:
    """The answer for which most speaks; the first of equals, None if there is none."""
    return max(sums, key=lambda answer: sums[answer], default=None)


def likely(sums: Mapping[str, float], sharpness: float | None) -> dict[str, float]:
    """How likely each answer is, 1 together; the heaviest alone where nothing was learned."""
    best = heaviest(sums)
    if best is None:
        return {}
    if sharpness is None:
        return {best: 1.0}
    odds = {answer: math.exp(sharpness * (weight - sums[best])) for answer, weight in sums.items()}
    whole = sum(odds.values())
    return {answer: share / whole for answer, share in odds.items()}


def weight_of(cue: Cue, answer: str, learned: Learned) -> float:
    """What `cue` adds to `answer`."""
    return cue.by_hand.get(answer, 0.0) + cue.size * learned.weights.get(cue.name, _NOTHING).get(answer, 0.0)


def _says(cue: Cue, answer: str, learned: Learned) -> bool:
    """Whether `cue` speaks for `answer` more than for any other."""
    others = {*cue.by_hand, *learned.weights.get(cue.name, _NOTHING)} - {answer}
    return all(weight_of(cue, other, learned) < weight_of(cue, answer, learned) for other in others)


def told(cues: Sequence[Cue], answer: str | None, learned: Learned, most: int = 3) -> list[Cue]:
    """The cues that decided, the weightiest first: those that say this more than anything else, and none
    whose words another has already told."""
    if answer is None:
        return []
    weighed = [(weight_of(cue, answer, learned), cue) for cue in cues if cue.words and _says(cue, answer, learned)]
    found: list[Cue] = []
    for weight, cue in sorted(weighed, key=lambda pair: -pair[0]):
        if weight < TELLING or len(found) == most:
            break
        if not any(cue.words in other.words for other in found):
            found.append(cue)
    return found
