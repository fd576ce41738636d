"""Patterns: short readable expressions over the words of a sentence, with slots for organisations and sums.

It finds which patterns fire, where, and in which mood (denied, negated, merely planned); what follows from that is for
event and parties.

How a pattern is written stands in expressions.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from bot.core.amounts import Amount
from bot.core.expressions import LETTERS, MONEY, ORGANISATION, Expression, expression_of, keys_in
from bot.core.organisations import Place
from bot.core.words import Sentence, Words

_SORT_OF = {letter: sort for sort, letter in LETTERS.items()}
_NOT = frozenset(
    [
        "isn",
        "aren",
        "wasn",
        "weren",
        "don",
        "doesn",
        "didn",
        "won",
        "wouldn",
        "can",
        "couldn",
        "shouldn",
        "hasn",
        "haven",
    ]
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Expressions with one id: any of them fires it. `value` is what it speaks for, `weight` how strongly."""

    id: str
    value: str
    weight: float
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern made ready. A line in which it fires holds one of `keys`, unless that is None (see expressions)."""

    pattern: Pattern
    expressions: tuple[Expression, ...]
    keys: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Masked:
    """A sentence as patterns see it: lower-case words between single spaces, organisations and sums as one mark each.

    `marks` maps a mark to the organisation's name; `offsets` hold, for each word of `line`, where it begins in `line`
    and its span in the text. `zone` is "title", "lead" or "rest"; `english` is False where the text is known to be in
    another language.
    """

    line: str
    zone: str
    marks: Mapping[str, str]
    offsets: tuple[tuple[int, int, int], ...]
    text: str
    english: bool = True


@dataclass(frozen=True, slots=True)
class Mood:
    """What may stand before the first word of a pattern and turn what it says ("denies", "could"): `before` are
    expressions, at most `reach` words away in the same clause."""

    id: str
    before: tuple[str, ...]
    reach: int = 3


@dataclass(frozen=True, slots=True)
class Moods:
    """Moods made ready, each expression with the mood's id; the first that fits counts."""

    expressions: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Fired:
    """A pattern that fired: where, on which words, in which mood ("" if none)."""

    pattern: Pattern
    zone: str
    words: str
    mood: str = ""


def compile_patterns(patterns: Iterable[Pattern]) -> tuple[Compiled, ...]:
    """`patterns` made ready. Raises ValueError with one sentence where an expression cannot be read."""
    return tuple(_compiled(pattern) for pattern in patterns)


def _compiled(pattern: Pattern) -> Compiled:
    expressions = tuple(map(expression_of, pattern.expressions))
    keys = [own.keys for own in expressions if own.keys is not None]
    return Compiled(pattern, expressions, frozenset().union(*keys) if len(keys) == len(expressions) else None)


_CLAUSE = "but|and|which|who|that|while|after|because|as|since|says|said"


def compile_moods(moods: Iterable[Mood]) -> Moods:
    """`moods` made ready."""
    return Moods(tuple((mood.id, _reaching(own, mood.reach)) for mood in moods for own in mood.before))


def _reaching(expression: str, reach: int) -> Expression:
    """An expression behind which the text goes on for at most `reach` words of the same clause."""
    read = expression_of(expression)
    return replace(read, regex=re.compile(rf"{read.regex.pattern}(?:(?!(?:{_CLAUSE}) )\S+ ){{0,{reach}}}$"))


def mask(
    sentence: Sentence, zone: str, words: Words, places: Sequence[Place], amounts: Sequence[Amount], offset: int,
    sorts: Mapping[str, str], *, english: bool = True,
) -> Masked:  # fmt: skip
    """`sentence`, which begins at `offset` in the text of `words`, as patterns see it. `sorts` tells for each
    organisation's name whether it is a "customer", a "vendor", "unknown", a "court" …; "other" if nothing."""
    end = offset + len(sentence.text)
    pieces: list[tuple[int, int, str]] = []
    marks: dict[str, str] = {}
    sums = {n for a in amounts for n in range(a.start, a.start + len(a.words))}
    by_first = {place.first: place for place in places}
    position = bisect_left(words.starts, offset)
    while position < len(words.starts) and words.ends[position] <= end:
        place = by_first.get(position)
        if place is not None:
            mark = f"{ORGANISATION}{LETTERS[sorts.get(place.name, 'other')]}{len(marks)}"
            marks[mark] = place.name
            pieces.append((words.starts[position], words.ends[place.after - 1], mark))
            position = place.after
            continue
        if words.starts[position] in sums:
            _add_sum(pieces, words, position, sums)
        else:
            pieces.append((words.starts[position], words.ends[position], _negated(words, position)))
        position += 1
    return replace(_masked(pieces, zone, marks, words.text), english=english)


def _negated(words: Words, position: int) -> str:
    """The word at `position`, the "isn" of "isn't" read as "not", and so the "won" of "won't"."""
    word, after = words.lower[position], position + 1
    if word in _NOT and words.lower[after : after + 1] == ("t",) and words.starts[after] == words.ends[position] + 1:
        return "not"
    return word


def _add_sum(pieces: list[tuple[int, int, str]], words: Words, position: int, sums: set[int]) -> None:
    """One mark for a sum, however many words it has; a sum that goes on from the word before stays the same mark."""
    begun = pieces and pieces[-1][2].startswith(MONEY) and words.starts[position] - 1 in sums
    if begun and pieces[-1][1] + 1 >= words.starts[position] - 1:
        pieces[-1] = (pieces[-1][0], words.ends[position], pieces[-1][2])
    else:
        pieces.append((words.starts[position], words.ends[position], f"{MONEY}0"))


def _masked(pieces: Sequence[tuple[int, int, str]], zone: str, marks: Mapping[str, str], text: str) -> Masked:
    line, offsets = " ", []
    for start, end, word in pieces:
        offsets.append((len(line), start, end))
        line += word + " "
    return Masked(line, zone, marks, tuple(offsets), text)


def unmasked(mark: str) -> str:
    """A word of a masked line as a pattern writes it, "{customer}" or "{money}"; any number is "{number}"."""
    if mark[0] == ORGANISATION:
        return f"{{{_SORT_OF[mark[1]]}}}"
    if mark[0] == MONEY:
        return "{money}"
    return "{number}" if mark.isdecimal() else mark


def fired(compiled: Sequence[Compiled], lines: Sequence[Masked], moods: Moods | None = None) -> list[Fired]:
    """Every pattern that fires in each line, once a line, in the order of the lines. Of its hits in a line the first
    without a mood counts, else the first."""
    found = []
    for masked in lines:
        keys = keys_in(masked.line)
        likely = [(name, own.regex) for name, own in (moods or Moods()).expressions if _may_fire(own, masked, keys)]
        for one in compiled:
            if one.keys is not None and one.keys.isdisjoint(keys):
                continue
            regexes = (own.regex for own in one.expressions if _may_fire(own, masked, keys))
            hits = ((match, _mood(match, likely)) for regex in regexes for match in regex.finditer(masked.line))
            match, mood = _plainest(hits)
            if match is not None:
                found.append(Fired(one.pattern, masked.zone, _quote(masked, *match.span()), mood))
    return found


def _may_fire(own: Expression, masked: Masked, keys: Set[str]) -> bool:
    """Whether the line holds what the expression needs: looking for words is far quicker than matching."""
    return not (own.foreign and masked.english) and (own.keys is None or not own.keys.isdisjoint(keys))


def _plainest(hits: Iterable[tuple[re.Match[str], str]]) -> tuple[re.Match[str] | None, str]:
    first: tuple[re.Match[str] | None, str] = (None, "")
    for match, mood in hits:
        if not mood:
            return match, mood
        if first[0] is None:
            first = (match, mood)
    return first


def _mood(match: re.Match[str], moods: Sequence[tuple[str, re.Pattern[str]]]) -> str:
    """The mood of a hit, by what stands before its first word."""
    if not moods or match.re.groupindex.get("head") is None:
        return ""
    start = match.start("head")
    before = match.string[: start if start >= 0 else match.start()]
    return next((name for name, regex in moods if regex.search(before)), "")


def _quote(masked: Masked, start: int, end: int) -> str:
    spans = [(a, b) for position, a, b in masked.offsets if start <= position < end]
    return masked.text[spans[0][0] : spans[-1][1]] if spans else ""
