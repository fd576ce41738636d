"""KeyPoint: the sentences worth quoting, verbatim.

It chooses among the sentences of the text; it never writes one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.patterns import Masked
from bot.core.phrases import Phrases, build, find
from bot.core.words import Sentence, Words, words_of


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """A sentence of the article, verbatim, with why it was chosen."""

    sentence: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyPointRules:
    """What makes a sentence worth quoting (`config/keypoints.toml`).

    `weights` are those of the features below; `phrases` maps a group of phrases ("boilerplate", "opening", …) to its
    phrases, and the group's name is a weight too. `most` sentences, about `words` words together, none with fewer than
    `shortest` or more than `longest`; `redundancy` is what likeness to a chosen sentence costs, 0…1.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    most: int = 3
    words: int = 45
    shortest: int = 5
    longest: int = 60
    redundancy: float = 0.5


@dataclass(frozen=True, slots=True)
class Chooser:
    """`KeyPointRules` made ready."""

    rules: KeyPointRules
    phrases: Phrases


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with its content words and its score so far."""

    sentence: Sentence
    place: int
    length: int
    terms: frozenset[str]
    score: float
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
    """At most `most` of `sentences` (with their masked `lines`), in the order of the text.

    `title` holds the title's content words. Position, centrality by plain term frequency and likeness to the title
    after Nenkova & Vanderwende (2005); redundancy by maximal marginal relevance (Carbonell & Goldstein 1998).
    """
    worded = [words_of(sentence.text) for sentence in sentences]
    terms = [frozenset(stem(word) for word in words.lower if word not in stop) for words in worded]
    counts = Counter(term for own in terms for term in own)
    pairs = zip(sentences, worded, terms, lines, strict=True)
    candidates = [
        _candidate(place, sentence, words, own, line, counts, title, chooser)
        for place, (sentence, words, own, line) in enumerate(pairs)
        if "\ufffd" not in sentence.text
    ]
    fitting = [c for c in candidates if chooser.rules.shortest <= c.length <= chooser.rules.longest]
    chosen = _chosen(fitting or candidates, chooser.rules)
    chosen.sort(key=lambda candidate: candidate.place)
    return tuple(KeyPoint(c.sentence.text, round(c.score, 3), c.reasons) for c in chosen)


def stem(word: str) -> str:
    """`word` without the commonest endings, so that "contracts" and "contract" are one; rough on purpose."""
    for ending in ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _candidate(
    place: int, sentence: Sentence, words: Words, terms: frozenset[str], line: Masked, counts: Mapping[str, int],
    title: frozenset[str], chooser: Chooser,
) -> Candidate:  # fmt: skip
    weights = chooser.rules.weights
    values = _values(place, sentence, words, terms, line, counts, title)
    for hit in find(words, chooser.phrases):
        for group in hit.names:
            if group not in ("opening", "speech") or hit.first == 0:
                values[group] = 1.0
    parts = {name: weights.get(name, 0.0) * value for name, value in values.items()}
    reasons = sorted((name for name in parts if parts[name] > 0), key=lambda name: -parts[name])
    return Candidate(sentence, place, len(words.forms), terms, sum(parts.values()), tuple(reasons[:3]))


def _values(
    place: int, sentence: Sentence, words: Words, terms: frozenset[str], line: Masked, counts: Mapping[str, int],
    title: frozenset[str],
) -> dict[str, float]:  # fmt: skip
    """The features of a sentence, each about 0…1."""
    top = max(counts.values(), default=1)
    return {
        "position": 1 / (1 + place),
        "first": float(place == 0),
        "centrality": sum(counts[term] for term in terms) / (len(terms) * top) if terms else 0.0,
        "title": len(terms & title) / len(title) if title else 0.0,
        "organisations": min(len(line.marks), 3) / 3,
        "amount": float("\x02" in line.line),
        "number": float(any(form.isdigit() for form in words.forms)),
        "question": float("?" in sentence.text or "？" in sentence.text or "؟" in sentence.text),
        "unclosed": float(not sentence.closed),
        "echo": float(bool(terms) and terms <= title),
        "shouting": float(sentence.text.isupper()),
        "length": min(len(words.forms), 40) / 40,
    }


def _chosen(candidates: Sequence[Candidate], rules: KeyPointRules) -> list[Candidate]:
    """The best sentences by marginal score, while there are words left; the first is taken at any length."""
    chosen: list[Candidate] = []
    left = list(candidates)
    spent = 0
    while left and len(chosen) < rules.most:
        room = [c for c in left if not chosen or spent + c.length <= rules.words * 1.1]
        if not room:
            break
        best = max(room, key=lambda c: c.score - rules.redundancy * _likeness(c, chosen))
        if chosen and best.score - rules.redundancy * _likeness(best, chosen) <= 0:
            break
        chosen.append(best)
        left.remove(best)
        spent += best.length
    return chosen


def _likeness(candidate: Candidate, chosen: Sequence[Candidate]) -> float:
    """The greatest share of its words that a chosen sentence already says."""
    return max((len(candidate.terms & c.terms) / max(1, len(candidate.terms)) for c in chosen), default=0.0)
