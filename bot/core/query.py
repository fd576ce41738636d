"""Query: what a person typed into a search, as words and quoted phrases.

No character of it has a meaning but quotation marks: there is nothing to learn and nothing to break. It searches no
archive (see the store's search); it only finds in a text what was found there.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.escape import plain

LONGEST = 200
MOST_TERMS = 10
WHOLE_BELOW = 4
"""Letters of a word below which it is taken as it stands; a longer one also finds what begins with it."""

EXCERPT = 220
"""Characters of an excerpt, about."""

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[.!?…]['\"”’)]*\s")
_QUOTES = '"“”„‟«»＂'
_TERM = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]|([^\s{_QUOTES}]+)")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that have to stand side by side; unless `whole`, the last of them may be the beginning of a longer one."""

    words: str
    whole: bool


def terms_of(typed: str) -> tuple[Term, ...]:
    """The terms of a query, each once, all of which have to be found; none where nothing in it is a letter or number.

    Of an endless query only the beginning counts.
    """
    found = (_term(*match.groups()) for match in _TERM.finditer(cleaned(typed)))
    return tuple(dict.fromkeys(term for term in found if any(map(str.isalnum, term.words))))[:MOST_TERMS]


def cleaned(typed: str) -> str:
    """A query on one line without invisible characters, at most `LONGEST` long."""
    return plain(typed[: 4 * LONGEST])[:LONGEST].strip()


def _term(phrase: str | None, word: str | None) -> Term:
    if word is None:
        return Term(" ".join((phrase or "").split()), whole=True)
    return Term(word, whole=sum(map(str.isalnum, word)) < WHOLE_BELOW)


def excerpt(text: str, terms: Sequence[Term]) -> str:
    """The words of `text` around the first term that stands in it, from the start of their sentence where that is near;
    its beginning where none does. Case and accents count as little as in the search."""
    words = list(_WORD.finditer(text))
    folded = [_folded(word[0]) for word in words]
    places = (_place(term, folded) for term in terms)
    first = next((place for place in places if place is not None), None)
    middle = words[first].start() if first is not None else 0
    begin = _begin(text, middle)
    shown = text[begin : begin + EXCERPT]
    if begin + EXCERPT < len(text):
        shown = shown.rpartition(" ")[0] + "…" if " " in shown else shown
    return plain(("…" if begin and not _SENTENCE.match(text, begin - 2) else "") + shown)


def _begin(text: str, middle: int) -> int:
    """Where an excerpt around `middle` begins: with its sentence, else with a word not far before."""
    near = max(middle - EXCERPT // 2, 0)
    sentence = max((match.end() for match in _SENTENCE.finditer(text, near, middle)), default=0)
    if sentence or near == 0:
        return sentence
    return text.find(" ", near, middle) + 1 or near


def _place(term: Term, folded: Sequence[str]) -> int | None:
    """The number of the word at which the term stands first."""
    wanted = [_folded(word) for word in _WORD.findall(term.words)]
    if not wanted:
        return None
    *first, last = wanted
    for place in range(len(folded) - len(wanted) + 1):
        end = folded[place + len(first)]
        if folded[place : place + len(first)] == first and (end == last if term.whole else end.startswith(last)):
            return place
    return None


def _folded(word: str) -> str:
    """A word without case and accents."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
