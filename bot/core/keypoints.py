"""KeyPoint: the sentences worth quoting, verbatim.

It chooses among the sentences of the text; it never writes one, and cuts nothing but datelines.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from bot.core.dateline import without_dateline
from bot.core.patterns import Masked
from bot.core.phrases import Phrases, build, find
from bot.core.words import Sentence, Words, words_of

SAME = 0.6
"""The share of the shorter sentence's content words from which two sentences say the same."""

AT_BEGINNING = frozenset(["opening", "speech", "label"])
"""Groups of phrases that count only where a sentence begins with them."""

MOST_WEIGHED = 9
"""Sentences of which every small set is weighed: the best ones by themselves."""

DANGLING = "opening"
"""The feature of a sentence that points back: it weighs only where the sentence before is not quoted too."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_LETTERS_OF_A_WORD = 2
"""Letters for each word in scripts that put no blanks between words; rough."""

_QUOTED = re.compile(r'"[^"]*"|[“„][^“”„]*[“”]|«[^«»]*»|»[^«»]*«')
_QUOTES = re.compile(r'["“”„«»]')
_LABEL = re.compile(r"[^:]{1,30}:\s")


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """A sentence of the article, verbatim, with why it was chosen."""

    sentence: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyPointRules:
    """What makes sentences worth quoting (`config/keypoints.toml`).

    Sentences are together worth what their different content words are worth, less `price` for each word of theirs,
    plus `weights` of the features of each. A content word is worth 1, and more (`words`) if the text repeats it, the
    title says it, or it is a number or a name; the worth fades with the place of the first sentence that holds it
    (`fade`) down to `floor`. At most `most` sentences with `room` words together, each of `shortest` to `longest`
    words. `phrases` maps a group of phrases ("boilerplate", "opening", …) to its phrases; the group's name is a weight
    too.
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
    """A sentence that may be quoted: the share of its worth that it keeps at its `place`, and the features of each
    content word and of itself, those that are 0 left out. `follows` is the place of the sentence that it points back
    to, or None."""

    sentence: Sentence
    place: int
    length: int
    share: float
    words: Mapping[str, Mapping[str, float]]
    features: Mapping[str, float]
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A candidate with the worth of each of its words and that of its features."""

    candidate: Candidate
    worth: Mapping[str, float]
    extra: float


def chooser_of(rules: KeyPointRules) -> Chooser:
    """`rules` made ready."""
    labelled: dict[str, list[str]] = {}
    for group, phrases in rules.phrases.items():
        for phrase in phrases:
            labelled.setdefault(phrase, []).append(group)
    return Chooser(rules, build(labelled))


def candidates_of(
    sentences: Sequence[Sentence],
    lines: Sequence[Masked],
    title: frozenset[str],
    stop: frozenset[str],
    chooser: Chooser,
) -> list[Candidate]:
    """Those of `sentences` (with their masked `lines`) that may be quoted, without their datelines, with their
    features; what these weigh is not looked at. `title` holds the stems of the title's content words."""
    rules = chooser.rules
    sentences = [replace(sentence, text=without_dateline(sentence.text)) for sentence in sentences]
    worded = [words_of(sentence.text) for sentence in sentences]
    forms = [_forms(words) for words in worded]
    stems = [{form: stem(form.lower()) for form in own if form.lower() not in stop} for own in forms]
    counts = Counter(term for own in stems for term in set(own.values()))
    found = []
    for place, (sentence, words, own, line) in enumerate(zip(sentences, worded, stems, lines, strict=True)):
        length = len(forms[place])
        if not rules.shortest <= length <= rules.longest or "\ufffd" in sentence.text:
            continue
        terms = _word_features(own, counts, title)
        features = _features(sentence, words, frozenset(terms), line, title, chooser)
        share = rules.floor + (1 - rules.floor) * math.exp(-rules.fade * place)
        follows = place - 1 if features.get(DANGLING) else None
        found.append(Candidate(sentence, place, length, share, terms, features, follows))
    return found


def best_of(found: Sequence[Candidate], rules: KeyPointRules) -> tuple[KeyPoint, ...]:
    """The set of candidates that is worth most, in the order of the text; not the greedy one, but the best of all.

    Centrality by plain term frequency after Nenkova & Vanderwende (2005); words that are said once gain nothing more
    (Lin & Bilmes 2011), which keeps the sentences apart.
    """
    weighed = [_weighed(candidate, rules) for candidate in found]
    best = max(_sets(_most_promising(weighed, rules), rules), key=lambda chosen: _worth(chosen, rules))
    return tuple(_key_point(each, best, rules) for each in best)


def features_of(chosen: Sequence[Candidate]) -> dict[str, float]:
    """What a set of sentences amounts to, by feature: those of the words as "words.NAME" ("words.each": 1 for each),
    those of the sentences as "weights.NAME". Its worth but for the price is the sum of these times their weights."""
    total: dict[str, float] = {}
    said: set[str] = set()
    for candidate in chosen:
        for term, own in candidate.words.items():
            if term in said:
                continue
            for name, value in {"each": 1.0, **own}.items():
                key = f"words.{name}"
                total[key] = total.get(key, 0.0) + candidate.share * value
        said |= candidate.words.keys()
        for name, value in candidate.features.items():
            if name != DANGLING or _dangles(candidate, chosen):
                total[f"weights.{name}"] = total.get(f"weights.{name}", 0.0) + value
    return total


def sets_of(found: Sequence[Candidate], rules: KeyPointRules) -> list[tuple[Candidate, ...]]:
    """Every set of candidates that may be quoted, in the order of the text; the empty one first."""
    weighed = [_weighed(candidate, rules) for candidate in found]
    return [tuple(each.candidate for each in chosen) for chosen in _sets(_most_promising(weighed, rules), rules)]


def stem(word: str) -> str:
    """`word` without the commonest endings, so that "contracts" and "contract" are one; rough on purpose."""
    for ending in ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _forms(words: Words) -> list[str]:
    """The words as written; where no blanks part them, pieces of a few letters."""
    found: list[str] = []
    for form in words.forms:
        if _UNSPACED.search(form):
            found += [form[n : n + _LETTERS_OF_A_WORD] for n in range(0, len(form), _LETTERS_OF_A_WORD)]
        else:
            found.append(form)
    return found


def _word_features(
    stems: Mapping[str, str], counts: Mapping[str, int], title: frozenset[str]
) -> dict[str, dict[str, float]]:
    """The features of each content word, by its stem."""
    found: dict[str, dict[str, float]] = {}
    for form, term in stems.items():
        values = {
            "repeated": math.log(counts[term]),
            "title": float(term in title),
            "number": float(any(character.isdigit() for character in term)),
            "name": float(form[0].isupper()),
        }
        found[term] = {name: value for name, value in values.items() if value}
    return found


def _features(
    sentence: Sentence, words: Words, terms: frozenset[str], line: Masked, title: frozenset[str], chooser: Chooser
) -> dict[str, float]:
    """The features of a sentence by itself."""
    text = sentence.text
    quoted = sum(len(match.group()) for match in _QUOTED.finditer(text))
    values = {
        "first": float(sentence.block == 0 and sentence.start == 0),
        "organisations": min(len(line.marks), 3) / 3,
        "amount": float("\x02" in line.line),
        "question": float(any(mark in text for mark in "?？؟")),
        "unclosed": float(not sentence.closed),
        "echo": float(bool(terms) and terms <= title),
        "shouting": float(text.isupper()),
        "aside": float(text[0] in "([" and text.rstrip(".")[-1] in ")]"),
        "voice": float(quoted > 0.8 * len(text)),
        "torn": float(bool(_QUOTES.search(_QUOTED.sub("", text)))),
    }
    for hit in find(words, chooser.phrases):
        values |= {group: 1.0 for group in hit.names if group not in AT_BEGINNING or hit.first == 0}
    if not _LABEL.match(text):
        values["label"] = 0.0
    return {name: value for name, value in values.items() if value}


def _weighed(candidate: Candidate, rules: KeyPointRules) -> _Weighed:
    worth = {
        term: candidate.share * (1 + sum(rules.words.get(name, 0.0) * value for name, value in features.items()))
        for term, features in candidate.words.items()
    }
    extra = sum(rules.weights.get(name, 0.0) * value for name, value in candidate.features.items() if name != DANGLING)
    return _Weighed(candidate, worth, extra)


def _most_promising(weighed: Sequence[_Weighed], rules: KeyPointRules) -> list[_Weighed]:
    """Those that are worth most by themselves, in the order of the text."""
    ranked = sorted(weighed, key=lambda each: (-_worth((each,), rules), each.candidate.place))
    return sorted(ranked[:MOST_WEIGHED], key=lambda each: each.candidate.place)


def _sets(weighed: Sequence[_Weighed], rules: KeyPointRules) -> Iterator[tuple[_Weighed, ...]]:
    """Every set that there is room for and that says nothing twice, small ones first."""
    twins = {
        (one.candidate.place, other.candidate.place) for one, other in combinations(weighed, 2) if _same(one, other)
    }
    for count in range(rules.most + 1):
        for chosen in combinations(weighed, count):
            if sum(each.candidate.length for each in chosen) <= rules.room and not any(
                (one.candidate.place, other.candidate.place) in twins for one, other in combinations(chosen, 2)
            ):
                yield chosen


def _same(one: _Weighed, other: _Weighed) -> bool:
    fewer = min(len(one.worth), len(other.worth))
    return len(one.worth.keys() & other.worth.keys()) > SAME * fewer


def _worth(chosen: Sequence[_Weighed], rules: KeyPointRules) -> float:
    """What a set in the order of the text is worth: each word once, where it stands first."""
    said: dict[str, float] = {}
    total = 0.0
    for each in chosen:
        for term, worth in each.worth.items():
            said.setdefault(term, worth)
        total += each.extra - rules.price * each.candidate.length
        if each.candidate.follows is not None and _dangles(each.candidate, [other.candidate for other in chosen]):
            total += rules.weights.get(DANGLING, 0.0)
    return total + sum(said.values())


def _dangles(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    return all(other.place != candidate.follows for other in chosen)


def _key_point(each: _Weighed, chosen: Sequence[_Weighed], rules: KeyPointRules) -> KeyPoint:
    """A chosen sentence with what the set would lose without it, and the features that spoke for it."""
    lost = _worth(chosen, rules) - _worth([other for other in chosen if other is not each], rules)
    parts = {name: rules.weights.get(name, 0.0) * value for name, value in each.candidate.features.items()}
    reasons = sorted((name for name in parts if parts[name] > 0), key=lambda name: (-parts[name], name))
    return KeyPoint(each.candidate.sentence.text, round(lost, 3), tuple(reasons))
