"""Patterns: short readable expressions over the words of a sentence, with slots for organisations and sums.

It finds which patterns fire and where; what follows from that is for event and parties.

The writing of a pattern, word by word:
    deal          the word, in any case                 award*        every word that begins so
    (a|b c|d*)    one of several, words or phrases      word? (a|b)?  may be absent
    ..            up to four words, as few as need be   ..9           up to nine
    {org}         an organisation                       {money}       a sum
    {customer}    one that buys (ministry, service, …)  {vendor}      one that sells, or of unknown kind
    {buyer} {seller}  an organisation in that role      {buyer:customer}  in that role and of that sort
    ^             the sentence's beginning
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.amounts import Amount
from bot.core.organisations import Place
from bot.core.words import Sentence, Words

_ELEMENT = re.compile(r"\^|\.\.\d*|\{[\w:]+\}\??|\([^()]*\)\??|[^\s(){}]+")
_ORGANISATION, _MONEY = "\x01", "\x02"
_SORTS = {"customer": "c", "vendor": "[vu]", "org": "[cvou]"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """Expressions with one id: any of them fires it. `value` is what it speaks for, `weight` how strongly."""

    id: str
    value: str
    weight: float
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern made ready."""

    pattern: Pattern
    regexes: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Masked:
    """A sentence as patterns see it: lower-case words between single spaces, organisations and sums as one mark each.

    `marks` maps a mark to the organisation's name; `offsets` hold, for each word of `line`, where it begins in `line`
    and its span in the text. `zone` is "title", "lead" or "rest".
    """

    line: str
    zone: str
    marks: Mapping[str, str]
    offsets: tuple[tuple[int, int, int], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Fired:
    """A pattern that fired: where, on which words, and what its slots hold (organisation names)."""

    pattern: Pattern
    zone: str
    words: str
    slots: Mapping[str, str]


def compile_patterns(patterns: Iterable[Pattern]) -> tuple[Compiled, ...]:
    """`patterns` made ready. Raises ValueError with one sentence where an expression cannot be read."""
    return tuple(Compiled(p, tuple(regex_of(expression) for expression in p.expressions)) for p in patterns)


def regex_of(expression: str) -> re.Pattern[str]:
    """`expression` as a regular expression over a masked line, in which each word is followed by one space."""
    parts, used = [], set[str]()
    for element in _ELEMENT.findall(expression):
        parts.append(_part(element, used))
    if not parts or not expression.strip():
        raise ValueError("the expression is empty; write at least one word")
    anchored = expression.lstrip().startswith("^")
    return re.compile(("" if anchored else r"(?<= )") + "".join(parts))


def _part(element: str, used: set[str]) -> str:
    if element == "^":
        return "^ "
    if element.startswith(".."):
        return rf"(?:\S+ ){{0,{int(element[2:] or 4)}}}?"
    optional = "?" if element.endswith("?") else ""
    element = element.rstrip("?")
    if element.startswith("{"):
        return _slot(element[1:-1], used) + optional
    if element.startswith("("):
        choices = "|".join("".join(_word(word) for word in choice.split()) for choice in element[1:-1].split("|"))
        return f"(?:{choices})" + optional
    return f"(?:{_word(element)})" + optional


def _slot(slot: str, used: set[str]) -> str:
    if slot == "money":
        return f"{_MONEY}\\d+ "
    name, _, sort = slot.partition(":")
    if name in _SORTS:
        name, sort = "", name
    if (sort or "org") not in _SORTS:
        raise ValueError(f'"{sort}" is no sort of organisation; write customer, vendor or nothing')
    organisation = f"{_ORGANISATION}{_SORTS[sort or 'org']}\\d+"
    if not name or name in used:
        return f"{organisation} "
    used.add(name)
    return f"(?P<{name}>{organisation}) "


def _word(word: str) -> str:
    if word.startswith("{"):
        return _slot(word[1:-1], {word[1:-1]})
    if word.startswith(".."):
        return _part(word, set())
    if word.endswith("*"):
        return re.escape(word[:-1].lower()) + r"\S* "
    return re.escape(word.lower()) + " "


def mask(
    sentence: Sentence, zone: str, words: Words, places: Sequence[Place], amounts: Sequence[Amount], offset: int,
    sorts: Mapping[str, str],
) -> Masked:  # fmt: skip
    """`sentence`, which begins at `offset` in the text of `words`, as patterns see it. `sorts` tells for each
    organisation's name whether it is a "customer", a "vendor", of "unknown" kind or "other"."""
    end = offset + len(sentence.text)
    pieces: list[tuple[int, int, str]] = []
    marks: dict[str, str] = {}
    sums = {n for a in amounts for n in range(a.start, a.start + len(a.words))}
    by_first = {place.first: place for place in places}
    position = bisect_left(words.starts, offset)
    while position < len(words.starts) and words.ends[position] <= end:
        place = by_first.get(position)
        if place is not None:
            mark = f"{_ORGANISATION}{sorts.get(place.name, 'other')[0]}{len(marks)}"
            marks[mark] = place.name
            pieces.append((words.starts[position], words.ends[place.after - 1], mark))
            position = place.after
            continue
        if words.starts[position] in sums:
            _add_sum(pieces, words, position, sums)
        else:
            pieces.append((words.starts[position], words.ends[position], words.lower[position]))
        position += 1
    return _masked(pieces, zone, marks, words.text)


def _add_sum(pieces: list[tuple[int, int, str]], words: Words, position: int, sums: set[int]) -> None:
    """One mark for a sum, however many words it has; a sum that goes on from the word before stays the same mark."""
    begun = pieces and pieces[-1][2].startswith(_MONEY) and words.starts[position] - 1 in sums
    if begun and pieces[-1][1] + 1 >= words.starts[position] - 1:
        pieces[-1] = (pieces[-1][0], words.ends[position], pieces[-1][2])
    else:
        pieces.append((words.starts[position], words.ends[position], f"{_MONEY}0"))


def _masked(pieces: Sequence[tuple[int, int, str]], zone: str, marks: Mapping[str, str], text: str) -> Masked:
    line, offsets = " ", []
    for start, end, word in pieces:
        offsets.append((len(line), start, end))
        line += word + " "
    return Masked(line, zone, marks, tuple(offsets), text)


def fired(compiled: Sequence[Compiled], lines: Sequence[Masked]) -> list[Fired]:
    """Every pattern that fires in each line, once a line, in the order of the lines."""
    found = []
    for masked in lines:
        for one in compiled:
            match = next((m for m in (regex.search(masked.line) for regex in one.regexes) if m), None)
            if match is not None:
                slots = {name: masked.marks[mark] for name, mark in match.groupdict().items() if mark}
                found.append(Fired(one.pattern, masked.zone, _quote(masked, *match.span()), slots))
    return found


def _quote(masked: Masked, start: int, end: int) -> str:
    spans = [(a, b) for position, a, b in masked.offsets if start <= position < end]
    return masked.text[spans[0][0] : spans[-1][1]] if spans else ""
