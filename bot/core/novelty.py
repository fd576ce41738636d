"""Novelty: which entries of a body are new, which are known under a new name, and which a storm sweeps in.

It compares names that the store has found; it does not make them (see draft) and remembers nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.entry import Entry
from bot.core.words import words_of

STORM = 20
"""New entries dated before the last poll above which, if they are most of the body, their publisher changed its ids."""

LIKE_TITLES = 0.5
"""Share of the words of two titles that are the same from which one link means one entry."""

SWEPT_IN = "most of the body came back under new names, dated before the last poll: its publisher changed its ids"


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that the store holds: its row id and its title as it was first seen."""

    entry_id: int
    title: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """The entries of a body: `new` ones in its order, `renamed` as (row id, new name), `adopted` each with why."""

    new: tuple[Entry, ...] = ()
    renamed: tuple[tuple[int, str], ...] = ()
    adopted: tuple[tuple[Entry, str], ...] = ()


def sift(entries: Sequence[Entry], known: Mapping[str, Known], *, last_polled: datetime | None) -> Sifted:
    """`entries` by what is `known` of their aliases. `last_polled` is when the feed was read before, None at first."""
    new: list[Entry] = []
    renamed: list[tuple[int, str]] = []
    for entry in entries:
        same = _same(entry, known)
        if same is None:
            new.append(entry)
        else:
            renamed += [(same.entry_id, alias) for alias in entry.aliases if alias not in known]
    swept = _swept(new, len(entries), last_polled)
    return Sifted(
        new=tuple(entry for entry in new if entry.identity not in swept),
        renamed=tuple(renamed),
        adopted=tuple((entry, SWEPT_IN) for entry in new if entry.identity in swept),
    )


def like_titles(one: str, other: str) -> bool:
    """Whether two titles share at least half of their words; an empty one is like any."""
    words, others = set(words_of(one).lower), set(words_of(other).lower)
    return not words or not others or len(words & others) >= LIKE_TITLES * len(words | others)


def _same(entry: Entry, known: Mapping[str, Known]) -> Known | None:
    """The known entry that `entry` is: by its strongest name, or by a weaker one.

    A link under a new guid counts only with a like title: it may be a page that shows something else each day.
    """
    for alias in entry.aliases:
        found = known.get(alias)
        if found is None:
            continue
        if alias == entry.identity or not alias.startswith("link:") or like_titles(entry.title, found.title):
            return found
    return None


def _swept(new: Sequence[Entry], in_body: int, last_polled: datetime | None) -> frozenset[str]:
    """The identities of new entries that are none, if there are so many that the publisher must have renamed them."""
    if last_polled is None:
        return frozenset()
    old = [entry for entry in new if entry.published is not None and entry.published < last_polled]
    return frozenset(entry.identity for entry in old) if len(old) > STORM and 2 * len(old) > in_body else frozenset()
