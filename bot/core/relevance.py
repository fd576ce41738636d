"""Relevance: a score for an article and a topic, and its reasons.

It judges; it does not find organisations (see organisations) and does not say what happened (see event).
"""

import math
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.core.organisations import Organisation, Place
from bot.core.phrases import Hit, Phrases, build, find
from bot.core.words import Words, words_of

Axis = Literal["ai", "defence", "both", "against", "none"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision fell as it did: the gate or feature, the words that fired it, and its weight in the score."""

    gate: str
    words: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Relevance:
    """`score` in 0…1; `relevant` at the topic's threshold; reasons, heaviest first, then what each axis found."""

    topic: str
    score: float
    relevant: bool
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Phrases that say the same about an article: evidence on an axis, on both, against the topic, or ("none")
    a meaning that merely keeps the words inside from counting elsewhere. `strength` (0…1) is what a hit counts for
    where the axes are weighed against each other: "war" is weaker evidence of defence than "army". `cased` are phrases
    that count only as they are written, or all in capitals: "MoD" is a ministry, "mod" is none."""

    id: str
    axis: Axis
    label: str
    phrases: tuple[str, ...]
    strength: float = 1.0
    cased: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """What makes an article relevant, as `config/topics.toml` states it.

    `kinds` maps an organisation's kind to the axis on which its name counts; of those, `firms` have civil customers
    too. `weights` maps features to their weight in the log-odds; `near` is how many words may lie between two hits
    that stand near each other.
    """

    id: str
    name: str
    threshold: float
    bias: float
    groups: tuple[Group, ...]
    kinds: Mapping[str, Axis] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    near: int = 30
    firms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judge:
    """A topic made ready for judging. `cased` maps the words of a phrase, in lower case, to how they must be
    written."""

    topic: Topic
    groups: Mapping[str, Group]
    phrases: Phrases
    cased: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words that speak on an axis: the group (or "organisation"), and word places."""

    group: str
    axis: Axis
    first: int
    after: int
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of the score: its name in `weights`, its value in 0…1, and the words behind it."""

    name: str
    value: float
    words: str = ""


def judge_of(topic: Topic) -> Judge:
    """`topic` made ready."""
    phrases: dict[str, list[str]] = {}
    for group in topic.groups:
        for phrase in (*group.phrases, *group.cased):
            phrases.setdefault(phrase, []).append(group.id)
    written = [words_of(phrase) for group in topic.groups for phrase in group.cased]
    cased = {words.lower: words.forms for words in written}
    return Judge(topic, {group.id: group for group in topic.groups}, build(phrases), cased)


FIRM = 0.7
"""What the name of a firm counts for on an axis: it has civil customers too."""


def evidence_of(
    words: Words, places: Sequence[Place], known: Mapping[str, Organisation], judge: Judge
) -> list[Evidence]:
    """What in `words` speaks for or against the topic, in order. Words inside an organisation's name count only as
    that organisation."""
    named = {n for place in places for n in range(place.first, place.after)}
    found = [
        Evidence(group, judge.groups[group].axis, hit.first, hit.after, judge.groups[group].strength)
        for hit in find(words, judge.phrases)
        if not _inside(hit, named) and _is_written(hit, words, judge)
        for group in hit.names
    ]
    for place in places:
        organisation = known.get(place.name)
        axis = _axis(organisation, judge.topic)
        if organisation is not None and axis is not None:
            firm = axis == "both" or organisation.kind in judge.topic.firms
            group = "organisation-firm" if firm and axis != "both" else f"organisation-{axis}"
            found.append(Evidence(group, axis, place.first, place.after, FIRM if firm else 1.0))
    return sorted(found, key=lambda evidence: (evidence.first, evidence.after, evidence.group))


def _inside(hit: Hit, named: set[int]) -> bool:
    return all(n in named for n in range(hit.first, hit.after))


def _is_written(hit: Hit, words: Words, judge: Judge) -> bool:
    """Whether a phrase that counts only as it is written is written so, or in capitals like all around it."""
    wanted = judge.cased.get(words.lower[hit.first : hit.after])
    forms = words.forms[hit.first : hit.after]
    return wanted is None or forms == wanted or all(form.isupper() for form in forms)


def _axis(organisation: Organisation | None, topic: Topic) -> Axis | None:
    """On which axis an organisation's name counts; a defence firm known for AI or autonomy counts on both."""
    if organisation is None:
        return None
    axis = topic.kinds.get(organisation.kind, "none")
    if axis == "none":
        return None
    return "both" if organisation.ai and axis == "defence" else axis


def passes_gate(evidence: Sequence[Evidence]) -> bool:
    """Whether both axes are touched; everything dearer than counting words comes after this."""
    axes = {found.axis for found in evidence}
    return "both" in axes or ("ai" in axes and "defence" in axes)


def judge(words: Words, evidence: Sequence[Evidence], judge: Judge, title_words: int) -> Relevance:
    """The score of a text whose first `title_words` words are its title, with reasons, heaviest first."""
    topic = judge.topic
    if not passes_gate(evidence):
        return Relevance(topic.id, 0.0, False, (_closed_gate(words, evidence),))
    found = features(words, evidence, judge, title_words)
    reasons = [
        Reason(
            _label(feature.name, judge), feature.words, round(topic.weights.get(feature.name, 0.0) * feature.value, 3)
        )
        for feature in found
    ]
    score = 1 / (1 + math.exp(-max(-30.0, min(30.0, topic.bias + sum(reason.weight for reason in reasons)))))
    heaviest = sorted((reason for reason in reasons if reason.weight), key=lambda reason: -abs(reason.weight))
    axes = _axes(words, evidence, title_words)
    return Relevance(topic.id, round(score, 4), score >= topic.threshold, (*heaviest, *axes))


def _axes(words: Words, evidence: Sequence[Evidence], title_words: int) -> list[Reason]:
    """What was found on each axis, for a reader's one line: the title's words first, of those the telling ones first
    (names, then strong phrases, then long ones), at most `SHOWN`. These reasons weigh nothing."""

    def telling(found: Evidence) -> tuple[bool, bool, float, int]:
        named = found.group.startswith("organisation-")
        return found.first >= title_words, not named, -found.strength, found.first - found.after

    ranked = sorted(evidence, key=telling)
    quoted = ((AXES[axis], _distinct(words, [found for found in ranked if found.axis == axis])) for axis in AXES)
    return [Reason(name, ", ".join(found)) for name, found in quoted if found]


SHOWN = 4


def _distinct(words: Words, evidence: Sequence[Evidence]) -> list[str]:
    """The words found, none that says only what another of them says ("AI" beside "AI models")."""
    quotes: dict[str, str] = {}
    for one in evidence:
        quote = words.quote(one.first, one.after)
        quotes.setdefault(quote.casefold(), quote)
    padded = [f" {quote} " for quote in quotes]
    said = [quote for quote in quotes if sum(f" {quote} " in other for other in padded) == 1]
    return [quotes[quote] for quote in said if quote + "s" not in quotes][:SHOWN]


def _closed_gate(words: Words, evidence: Sequence[Evidence]) -> Reason:
    touched = {found.axis for found in evidence}
    named = [found for found in evidence if found.axis in ("ai", "defence")]
    quoted = ", ".join(dict.fromkeys(words.quote(found.first, found.after) for found in named[:4]))
    if "ai" in touched:
        return Reason("gate: AI is named, but nothing of defence", quoted)
    if "defence" in touched:
        return Reason("gate: defence is named, but nothing of AI or autonomy", quoted)
    return Reason("gate: neither AI nor defence is named", "")


def features(words: Words, evidence: Sequence[Evidence], judge: Judge, title_words: int) -> list[Feature]:
    """The inputs of the score, those with a value above 0 only."""
    found, full = [], _full(len(words.forms) - title_words)
    for group in dict.fromkeys(item.group for item in evidence):
        own = [item for item in evidence if item.group == group]
        title = [item for item in own if item.first < title_words]
        text = [item for item in own if item.first >= title_words]
        found.append(Feature(f"{group}.title", float(bool(title)), _quotes(words, title)))
        found.append(Feature(f"{group}.text", min(len(text) / full, 1), _quotes(words, text)))
    found += _nearness(words, evidence, judge.topic.near, title_words, full)
    return [feature for feature in found if feature.value > 0]


MANY, WORDS_FOR_ONE = 3, 20
"""From how many hits on a text's words say no more, and how many words a text needs for each of them: what a long text
says three times, a brief of one sentence can say but once."""


def _full(text_words: int) -> float:
    return max(1.0, min(MANY, text_words / WORDS_FOR_ONE))


def _quotes(words: Words, evidence: Sequence[Evidence]) -> str:
    return ", ".join(dict.fromkeys(words.quote(item.first, item.after) for item in evidence[:6]))


CLOSE = 3
"""Words between two hits from which they no longer stand close."""


def _nearness(words: Words, evidence: Sequence[Evidence], near: int, title_words: int, full: float) -> list[Feature]:
    """How the axes stand together: in the title, in one sentence, close ("military AI", "AI for the army"), and how
    much of the less touched axis there is."""
    ai = [item for item in evidence if item.axis in ("ai", "both")]
    defence = [item for item in evidence if item.axis in ("defence", "both")]
    pairs = [pair for pair in _pairs(ai, defence, near) if _in_one_sentence(words, pair)]
    close = [pair for pair in pairs if max(pair[0].first, pair[1].first) - min(pair[0].after, pair[1].after) < CLOSE]
    title = _strongest(ai, defence, title_words)
    return [
        Feature("together.title", max(map(_product, title), default=0.0), _listed(words, title)),
        Feature("together.sentence", max(map(_product, pairs), default=0.0), _listed(words, pairs)),
        Feature("together.close", min(sum(map(_product, close)) * 3 / 2 / full, 1), _listed(words, close)),
        Feature(
            "together.much",
            min(min(_sum(ai), _sum(defence)) * 3 / 4 / full, 1),
            _quotes(words, [*ai[:3], *defence[:3]]),
        ),
    ]


def _sum(evidence: Sequence[Evidence]) -> float:
    return sum(item.strength for item in evidence)


def _product(pair: tuple[Evidence, Evidence]) -> float:
    return pair[0].strength * pair[1].strength


def _strongest(ai: Sequence[Evidence], defence: Sequence[Evidence], before: int) -> list[tuple[Evidence, Evidence]]:
    """The strongest pair of both axes before a word, or none."""
    ours, theirs = ([item for item in axis if item.first < before] for axis in (ai, defence))
    pairs = [(one, other) for one in ours for other in theirs if _may_pair(one, other)]
    return [max(pairs, key=_product)] if pairs else []


def _may_pair(one: Evidence, other: Evidence) -> bool:
    """Whether the two are evidence of both axes together: "military AI" is by itself, a firm's name is not."""
    return one is not other or one.group not in _ORGANISATIONS


def _pairs(ai: Sequence[Evidence], defence: Sequence[Evidence], near: int) -> list[tuple[Evidence, Evidence]]:
    """Each hit on the AI axis with the nearest on the defence axis, where at most `near` words lie between; the
    strongest pairs first."""
    starts = [item.first for item in defence]
    pairs = []
    for item in ai:
        place = bisect_left(starts, item.first)
        around = defence[max(0, place - 2) : place + 3]
        close = [d for d in around if abs(d.first - item.first) <= near and _may_pair(item, d)]
        if close:
            pairs.append((item, min(close, key=lambda d: abs(d.first - item.first))))
    return sorted(pairs, key=_product, reverse=True)


_END = re.compile(r"[.!?…]['\"’”)]*\s|[。！？\n]")


def _in_one_sentence(words: Words, pair: tuple[Evidence, Evidence]) -> bool:
    """Whether no sentence ends between the two: what follows in the next is another matter more often than not."""
    start, end = min(one.after for one in pair), max(one.first for one in pair)
    return start >= end or not _END.search(words.text, words.ends[start - 1], words.starts[end])


def _listed(words: Words, pairs: Sequence[tuple[Evidence, Evidence]]) -> str:
    return "; ".join(_pair(words, pair) for pair in pairs[:2])


def _pair(words: Words, pair: tuple[Evidence, Evidence]) -> str:
    one, other = (words.quote(item.first, item.after) for item in pair)
    return one if one == other else f"{one} … {other}"


AXES: dict[Axis, str] = {"ai": "AI", "both": "Military AI", "defence": "Defence"}
_FIELDS = {"title": "the title", "text": "the text"}
_TOGETHER = {
    "together.title": "the title names both AI and defence",
    "together.sentence": "one sentence names both AI and defence",
    "together.close": "AI and defence stand side by side",
    "together.much": "AI and defence are both a subject of the text",
}
_ORGANISATIONS = {
    "organisation-ai": "an AI company",
    "organisation-defence": "a body of defence or intelligence",
    "organisation-both": "an organisation known for military AI or autonomy",
    "organisation-firm": "a defence company",
}


def _label(feature: str, judge: Judge) -> str:
    """A feature as a clause that a newcomer understands; the words that made it follow."""
    if feature in _TOGETHER:
        return _TOGETHER[feature]
    group, _, where = feature.rpartition(".")
    if group in judge.groups:
        return f"{_FIELDS[where]} speaks of {judge.groups[group].label}"
    return f"{_FIELDS[where]} names {_ORGANISATIONS.get(group, group)}"
