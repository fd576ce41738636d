"""Profile: what merging compares, of one report (`Traits`) and of a story as the sum of its reports (`Profile`).

It weighs words, organisations, amounts and steps by the place where they stand: title before first sentence before
the rest, and what only recalls earlier events least. It compares nothing (see likeness) and reads no clock.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from math import sqrt
from typing import Any, TypeVar
from zlib import crc32

from bot.core.event import Amount
from bot.core.phrases import Phrases, build, find
from bot.core.story import MergingRules, Places, Report
from bot.core.words import Words, clean, sentences_of, words_of

MOST_WORDS = 160
MOST_NAMES = 40
MOST_AMOUNTS = 12
MOST_SKETCHES = 6
SKETCH = 48
"""Hashes in a sketch of a text: an estimate of overlap within about 0.07 of the truth."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z]{2,}[0-9]*|[0-9]+[A-Za-z]*")
_CLAUSE_END = re.compile(r"[,;:.!?]")
_ENDINGS = (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words known beforehand, ready for finding. `ignored` and `common` hold stems.

    `recap_clauses` begin a clause that recalls earlier events, `recap_sentences` mark a sentence that does; `steps`
    name the step of a longer affair that a text reports.
    """

    ignored: frozenset[str]
    common: frozenset[str]
    recap_clauses: Phrases
    recap_sentences: Phrases
    steps: Phrases
    places: Places = field(default_factory=Places)


@dataclass(frozen=True, slots=True)
class Traits:
    """What merging compares of one report.

    `words` (stems) and `names` (canonical organisations) carry weights; `proper` are the words that are names or
    numbers in any language; `amounts` map "EUR 200000000" to the weight of its place; `sketch` stands for the text.
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
    buyer: str | None = None
    seller: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """The sum of a story's independent reports; every mapping from a name to a sum of weights or a count."""

    reports: int = 0
    language: str = ""
    words: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, float] = field(default_factory=dict)
    proper: tuple[str, ...] = ()
    title_names: Mapping[str, int] = field(default_factory=dict)
    amounts: Mapping[str, float] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, int] = field(default_factory=dict)
    buyers: Mapping[str, int] = field(default_factory=dict)
    sellers: Mapping[str, int] = field(default_factory=dict)
    sketches: tuple[tuple[int, ...], ...] = ()
    points: tuple[float, ...] = ()

    def pack(self) -> dict[str, object]:
        """The profile as JSON can hold it."""
        return asdict(self)


Number = TypeVar("Number", int, float)
_FIELDS = {entry.name: entry for entry in fields(Profile)}


def unpack(stored: Mapping[str, Any]) -> Profile:
    """The profile of what `pack` gave, also after a way through JSON; keys of other versions are passed over."""
    known = {name: value for name, value in stored.items() if name in _FIELDS}
    for name in ("proper", "points"):
        known[name] = tuple(known.get(name, ()))
    known["sketches"] = tuple(tuple(sketch) for sketch in known.get("sketches", ()))
    return Profile(**known)


def make_lexicon(rules: MergingRules) -> Lexicon:
    """The words and phrases of the rules, made ready."""
    by_phrase: dict[str, list[str]] = {}
    for step, phrases in rules.steps.items():
        for phrase in phrases:
            by_phrase.setdefault(phrase, []).append(step)
    return Lexicon(
        ignored=frozenset(map(stem, rules.ignored)),
        common=frozenset(map(stem, rules.common)),
        recap_clauses=build(dict.fromkeys(rules.recap_clauses, ("recap",))),
        recap_sentences=build(dict.fromkeys(rules.recap_sentences, ("recap",))),
        steps=build(by_phrase),
        places=rules.places,
    )


def describe(report: Report, lexicon: Lexicon) -> Traits:
    """What merging compares of `report`. Never raises; empty texts give empty traits."""
    article, event = report.article, report.analysis.event
    pieces = list(_pieces(clean(article.title), clean(article.text), lexicon))
    names = {mention.name: _weight(mention.words, pieces) for mention in report.analysis.organisations}
    known = [mention.name for mention in report.analysis.organisations if mention.kind is not None]
    amounts = {amount_key(amount): _weight(amount.words, pieces)
               for amount in (event.amounts if event else ()) if amount.value}  # fmt: skip
    return Traits(
        words=_word_weights(pieces, report.analysis.terms, lexicon),
        names=names,
        proper=_proper(pieces),
        title_names=frozenset(name for name in known if names[name] >= lexicon.places.title),
        amounts=amounts,
        steps=_steps(pieces, lexicon),
        sketch=sketch(f"{article.title}\n{article.text}"),
        language=article.language,
        event=event.type if event else None,
        stage=event.stage if event else None,
        buyer=event.buyer.name if event and event.buyer else None,
        seller=event.seller.name if event and event.seller else None,
    )


def extend(profile: Profile, traits: Traits, *, points: tuple[float, ...] = ()) -> Profile:
    """The profile with one more independent report; bounded in size, the weakest entries go."""
    words = _top(_sum(profile.words, traits.words), MOST_WORDS)
    return Profile(
        reports=profile.reports + 1,
        language=profile.language or traits.language,
        words=words,
        names=_top(_sum(profile.names, traits.names), MOST_NAMES),
        proper=tuple(sorted((traits.proper | set(profile.proper)) & set(words))),
        title_names=_top(_count(profile.title_names, traits.title_names), MOST_NAMES),
        amounts=_top(_sum(profile.amounts, traits.amounts), MOST_AMOUNTS),
        steps=_count(profile.steps, traits.steps),
        events=_count(profile.events, _given(traits.event)),
        stages=_count(profile.stages, _given(traits.stage)),
        buyers=_top(_count(profile.buyers, _given(traits.buyer)), MOST_NAMES),
        sellers=_top(_count(profile.sellers, _given(traits.seller)), MOST_NAMES),
        sketches=(*profile.sketches, traits.sketch)[:MOST_SKETCHES] if traits.sketch else profile.sketches,
        points=points,
    )


def stem(word: str) -> str:
    """A lower-case word without its commonest English endings; rough, but the same for both sides of a comparison."""
    if len(word) < 5 or not word.isascii():
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    return word.removesuffix("e")


def sketch(text: str) -> tuple[int, ...]:
    """The smallest hashes of the text's word triples, ascending: like texts share most of them (Broder 1997)."""
    words = words_of(clean(text)).lower
    triples = {" ".join(words[place : place + 3]) for place in range(max(1, len(words) - 2))} if words else set()
    return tuple(sorted(crc32(triple.encode()) for triple in triples)[:SKETCH])


def overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The estimated share of word triples that two sketched texts have in common, 0…1."""
    union = sorted({*one, *other})[: min(SKETCH, max(len(one), len(other)))]
    return len({*union} & {*one} & {*other}) / len(union) if union else 0.0


def amount_key(amount: Amount) -> str:
    """Currency and value of an amount in one word, so that JSON can hold it as a key."""
    return f"{amount.currency or '?'} {amount.value or 0:.6g}"


def amount_of(key: str) -> tuple[str, float]:
    """Currency ("?" if unknown) and value of an amount's key."""
    currency, _, value = key.partition(" ")
    return currency, float(value)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A clause of the report and what its words weigh."""

    words: Words
    weight: float


def _pieces(title: str, text: str, lexicon: Lexicon) -> Iterator[_Piece]:
    places = lexicon.places
    for clause, recap in _clauses(words_of(title), lexicon):
        yield _Piece(clause, places.recap if recap else places.title)
    for number, sentence in enumerate(sentences_of(text)):
        words = words_of(sentence.text)
        recalls = number > 0 and bool(find(words, lexicon.recap_sentences))
        for clause, recap in _clauses(words, lexicon):
            weight = places.lead if number == 0 else places.body
            yield _Piece(clause, places.recap if recap or recalls else weight)


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


def _word_weights(pieces: Iterable[_Piece], terms: Mapping[str, int], lexicon: Lexicon) -> dict[str, float]:
    """Stems with the root of their summed weights: a word said ten times does not count ten times.

    `terms` choose the words (an analysis leaves out stop words and the outlet's name); places weigh them. Without
    terms every word counts that is not ignored.
    """
    sums: dict[str, float] = {}
    unspaced: set[str] = set()
    for piece in pieces:
        for form in piece.words.forms:
            for word in _parts(form):
                key = stem(word.lower())
                sums[key] = sums.get(key, 0.0) + piece.weight
                if len(word) < len(form):
                    unspaced.add(key)
    if terms:
        chosen = {stem(term): count for term, count in terms.items() if not _UNSPACED.search(term)}
        kept = {word: sums.get(word, lexicon.places.body * count) for word, count in chosen.items()}
        sums = {word: sums[word] for word in unspaced} | kept
    weights = {word: round(sqrt(weight), 3) for word, weight in sums.items() if _tells(word, lexicon.ignored)}
    return _top(weights, MOST_WORDS)


def _parts(form: str) -> Iterable[str]:
    """The word itself; of a run in a script without spaces its pairs of letters, and Latin words and numbers in it."""
    if not _UNSPACED.search(form):
        return (form,)
    letters = "".join(_UNSPACED.findall(form))
    return (*_LATIN.findall(form), *(letters[place : place + 2] for place in range(len(letters) - 1)))


def _tells(word: str, ignored: frozenset[str]) -> bool:
    return (len(word) > 1 or word.isdigit()) and word not in ignored


def _proper(pieces: Iterable[_Piece]) -> frozenset[str]:
    """Stems of words with a capital inside a clause, or with digits: names and numbers, alike in any language."""
    return frozenset(
        stem(word.lower())
        for piece in pieces
        for place, form in enumerate(piece.words.forms)
        for word in _parts(form)
        if any(letter.isdigit() for letter in word) or ((place or len(word) < len(form)) and word[0].isupper())
    )


def _steps(pieces: Iterable[_Piece], lexicon: Lexicon) -> frozenset[str]:
    """The steps that title and first sentence tell; those of the title alone where it tells any."""
    title: set[str] = set()
    lead: set[str] = set()
    for piece in pieces:
        if piece.weight >= lexicon.places.lead:
            told = title if piece.weight >= lexicon.places.title else lead
            told.update(name for hit in find(piece.words, lexicon.steps) for name in hit.names)
    return frozenset(title or lead)


def _weight(words: str, pieces: Iterable[_Piece]) -> float:
    """The weight of the best place where `words` stand; that of the body where they are not found."""
    return max((piece.weight for piece in pieces if words in piece.words.text), default=0.5)


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


def _top(weights: Mapping[str, Number], most: int) -> dict[str, Number]:
    """The `most` heaviest, in a stable order."""
    return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
