"""Relevance: a score for an article and a topic, and its reasons.

It judges; it does not find organisations (see organisations) and does not say what happened (see event).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision fell as it did: the gate or feature, the words that fired it, and its weight in the score."""

    gate: str
    words: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Relevance:
    """`score` in 0…1; `relevant` at the topic's threshold; reasons, heaviest first."""

    topic: str
    score: float
    relevant: bool
    reasons: tuple[Reason, ...] = ()
