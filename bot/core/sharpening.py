"""Sharpening: the key points of a story as its reports join.

At most three, in the order in which they came. A point gives way only to one that says more of what matters: a sum,
the stage that things have come to, a denial. Of two that say as much the one shown stays, so that a message that people
have read does not change under their eyes without reason. It chooses no sentence of a text (see keypoints).
"""

from collections.abc import Sequence

from bot.core.clauses import stem
from bot.core.keypoints import KeyPoint
from bot.core.story import Report
from bot.core.words import words_of

MOST_KEY_POINTS = 3

REDUNDANT = 0.5
"""Share of a sentence's words, of four letters and more, that another key point may already say."""

SUM = 1.0
STAGE = 1.0
DENIAL = 3.0
"""What a sentence is worth to a story that states a sum, the stage, or that somebody denies it."""


def sharpened(shown: Sequence[str], worths: Sequence[float], report: Report) -> dict[str, float]:
    """The key points to show, in order, with what each is worth; `worths` are those of the points `shown`."""
    points = dict(zip(shown, (*worths, *[0.0] * len(shown)), strict=False))
    for point in report.analysis.key_points:
        if point.sentence not in points:
            points = _with(points, point.sentence, _worth(point, report))
    return points


def _with(points: dict[str, float], sentence: str, worth: float) -> dict[str, float]:
    """The points with one more sentence: in place of what says the same or, where three are shown, what says least."""
    same = [point for point in points if _says(point, sentence)]
    if not same and len(points) < MOST_KEY_POINTS:
        return {**points, sentence: worth}
    rivals = same or list(points)
    weakest = min(reversed(rivals), key=lambda point: points[point])
    if worth <= points[weakest] or len(same) > 1:
        return points
    return {
        (sentence if point == weakest else point): (worth if point == weakest else points[point]) for point in points
    }


def _worth(point: KeyPoint, report: Report) -> float:
    """What the sentence says of what matters most."""
    event = report.analysis.event
    if event is None:
        return 0.0
    stated = any(what == "stage" and words and words in point.sentence for what, _, words in event.evidence)
    if stated and event.stage == "denied":
        return DENIAL
    return SUM * any(amount.words in point.sentence for amount in event.amounts) + STAGE * stated


def _says(one: str, other: str) -> bool:
    """Whether most of the shorter sentence's longer words stand in the other."""
    fewer, more = sorted((_longer_words(one), _longer_words(other)), key=len)
    return not fewer or len(fewer & more) > REDUNDANT * len(fewer)


def _longer_words(sentence: str) -> set[str]:
    return {stem(word) for word in words_of(sentence).lower if len(word) > 3 or word.isdigit()}
