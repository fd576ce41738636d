"""Organisations: names in a text to canonical organisations, with the words that named them.

The gazetteer leads; named entities add the unknown. It does not decide what an organisation does in the text.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Organisation:
    """One entry of the gazetteer, as `config/organisations.toml` states it.

    `short` forms are ambiguous: they count only beside the name, an alias or one of `context`.
    """

    name: str
    kind: str
    country: str
    aliases: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    ai: bool = False
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A canonical organisation found in a text: the words that named it, where first, and how often.

    `start` is a character offset into title + "\n" + text. `kind` is None for a name the gazetteer does not know.
    """

    name: str
    words: str
    start: int
    count: int
    kind: str | None = None
    in_title: bool = False
