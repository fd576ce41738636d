"""Clauses: a report's title and text in pieces, each with what its words weigh by where they stand.

It tells title from first sentence from the rest, and from all of them what only recalls earlier events; it compares
nothing (see likeness).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from bot.core.dateline import without_dateline
from bot.core.phrases import Phrases, build, find
from bot.core.story import MergingRules, Places
from bot.core.words import Words, sentences_of, words_of

KNOWN_STEMS = 16_384
"""Words whose stems are remembered."""

UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z]{2,}[0-9]*|[0-9]+[A-Za-z]*")
_CLAUSE_END = re.compile(r"[,;:.!?]")
_ENDINGS = (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words known beforehand, ready for finding. `ignored` and `common` hold stems.

    `recap_clauses` begin a clause that recalls earlier events, `recap_sentences` mark a sentence that does; `steps`
    name the step of a longer affair that a text reports; `customers` are the kinds of organisation that are party to
    so much that sharing one says little.
    """

    ignored: frozenset[str]
    common: frozenset[str]
    recap_clauses: Phrases
    recap_sentences: Phrases
    steps: Phrases
    concepts: Phrases
    known_abroad: frozenset[str]
    places: Places = field(default_factory=Places)
    customers: frozenset[str] = frozenset()


def make_lexicon(rules: MergingRules) -> Lexicon:
    """The words and phrases of the rules, made ready."""
    return Lexicon(
        ignored=frozenset(map(stem, rules.ignored)),
        common=frozenset(map(stem, rules.common)),
        recap_clauses=build(dict.fromkeys(rules.recap_clauses, ("recap",))),
        recap_sentences=build(dict.fromkeys(rules.recap_sentences, ("recap",))),
        steps=build(_by_phrase(rules.steps)),
        concepts=build(_by_phrase(rules.concepts)),
        known_abroad=frozenset(stem(word) for name in rules.concepts for word in name.split()),
        places=rules.places,
        customers=frozenset(rules.customers),
    )


def _by_phrase(named: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """For each phrase, the names that it stands for."""
    by_phrase: dict[str, list[str]] = {}
    for name, phrases in named.items():
        for phrase in phrases:
            by_phrase.setdefault(phrase, []).append(name)
    return by_phrase


@lru_cache(KNOWN_STEMS)
def stem(word: str) -> str:
    """A lower-case word without its commonest English endings; rough, but the same for both sides of a comparison."""
    if len(word) < 5 or not word.isascii():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    return word.removesuffix("e")


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause of the report, what its words weigh, and these: in scripts without spaces parts of them, each with its
    place, its stem and whether it is less than the whole."""

    words: Words
    weight: float
    parts: tuple[tuple[int, str, str, bool], ...]


def pieces_of(title: str, text: str, lexicon: Lexicon) -> Iterator[Piece]:
    places = lexicon.places
    for clause, recap in _clauses(words_of(title), lexicon):
        yield _piece(clause, places.recap if recap else places.title)
    for number, sentence in enumerate(sentences_of(without_dateline(text.lstrip()))):
        words = words_of(sentence.text)
        recalls = number > 0 and bool(find(words, lexicon.recap_sentences))
        for clause, recap in _clauses(words, lexicon):
            weight = places.lead if number == 0 else places.body
            yield _piece(clause, places.recap if recap or recalls else weight)


def _piece(words: Words, weight: float) -> Piece:
    return Piece(
        words,
        weight,
        tuple(
            (place, part, stem(part.lower()), len(part) < len(form))
            for place, form in enumerate(words.forms)
            for part in parts_of(form)
        ),
    )


def _clauses(words: Words, lexicon: Lexicon) -> Iterator[tuple[Words, bool]]:
    """A sentence in clauses, each with whether it recalls something earlier ("… days after its first deal")."""
    sentence = words.text
    cuts: list[tuple[int, bool]] = [(0, False)]
    for hit in find(words, lexicon.recap_clauses):
        start = words.starts[hit.first]
        if start >= cuts[-1][0]:
            end = _CLAUSE_END.search(sentence, words.ends[hit.after - 1])
            cuts += [(start, True), (end.start() if end else len(sentence), False)]
    if len(cuts) == 1:
        yield words, False
        return
    for (first, recap), (after, _) in pairwise([*cuts, (len(sentence), False)]):
        if after > first:
            yield words_of(sentence[first:after]), recap


def parts_of(form: str) -> Iterable[str]:
    """The word itself; of a run in a script without spaces its pairs of letters, and Latin words and numbers in it."""
    if not UNSPACED.search(form):
        return (form,)
    letters = "".join(UNSPACED.findall(form))
    return (*_LATIN.findall(form), *(letters[place : place + 2] for place in range(len(letters) - 1)))
