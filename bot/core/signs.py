"""Signs: what speaks for or against an organisation as buyer or seller — its kind, where and how often it stands, the
words beside it, who else is named, what is only recalled, and what happened.

It weighs nothing (see parties). A sign is named "<class>.<what>", such as "customer.after.buys", where the class is
what the organisation's kind makes of it: customer, vendor, investor or other; the kind itself is "kind.<kind>".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2

from bot.core.patterns import Masked

SHARES = {"title": 1.0, "lead": 0.8, "rest": 0.4}
"""How much of a sign there is by where it stands."""

REACH = 5
"""Words on either side of an organisation that count as beside it."""

LEAST_LIKELY = 0.03
"""How likely a type of event must be to be a sign."""

AFTER = "after"
"""The group of links that begin a clause about something earlier."""

_MARK, _MONEY = "\x01", "\x02"
_CLAUSE_ENDS = re.compile(r"[,;:()–—]|\s-\s")


@dataclass(frozen=True, slots=True)
class SignRules:
    """Which kinds of organisation are customers and which vendors, and words that tell much the same, by the name of
    their group: `words` beside an organisation, `links` (prepositions) right behind or shortly before one. A word that
    ends in "*" stands for all that begin so."""

    customers: frozenset[str] = frozenset()
    vendors: frozenset[str] = frozenset()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    links: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recalls: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SignReader:
    """`SignRules` made ready: words and beginnings of words to groups. `lengths` are those of the beginnings, the
    longest first. `vague` are names that describe more than they name ("the US military")."""

    rules: SignRules
    exact: Mapping[str, str]
    begun: Mapping[str, str]
    lengths: tuple[int, ...]
    links: Mapping[str, str]
    vague: frozenset[str] = frozenset()

    def group(self, word: str) -> str | None:
        """The group of a word, if any; a whole word counts before a beginning."""
        if word in self.exact:
            return self.exact[word]
        beginnings = (word[:length] for length in self.lengths)
        return next((self.begun[start] for start in beginnings if start in self.begun), None)

    def class_of(self, kind: str | None) -> str:
        """What an organisation of that kind is taken for; a name that no list knows (None) is most often a vendor."""
        if kind in self.rules.customers:
            return "customer"
        if kind is None or kind in self.rules.vendors:
            return "vendor"
        return "investor" if kind == "investor" else "other"


@dataclass(slots=True)
class Signs:
    """What speaks for one organisation: signs with how much of each there is (0–1; more for "often"); `quotes` are the
    pieces of the text that show it beside a telling word, for each sign where there is most of it. `count` says how
    often it is named, `recalled` how often so where something earlier is told."""

    class_: str
    found: dict[str, float]
    zones: set[str] = field(default_factory=set)
    count: int = 0
    recalled: int = 0
    quotes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Line:
    """A masked line in words, with the group and the link of each, and whether it is recalled."""

    masked: Masked
    words: Sequence[str]
    groups: Sequence[str | None]
    links: Sequence[str | None]
    recalled: Sequence[bool]


def sign_reader(rules: SignRules, vague: frozenset[str] = frozenset()) -> SignReader:
    """`rules` made ready; a word that stands in two groups belongs to the first."""
    exact: dict[str, str] = {}
    begun: dict[str, str] = {}
    for group, words in rules.words.items():
        for word in words:
            (begun if word.endswith("*") else exact).setdefault(word.rstrip("*"), group)
    lengths = sorted({len(start) for start in begun}, reverse=True)
    links = {word: link for link, words in rules.links.items() for word in words}
    return SignReader(rules, exact, begun, tuple(lengths), links, vague)


def signs_of(
    types: Mapping[str, float], lines: Sequence[Masked], kinds: Mapping[str, str | None], reader: SignReader
) -> dict[str, Signs]:
    """The signs of each organisation that the lines name, in the order in which it is first named. `types` tells how
    likely each type of event is; `kinds` tells what kind of organisation each name is."""
    types = {event: share for event, share in types.items() if share >= LEAST_LIKELY}
    classes = {name: reader.class_of(kind) for name, kind in kinds.items()}
    found: dict[str, Signs] = {}
    for masked in lines:
        _gather(_read(masked, reader), classes, found)
    for name, signs in found.items():
        own, kind = signs.class_, f"kind.{kinds.get(name) or 'unknown'}"
        zone = next(zone for zone in SHARES if zone in signs.zones)
        signs.found |= {f"{own}.{zone}": 1.0, kind: 1.0}
        signs.found |= {f"{sort}.event.{event}": share for sort in (own, kind) for event, share in types.items()}
        signs.found[f"{own}.often"] = log2(signs.count)
        if name in reader.vague:
            signs.found[f"{own}.vague"] = 1.0
    _add_company(found)
    return found


def _read(masked: Masked, reader: SignReader) -> _Line:
    words = masked.line.split()
    plain = [word if word[0] not in (_MARK, _MONEY) else "" for word in words]
    links = [reader.links.get(word) for word in plain]
    recalling = [word in reader.rules.recalls or link == AFTER for word, link in zip(plain, links, strict=True)]
    return _Line(masked, words, [reader.group(word) for word in plain], links, list(_recalled(masked, recalling)))


def _recalled(masked: Masked, recalling: Sequence[bool]) -> Iterator[bool]:
    """For each word whether one that recalls stands before it in its clause."""
    recalled, end = False, 0
    for (_, start, after), recalls in zip(masked.offsets, recalling, strict=True):
        recalled = recalled and not _CLAUSE_ENDS.search(masked.text, end, start)
        yield recalled
        recalled, end = recalled or recalls, after


def _gather(line: _Line, classes: Mapping[str, str], found: dict[str, Signs]) -> None:
    """Adds what stands beside each organisation of a line."""
    share = SHARES[line.masked.zone]
    for place, word in enumerate(line.words):
        if word[0] != _MARK:
            continue
        name = line.masked.marks[word]
        signs = found.setdefault(name, Signs(classes.get(name, "other"), {}))
        signs.zones.add(line.masked.zone)
        signs.count += 1
        signs.recalled += line.recalled[place]
        if place <= 1:
            _raise(signs, "begins", share)
        for what, strength, other in (*_beside(line, place, 1, classes), *_beside(line, place, -1, classes)):
            _raise(signs, what, share * strength, _quote(line.masked, place, other))


def _beside(line: _Line, place: int, step: int, classes: Mapping[str, str]) -> Iterator[tuple[str, float, int]]:
    """What stands before (`step` -1) or behind (1) the organisation at `place`, up to the next organisation: at most
    two groups of words, the nearer one counting more, a link, a sum, the class of a neighbour; each with its place."""
    side, strength, linked = ("after" if step > 0 else "before"), 1.0, False
    for other in range(place + step, place + step * (REACH + 1), step):
        if not 0 <= other < len(line.words):
            return
        word, group, link = line.words[other], line.groups[other], line.links[other]
        if word[0] == _MARK:
            if strength == 1.0 and not linked:
                yield f"{side}.{classes.get(line.masked.marks[word], 'other')}", 1.0, other
            return
        if word[0] == _MONEY:
            yield f"{side}.money", 1.0, other
        elif link and not linked and (step < 0 or other == place + 1):
            linked = True
            yield f"{side}.{link}", 1.0, other
        elif group and strength > 0.5:
            yield f"{side}.{group}{_voice(line, other, step)}", strength, other
            strength -= 0.4


def _voice(line: _Line, place: int, step: int) -> str:
    """ "-by" behind what an organisation underwent ("X picked by Y")."""
    return "-by" if step > 0 and line.links[place + 1 : place + 2] == ["by"] else ""


def _add_company(found: Mapping[str, Signs]) -> None:
    """Which is the first of its class, how many rivals it has (up to three), which is only recalled while a rival is
    told of, and which other classes title and lead name beside it."""
    told = {signs.class_ for signs in found.values() if signs.recalled < signs.count}
    classes = [signs.class_ for signs in found.values()]
    early = {signs.class_ for signs in found.values() if signs.zones - {"rest"}}
    seen: set[str] = set()
    for signs in found.values():
        own = signs.class_
        signs.found |= {f"{own}.beside.{other}": 1.0 for other in early - {own, "other"}}
        signs.found[f"{own}.rivals"] = min(3, classes.count(own) - 1) / 3
        if own not in seen:
            signs.found[f"{own}.first"] = 1.0
        if own in told and signs.recalled == signs.count:
            signs.found[f"{own}.recalled"] = 1.0
        seen.add(own)


def _raise(signs: Signs, what: str, strength: float, quote: str = "") -> None:
    """Notes a sign, unless there already is as much of it."""
    sign = f"{signs.class_}.{what}"
    if strength > signs.found.get(sign, 0.0):
        signs.found[sign] = strength
        if quote:
            signs.quotes[sign] = quote


def _quote(masked: Masked, one: int, other: int) -> str:
    """The text from one word of a line to another, in either order."""
    first, last = sorted((one, other))
    return masked.text[masked.offsets[first][1] : masked.offsets[last][2]]
