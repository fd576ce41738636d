"""Query: what a person typed into a search, as words and quoted phrases.

No character of it has a meaning but quotation marks: there is nothing to learn and nothing to break. It searches
nothing (see the store's search).
"""

import re
from dataclasses import dataclass

from bot.core.escape import plain

LONGEST = 200
MOST_TERMS = 10
WHOLE_BELOW = 4
"""Letters of a word below which it is taken as it stands; a longer one also finds what begins with it."""

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
