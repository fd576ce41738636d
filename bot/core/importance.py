"""Importance: how much a story matters, on four levels, and why.

The score is a plain sum of parts, each with its words, so that a person can check it. It does not decide who wants a
story (see alert), and nothing in it is a probability.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite, log2
from typing import Literal, get_args

from bot.core.amounts import Amount
from bot.core.event import EventType
from bot.core.phrases import Phrases, build, find
from bot.core.relevance import Reason
from bot.core.story import Story
from bot.core.words import words_of

Level = Literal["low", "notable", "high", "critical"]
LEVELS: tuple[Level, ...] = get_args(Level)

FRONTIER = "frontier-lab"
"""The kind of an organisation that `ImportanceRules.frontier` lists, whatever its kind elsewhere."""


@dataclass(frozen=True, slots=True)
class Step:
    """From the value `at` on, a part of the score weighs `weight`."""

    at: float
    weight: float


@dataclass(frozen=True, slots=True)
class Rarity:
    """A type with fewer than `usual` stories a day weighs `halving` for each time that it is half as frequent as that,
    `most` at the most."""

    usual: float = 1.0
    halving: float = 0.0
    most: float = 0.0


@dataclass(frozen=True, slots=True)
class ImportanceRules:
    """What importance goes by, as `config/importance.toml` states it.

    `levels` are the scores from which a level holds. `amounts` are steps over the largest sum in `currency`, into which
    `rates` turn one unit of each other currency; a step counts whole for the types in `deals`, whose sum is what is
    bought or raised, and by the share `elsewhere` for the others. `outlets` are steps over the number of independent
    outlets. `buyers`, `sellers` and `named` (in the title, in no role) map a kind of organisation to its weight.
    `anonymous` weighs (below 0) a story that one outlet alone tells and one of `anonymous_phrases` marks as hearsay.
    """

    levels: Mapping[Level, float] = field(default_factory=dict)
    events: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)
    currency: str = "USD"
    rates: Mapping[str, float] = field(default_factory=dict)
    amounts: tuple[Step, ...] = ()
    deals: frozenset[str] = frozenset()
    elsewhere: float = 1.0
    outlets: tuple[Step, ...] = ()
    official: float = 0.0
    anonymous: float = 0.0
    anonymous_phrases: Phrases = field(default_factory=lambda: build({}))
    buyers: Mapping[str, float] = field(default_factory=dict)
    sellers: Mapping[str, float] = field(default_factory=dict)
    named: Mapping[str, float] = field(default_factory=dict)
    frontier: frozenset[str] = frozenset()
    follow_up: float = 0.0
    watched: float = 0.0
    rarity: Rarity = field(default_factory=Rarity)


@dataclass(frozen=True, slots=True)
class Importance:
    """A story's level, the score behind it, and what the score is made of, the heaviest part first."""

    level: Level
    score: float
    reasons: tuple[Reason, ...] = ()


def importance(
    story: Story,
    rules: ImportanceRules,
    *,
    kinds: Mapping[str, str] | None = None,
    watched: Collection[str] = (),
    usual: Mapping[EventType, float] | None = None,
) -> Importance:
    """How much `story` matters. Never raises on what a story holds.

    `kinds` maps an organisation's name to its kind. `watched` are a server's organisations, outlets and phrases.
    `usual` is how many stories a day of each type there were lately; a type that is not in it counts as neither rare
    nor common. More outlets, a larger amount and a watched word never lower the score.
    """
    parts = (
        _event(story, rules),
        _stage(story, rules),
        _amount(story, rules),
        _outlets(story, rules),
        _official(story, rules),
        _anonymous(story, rules),
        *_parties(story, rules, _kind_of(rules, kinds or {})),
        Reason("follow_up", "a later step of an earlier story", rules.follow_up if story.follows else 0.0),
        _watched(story, rules, watched),
        _rare(story, rules, usual or {}),
    )
    score = sum(part.weight for part in parts)
    reasons = sorted((part for part in parts if part.weight), key=lambda part: -abs(part.weight))
    return Importance(_level(score, rules.levels), round(score, 3), tuple(reasons))


def with_watched(known: Importance, story: Story, rules: ImportanceRules, *, watched: Collection[str]) -> Importance:
    """`known`, which was weighed for no server in particular, as it is for one that watches for those words."""
    part = _watched(story, rules, watched)
    if not part.weight:
        return known
    score = known.score + part.weight
    reasons = sorted((*known.reasons, part), key=lambda part: -abs(part.weight))
    return Importance(_level(score, rules.levels), round(score, 3), tuple(reasons))


def at_least(level: str, wanted: str) -> bool:
    """Whether `level` is `wanted` or above it; a word that is no level stands for the lowest."""
    return _rank(level) >= _rank(wanted)


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0


def _level(score: float, levels: Mapping[Level, float]) -> Level:
    """The highest level whose threshold the score reaches. Sums carry dust, which is swept off before comparing."""
    return next((level for level in reversed(LEVELS) if level in levels and score + 1e-9 >= levels[level]), LEVELS[0])


def _event(story: Story, rules: ImportanceRules) -> Reason:
    return Reason("event", story.event.replace("_", " "), rules.events.get(story.event, 0.0))


def _stage(story: Story, rules: ImportanceRules) -> Reason:
    stage = story.stage or ""
    return Reason("stage", stage.replace("_", " "), rules.stages.get(stage, 0.0))


def _amount(story: Story, rules: ImportanceRules) -> Reason:
    """The largest sum with a known currency, in the story's words; another currency's with its rough worth."""
    worth, largest = max(
        ((_worth(amount, rules), amount) for amount in story.amounts),
        key=lambda pair: pair[0],
        default=(0.0, Amount("")),
    )
    converted = "" if largest.currency == rules.currency else f" (about {_short(worth)} {rules.currency})"
    share = 1.0 if story.event in rules.deals else rules.elsewhere
    return Reason("amount", f"{largest.words}{converted}", round(_step(worth, rules.amounts) * share, 3))


def _worth(amount: Amount, rules: ImportanceRules) -> float:
    """The sum in the common currency; 0 where value or currency is unknown."""
    rate = 1.0 if amount.currency == rules.currency else rules.rates.get(amount.currency or "", 0.0)
    worth = (amount.value or 0.0) * rate
    return worth if isfinite(worth) else 0.0


def _short(worth: float) -> str:
    """ "4.9bn", "120m", "8,000": two figures, since rates are rough."""
    rounded = float(f"{worth:.2g}")
    for size, unit in ((1e9, "bn"), (1e6, "m")):
        if rounded >= size:
            return f"{rounded / size:,.10g}{unit}"
    return f"{rounded:,.10g}"


def _step(value: float, steps: Sequence[Step]) -> float:
    """The weight of the highest step that `value` reaches."""
    reached = [step for step in steps if value >= step.at]
    return max(reached, key=lambda step: step.at).weight if reached else 0.0


def _outlets(story: Story, rules: ImportanceRules) -> Reason:
    count = len(story.outlets)
    return Reason("outlets", f"{count} independent outlets", _step(count, rules.outlets))


def _official(story: Story, rules: ImportanceRules) -> Reason:
    release = next((source for source in story.sources if source.feed_kind == "official"), None)
    return Reason(
        "official", f"official release by {release.outlet}" if release else "", rules.official * bool(release)
    )


def _anonymous(story: Story, rules: ImportanceRules) -> Reason:
    """Hearsay, which a second outlet or an official release turns into news."""
    alone = len(story.outlets) < 2 and all(source.feed_kind != "official" for source in story.sources)
    words = _said(story, rules.anonymous_phrases) if alone and rules.anonymous else ""
    return Reason("anonymous", f"one outlet alone: “{words}”", rules.anonymous * bool(words))


def _kind_of(rules: ImportanceRules, kinds: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: FRONTIER if name in rules.frontier else kinds.get(name, "")


def _parties(story: Story, rules: ImportanceRules, kind_of: Callable[[str], str]) -> Iterator[Reason]:
    """What buyer and seller weigh, and the heaviest organisation that the title names in no role."""
    for role, party, weights in (("buyer", story.buyer, rules.buyers), ("seller", story.seller, rules.sellers)):
        if party is not None:
            kind = kind_of(party.name)
            yield Reason(role, f"{party.name} ({_plain(kind)})", weights.get(kind, 0.0))
    taken = {party.name for party in (story.buyer, story.seller) if party}
    title = story.title.casefold()
    named = [name for name in story.organisations if name not in taken and name.casefold() in title]
    heaviest = max(named, key=lambda name: rules.named.get(kind_of(name), 0.0), default="")
    yield Reason("named", f"{heaviest} ({_plain(kind_of(heaviest))})", rules.named.get(kind_of(heaviest), 0.0))


def _plain(kind: str) -> str:
    """ "frontier-lab" is "frontier lab", "ai-lab" is "AI lab"."""
    return " ".join("AI" if word == "ai" else word for word in kind.split("-"))


def _watched(story: Story, rules: ImportanceRules, watched: Collection[str]) -> Reason:
    """The first name, outlet or phrase of the watch list that the story holds; several weigh no more than one."""
    found = held_words(story, watched) if watched else ""
    return Reason("watched", f"on the watch list: {found}", rules.watched * bool(found))


def held_words(story: Story, watched: Collection[str]) -> str:
    """The first of the organisations, outlets and phrases `watched` that the story holds, in any case; "" if none."""
    parties = (party.name for party in (story.buyer, story.seller) if party)
    outlets = (source.outlet for source in story.sources)
    names = {name.casefold() for name in (*story.organisations, *parties, *outlets)}
    by_name = next((name for name in sorted(watched) if name.casefold() in names), "")
    return by_name or _said(story, _ready(tuple(sorted(watched))))


@lru_cache(maxsize=256)  # one list is looked for in story after story
def _ready(watched: tuple[str, ...]) -> Phrases:
    return build({phrase: (phrase,) for phrase in watched})


def _said(story: Story, phrases: Phrases) -> str:
    """The first words of title and key points that are one of `phrases`."""
    words = words_of("\n".join((story.title, *story.key_points)))
    hits = find(words, phrases)
    return words.quote(hits[0].first, hits[0].after) if hits else ""


def _rare(story: Story, rules: ImportanceRules, usual: Mapping[EventType, float]) -> Reason:
    a_day, rarity = usual.get(story.event), rules.rarity
    if a_day is None or not 0 <= a_day < rarity.usual:
        return Reason("rarity", "")
    weight = rarity.most if a_day == 0 else min(rarity.most, rarity.halving * log2(rarity.usual / a_day))
    return Reason("rarity", f"rare: {_often(a_day)}", round(weight, 3))


def _often(a_day: float) -> str:
    """How often a type comes, in words: "one in 12 days lately"."""
    if a_day < 1 / 365:
        return "none of this type lately"
    return f"one of this type in {round(1 / a_day)} days" if a_day < 0.7 else f"{a_day:.1g} of this type a day"
