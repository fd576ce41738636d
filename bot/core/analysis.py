"""Analysis: everything that one article says, found in one pass over its spaCy document.

It composes organisations, relevance, event and key points; it compares no articles (see story), and it loads no
language model: `prepare` is given one.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.core.amounts import Amount, AmountFinder, AmountRules, amount_finder, amounts_of, distinct
from bot.core.article import LONGEST_TITLE, Article, shortcomings
from bot.core.event import Event, EventReader, EventRules, event_of, event_reader, types_of, with_parties
from bot.core.keypoints import (
    Candidate,
    Chooser,
    KeyPoint,
    KeyPointRules,
    best_of,
    candidates_of,
    chooser_of,
    stem,
)
from bot.core.organisations import (
    Gazetteer,
    Mention,
    Organisation,
    Place,
    at_home,
    gazetteer,
    known_places,
    mentions,
    with_acronyms,
)
from bot.core.parties import PartyReader, PartyRules, parties_of, party_reader, sorts_of
from bot.core.patterns import Masked, mask
from bot.core.relevance import Judge, Reason, Relevance, Topic, evidence_of, judge, judge_of
from bot.core.strangers import Entity, NameRules, candidates, in_doubt, strangers
from bot.core.words import Sentence, StopWords, Words, clean, language_of, loosened, sentences_of, words_of

if TYPE_CHECKING:  # half a second and 100 MB that a process without a language model need not spend
    from spacy.language import Language

COMPONENTS = ("ner",)
"""The components of a language model that are run; the others are left out. Lemmas would cost as much time as all
that is done by rules, and merge no better than the words themselves, which merging cuts to their stems."""

LEAD_SENTENCES = 2

BATCH = 32
"""Sentences that the language model reads at once. It takes a quarter of them at a time, and for the longest that
there can be it needs about 15 MB each."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one article says. `event` is None and the rest empty where it is not relevant.

    `terms` are the words that merging compares, with their counts: words in lower case, without stop words, the
    outlet's name and single letters; numbers and names stay. A word of the title counts twice. `problem` is a sentence
    if the analysis was cut short (a time limit, a dead worker, a missing model).
    """

    relevance: Relevance
    organisations: tuple[Mention, ...] = ()
    event: Event | None = None
    key_points: tuple[KeyPoint, ...] = ()
    terms: Mapping[str, int] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the configuration knows about language: plain values, fit to be sent to a worker process."""

    topics: tuple[Topic, ...]
    organisations: tuple[Organisation, ...] = ()
    amounts: AmountRules = field(default_factory=AmountRules)
    events: EventRules = field(default_factory=EventRules)
    parties: PartyRules = field(default_factory=PartyRules)
    key_points: KeyPointRules = field(default_factory=KeyPointRules)
    names: NameRules = field(default_factory=NameRules)
    stop: StopWords = field(default_factory=StopWords)


@dataclass(frozen=True, slots=True)
class Tools:
    """`Knowledge` made ready, once for each worker. It stays in its process."""

    knowledge: Knowledge
    nlp: "Language"
    gazetteer: Gazetteer
    judges: tuple[Judge, ...]
    amounts: AmountFinder
    events: EventReader
    parties: PartyReader
    chooser: Chooser
    dictionary: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as words: title, line break, text; the first `title_words` are the title's."""

    article: Article
    title: str
    words: Words
    title_words: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Outlined:
    """A Reading in sentences, with the places of the organisations that are known or that the text itself explains."""

    reading: Reading
    language: str | None
    sentences: Sequence[Sentence]
    places: Sequence[Place]

    @property
    def english(self) -> bool:
        return self.language in (None, "en")


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A Reading in sentences, with what is named in it; `doubtful` are names that count only as a party."""

    language: str | None
    mentions: tuple[Mention, ...]
    doubtful: frozenset[str]
    sentences: Sequence[Sentence]
    amounts: Sequence[Amount]
    title: Masked
    lines: Sequence[Masked]


def prepare(knowledge: Knowledge, nlp: "Language") -> Tools:
    """`knowledge` and a loaded language model (or `spacy.blank("en")`) made ready for `analyse`."""
    return Tools(
        knowledge,
        nlp,
        gazetteer(knowledge.organisations, knowledge.names.national, knowledge.names.home),
        tuple(judge_of(topic) for topic in knowledge.topics),
        amount_finder(knowledge.amounts),
        event_reader(knowledge.events),
        party_reader(knowledge.parties, frozenset(each.name for each in knowledge.organisations if each.generic)),
        chooser_of(knowledge.key_points),
        _dictionary(nlp, knowledge),
    )


def _dictionary(nlp: "Language", knowledge: Knowledge) -> frozenset[str]:
    """The ordinary words: those that the model's lemmatiser knows, stop words, the words of topics' phrases and
    of the names of states' bodies (which hold the countries and their adjectives). Empty without a lemmatiser."""
    if "lemmatizer" not in nlp.pipe_names:
        return frozenset()
    tables = nlp.get_pipe("lemmatizer").lookups  # type: ignore[attr-defined]
    if not tables.has_table("lemma_index"):
        return frozenset()
    ordinary = {word for known in tables.get_table("lemma_index").values() for word in known}
    ordinary |= knowledge.stop.by_language.get("en", frozenset())
    states = (o for o in knowledge.organisations if o.kind in ("government", "ministry", "service"))
    phrases = (phrase for topic in knowledge.topics for group in topic.groups for phrase in group.phrases)
    for text in (*(form for o in states for form in (o.name, *o.aliases)), *phrases):
        ordinary.update(words_of(text).lower)
    return frozenset(ordinary)


def analyse(articles: Sequence[Article], tools: Tools) -> list[Analysis]:
    """One Analysis for each article, in order. Only those judged relevant meet the language model. Never raises on
    what an article holds."""
    readings = [read(article, tools) for article in articles]
    verdicts = [verdict(reading, tools) for reading in readings]
    relevant = [n for n, found in enumerate(verdicts) if found.relevant]
    parsed = _parsed([readings[n] for n in relevant], tools)
    full = {n: _full(readings[n], verdicts[n], each, tools) for n, each in zip(relevant, parsed, strict=True)}
    return [full.get(n) or Analysis(found) for n, found in enumerate(verdicts)]


def read(article: Article, tools: Tools) -> Reading:
    """`article` as words, with the places of the organisations that the gazetteer knows."""
    title = clean(" ".join(article.title.split()))[:LONGEST_TITLE]
    words = words_of(f"{title}\n{clean(article.text)}")
    title_words = bisect_left(words.starts, len(title))
    return Reading(article, title, words, title_words, tuple(known_places(words, tools.gazetteer)))


def verdict(reading: Reading, tools: Tools) -> Relevance:
    """The verdict of the topic that fits best."""
    found = [_judged(reading, one, tools) for one in tools.judges]
    if not found:
        return Relevance("", 0.0, False, (Reason("gate: no topic is configured", ""),))
    return max(found, key=lambda relevance: (relevance.relevant, relevance.score))


def _judged(reading: Reading, one: Judge, tools: Tools) -> Relevance:
    found = evidence_of(reading.words, reading.places, tools.gazetteer.by_name, one)
    relevance = judge(reading.words, found, one, reading.title_words)
    amiss = shortcomings(reading.article, reading.words, reading.title_words)
    return replace(relevance, reasons=(*relevance.reasons, *(Reason(f"input: {each}", "") for each in amiss)))


def masked_lines(articles: Iterable[Article], tools: Tools) -> Iterator[tuple[Masked, ...]]:
    """The title and the sentences of each article as patterns see them, whether it is relevant or not."""
    readings = [read(article, tools) for article in articles]
    for parsed in _parsed(readings, tools):
        yield (parsed.title, *parsed.lines)


def quotable(articles: Iterable[Article], tools: Tools) -> Iterator[list[Candidate]]:
    """The sentences of each article that may be quoted, whether it is relevant or not."""
    readings = [read(article, tools) for article in articles]
    for reading, parsed in zip(readings, _parsed(readings, tools), strict=True):
        yield _candidates(reading, parsed, tools)


def _candidates(reading: Reading, parsed: _Parsed, tools: Tools) -> list[Candidate]:
    stop = _stop(parsed.language, tools.knowledge.stop)
    in_title = frozenset(stem(word) for word in reading.words.lower[: reading.title_words] if word not in stop)
    return candidates_of(parsed.sentences, parsed.lines, in_title, stop, tools.chooser)


def _parsed(readings: Iterable[Reading], tools: Tools) -> Iterator[_Parsed]:
    outlined = [_outlined(reading, tools) for reading in readings]
    entities = _entities(outlined, tools)
    return (_parse(each, own, tools) for each, own in zip(outlined, entities, strict=True))


def _outlined(reading: Reading, tools: Tools) -> _Outlined:
    language = language_of(reading.words, tools.knowledge.stop)
    home = at_home(reading.words, reading.places, tools.gazetteer) if language in (None, "en") else []
    places = with_acronyms([*reading.places, *home], reading.words)
    return _Outlined(reading, language, sentences_of(reading.words.text[len(reading.title) + 1 :]), places)


def _entities(outlined: Sequence[_Outlined], tools: Tools) -> list[list[Entity]]:
    """The named entities of each text, in the sentences where they matter: in one batch of sentences for them all, most
    of which need not be read at all. The model reads English."""
    found: list[list[Entity]] = [[] for _ in outlined]
    asked = [
        (text, (n, start)) for n, each in enumerate(outlined) if each.english for start, text in _open(each, tools)
    ]
    left_out = [name for name in tools.nlp.pipe_names if name not in COMPONENTS]
    for doc, (n, start) in tools.nlp.pipe(asked, as_tuples=True, disable=left_out, batch_size=BATCH):
        found[n] += [Entity(start + each.start_char, start + each.end_char, each.label_) for each in doc.ents]
    return found


def _open(each: _Outlined, tools: Tools) -> Iterator[tuple[int, str]]:
    """The title and the sentences in which a name may stand that only the model can tell, with their offsets."""
    words, offset = each.reading.words, len(each.reading.title) + 1
    places = in_doubt(words, each.places, tools.knowledge.names, tools.dictionary)
    starts = [words.starts[place] for place in places]
    passages = [(0, each.reading.title), *((offset + own.start, own.text) for own in each.sentences)]
    for start, text in passages:
        place = bisect_left(starts, start)
        if place < len(starts) and starts[place] < start + len(text):
            yield start, loosened(text)


def _parse(outlined: _Outlined, entities: Sequence[Entity], tools: Tools) -> _Parsed:
    reading, sentences = outlined.reading, outlined.sentences
    places, perhaps = _places(outlined, entities, tools)
    found = mentions(places, reading.words, tools.gazetteer, reading.title_words)
    doubtful = {place.name for place in perhaps} - {mention.name for mention in found}
    places = sorted([*places, *perhaps], key=lambda place: (place.first, place.after))
    found = mentions(places, reading.words, tools.gazetteer, reading.title_words)
    amounts = amounts_of(reading.words.text, tools.amounts)
    sorts = sorts_of(found, tools.knowledge.parties)
    title, lines = _lines(reading, sentences, places, amounts, sorts, english=outlined.english)
    return _Parsed(outlined.language, found, frozenset(doubtful), sentences, amounts, title, lines)


def _full(reading: Reading, relevance: Relevance, parsed: _Parsed, tools: Tools) -> Analysis:
    """Everything that a relevant article says."""
    lines, language = [parsed.title, *parsed.lines], parsed.language
    types = types_of(lines, tools.events)
    event = event_of(types, lines, distinct(parsed.amounts), tools.events)
    event = with_parties(event, *parties_of(types.likely, lines, parsed.mentions, tools.parties))
    stop = _stop(language, tools.knowledge.stop)
    points = best_of(_candidates(reading, parsed, tools), tools.chooser.rules)
    terms = _terms(reading, stop)
    named = _worth_naming(parsed.mentions, event, parsed.doubtful, tools)
    return Analysis(relevance, named, event, points, terms, _problem(tools))


def _worth_naming(
    found: Sequence[Mention], event: Event, doubtful: Collection[str], tools: Tools
) -> tuple[Mention, ...]:
    """The organisations, without doubtful names and mere descriptions ("the US government") that are no party to what
    happened."""
    parties = {party.name for party in (event.buyer, event.seller) if party}
    known = tools.gazetteer.by_name
    vague = {one.name for one in found if one.name in known and known[one.name].generic}.union(doubtful)
    return tuple(one for one in found if one.name in parties or one.name not in vague)


def _places(outlined: _Outlined, entities: Sequence[Entity], tools: Tools) -> tuple[list[Place], list[Place]]:
    """Every naming of an organisation, and words that are one only if they have a role in the news. The model and its
    dictionary read English; in other languages the gazetteer and the marks of firms stand alone."""
    words, places, rules = outlined.reading.words, outlined.places, tools.knowledge.names
    dictionary = tools.dictionary if outlined.english else frozenset()
    named = [*places, *strangers(words, places, entities, rules, outlined.reading.title_words, dictionary)]
    return named, candidates(words, named, entities, rules, dictionary)


def _lines(
    reading: Reading,
    sentences: Sequence[Sentence],
    places: Sequence[Place],
    amounts: Sequence[Amount],
    sorts: Mapping[str, str],
    *,
    english: bool,
) -> tuple[Masked, list[Masked]]:
    """The title and the text's sentences as patterns see them."""
    offset = len(reading.title) + 1
    zones = _zones(sentences)
    lines = [
        mask(sentence, zone, reading.words, places, amounts, offset + sentence.start, sorts, english=english)
        for sentence, zone in zip(sentences, zones, strict=True)
    ]
    heading = Sentence(reading.title, 0, len(reading.title), 0, False)
    return mask(heading, "title", reading.words, places, amounts, 0, sorts, english=english), lines


def _zones(sentences: Sequence[Sentence]) -> list[str]:
    """ "lead" for the first two whole sentences and the headings before them, "rest" for what follows."""
    zones, whole = [], 0
    for sentence in sentences:
        zones.append("lead" if whole < LEAD_SENTENCES else "rest")
        whole += sentence.closed
    return zones


def _stop(language: str | None, stop: StopWords) -> frozenset[str]:
    """The stop words of a language; English ones where it cannot be told."""
    return stop.by_language.get(language or "en", frozenset())


def _terms(reading: Reading, stop: frozenset[str]) -> dict[str, int]:
    outlet = set(words_of(reading.article.outlet.lower()).forms)
    counts: Counter[str] = Counter()
    for place, word in enumerate(reading.words.lower):
        if word in stop or word in outlet or (len(word) < 2 and word.isascii() and not word.isdigit()):
            continue
        counts[word] += 2 if place < reading.title_words else 1
    return dict(counts)


def _problem(tools: Tools) -> str | None:
    if "ner" in tools.nlp.pipe_names:
        return None
    return "The language model is missing: unknown organisations were not looked for."
