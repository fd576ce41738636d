"""KeyPoint: the sentences worth quoting, verbatim.

It chooses among the sentences of the text; it never writes one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """A sentence of the article, verbatim, with why it was chosen."""

    sentence: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()
