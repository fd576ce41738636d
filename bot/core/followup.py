"""Follow-up: which earlier story a new one continues, as a later step of the same parties or programme.

It looks at stories that were compared already (see merging), weighs what they share with the new report, its recaps
included, and prefers the latest of those that are nearly as like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.core.likeness import Likeness
from bot.core.relevance import Reason
from bot.core.story import FollowWeights, MergingRules, Story

Compared = tuple[Likeness, Story, timedelta]
"""An earlier story with its likeness, and how long ago its last report came."""

NEARLY_AS_LIKE = 0.6
"""Share of a story's likeness in words from which a later story is nearly as like."""

ABOUT_MONEY = {"funding", "market", "other", ""}
"""Types of event that a funding may follow or lead to."""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The story that a new one follows, and why."""

    story_id: str
    reasons: tuple[Reason, ...]


def predecessor(earlier: Sequence[Compared], rules: MergingRules) -> Predecessor | None:
    """The best of the stories compared, if it is like enough; the later of two that are alike."""
    scored = [
        (sum(value * getattr(rules.follow_weights, name) for name, value in step.items()), story, found)
        for (found, story, _), step in zip(earlier, steps(earlier), strict=True)
        if may_follow(found, rules.follow_weights)
    ]
    best = max(scored, key=lambda entry: (entry[0], entry[1].last_seen, entry[1].id), default=None)
    if best is None or best[0] < rules.follow_at:
        return None
    score, story, found = best
    shared = [reason.words for reason in found.reasons if reason.gate.startswith("shared") and reason.words]
    return Predecessor(story.id, (Reason("follows", f"{story.title} ({'; '.join(shared)})", round(score, 4)),))


def steps(earlier: Sequence[Compared]) -> list[dict[str, float]]:
    """For each story compared, the evidence on its being followed, by the fields of FollowWeights."""
    return [
        {
            "words": found.words,
            "names": found.names,
            "special": found.amount("special", "foreign_special"),
            "recalled": found.recalled,
            "same_event": found.amount("same_event"),
            "same_amount": found.amount("same_amount"),
            "likest": float(all(other.words <= found.words for other, _, _ in earlier)),
            "new_name": found.amount("new_name"),
            "lost_name": found.amount("lost_name"),
            "other_special": found.amount("other_special"),
            "other_party": found.amount("other_party"),
            "newer": float(any(_is_nearly(other, found) and since < age for other, _, since in earlier)),
            "year": age / timedelta(days=365),
        }
        for found, _, age in earlier
    ]


def may_follow(found: Likeness, weights: FollowWeights) -> bool:
    """Whether it is no deal with another customer, no deal of a firm that was funded or the other way round, and not
    the same step, told again too late to join. A step further changes event, stage, sum or seller: a programme goes on
    with other firms."""
    if found.has("another buyer") or _is_funding_beside_a_deal(found.events):
        return False
    changes = (
        "another event", "another stage", "another step", "another amount", "another seller",
        "title names another organisation",
    )  # fmt: skip
    return found.words < weights.told_words or any(map(found.has, changes))


def _is_funding_beside_a_deal(events: tuple[str, str]) -> bool:
    """Whether one is money put into a firm, and the other something that the firm does."""
    return "funding" in events and not set(events) <= ABOUT_MONEY


def _is_nearly(other: Likeness, found: Likeness) -> bool:
    return other.words > NEARLY_AS_LIKE * found.words
