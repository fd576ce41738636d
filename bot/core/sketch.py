"""Sketch: a text as a few small numbers, so that copies of it are known without the text.

It knows no article and no story (see traits); it only says how much of two texts is the same.
"""

from zlib import crc32

from bot.core.words import clean, words_of

SKETCH = 48
"""Hashes in a sketch of a text: an estimate of overlap within about 0.07 of the truth."""

READ = 2_000
"""Characters of a text that are sketched: feeds that cut a text cut its end, and so are told copies all the same."""


def sketch(text: str) -> tuple[int, ...]:
    """The smallest hashes of the text's word triples, ascending: like texts share most of them (Broder 1997)."""
    words = words_of(clean(text[:READ])).lower
    triples = {" ".join(words[place : place + 3]) for place in range(max(1, len(words) - 2))} if words else set()
    return tuple(sorted(crc32(triple.encode()) for triple in triples)[:SKETCH])


def overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The estimated share of word triples that two sketched texts have in common, 0…1."""
    union = sorted({*one, *other})[: min(SKETCH, max(len(one), len(other)))]
    return len({*union} & {*one} & {*other}) / len(union) if union else 0.0
