"""Organisations: names in a text to canonical organisations, with the words that named them.

The gazetteer leads (see strangers for what it lacks). It does not decide what an organisation does in the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.phrases import Hit, Phrases, build, find
from bot.core.words import Words, words_of


@dataclass(frozen=True, slots=True)
class Organisation:
    """One entry of the gazetteer, as `config/organisations.toml` states it.

    `short` forms are ambiguous: they count only beside the name, an alias or one of `context`. A `generic` one is a
    description more than a name ("the US government"): evidence and a party, but worth no mention of its own.
    """

    name: str
    kind: str
    country: str
    aliases: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    ai: bool = False
    part_of: str | None = None
    generic: bool = False


def other_names(known: Sequence[Organisation]) -> list[tuple[str, str]]:
    """(name, what else it is called) of each organisation, without what several are called or what is a name itself."""
    called = [(each.name, other) for each in known for other in dict.fromkeys((*each.aliases, *each.short))]
    whose = {each.name.casefold(): {each.name, ""} for each in known}  # two, so that a name is never another's alias
    for name, other in called:
        whose.setdefault(other.casefold(), set()).add(name)
    return [(name, other) for name, other in called if len(whose[other.casefold()]) == 1]


@dataclass(frozen=True, slots=True)
class Mention:
    """A canonical organisation found in a text: the words that named it, where first, and how often.

    `start` is a character offset into title + "\n" + text. `kind` is None for a name the gazetteer does not know.
    """

    name: str
    words: str
    start: int
    count: int
    kind: str | None = None
    in_title: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One naming of an organisation: from word `first` up to, not including, word `after`."""

    name: str
    first: int
    after: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The known organisations, ready for finding. `contexts` finds the words that vouch for short forms; a short form
    of a `national` kind (services, ministries) is vouched for by any full name of its country as well. `abroad` are the
    words that the names of other countries' bodies hold and those of the `home` country do not."""

    by_name: Mapping[str, Organisation]
    names: Phrases
    contexts: Phrases
    national: frozenset[str] = frozenset()
    home: str = ""
    abroad: frozenset[str] = frozenset()


_FULL, _SHORT = "=", "~"
_SPELLINGS = (
    ("Defence", "Defense"), ("Organisation", "Organization"), ("Centre", "Center"), ("Programme", "Program"),
    ("US ", "United States "), ("UN ", "United Nations "), ("UK ", "United Kingdom "),
)  # fmt: skip


def gazetteer(
    organisations: Sequence[Organisation], national: frozenset[str] = frozenset(), home: str = ""
) -> Gazetteer:
    """`organisations` made ready. A form that is in `short` never counts by itself, be it the name or not."""
    names: dict[str, list[str]] = {}
    contexts: dict[str, list[str]] = {}
    for organisation in organisations:
        short = set(organisation.short)
        for form in (organisation.name, *organisation.aliases):
            if form not in short:
                for spelling in _spellings(form):
                    names.setdefault(spelling, []).append(_FULL + organisation.name)
        for form in organisation.short:
            for spelling in {form, form.upper()}:
                names.setdefault(spelling, []).append(_SHORT + organisation.name)
        for word in organisation.context:
            contexts.setdefault(word, []).append(organisation.name)
    by_name = {organisation.name: organisation for organisation in organisations}
    abroad = _words_abroad(organisations, home) if home else frozenset()
    return Gazetteer(by_name, build(names, lower=False), build(contexts), national, home, abroad)


_STATE = frozenset(["government", "ministry", "service", "agency", "legislature"])


def _words_abroad(organisations: Sequence[Organisation], home: str) -> frozenset[str]:
    """The capitalised words in the names of other countries' bodies that no body of the home country has."""
    ours: set[str] = set()
    theirs: set[str] = set()
    for organisation in organisations:
        if organisation.kind in _STATE and organisation.country != "INT":
            forms = (form for name in (organisation.name, *organisation.aliases) for form in words_of(name).forms)
            (ours if organisation.country == home else theirs).update(forms)
    return frozenset(form for form in theirs - ours if form[0].isupper() and len(form) > 2)


def _spellings(form: str) -> Iterator[str]:
    """`form` as written, in capitals, with a capital first letter, and in the other English spelling; of an acronym
    of four letters or more also as a word ("Nato")."""
    forms = [form]
    for one, other in _SPELLINGS:
        forms += [known.replace(a, b) for known in forms for a, b in ((one, other), (other, one)) if a in known]
    for known in forms:
        yield known
        yield known.upper()
        yield known[:1].upper() + known[1:]
    if form.isupper() and form.isalpha() and len(form) >= 4:
        yield form.capitalize()


def known_places(words: Words, known: Gazetteer) -> list[Place]:
    """Where the gazetteer's organisations are named, in order; short forms only where something vouches for them."""
    hits = find(words, known.names, lower=False)
    full = {label[1:] for hit in hits for label in hit.names if label[0] == _FULL}
    shorts = any(label[0] == _SHORT for hit in hits for label in hit.names)
    context = find(words, known.contexts) if shorts else []
    places = []
    for hit in hits:
        name = _meant(hit, full, context, known)
        if name is not None:
            places.append(Place(name, hit.first, hit.after))
    return places


def _meant(hit: Hit, full: set[str], context: Sequence[Hit], known: Gazetteer) -> str | None:
    """Which organisation a hit names: the one with most evidence; the file's order breaks a tie."""
    names = [label[1:] for label in hit.names if label[0] == _FULL]
    candidates = [label[1:] for label in hit.names if label[0] == _SHORT and label[1:] not in names]
    if not candidates and len(names) == 1:
        return names[0]
    evidence = {name: _evidence(name, hit, full, context, known) for name in (*names, *candidates)}
    vouched = [name for name in evidence if name in names or evidence[name] > 0]
    return max(vouched, key=lambda name: evidence[name], default=None)


def _evidence(name: str, hit: Hit, full: set[str], context: Sequence[Hit], known: Gazetteer) -> float:
    """How much vouches for `name`: its full form most, each context word, and compatriots a little."""
    beside = sum(name in other.names and (other.after <= hit.first or other.first >= hit.after) for other in context)
    own = known.by_name[name]
    compatriots = 0
    if own.kind in known.national:
        compatriots = sum(known.by_name[other].country == own.country for other in full)
    return beside + 3 * (name in full) + 0.3 * min(compatriots, 2)


def at_home(words: Words, places: Sequence[Place], known: Gazetteer) -> list[Place]:
    """Where the home country's bodies are named by a short form ("the Army") that nothing vouches for, in a text that
    names nothing of another country. A capitalised word right before it makes another name of it ("Salvation Army")."""
    if not known.home or not known.abroad.isdisjoint(words.forms):
        return []
    taken = {n for place in places for n in range(place.first, place.after)}
    found = []
    for hit in find(words, known.names, lower=False):
        named = (known.by_name[label[1:]] for label in hit.names if label[0] == _SHORT)
        own = next((o for o in named if o.country == known.home and o.kind in known.national), None)
        if own and taken.isdisjoint(range(hit.first, hit.after)) and not _is_prefixed(words, hit.first):
            found.append(Place(own.name, hit.first, hit.after))
    return found


def _is_prefixed(words: Words, place: int) -> bool:
    """Whether a capitalised word other than "The" stands right before, with nothing but a space between."""
    if place == 0 or words.text[words.ends[place - 1] : words.starts[place]] != " ":
        return False
    return words.forms[place - 1][0].isupper() and words.lower[place - 1] != "the"


_ACRONYM = re.compile(r"\s?\(([A-Z][A-Za-z0-9&-]{1,9})\)")
_LINKING = frozenset(["of", "for", "the", "and", "on", "in", "to", "de", "la", "del", "des", "du", "für", "und", "der"])


def acronyms(words: Words) -> dict[str, tuple[int, int]]:
    """Acronyms that the text itself explains as "Full Name (ABC)": each with the word places of its full name."""
    found: dict[str, tuple[int, int]] = {}
    for match in _ACRONYM.finditer(words.text):
        after = next((n for n, start in enumerate(words.starts) if start >= match.start()), None)
        if after is None or match.group(1) in found:
            continue
        first = _full_name(words, after, match.group(1))
        if first is not None:
            found[match.group(1)] = (first, after)
    return found


def _full_name(words: Words, after: int, acronym: str) -> int | None:
    """Where the name begins whose initials, linking words aside, spell `acronym` and that ends before `after`."""
    wanted = [letter for letter in acronym.upper() if letter.isalpha()]
    place = after - 1
    while place >= 0 and wanted:
        form = words.forms[place]
        if form[0].upper() == wanted[-1] and form[0].isupper():
            wanted.pop()
        elif form.lower() not in _LINKING:
            return None
        place -= 1
    return place + 1 if not wanted and after - place > 2 else None


def with_acronyms(places: Sequence[Place], words: Words) -> list[Place]:
    """`places` and the acronyms that the text explains: of known names, and of names it introduces that way."""
    taken = {n for place in places for n in range(place.first, place.after)}
    added = list(places)
    for acronym, (first, after) in acronyms(words).items():
        name = next((p.name for p in places if p.first < after and p.after > first), None)
        known = name is not None
        if name is None:
            name = words.quote(first, after)
            added.append(Place(name, first, after, known=False))
            taken.update(range(first, after))
        for n, form in enumerate(words.forms):
            if form == acronym and n not in taken:
                added.append(Place(name, n, n + 1, known=known))
    return sorted(added, key=lambda place: (place.first, place.after))


def mentions(places: Iterable[Place], words: Words, known: Gazetteer, title_words: int) -> tuple[Mention, ...]:
    """`places` as one Mention for each organisation, in the order of first naming."""
    first: dict[str, Place] = {}
    counts: dict[str, int] = {}
    for place in places:
        first.setdefault(place.name, place)
        counts[place.name] = counts.get(place.name, 0) + 1
    return tuple(
        Mention(
            name=name,
            words=words.quote(place.first, place.after),
            start=words.starts[place.first],
            count=counts[name],
            kind=known.by_name[name].kind if name in known.by_name else None,
            in_title=place.first < title_words,
        )
        for name, place in first.items()
    )
