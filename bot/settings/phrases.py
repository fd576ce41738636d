"""What several configuration files hold alike: phrases, patterns, kinds of organisation; and the line of a mistake.

It reads no file (see knowledge).
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import AfterValidator, StringConstraints

from bot.core.expressions import check
from bot.core.patterns import Pattern
from bot.errors import Mistake
from bot.settings.toml import Table, line_of


def _findable(phrase: str) -> str:
    """A phrase in which every word that ends in "*" keeps at least three letters, and that holds a letter or digit."""
    if not re.search(r"\w", phrase):
        raise ValueError(f'"{phrase}" holds no letter; write a word or leave it out')
    if any(len(word.rstrip("*")) < 3 for word in phrase.split() if word.endswith("*")):
        raise ValueError(f'"{phrase}" has fewer than three letters before its "*"; write more of the word')
    return phrase


def _readable(expression: str) -> str:
    try:
        check(expression)
    except ValueError as error:
        raise ValueError(f'"{expression}" cannot be read as a pattern ({error}); see the top of the file') from error
    return expression


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Phrase = Annotated[Text, AfterValidator(_findable)]
Expression = Annotated[Text, AfterValidator(_readable)]


class PatternTable(Table):
    """A table of patterns, `[[event]]`, `[[stage]]` or `[[party]]`: `any` holds the expressions, one of which must
    fire."""

    id: Text
    value: Text
    weight: float
    any: tuple[Expression, ...]


def patterns(tables: Iterable[PatternTable]) -> tuple[Pattern, ...]:
    """The patterns of such tables, in their order."""
    return tuple(Pattern(table.id, table.value, table.weight, table.any) for table in tables)


class Lines:
    """Names the line of a mistake in one file; the file is read only when there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mistake(self, text: str, *location: int | str) -> Mistake:
        """`text` with the line where `location` (as pydantic gives it) stands."""
        content = self._path.read_text(encoding="utf-8")
        return Mistake(str(self._path), line_of(content, location), text)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def repeated(lines: Lines, table: str, entries: Sequence[_Named]) -> Iterable[Mistake]:
    """A mistake for each of a table's patterns whose id stands before it."""
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if entry.id in seen:
            yield lines.mistake(f'pattern "{entry.id}" stands twice; give it another id', table, number, "id")
        seen.add(entry.id)


def unknown_kind(lines: Lines, kind: str, *location: int | str) -> Mistake:
    """The mistake of a kind of organisation that no topic knows."""
    text = f'kind "{kind}" is unknown; use one of [topic.kinds] in topics.toml or add it there'
    return lines.mistake(text, *location)
