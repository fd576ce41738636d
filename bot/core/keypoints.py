"""KeyPoint: the sentences worth quoting, verbatim.

It chooses among the sentences of the text; it never writes one.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.dateline import without_dateline
from bot.core.patterns import Masked
from bot.core.phrases import Phrases, build, find
from bot.core.words import Sentence, Words, words_of

SAME = 0.6
"""The share of the shorter sentence's content words from which two sentences say the same."""

AT_BEGINNING = frozenset(["opening", "speech"])
"""Groups of phrases that count only where a sentence begins with them."""


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """A sentence of the article, verbatim, with why it was chosen."""

    sentence: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyPointRules:
    """What makes a sentence worth quoting (`config/keypoints.toml`).

    A sentence is worth what its content words are worth, less what chosen sentences already say, less `price` for each
    of its words, plus `weights` of the features below. A content word is worth 1, and more (`words`) if the text
    repeats it, the title says it, or it is a number; the worth fades with the place of the sentence (`fade`) down to
    `floor`. At most `most` sentences with `room` words together, each of `shortest` to `longest` words. `phrases`
    maps a group of phrases ("boilerplate", "opening", …) to its phrases; the group's name is a weight too.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    most: int = 3
    room: int = 60
    shortest: int = 5
    longest: int = 60
    price: float = 0.2
    fade: float = 0.6
    floor: float = 0.2


@dataclass(frozen=True, slots=True)
class Chooser:
    """`KeyPointRules` made ready."""

    rules: KeyPointRules
    phrases: Phrases


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence: `worth` of each content word, `extra` for its features, and the features that spoke for it."""

    sentence: Sentence
    place: int
    length: int
    worth: Mapping[str, float]
    extra: float
    reasons: tuple[str, ...]


def chooser_of(rules: KeyPointRules) -> Chooser:
    """`rules` made ready."""
    labelled: dict[str, list[str]] = {}
    for group, phrases in rules.phrases.items():
        for phrase in phrases:
            labelled.setdefault(phrase, []).append(group)
    return Chooser(rules, build(labelled))


def key_points(
    sentences: Sequence[Sentence],
    lines: Sequence[Masked],
    title: frozenset[str],
    stop: frozenset[str],
    chooser: Chooser,
) -> tuple[KeyPoint, ...]:
    """At most `most` of `sentences` (with their masked `lines`), in the order of the text, without their datelines.

    `title` holds the stems of the title's content words. Centrality by plain term frequency after Nenkova &
    Vanderwende (2005); the choice is greedy over covered words, a submodular gain (Lin & Bilmes 2011), which is
    maximal marginal relevance with words for likeness.
    """
    sentences = [replace(sentence, text=without_dateline(sentence.text)) for sentence in sentences]
    worded = [words_of(sentence.text) for sentence in sentences]
    terms = [frozenset(stem(word) for word in words.lower if word not in stop) for words in worded]
    worths = _worths(Counter(term for own in terms for term in own), title, chooser.rules)
    candidates = []
    for place, (sentence, words, own, line) in enumerate(zip(sentences, worded, terms, lines, strict=True)):
        fading = chooser.rules.floor + (1 - chooser.rules.floor) * math.exp(-chooser.rules.fade * place)
        extra, reasons = _extra(sentence, words, own, line, title, chooser)
        worth = {term: worths[term] * fading for term in sorted(own)}
        candidates.append(Candidate(sentence, place, len(words.forms), worth, extra, reasons))
    chosen = _chosen([candidate for candidate in candidates if _quotable(candidate, chooser.rules)], chooser.rules)
    return tuple(
        KeyPoint(candidate.sentence.text, round(gain, 3), candidate.reasons)
        for candidate, gain in sorted(chosen, key=lambda pair: pair[0].place)
    )


def stem(word: str) -> str:
    """`word` without the commonest endings, so that "contracts" and "contract" are one; rough on purpose."""
    for ending in ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _worths(counts: Mapping[str, int], title: frozenset[str], rules: KeyPointRules) -> dict[str, float]:
    """What each content word of the text is worth."""
    weights = rules.words
    return {
        term: 1
        + weights.get("repeated", 0.0) * math.log(count)
        + weights.get("title", 0.0) * (term in title)
        + weights.get("number", 0.0) * any(character.isdigit() for character in term)
        for term, count in counts.items()
    }


def _extra(
    sentence: Sentence, words: Words, terms: frozenset[str], line: Masked, title: frozenset[str], chooser: Chooser
) -> tuple[float, tuple[str, ...]]:
    """What a sentence's features add to its worth, and which of them speak for it."""
    values = {
        "first": float(sentence.block == 0 and sentence.start == 0),
        "organisations": min(len(line.marks), 3) / 3,
        "amount": float("\x02" in line.line),
        "question": float(any(mark in sentence.text for mark in "?？؟")),
        "unclosed": float(not sentence.closed),
        "echo": float(bool(terms) and terms <= title),
        "shouting": float(sentence.text.isupper()),
    }
    for hit in find(words, chooser.phrases):
        values |= {group: 1.0 for group in hit.names if group not in AT_BEGINNING or hit.first == 0}
    parts = {name: chooser.rules.weights.get(name, 0.0) * value for name, value in values.items()}
    reasons = sorted((name for name in parts if parts[name] > 0), key=lambda name: -parts[name])
    return sum(parts.values()), tuple(reasons)


def _quotable(candidate: Candidate, rules: KeyPointRules) -> bool:
    return rules.shortest <= candidate.length <= rules.longest and "\ufffd" not in candidate.sentence.text


def _chosen(candidates: Sequence[Candidate], rules: KeyPointRules) -> list[tuple[Candidate, float]]:
    """The candidates that gain most, one by one, while there is room and anything gains."""
    chosen: list[tuple[Candidate, float]] = []
    said: dict[str, float] = {}
    left, room = list(candidates), rules.room
    while left and len(chosen) < rules.most:
        gain, best = max(((_gain(c, said, rules), c) for c in left), key=lambda pair: (pair[0], -pair[1].place))
        left.remove(best)
        if gain <= 0:
            break
        if best.length > room or any(_same(best, other) for other, _ in chosen):
            continue
        chosen.append((best, gain))
        room -= best.length
        said |= {term: max(worth, said.get(term, 0.0)) for term, worth in best.worth.items()}
    return chosen


def _same(one: Candidate, other: Candidate) -> bool:
    fewer = min(len(one.worth), len(other.worth))
    return len(one.worth.keys() & other.worth.keys()) > SAME * fewer


def _gain(candidate: Candidate, said: Mapping[str, float], rules: KeyPointRules) -> float:
    new = sum(max(0.0, worth - said.get(term, 0.0)) for term, worth in candidate.worth.items())
    return new + candidate.extra - rules.price * candidate.length
