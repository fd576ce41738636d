"""Profile: a story as the sum of its reports, as merging compares it, bounded in size and able to go through JSON.

It sums what reports say (see traits) and compares nothing (see likeness).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bot.core.traits import MOST_WORDS, Traits, top

MOST_SUBJECTS = 60
MOST_NAMES = 40
MOST_AMOUNTS = 12
MOST_SKETCHES = 6


@dataclass(frozen=True, slots=True)
class Profile:
    """The sum of a story's independent reports; every mapping from a name to a sum of weights or a count.

    `told_stages` count the reports that state a stage in title or first sentence; `amount_words` say how amounts are
    written; `sketches` hold the first few texts' sketches by their fingerprint.
    """

    reports: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    subjects: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, float] = field(default_factory=dict)
    proper: tuple[str, ...] = ()
    title_names: Mapping[str, int] = field(default_factory=dict)
    amounts: Mapping[str, float] = field(default_factory=dict)
    amount_words: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, int] = field(default_factory=dict)
    told_stages: Mapping[str, int] = field(default_factory=dict)
    buyers: Mapping[str, int] = field(default_factory=dict)
    sellers: Mapping[str, int] = field(default_factory=dict)
    sketches: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    points: tuple[float, ...] = ()

    def pack(self) -> dict[str, object]:
        """The profile as JSON can hold it."""
        return {name: getattr(self, name) for name in _FIELDS}


_FIELDS = {entry.name: entry for entry in fields(Profile)}


def unpack(stored: Mapping[str, Any]) -> Profile:
    """The profile of what `pack` gave, also after a way through JSON; keys of other versions are passed over."""
    known = {name: value for name, value in stored.items() if name in _FIELDS}
    for name in ("proper", "points"):
        known[name] = tuple(known.get(name, ()))
    known["sketches"] = {name: tuple(sketch) for name, sketch in known.get("sketches", {}).items()}
    return Profile(**known)


def extend(profile: Profile, traits: Traits, *, points: tuple[float, ...] = ()) -> Profile:
    """The profile with one more independent report; bounded in size, the weakest entries go."""
    words = top(_sum(profile.words, traits.words), MOST_WORDS)
    amounts = top(_sum(profile.amounts, traits.amounts), MOST_AMOUNTS)
    written = {**traits.amount_words, **profile.amount_words}
    name_of_text = traits.fingerprint or f"#{profile.reports}"
    return Profile(
        reports=profile.reports + 1,
        languages=_count(profile.languages, _given(traits.language or None)),
        words=words,
        subjects=top(_count(profile.subjects, traits.subjects), MOST_SUBJECTS),
        names=top(_sum(profile.names, traits.names), MOST_NAMES),
        proper=tuple(sorted((traits.proper | set(profile.proper)) & set(words))),
        title_names=top(_count(profile.title_names, traits.title_names), MOST_NAMES),
        amounts=amounts,
        amount_words={key: written[key] for key in amounts if key in written},
        steps=_count(profile.steps, traits.steps),
        events=_count(profile.events, _given(traits.event)),
        stages=_count(profile.stages, _given(traits.stage)),
        told_stages=_count(profile.told_stages, _given(traits.told_stage)),
        buyers=top(_count(profile.buyers, _given(traits.buyer)), MOST_NAMES),
        sellers=top(_count(profile.sellers, _given(traits.seller)), MOST_NAMES),
        sketches=dict([*profile.sketches.items(), (name_of_text, traits.sketch)][:MOST_SKETCHES]),
        points=points,
    )


def _given(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _count(counts: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    total = dict(counts)
    for name in sorted(names):
        total[name] = total.get(name, 0) + 1
    return total


def _sum(sums: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    total = dict(sums)
    for name, weight in weights.items():
        total[name] = round(total.get(name, 0.0) + weight, 3)
    return total
