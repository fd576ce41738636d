"""Traits: what merging compares of one report.

It weighs words, organisations, amounts and steps by the place where they stand: title before first sentence before
the rest, and what only recalls earlier events least. It compares nothing (see likeness) and reads no clock.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TypeVar

from bot.core.article import Article
from bot.core.clauses import UNSPACED, Lexicon, Piece, pieces_of, stem
from bot.core.event import Amount, Event
from bot.core.organisations import Mention
from bot.core.phrases import find
from bot.core.sketch import sketch
from bot.core.story import Report
from bot.core.words import Words, clean, words_of

MOST_WORDS = 160
MOST_RUNS = 24
READ = 2_000
"""Characters of a text whose words are compared: what is told is told in its first paragraphs."""

FOREIGN_LETTERS = 0.03
"""Share of letters beyond A to Z from which a text is not English."""

_YEAR = re.compile(r"(?:19|20)\d\d")
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Traits:
    """What merging compares of one report.

    `words` (stems) and `names` (canonical organisations) carry weights; `proper` are the words that are names or
    numbers in any language; `specific` those of them that are neither common nor a customer's name, and `parties` the
    organisations that are no mere customers: what shows that two reports are about one affair. `amounts` map
    "EUR 200000000" to the weight of its place. `told_stage` is the stage if title or first sentence state it. `sketch`
    stands for the text; `recalled` are the words of clauses that recall earlier events. `forms`, `runs` and
    `amount_words` say how stems, names of several words and amounts are written, for people.
    """

    words: Mapping[str, float]
    names: Mapping[str, float]
    proper: frozenset[str]
    title_names: frozenset[str]
    amounts: Mapping[str, float]
    steps: frozenset[str]
    sketch: tuple[int, ...]
    language: str
    event: str | None = None
    stage: str | None = None
    told_stage: str | None = None
    buyer: str | None = None
    seller: str | None = None
    specific: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()
    forms: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[tuple[str, frozenset[str]], ...] = ()
    amount_words: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    subjects: frozenset[str] = frozenset()
    recalled: frozenset[str] = frozenset()


def describe(report: Report, lexicon: Lexicon) -> Traits:
    """What merging compares of `report`. Never raises; empty texts give empty traits."""
    article, event, mentions = report.article, report.analysis.event, report.analysis.organisations
    pieces = list(pieces_of(clean(article.title), clean(article.text[:READ]), lexicon))
    names = {mention.name: _weight(mention.words, pieces) for mention in mentions}
    known = [mention.name for mention in mentions if mention.kind is not None]
    customers = [mention for mention in mentions if mention.kind in lexicon.customers]
    amounts = [amount for amount in (event.amounts if event else ()) if amount.value]
    words, forms = _word_weights(pieces, report.analysis.terms, lexicon)
    language = _language(article)
    if language not in ("", "en"):
        words = top({**words, **_abroad(pieces, lexicon)}, MOST_WORDS)
    early = [piece for piece in pieces if piece.weight >= lexicon.places.lead]
    proper = _proper(pieces)
    specific = frozenset(word for word in proper if _is_specific(word, lexicon)) - _naming(mentions)
    return Traits(
        words=words,
        names=names,
        proper=proper | lexicon.known_abroad.intersection(words),
        title_names=frozenset(name for name in known if names[name] >= lexicon.places.title),
        amounts={amount_key(amount): _weight(amount.words, pieces) for amount in amounts},
        steps=_steps(pieces, lexicon),
        sketch=sketch(f"{article.title}\n{article.text}"),
        fingerprint=article.fingerprint,
        language=language,
        event=event.type if event else None,
        stage=event.stage if event else None,
        told_stage=_told_stage(event, pieces, lexicon),
        buyer=event.buyer.name if event and event.buyer else None,
        seller=event.seller.name if event and event.seller else None,
        specific=specific,
        subjects=specific & _stems(early),
        recalled=frozenset(words) & _stems(piece for piece in pieces if piece.weight <= lexicon.places.recap),
        parties=frozenset(names) - {mention.name for mention in customers},
        forms=forms,
        runs=_runs(pieces),
        amount_words={amount_key(amount): amount.words for amount in reversed(amounts)},
    )


def amount_key(amount: Amount) -> str:
    """Currency and value of an amount in one word, so that JSON can hold it as a key."""
    return f"{amount.currency or '?'} {amount.value or 0:.6g}"


def amount_of(key: str) -> tuple[str, float]:
    """Currency ("?" if unknown) and value of an amount's key."""
    currency, _, value = key.partition(" ")
    return currency, float(value)


def _word_weights(
    pieces: Iterable[Piece], terms: Mapping[str, int], lexicon: Lexicon
) -> tuple[dict[str, float], dict[str, str]]:
    """Stems with the root of their summed weights, for a word said ten times does not count ten times, and how each is
    written: without a capital, where it stands so anywhere.

    `terms` choose the words (an analysis leaves out stop words and the outlet's name); places weigh them. Without
    terms every word counts that is not ignored.
    """
    sums: dict[str, float] = {}
    forms: dict[str, str] = {}
    unspaced: set[str] = set()
    for piece in pieces:
        for _, word, key, is_part in piece.parts:
            sums[key] = sums.get(key, 0.0) + piece.weight
            if key not in forms or (word.islower() and not forms[key].islower()):
                forms[key] = word
            if is_part:
                unspaced.add(key)
    if terms:
        chosen = {stem(term): count for term, count in terms.items() if not UNSPACED.search(term)}
        kept = {word: sums.get(word, lexicon.places.body * count) for word, count in chosen.items()}
        sums = {word: sums[word] for word in unspaced} | kept
    weights = {word: round(sqrt(weight), 3) for word, weight in sums.items() if _tells(word, lexicon.ignored)}
    heaviest = top(weights, MOST_WORDS)
    return heaviest, {word: forms[word] for word in heaviest if word in forms}


def _abroad(pieces: Iterable[Piece], lexicon: Lexicon) -> dict[str, float]:
    """The English stems of what a text in another language tells, with the root of their summed weights."""
    sums: dict[str, float] = {}
    for piece in pieces:
        for hit in find(piece.words, lexicon.concepts):
            for word in (part for name in hit.names for part in name.split()):
                sums[stem(word)] = sums.get(stem(word), 0.0) + piece.weight
    return {word: round(sqrt(weight), 3) for word, weight in sums.items()}


def _language(article: Article) -> str:
    """The article's language, "und" (ISO 639: undetermined) if it is unknown and surely not English."""
    if article.language:
        return article.language
    letters = [letter for letter in f"{article.title} {article.text[:READ]}" if letter.isalpha()]
    return "und" if sum(not letter.isascii() for letter in letters) > FOREIGN_LETTERS * len(letters) else ""


def _tells(word: str, ignored: frozenset[str]) -> bool:
    return (len(word) > 1 or word.isdigit()) and word not in ignored


def _proper(pieces: Iterable[Piece]) -> frozenset[str]:
    """Stems of words with a capital inside a clause, or with digits: names and numbers, alike in any language.

    In a headline that writes every word with a capital, only what is no ordinary word elsewhere is a name.
    """
    found: set[str] = set()
    plain: set[str] = set()
    for piece in pieces:
        capitals = _has_capitals_throughout(piece.words)
        for place, word, key, is_part in piece.parts:
            inside = place or capitals or is_part
            if (inside and word[0].isupper()) or not word.isalpha():
                found.add(key)
            elif word[0].islower():
                plain.add(key)
    return frozenset(found - plain)


def _has_capitals_throughout(words: Words) -> bool:
    """Whether nearly every longer word has a capital, as in some headlines."""
    longer = [form for form in words.forms if len(form) > 3]
    return len(longer) > 3 and sum(form[0].isupper() for form in longer) > 0.8 * len(longer)


def _is_specific(word: str, lexicon: Lexicon) -> bool:
    if word in lexicon.common or word in lexicon.ignored or len(word) < 2:
        return False
    return not word.isdigit() or (len(word) > 2 and not _YEAR.fullmatch(word))


def _stems(pieces: Iterable[Piece]) -> set[str]:
    return {key for piece in pieces for _, _, key, _ in piece.parts}


def _naming(mentions: Iterable[Mention]) -> set[str]:
    """The stems of the words that name the known ones of these organisations."""
    known = [mention for mention in mentions if mention.kind is not None]
    return {stem(word) for mention in known for word in words_of(f"{mention.words} {mention.name}").lower}


def _told_stage(event: Event | None, pieces: Sequence[Piece], lexicon: Lexicon) -> str | None:
    """The event's stage, if words of the title or of the first sentence state it."""
    if event is None:
        return None
    stated = [words for what, _, words in event.evidence if what == "stage"]
    return event.stage if any(_weight(words, pieces) >= lexicon.places.lead for words in stated) else None


def _runs(pieces: Iterable[Piece]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Names of two to four words as they are written, with their stems: "Royal Navy"."""
    runs: dict[str, frozenset[str]] = {}
    for piece in pieces:
        if len(runs) < MOST_RUNS and not _has_capitals_throughout(piece.words):
            runs.update(_runs_of(piece.words))
    return tuple(runs.items())[:MOST_RUNS]


def _runs_of(words: Words) -> Iterator[tuple[str, frozenset[str]]]:
    first = 0
    for place in range(1, len(words.forms) + 1):
        if place < len(words.forms) and _goes_on(words, place):
            continue
        if 2 <= place - first <= 4 and words.forms[first][0].isupper():
            yield words.quote(first, place), frozenset(stem(word) for word in words.lower[first:place])
        first = place


def _goes_on(words: Words, place: int) -> bool:
    """Whether the word at `place` belongs to a name that the word before it does."""
    between = words.text[words.ends[place - 1] : words.starts[place]]
    return between in (" ", "-") and words.forms[place - 1][0].isupper() and words.forms[place][0].isupper()


def _steps(pieces: Iterable[Piece], lexicon: Lexicon) -> frozenset[str]:
    """The steps that title and first sentence tell; those of the title alone where it tells any."""
    title: set[str] = set()
    lead: set[str] = set()
    for piece in pieces:
        if piece.weight >= lexicon.places.lead:
            told = title if piece.weight >= lexicon.places.title else lead
            told.update(name for hit in find(piece.words, lexicon.steps) for name in hit.names)
    return frozenset(title or lead)


def _weight(words: str, pieces: Iterable[Piece]) -> float:
    """The weight of the best place where `words` stand; that of the body where they are not found."""
    return max((piece.weight for piece in pieces if words in piece.words.text), default=0.5)


def top(weights: Mapping[str, Number], most: int) -> dict[str, Number]:
    """The `most` heaviest, in a stable order."""
    return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
