"""Follow-up: which earlier story a new one continues, as a later step of the same parties or programme.

It looks at stories that were compared already (see merging) and asks whether the new report is a step further: alike
in words and organisations, with a main organisation or a rare name in common, and not about other parties.
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
        if _same_affair(found)
    ]
    best = max(scored, key=lambda entry: (entry[0], entry[1].last_seen, entry[1].id), default=None)
    if best is None or best[0] < rules.follow_at:
        return None
    score, story, found = best
    shared = [reason.words for reason in found.reasons if reason.gate.startswith("shared") and reason.words]
    return Predecessor(story.id, (Reason("follows", f"{story.title} ({'; '.join(shared)})", round(score, 4)),))


def _same_affair(found: Likeness) -> bool:
    return not (found.has("another buyer") or found.has("another seller"))


def _continues(found: Likeness, age: timedelta, weights: FollowWeights) -> float:
    """Words and organisations in common, with what a new main organisation, another kind of event and age take off."""
    score = found.words + weights.names * found.names + weights.day * (age / timedelta(days=1))
    score += weights.new_name * found.has("title names another organisation")
    return score + weights.other_event * found.has("another event")
