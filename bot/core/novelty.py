"""Novelty: which entries of a body are new, which are known under a new name, and which a storm sweeps in.

It compares names that the store has found; it does not make them (see draft) and remembers nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.entry import Entry
from bot.core.link import link_key
from bot.core.words import words_of

STORM = 20
"""New entries dated before the last poll above which, if they are most of the body, their publisher changed its ids."""

DATED_BY_DAY = timedelta(hours=36)
"""How long before the last poll an entry must be dated to be surely old: many publishers write midnight on what they
publish in the evening, and some the wrong zone."""

LIKE_TITLES = 0.5
"""Share of the words of two titles that are the same from which one link means one entry."""

RENAMED = "most of the body came back under new names and this link or title is known: its publisher changed its ids"
SWEPT_IN = "it came with a flood of entries dated long before the last poll, so it owes no alert by itself"


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that the store holds: its row id, and its title, link and date as they were first seen."""

    entry_id: int
    title: str
    link: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sifted:
    """The entries of a body, each with why where there is a reason.

    `new` in the body's order, `renamed` as (row id, new name), `adopted` taken as known without being judged, `swept`
    to be judged and kept, but to owe no alert. `reuses_guids` says that a guid came again on something else.
    """

    new: tuple[Entry, ...] = ()
    renamed: tuple[tuple[int, str], ...] = ()
    adopted: tuple[tuple[Entry, str], ...] = ()
    swept: tuple[tuple[Entry, str], ...] = ()
    reuses_guids: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing in it to be written down."""
        return not (self.new or self.renamed or self.adopted or self.swept)


def sift(entries: Sequence[Entry], known: Mapping[str, Known], *, reuses_guids: bool = False) -> Sifted:
    """`entries` by what is `known` of their aliases. A storm among the new ones is yet to be looked for.

    Where their publisher `reuses_guids`, a guid is a name only for want of any other.
    """
    new: list[Entry] = []
    renamed: list[tuple[int, str]] = []
    reuses_guids = reuses_guids or any(_has_reused_guid(entry, known) for entry in entries)
    for entry in _without_guids(entries) if reuses_guids else entries:
        same = _same(entry, known)
        if same is None:
            new.append(entry)
        else:
            renamed += [(same.entry_id, alias) for alias in entry.aliases if alias not in known]
    return Sifted(new=tuple(new), renamed=tuple(renamed), reuses_guids=reuses_guids)


def is_storm(new: Sequence[Entry], *, in_body: int, last_polled: datetime | None) -> bool:
    """Whether most of a body of `in_body` entries is new and yet not dated after `last_polled` (None at first)."""
    late = sum(_is_late(entry, last_polled) for entry in new) if last_polled is not None else 0
    return late > STORM and 2 * late > in_body


def calm(sifted: Sifted, known: Mapping[str, Known], titles: Collection[str], *, last_polled: datetime) -> Sifted:
    """`sifted` after a storm: entries with a known link or one of `titles` are adopted, surely old ones swept in.

    `titles` are all that the feed has used before. What is dated after the last poll, or shortly before, stays new.
    """
    told = {_headline(title) for title in titles} - {""}
    new: list[Entry] = []
    adopted: list[tuple[Entry, str]] = []
    swept: list[tuple[Entry, str]] = []
    for entry in sifted.new:
        if not _is_late(entry, last_polled):
            new.append(entry)
        elif _headline(entry.title) in told or any(alias in known for alias in entry.aliases):
            adopted.append((entry, RENAMED))
        elif entry.published is not None and entry.published < last_polled - DATED_BY_DAY:
            swept.append((entry, SWEPT_IN))
        else:
            new.append(entry)
    return replace(sifted, new=tuple(new), adopted=tuple(adopted), swept=tuple(swept))


def like_titles(one: str, other: str) -> bool:
    """Whether two titles share at least half of their words; an empty one is like any."""
    if one == other:
        return True
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


def _without_guids(entries: Iterable[Entry]) -> Iterable[Entry]:
    """`entries` by their other names, where they have any; of those that only their guids told apart, the first."""
    found: dict[str, Entry] = {}
    for entry in entries:
        others = tuple(alias for alias in entry.aliases if not alias.startswith("guid:"))
        found.setdefault((others or entry.aliases)[0], replace(entry, aliases=others) if others else entry)
    return found.values()


def _has_reused_guid(entry: Entry, known: Mapping[str, Known]) -> bool:
    """Whether the entry's guid named something else before: with another title, another link (or neither has one) and
    an earlier date."""
    first = known.get(f"guid:{entry.guid}") if entry.guid else None
    if first is None or like_titles(entry.title, first.title):
        return False
    later = entry.published is None or first.published is None or entry.published > first.published
    if entry.link is None or first.link is None:
        return later and entry.link is first.link
    return later and link_key(entry.link) != link_key(first.link)


def _is_late(entry: Entry, last_polled: datetime | None) -> bool:
    """Whether the entry, seen now for the first time, is not dated after the last poll."""
    return last_polled is not None and (entry.published is None or entry.published < last_polled)


def _headline(title: str) -> str:
    return " ".join(words_of(title).lower)
