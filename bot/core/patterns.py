"""Patterns: short readable expressions over the words of a sentence, with slots for organisations and sums.

It finds which patterns fire, where, and in which mood (denied, negated, merely planned); what follows from that is for
event and parties.

The writing of a pattern, word by word:
    deal          the word, in any case                 award* *era   every word that begins, ends so
    (a|b c|d*)    one of several; groups may nest       word? (a|b)?  may be absent
    ..            up to four words, as few as need be   ..9           up to nine
    {org}         an organisation                       {money}       a sum
    {customer}    one that buys (ministry, service, …)  {vendor}      one that sells, or of unknown kind
    {lab} {legislature} {court} {regulator} {university} {think-tank} {campaign} {investor}   one of that kind
    {buyer} {seller}  an organisation in that role      {buyer:customer}  in that role and of that sort
    ^             the sentence's beginning
    ~             before all else: only in texts that are not English
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.amounts import Amount
from bot.core.organisations import Place
from bot.core.words import Sentence, Words, words_of

_TOKEN = re.compile(r"\s+|[\^~]|\.\.\d*|\{[\w:-]+\}|[()|?]|[^\s(){}|?^~.]+(?:\.[^\s(){}|?^~.]+)*")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_ORGANISATION, _MONEY = "\x01", "\x02"
_LETTERS = {
    "customer": "c", "vendor": "v", "lab": "a", "unknown": "u", "legislature": "l", "court": "j", "regulator": "r",
    "university": "s", "think-tank": "t", "campaign": "p", "investor": "i", "other": "o",
}  # fmt: skip
_SORTS = {**_LETTERS, "org": "[a-z]", "vendor": "[vau]"}
_SORT_OF = {letter: sort for sort, letter in _LETTERS.items()}
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
    """A pattern made ready; each of its regexes with whether it is for texts that are not English."""

    pattern: Pattern
    regexes: tuple[tuple[bool, re.Pattern[str]], ...]


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
    """Moods made ready, each with whether it is for texts that are not English; the first that fits counts."""

    regexes: tuple[tuple[str, bool, re.Pattern[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Fired:
    """A pattern that fired: where, on which words, in which mood ("" if none), and what its slots hold (organisation
    names)."""

    pattern: Pattern
    zone: str
    words: str
    slots: Mapping[str, str]
    mood: str = ""


def compile_patterns(patterns: Iterable[Pattern]) -> tuple[Compiled, ...]:
    """`patterns` made ready. Raises ValueError with one sentence where an expression cannot be read."""
    return tuple(Compiled(p, tuple((_foreign(own), regex_of(own)) for own in p.expressions)) for p in patterns)


def _foreign(expression: str) -> bool:
    return expression.lstrip().startswith("~")


_CLAUSE = "but|and|which|who|that|while|after|because|as|since|says|said"


def compile_moods(moods: Iterable[Mood]) -> Moods:
    """`moods` made ready."""
    return Moods(
        tuple(
            (
                mood.id,
                _foreign(expression),
                re.compile(rf"{regex_of(expression).pattern}(?:(?!(?:{_CLAUSE}) )\S+ ){{0,{mood.reach}}}$"),
            )
            for mood in moods
            for expression in mood.before
        )
    )


def regex_of(expression: str) -> re.Pattern[str]:
    """`expression` as a regular expression over a masked line, in which each word is followed by one space.

    The empty group "head" stands before its first word that is neither slot nor gap. Raises ValueError with one
    sentence where the expression cannot be read.
    """
    tokens = _tokens(expression)
    tokens = tokens[tokens[:1] == ["~"] :]
    if not tokens:
        raise ValueError("the expression is empty; write at least one word")
    anchored = tokens[0] == "^"
    parser = _Parser(tokens[anchored:])
    body = parser.sequence()
    if parser.left:
        raise ValueError(f'"{parser.left[0]}" stands where no group is open')
    return re.compile(("^ " if anchored else r"(?<= )") + body)


def _tokens(expression: str) -> list[str]:
    tokens, place = [], 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise ValueError(f'"{expression[place:]}" cannot be read')
        if not match.group().isspace():
            tokens.append(match.group())
        place = match.end()
    return tokens


class _Parser:
    """Reads an expression from its tokens: sequences of elements, groups of sequences."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.left = list(tokens)
        self._used: set[str] = set()
        self._headed = False

    def sequence(self) -> str:
        """Elements up to the end, a "|" or a ")"."""
        parts = []
        while self.left and self.left[0] not in ("|", ")"):
            part = self._element(self.left.pop(0))
            if self.left and self.left[0] == "?":
                self.left.pop(0)
                part = f"(?:{part})?"
            parts.append(part)
        if not parts:
            raise ValueError("a group or a choice in it is empty; write a word or take it out")
        sequence = "".join(parts)
        if re.fullmatch(sequence, ""):
            raise ValueError("a choice holds nothing that must be there, so it would always fire")
        return sequence

    def _element(self, token: str) -> str:
        if token.startswith(".."):
            return rf"(?:\S+ ){{0,{int(token[2:] or 4)}}}?"
        if token.startswith("{"):
            return _slot(token[1:-1], self._used)
        if token in ("?", "^", "~"):
            raise ValueError(f'"{token}" is out of place; "?" follows a word or group, "^" and "~" begin an expression')
        head = "" if self._headed else "(?P<head>)"
        self._headed = True
        return head + (self._group() if token.startswith("(") else _word(token))

    def _group(self) -> str:
        choices = [self.sequence()]
        while self.left and self.left[0] == "|":
            self.left.pop(0)
            choices.append(self.sequence())
        if not self.left:
            raise ValueError('a "(" is never closed')
        self.left.pop(0)
        return f"(?:{'|'.join(choices)})"


def _slot(slot: str, used: set[str]) -> str:
    if slot == "money":
        return f"{_MONEY}\\d+ "
    name, _, sort = slot.partition(":")
    if name in _SORTS:
        name, sort = "", name
    if name not in ("", "buyer", "seller"):
        raise ValueError(f'"{name}" is no slot; write org, money, buyer, seller or a sort of organisation')
    if (sort or "org") not in _SORTS:
        raise ValueError(f'"{sort}" is no sort of organisation; write one of {", ".join(sorted(_SORTS))}')
    organisation = f"{_ORGANISATION}{_SORTS[sort or 'org']}\\d+"
    if not name or name in used:
        return f"{organisation} "
    used.add(name)
    return f"(?P<{name}>{organisation}) "


def _word(word: str) -> str:
    """One word, or the words that a hyphen or an apostrophe joins. In scripts without spaces, letters anywhere."""
    forms = words_of(word).lower
    if not forms or "*" in word[1:-1]:
        raise ValueError(f'"{word}" is no word; a "*" stands at its beginning or its end')
    if _UNSPACED.search(word):
        return rf"\S*{re.escape(word)}\S* "
    before, after = (r"\S*" if word.startswith("*") else ""), (r"\S*" if word.endswith("*") else "")
    return f"{before}{' '.join(map(re.escape, forms))}{after} "


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
            mark = f"{_ORGANISATION}{_LETTERS[sorts.get(place.name, 'other')]}{len(marks)}"
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


def unmasked(mark: str) -> str:
    """A word of a masked line as a pattern writes it, "{customer}" or "{money}"; any number is "{number}"."""
    if mark[0] == _ORGANISATION:
        return f"{{{_SORT_OF[mark[1]]}}}"
    if mark[0] == _MONEY:
        return "{money}"
    return "{number}" if mark.isdecimal() else mark


def fired(compiled: Sequence[Compiled], lines: Sequence[Masked], moods: Moods | None = None) -> list[Fired]:
    """Every pattern that fires in each line, once a line, in the order of the lines. Of its hits in a line the first
    without a mood counts, else the first."""
    found = []
    for masked in lines:
        for one in compiled:
            hits = (
                (match, _mood(masked, match, moods))
                for foreign, regex in one.regexes
                if not (foreign and masked.english)
                for match in regex.finditer(masked.line)
            )
            match, mood = _plainest(hits)
            if match is not None:
                slots = {name: masked.marks[mark] for name, mark in match.groupdict().items() if mark}
                found.append(Fired(one.pattern, masked.zone, _quote(masked, *match.span()), slots, mood))
    return found


def _plainest(hits: Iterable[tuple[re.Match[str], str]]) -> tuple[re.Match[str] | None, str]:
    first: tuple[re.Match[str] | None, str] = (None, "")
    for match, mood in hits:
        if not mood:
            return match, mood
        if first[0] is None:
            first = (match, mood)
    return first


def _mood(masked: Masked, match: re.Match[str], moods: Moods | None) -> str:
    """The mood of a hit, by what stands before its first word."""
    if moods is None or match.re.groupindex.get("head") is None:
        return ""
    start = match.start("head")
    before = masked.line[: start if start >= 0 else match.start()]
    fitting = (
        name for name, foreign, regex in moods.regexes if not (foreign and masked.english) and regex.search(before)
    )
    return next(fitting, "")


def _quote(masked: Masked, start: int, end: int) -> str:
    spans = [(a, b) for position, a, b in masked.offsets if start <= position < end]
    return masked.text[spans[0][0] : spans[-1][1]] if spans else ""
