"""Follow-up: which earlier story a new one continues, as a later step of the same parties or programme.

It looks at stories that were compared already (see merging) and asks whether the new report is a step further: alike
in words, about one party or programme and not only one customer, with no other parties, and not the same step again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.core.likeness import Likeness
from bot.core.relevance import Reason
from bot.core.story import FollowWeights, MergingRules, Story


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The story that a new one follows, and why."""

    story_id: str
    reasons: tuple[Reason, ...]


def predecessor(earlier: Iterable[tuple[Likeness, Story, timedelta]], rules: MergingRules) -> Predecessor | None:
    """The best of the stories compared, if it is like enough; the later of two that are alike."""
    scored = [
        (_continues(found, age, rules.follow_weights), story, found)
        for found, story, age in earlier
        if _same_affair(found, rules.follow_weights) and not _told_again(found, rules.follow_weights)
    ]
    best = max(scored, key=lambda entry: (entry[0], entry[1].last_seen, entry[1].id), default=None)
    if best is None or best[0] < rules.follow_at:
        return None
    score, story, found = best
    shared = [reason.words for reason in found.reasons if reason.gate.startswith("shared") and reason.words]
    return Predecessor(story.id, (Reason("follows", f"{story.title} ({'; '.join(shared)})", round(score, 4)),))


def _same_affair(found: Likeness, weights: FollowWeights) -> bool:
    if found.has("another buyer") or found.has("another seller") or found.words < weights.least_words:
        return False
    return bool(found.anchors) or found.words >= weights.many_words


def _told_again(found: Likeness, weights: FollowWeights) -> bool:
    """Whether it is the same step, told again too late to join: a step further changes event, stage, sum or parties."""
    changes = ("another event", "another stage", "another step", "another amount", "title names another organisation")
    return found.words >= weights.told_words and not any(map(found.has, changes))


def _continues(found: Likeness, age: timedelta, weights: FollowWeights) -> float:
    """Words and organisations in common, with what a new main organisation, another kind of event and age take off."""
    score = found.words + weights.names * found.names + weights.day * (age / timedelta(days=1))
    score += weights.new_name * found.has("title names another organisation")
    return score + weights.other_event * found.has("another event")
