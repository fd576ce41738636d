"""Phrases: many phrases found in one walk over the words of a text.

It finds where phrases stand; it gives them no meaning and no weight.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.words import Words, words_of

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_STEM = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: `first` to `after` are word positions; `names` are the labels that the phrase carries."""

    first: int
    after: int
    names: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    """A step in the tree of phrases: by whole word, or by the beginning of a word."""

    whole: dict[str, "_Node"] = field(default_factory=dict)
    begun: dict[str, list[tuple[str, "_Node"]]] = field(default_factory=dict)
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases made ready for finding; `unspaced` are those of scripts that put no spaces between words."""

    root: _Node
    unspaced: tuple[tuple[str, tuple[str, ...]], ...] = ()


def build(phrases: Mapping[str, Iterable[str]], *, lower: bool = True) -> Phrases:
    """`phrases` maps each phrase to its labels.

    A word that ends in "*" stands for every word that begins so (three letters at least). With `lower` the phrases
    match in any case, else as written.
    """
    root, unspaced = _Node(), []
    for phrase, names in phrases.items():
        labels = tuple(names)
        if _UNSPACED.search(phrase):
            unspaced.append((phrase, labels))
        else:
            _add(root, phrase.lower() if lower else phrase, labels)
    unspaced.sort(key=lambda pair: (-len(pair[0]), pair[0]))
    return Phrases(root, tuple(unspaced))


def _add(root: _Node, phrase: str, names: tuple[str, ...]) -> None:
    node = root
    for part in phrase.split():
        forms = words_of(part.rstrip("*")).forms
        for place, form in enumerate(forms):
            begun = part.endswith("*") and place == len(forms) - 1
            node = _begun(node, form) if begun else node.whole.setdefault(form, _Node())
    if node is not root:
        node.names = tuple(dict.fromkeys((*node.names, *names)))


def _begun(node: _Node, beginning: str) -> _Node:
    branch = node.begun.setdefault(beginning[:_STEM], [])
    for known, child in branch:
        if known == beginning:
            return child
    child = _Node()
    branch.append((beginning, child))
    return child


def find(words: Words, phrases: Phrases, *, lower: bool = True) -> list[Hit]:
    """The phrases in `words` from left to right, the longest first; no word is part of two."""
    forms = words.lower if lower else words.forms
    hits, place, root = [], 0, phrases.root
    whole, begun = root.whole, root.begun
    while place < len(forms):
        form = forms[place]
        if form in whole or form[:_STEM] in begun:
            after, names = _longest(forms, place, root)
            if names:
                hits.append(Hit(place, after, names))
                place = after
                continue
        place += 1
    if phrases.unspaced and _UNSPACED.search(words.text):
        hits.extend(_unspaced(words, phrases.unspaced))
        hits.sort(key=lambda hit: (hit.first, hit.after))
    return hits


def _longest(forms: Sequence[str], place: int, node: _Node) -> tuple[int, tuple[str, ...]]:
    """Where the longest phrase that begins at `place` ends, with its labels; no labels where there is none."""
    best, names = place, node.names
    if place >= len(forms):
        return best, names
    form = forms[place]
    children = [child for known, child in node.begun.get(form[:_STEM], ()) if form.startswith(known)]
    exact = node.whole.get(form)
    if exact is not None:
        children.append(exact)
    for child in children:
        after, labels = _longest(forms, place + 1, child)
        if labels and after >= best:
            best, names = after, labels
    return best, names


def _unspaced(words: Words, phrases: Sequence[tuple[str, tuple[str, ...]]]) -> list[Hit]:
    """Phrases of unspaced scripts, found by letters; each hit covers the words that hold it."""
    hits = []
    taken: set[int] = set()
    for phrase, names in phrases:
        start = words.text.find(phrase)
        while start >= 0:
            end = start + len(phrase)
            if not taken.intersection(range(start, end)):
                taken.update(range(start, end))
                covered = [
                    n for n, (a, b) in enumerate(zip(words.starts, words.ends, strict=True)) if a < end and b > start
                ]
                if covered:
                    hits.append(Hit(covered[0], covered[-1] + 1, names))
            start = words.text.find(phrase, end)
    return hits
