"""Evidence: what a report and a story tell alike and otherwise, beside their words: parties, amounts, events, stages.

Each piece has a name, under which it is weighed, and words, with which it is shown. It weighs nothing (see likeness).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.profile import Profile
from bot.core.traits import Traits, amount_of

Kin = Mapping[str, frozenset[str]]
"""The organisations that each organisation is a part of."""

TOLD = 1.5
"""Weight of a name from which a report tells about it, and not only of it: more than the body, less than the lead."""

SAME_AMOUNT = 0.06
"""Amounts this close, as a share of the larger, are one amount told differently."""

SORTS = {
    "rumoured": "rumoured", "in_talks": "open", "planned": "planned", "signed": "settled", "deployed": "settled",
    "changed": "settled", "cancelled": "ended",
}  # fmt: skip
APART = {
    frozenset(("rumoured", "open")): 0.0,
    frozenset(("rumoured", "planned")): 0.1,
    frozenset(("rumoured", "settled")): 0.2,
    frozenset(("open", "planned")): 0.1,
    frozenset(("planned", "settled")): 0.15,
    frozenset(("planned", "ended")): 0.3,
}
"""How far two sorts of stage are apart, where not 1: plans are told of as talks by some and as decided by others, and
what one outlet has from unnamed people another states. A denial is apart from nothing: it belongs to what it denies."""

AKIN = (
    frozenset(("contract", "partnership", "product_or_deployment")),
    frozenset(("product_or_deployment", "research", "conflict_use")),
    frozenset(("conflict_use", "incident_or_ethics", "research")),
    frozenset(("policy", "regulation_or_law", "incident_or_ethics")),
    frozenset(("funding", "market")),
)
"""Types of event that two readers of one text may well choose between."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`name` is the field of Weights that weighs it, `gate` and `words` show it, `value` multiplies the weight."""

    name: str
    gate: str
    words: str
    value: float = 1.0


def evidence_on(traits: Traits, profile: Profile, *, kin: Kin, age: float) -> Iterable[Evidence]:
    """What speaks for and against a report and a story, first told of `age` days ago, being about one development."""
    yield from _names(traits, profile, kin)
    yield from _amounts(traits, profile)
    yield from _event(traits, profile)
    yield from _stage(traits, profile, age)
    yield from _steps(traits, profile)
    yield from _parties(traits, profile, kin)


def _names(traits: Traits, profile: Profile, kin: Kin) -> Iterable[Evidence]:
    new = sorted(name for name in traits.title_names if not _is_told(name, profile, kin))
    if new:
        yield Evidence("new_name", "title names another organisation", ", ".join(new), min(2, len(new)))
    usual = {name for name, count in profile.title_names.items() if count >= 0.6 * profile.reports}
    lost = sorted(name for name in usual if not any(_akin(name, other, kin) for other in traits.names))
    if lost:
        yield Evidence("lost_name", "does not name", ", ".join(lost), min(2, len(lost)))


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


def _amounts(traits: Traits, profile: Profile) -> Iterable[Evidence]:
    written = {**profile.amount_words, **traits.amount_words}
    shared = [key for key in traits.amounts if any(_same_amount(key, other) for other in profile.amounts)]
    if shared:
        yield Evidence("same_amount", "same amount", _listed(shared, written))
        return
    main = [key for key, weight in traits.amounts.items() if weight >= 2]
    theirs = [key for key, weight in profile.amounts.items() if weight >= profile.reports]
    against = [key for key in main if any(_comparable(key, other) for other in theirs)]
    if against:
        in_title = any(traits.amounts[key] >= 3 for key in against)
        name = "other_title_amount" if in_title else "other_amount"
        yield Evidence(name, "another amount", f"{_listed(against, written)}, not {_listed(theirs, written)}")


def _listed(keys: Iterable[str], written: Mapping[str, str]) -> str:
    """Amounts as they are written, each once."""
    return ", ".join(dict.fromkeys(written.get(key, key) for key in keys))


def _event(traits: Traits, profile: Profile) -> Iterable[Evidence]:
    event = usual(profile.events)
    if not traits.event or not event or "other" in (traits.event, event):
        return
    if traits.event == event:
        yield Evidence("same_event", "same event", _plain(event))
        return
    akin = any(traits.event in kinds and event in kinds for kinds in AKIN)
    words = f"{_plain(traits.event)}, not {_plain(event)}"
    yield Evidence("akin_event" if akin else "other_event", "another event", words)


def _stage(traits: Traits, profile: Profile, age: float) -> Iterable[Evidence]:
    """A stage told by words, not one that is merely usual. It weighs the more the longer ago the story began."""
    stage = usual(profile.told_stages)
    apart = _apart(traits.told_stage, stage)
    if not apart or not traits.told_stage or not stage:
        return
    later, words = min(1.0, max(0.0, age)), f"{_plain(traits.told_stage)}, not {_plain(stage)}"
    yield Evidence("other_stage", "another stage", words, apart * (1 - later))
    yield Evidence("later_stage", "another stage", words, apart * later)


def _steps(traits: Traits, profile: Profile) -> Iterable[Evidence]:
    steps = {step for step, count in profile.steps.items() if count * 3 >= profile.reports}
    if not traits.steps or not steps:
        return
    shared, ours, theirs = (", ".join(sorted(each)) for each in (traits.steps & steps, traits.steps, steps))
    if shared:
        yield Evidence("same_step", "same step", _plain(shared))
    else:
        yield Evidence("other_step", "another step", _plain(f"{ours}, not {theirs}"))


def _parties(traits: Traits, profile: Profile, kin: Kin) -> Iterable[Evidence]:
    """Another buyer or seller, where neither side says much of the other's."""
    main = [name for name, weight in traits.names.items() if weight >= TOLD]
    for role, ours, votes in (("buyer", traits.buyer, profile.buyers), ("seller", traits.seller, profile.sellers)):
        theirs = usual(votes)
        if not ours or not theirs or _akin(ours, theirs, kin) or _is_told(ours, profile, kin):
            continue
        if not any(_akin(theirs, name, kin) for name in main):
            yield Evidence("other_party", f"another {role}", f"{ours}, not {theirs}")


def _apart(stage: str | None, other: str | None) -> float:
    """How little two stages have in common, 0…1."""
    one, two = SORTS.get(stage or ""), SORTS.get(other or "")
    if one is None or two is None or one == two:
        return 0.0
    return APART.get(frozenset((one, two)), 1.0)


def _plain(name: str) -> str:
    """A type of event, a stage or a step as people write it."""
    return name.replace("_", " ")


def usual(votes: Mapping[str, int]) -> str | None:
    """What most reports say; of equals, the first in the alphabet."""
    return min(votes, key=lambda name: (-votes[name], name), default=None)


def _same_amount(one: str, other: str) -> bool:
    (_, ours), (_, theirs) = amount_of(one), amount_of(other)
    return _comparable(one, other) and abs(ours - theirs) <= SAME_AMOUNT * max(ours, theirs)


def _comparable(one: str, other: str) -> bool:
    """Whether two amounts are in one currency, as far as is known."""
    ours, theirs = amount_of(one)[0], amount_of(other)[0]
    return "?" in (ours, theirs) or ours == theirs
