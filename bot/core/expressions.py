"""Expressions: the writing of patterns, as regular expressions over masked lines, with words that a line must hold.

It reads one expression at a time; what a pattern means, and where it fires, is for patterns.

The writing of an expression, word by word:
    deal          the word, in any case                 award* *era   every word that begins, ends so
    (a|b c|d*)    one of several; groups may nest       word? (a|b)?  may be absent
    ..            up to four words, as few as need be   ..9           up to nine, and no more than 99
    {org}         an organisation                       {money}       a sum
    {customer}    one that buys (ministry, service, …)  {vendor}      one that sells, or of unknown kind
    {lab} {legislature} {court} {regulator} {university} {think-tank} {campaign} {investor}   one of that kind
    ^             the sentence's beginning
    ~             before all else: only in texts that are not English
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.words import words_of

ORGANISATION, MONEY = "\x01", "\x02"
"""How the mark of an organisation and that of a sum begin."""

LETTERS = {
    "customer": "c", "vendor": "v", "lab": "a", "unknown": "u", "legislature": "l", "court": "j", "regulator": "r",
    "university": "s", "think-tank": "t", "campaign": "p", "investor": "i", "other": "o",
}  # fmt: skip
"""The letter behind the mark of an organisation, by its sort."""

_TOKEN = re.compile(r"\s+|[\^~]|\.\.\d*|\{[\w-]+\}|[()|?]|[^\s(){}|?^~.]+(?:\.[^\s(){}|?^~.]+)*")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_SORTS = {**LETTERS, "org": "[a-z]", "vendor": "[vau]"}
_BEGINNINGS = (3, 5)
"""Letters of a word's beginnings by which lines are looked through for "award*"."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression made ready. A line in which it fires holds at least one of `keys` (see `keys_in`); None where
    nothing can be told from words. `foreign`: it is for texts that are not English."""

    regex: re.Pattern[str]
    keys: frozenset[str] | None
    foreign: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of an expression; `absent`: it may be."""

    regex: str
    keys: frozenset[str] | None = None
    absent: bool = False


def keys_in(line: str) -> frozenset[str]:
    """The words of a masked line, and their beginnings with a "*" behind them."""
    words = set(line.split())
    return frozenset(words.union(*({f"{word[:length]}*" for word in words} for length in _BEGINNINGS)))


def expression_of(expression: str) -> Expression:
    """`expression` over masked lines, in which each word is followed by one space.

    The empty group "head" stands before its first word that is neither slot nor gap. Raises ValueError as `check` does.
    """
    regex, keys, foreign = _read(expression)
    return Expression(re.compile(regex), keys, foreign)


def check(expression: str) -> None:
    """Raises ValueError with one sentence where `expression` cannot be read; a regular expression is not yet made."""
    _read(expression)


def _read(expression: str) -> tuple[str, frozenset[str] | None, bool]:
    """The regular expression as text, which is always one, and the rest of an Expression."""
    tokens = _tokens(expression)
    foreign = tokens[:1] == ["~"]
    tokens = tokens[foreign:]
    if not tokens:
        raise ValueError("the expression is empty; write at least one word")
    anchored = tokens[0] == "^"
    parser = _Parser(tokens[anchored:])
    body = parser.sequence()
    if parser.left:
        raise ValueError(f'"{parser.left[0]}" stands where no group is open')
    return ("^ " if anchored else r"(?<= )") + body.regex, body.keys, foreign


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
        self._headed = False

    def sequence(self) -> _Piece:
        """Elements up to the end, a "|" or a ")"."""
        parts = []
        while self.left and self.left[0] not in ("|", ")"):
            part = self._element(self.left.pop(0))
            if self.left and self.left[0] == "?":
                self.left.pop(0)
                part = _Piece(f"(?:{part.regex})?", absent=True)
            parts.append(part)
        if not parts:
            raise ValueError("a group or a choice in it is empty; write a word or take it out")
        if all(part.absent for part in parts):
            raise ValueError("a choice holds nothing that must be there, so it would always fire")
        return _Piece("".join(part.regex for part in parts), _rarest(part.keys for part in parts))

    def _element(self, token: str) -> _Piece:
        if token.startswith(".."):
            if len(token) > len("..99"):
                raise ValueError(f'"{token}" leaves out too much; write ..99 at most')
            return _Piece(rf"(?:\S+ ){{0,{int(token[2:] or 4)}}}?", absent=True)
        if token.startswith("{"):
            return _Piece(_slot(token[1:-1]))
        if token in ("?", "^", "~"):
            raise ValueError(f'"{token}" is out of place; "?" follows a word or group, "^" and "~" begin an expression')
        head = "" if self._headed else "(?P<head>)"
        self._headed = True
        piece = self._group() if token.startswith("(") else _word(token)
        return _Piece(head + piece.regex, piece.keys)

    def _group(self) -> _Piece:
        choices = [self.sequence()]
        while self.left and self.left[0] == "|":
            self.left.pop(0)
            choices.append(self.sequence())
        if not self.left:
            raise ValueError('a "(" is never closed')
        self.left.pop(0)
        keys = [choice.keys for choice in choices if choice.keys is not None]
        told = len(keys) == len(choices)
        return _Piece(f"(?:{'|'.join(choice.regex for choice in choices)})", frozenset().union(*keys) if told else None)


def _rarest(each: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The keys that the fewest lines will hold one of: few of them, and long ones, for short words are common."""
    return min((keys for keys in each if keys is not None), key=_commonness, default=None)


def _commonness(keys: frozenset[str]) -> float:
    return sum(2.0 ** -len(key) for key in keys)


def _slot(slot: str) -> str:
    if slot == "money":
        return f"{MONEY}\\d+ "
    if slot not in _SORTS:
        raise ValueError(f'"{slot}" is no slot; write money or one of {", ".join(sorted(_SORTS))}')
    return f"{ORGANISATION}{_SORTS[slot]}\\d+ "


def _word(word: str) -> _Piece:
    """One word, or the words that a hyphen or an apostrophe joins. In scripts without spaces, letters anywhere."""
    forms = words_of(word).lower
    if not forms or "*" in word[1:-1]:
        raise ValueError(f'"{word}" is no word; a "*" stands at its beginning or its end')
    if _UNSPACED.search(word):
        return _Piece(rf"\S*{re.escape(word)}\S* ")
    before, after = (r"\S*" if word.startswith("*") else ""), (r"\S*" if word.endswith("*") else "")
    keys = _keys(forms, ends_alike=bool(before), begins_alike=bool(after))
    return _Piece(f"{before}{' '.join(map(re.escape, forms))}{after} ", _rarest(keys))


def _keys(forms: Sequence[str], *, ends_alike: bool, begins_alike: bool) -> Iterator[frozenset[str]]:
    """A key for each of the words but a first one of which the end alone is given."""
    last = len(forms) - 1
    for place, form in enumerate(forms):
        if place == 0 and ends_alike:
            continue
        if place < last or not begins_alike:
            yield frozenset([form])
        elif len(form) >= _BEGINNINGS[0]:
            yield frozenset([f"{form[: max(length for length in _BEGINNINGS if length <= len(form))]}*"])
