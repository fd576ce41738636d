"""Strangers: organisations that the gazetteer lacks, told by how their names are built and what stands beside them.

It knows no organisation (see organisations) and never overrules one that the gazetteer found. The language model's
named entities are one hint among others; without a model the marks in a name still tell.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.organisations import Place
from bot.core.words import Words, words_of

_ELSE = frozenset(["PERSON", "GPE", "LOC", "FAC", "DATE", "EVENT", "LAW", "LANGUAGE"])
"""Labels of entities that are no firms. Odd names of firms are often taken for a people (NORP) or a product."""

_SEPARATOR = re.compile(r"[()\[\]\n;:|]")
LONGEST = 4
"""Words that the name of an unknown firm may have before its mark."""


@dataclass(frozen=True, slots=True)
class NameRules:
    """How unknown names are told from debris (`config/names.toml`): words that mark an organisation, words that
    introduce or follow one, and words that no organisation's name consists of. `national` are the kinds of which every
    country has its own under the same short name ("the Army"), `home` is the country whose own is meant where a text
    names no other.

    `firms` are marks that make a name of the capitalised words before them ("Orchid Robotics"); `perhaps` do so only
    behind a word that no dictionary knows ("Tallowmere AI", but not "Military AI"). `trades` are what a firm is called
    ("start-up"): before a name or in an apposition behind it they vouch for it alone. `legal` are the legal forms that
    a name is shown without ("GmbH").
    """

    home: str = ""
    national: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    firms: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    trades: frozenset[str] = frozenset()
    legal: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity as the language model gives it: character offsets and a label (ORG, PERSON, …)."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Search:
    """One text searched for strangers. `dictionary` holds ordinary words in lower case; empty where none is at hand,
    and then only plain marks count. The first `title_words` words are the title's."""

    words: Words
    rules: NameRules
    dictionary: frozenset[str]
    title_words: int
    taken: frozenset[int]
    small: frozenset[str]


def strangers(
    words: Words,
    places: Sequence[Place],
    entities: Sequence[Entity],
    rules: NameRules,
    title_words: int,
    dictionary: frozenset[str] = frozenset(),
) -> list[Place]:
    """Where organisations are named that the gazetteer lacks, in order.

    By a mark in the name, by what introduces it, and by entities that something in the text vouches for. Once a name is
    known, its first word alone counts as well if it is no ordinary word ("Tallowmere" for "Tallowmere AI").
    """
    search = _search(words, places, rules, dictionary, title_words)
    found: dict[int, Place] = {}
    for span in (*_marked(search), *_introduced(search, entities), *_vouched_entities(search, places, entities)):
        if not any(n in found for n in range(*span)) and not _SEPARATOR.search(words.quote(*span)):
            place = Place(_shown(words, rules, *span), *span, known=False)
            found |= dict.fromkeys(range(*span), place)
    named = sorted(set(found.values()), key=lambda place: (place.first, -place.after))
    return sorted([*named, *_short_forms(search, named, set(found))], key=lambda place: (place.first, place.after))


def in_doubt(words: Words, places: Sequence[Place], rules: NameRules, dictionary: frozenset[str]) -> list[int]:
    """The places of capitalised words of which a named entity could make a stranger, or tell that it is none: odd ones,
    and those beside a word that would vouch for them. Of all others it need not be known what they name."""
    search = _search(words, places, rules, dictionary)
    return [n for n in range(len(words.forms)) if _is_odd(search, n, joined=False) or _may_be_vouched(search, n)]


def _may_be_vouched(search: Search, place: int) -> bool:
    """Whether something would vouch for a name that holds the word; an ordinary word that begins a sentence is none."""
    words, rules = search.words, search.rules
    word = words.lower[place]
    if not words.forms[place][0].isupper() or place in search.taken or word in rules.never:
        return False
    if word in rules.marks:
        return True
    vouched = any(near in rules.before for near in words.lower[max(0, place - 2) : place]) or any(
        near in rules.after or near in rules.marks for near in words.lower[place + 1 : place + 4]
    )
    return vouched and not (_begins_sentence(words, place) and _is_ordinary(search, place))


def candidates(
    words: Words, places: Sequence[Place], entities: Sequence[Entity], rules: NameRules, dictionary: frozenset[str]
) -> list[Place]:
    """Odd capitalised words that may be a firm's name, though nothing but a role in the news would vouch for them."""
    if not dictionary:
        return []
    search = _search(words, places, rules, dictionary)
    others = {form for e in entities if e.label in _ELSE for form in words_of(words.text[e.start : e.end]).forms}
    found, place = [], 0
    while place < len(words.forms):
        after = place
        while after < len(words.forms) and after - place < LONGEST and _is_odd(search, after, joined=after > place):
            after += 1
        forms = words.forms[place:after]
        if forms and not others.intersection(forms) and not any(form.isupper() for form in forms):
            found.append(Place(words.quote(place, after), place, after, known=False))
        place = max(after, place + 1)
    return found


def _search(
    words: Words, places: Iterable[Place], rules: NameRules, dictionary: frozenset[str], title_words: int = 0
) -> Search:
    taken = frozenset(n for place in places for n in range(place.first, place.after))
    small = frozenset(form for form in words.forms if form[0].islower())
    return Search(words, rules, dictionary, title_words, taken, small)


def _marked(search: Search) -> Iterator[tuple[int, int]]:
    """Capitalised words before a mark, with it."""
    forms, rules = search.words.forms, search.rules
    title_tells = not _capitalised(forms[: search.title_words])
    place = 0
    while place < len(forms):
        mark = forms[place].lower()
        if forms[place][0].isupper() and (mark in rules.firms or mark in rules.perhaps) and place not in search.taken:
            after = _end_of_marks(search, place)
            first = _begin_of_name(search, place)
            plain = mark in rules.firms and (title_tells or place >= search.title_words)
            if first < place and _is_firm(search, first, place, after, plain=plain):
                yield first, after
            place = after
        else:
            place += 1


def _end_of_marks(search: Search, place: int) -> int:
    """The place behind a mark and the marks that follow it ("Defence Systems GmbH")."""
    after = place + 1
    while (
        after < len(search.words.forms)
        and search.words.lower[after] in search.rules.firms | search.rules.perhaps
        and search.words.forms[after][0].isupper()
        and _joined(search.words, after)
    ):
        after += 1
    return after


def _begin_of_name(search: Search, place: int) -> int:
    """Where the capitalised words begin that lead up to `place`, ordinary words at a sentence's beginning left out."""
    words, rules = search.words, search.rules
    first = place
    while first > 0 and place - first < LONGEST and first - 1 not in search.taken and _joined(words, first):
        form = words.forms[first - 1]
        if not form[0].isupper() or form.lower() in rules.never or form.lower() in rules.trades:
            break
        first -= 1
    while first < place and _begins_sentence(words, first) and place - first > 1 and _is_ordinary(search, first):
        first += 1
    return first


def _is_firm(search: Search, first: int, place: int, after: int, *, plain: bool) -> bool:
    """Whether the words up to the mark at `place` are a name: no ordinary word alone before a doubtful mark, nothing
    that the text writes in small letters too, and nothing that goes on behind ("EU AI Act")."""
    words = search.words
    own = range(first, place)
    if any(words.lower[n] in search.small for n in own) or first in search.taken:
        return False
    if plain:
        return not (_begins_sentence(words, first) and all(_is_ordinary(search, n) for n in own))
    goes_on = after < len(words.forms) and words.forms[after][0].isupper() and _joined(words, after)
    odd = any(not _is_ordinary(search, n) and len(words.forms[n]) > 2 for n in own)
    return bool(search.dictionary) and odd and (not goes_on or first < search.title_words)


def _introduced(search: Search, entities: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    """Odd capitalised words behind a trade ("start-up Vellum") or before one ("Vellum, a German drone maker,")."""
    if not search.dictionary:
        return
    words, rules = search.words, search.rules
    people = [(e.start, e.end) for e in entities if e.label in _ELSE]
    place = search.title_words if _capitalised(words.forms[: search.title_words]) else 0
    while place < len(words.forms):
        after = place
        while after < len(words.forms) and after - place < LONGEST and _is_odd(search, after, joined=after > place):
            after += 1
        person = (
            any(start < words.ends[after - 1] and words.starts[place] < end for start, end in people)
            if after > place
            else False
        )
        behind = place > 0 and words.lower[place - 1] in rules.trades and _joined(words, place)
        if after > place and (behind or (not person and _in_apposition(search, after))):
            yield place, after
        place = max(after, place + 1)


def _is_odd(search: Search, place: int, *, joined: bool) -> bool:
    form = search.words.forms[place]
    return (
        form[0].isupper()
        and len(form) > 2
        and not any(character.isdigit() for character in form)
        and place not in search.taken
        and form not in search.small
        and form.lower() not in search.rules.never
        and not _is_ordinary(search, place)
        and (not joined or _joined(search.words, place))
    )


def _in_apposition(search: Search, after: int) -> bool:
    """Whether ", a …" or "(a …" with a trade within six words follows."""
    words = search.words
    if after >= len(words.forms) or words.lower[after] not in ("a", "an", "the"):
        return False
    if words.text[words.ends[after - 1] : words.starts[after]].strip() not in (",", "–", "—", "("):
        return False
    return any(word in search.rules.trades for word in words.lower[after + 1 : after + 7])


def _short_forms(search: Search, named: Sequence[Place], inside: set[int]) -> Iterator[Place]:
    """The first word of a name by itself, where it is no ordinary word."""
    words = search.words
    leads: dict[str, str] = {}
    for place in named:
        lead = words.forms[place.first]
        if (
            place.after - place.first > 1
            and len(lead) > 3
            and search.dictionary
            and not _is_ordinary(search, place.first)
        ):
            leads.setdefault(lead, place.name)
    for n, form in enumerate(words.forms):
        if form in leads and n not in inside and n not in search.taken:
            yield Place(leads[form], n, n + 1, known=False)


def _is_ordinary(search: Search, place: int) -> bool:
    """Whether a dictionary knows the word, or its singular or infinitive."""
    word = search.words.lower[place]
    if word in search.dictionary or word in search.rules.never:
        return True
    stems = (
        (word.removesuffix(ending), add)
        for ending in ("s", "es", "d", "ed", "ing")
        for add in ("", "e")
        if word.endswith(ending)
    )
    return any(stem + add in search.dictionary for stem, add in stems if len(stem) > 2)


def _joined(words: Words, place: int) -> bool:
    """Whether nothing but a space, a hyphen or an ampersand parts a word from the one before."""
    return words.text[words.ends[place - 1] : words.starts[place]] in (" ", "-", " & ", "\u00a0")


def _shown(words: Words, rules: NameRules, first: int, after: int) -> str:
    """The name without its legal form."""
    while after - first > 1 and words.lower[after - 1] in rules.legal:
        after -= 1
    return words.quote(first, after)


def _begins_sentence(words: Words, place: int) -> bool:
    return place == 0 or any(mark in words.text[words.ends[place - 1] : words.starts[place]] for mark in ".!?:\n")


def _vouched_entities(search: Search, places: Iterable[Place], entities: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    """Entities that look like a name and that something in the text vouches for: a word such as "Institute" in the
    name, "start-up" before it, or "announced" after it. A title all of whose words are capitalised tells no names."""
    words, rules = search.words, search.rules
    begin = search.title_words if _capitalised(words.forms[: search.title_words]) else 0
    others = {words.text[e.start : e.end] for e in entities if e.label in ("PERSON", "PRODUCT", "WORK_OF_ART", "EVENT")}
    known = {form for place in places for form in words.forms[place.first : place.after]}
    for entity in entities:
        if entity.label != "ORG" or words.text[entity.start : entity.end] in others:
            continue
        span = _trimmed(entity, words, rules)
        if span is None or span[0] < begin or search.taken.intersection(range(*span)):
            continue
        forms = words.forms[slice(*span)]
        if _is_name(forms, rules) and not set(forms) <= known and _vouched(span, words, rules):
            yield span


def _capitalised(forms: Sequence[str]) -> bool:
    long = [form for form in forms if len(form) > 3]
    return sum(form[0].isupper() for form in long) > 0.8 * len(long)


def _trimmed(entity: Entity, words: Words, rules: NameRules) -> tuple[int, int] | None:
    """The entity as word places, without leading articles and trailing lower-case words, or None if nothing is left."""
    inside = [
        n
        for n, (a, b) in enumerate(zip(words.starts, words.ends, strict=True))
        if a >= entity.start and b <= entity.end
    ]
    while inside and (words.lower[inside[0]] in rules.never or words.forms[inside[0]][0].islower()):
        inside.pop(0)
    while inside and words.forms[inside[-1]][0].islower():
        inside.pop()
    if not inside or "\n" in words.quote(inside[0], inside[-1] + 1):
        return None
    return inside[0], inside[-1] + 1


def _is_name(forms: Sequence[str], rules: NameRules) -> bool:
    """Whether `forms` can be an organisation's name: not too long, no type number, not only common words."""
    if not forms or len(forms) > 7:
        return False
    if any(character.isdigit() for form in forms for character in form):
        return False
    return not all(form.lower() in rules.never for form in forms) and len("".join(forms)) > 2


def _vouched(span: tuple[int, int], words: Words, rules: NameRules) -> bool:
    first, after = span
    inside = words.lower[first:after]
    before = words.lower[max(0, first - 2) : first]
    behind = words.lower[after : after + 2]
    return (
        (
            any(word in rules.marks for word in inside)
            and not all(word in rules.marks or word in rules.never for word in inside)
        )
        or any(word in rules.before for word in before)
        or any(word in rules.after for word in behind)
    )
