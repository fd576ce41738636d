"""Follow-ups: the weights with which an earlier story is named as the one that a new story continues.

Every story's first report is asked which of the stories told before it continues; the labels say which one, if any.
It reads no file and writes none (see merging).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.core.evaluation import precision_and_recall
from bot.core.followup import may_follow, steps
from bot.core.merging import OpenStories
from bot.core.story import FollowWeights, MergingRules
from bot.fit.logistic import Model, Prior, fit
from bot.fit.stories import Labelled, in_half

SCALE = 10.0
"""Log-odds of following for each unit of the weights, before anything is fitted."""

PRIORS = {
    "words": 1.0, "names": 0.3, "special": 0.3, "recalled": 0.1, "same_event": 0.02, "same_amount": 0.05,
    "likest": 0.05, "new_name": -0.1, "lost_name": -0.1, "other_special": -0.1, "other_party": -0.1, "newer": -0.1,
    "year": -0.03,
}  # fmt: skip
"""What each weight is taken to be before any report is seen."""

FIXED = ("told_words",)
STRICTNESS = 3.0
LEAST_RIGHT = 0.6
"""Share of the links named that must be right, among stories as hard to tell apart as the labelled ones: readers see a
wrong link, and not one that is lost."""

THRESHOLDS = tuple(round(0.2 + step / 50, 2) for step in range(21))


class Asked(NamedTuple):
    """A new story, the one that it follows, and for each story that it may follow its name and the evidence."""

    story: str
    follows: str | None
    earlier: Sequence[tuple[str, Mapping[str, float]]]


def asked(stream: Sequence[Labelled], rules: MergingRules) -> list[Asked]:
    """The questions that a stream of labelled reports puts: one for each new story."""
    stories, told, found = OpenStories(rules=rules), set[str](), []
    for each in stream:
        if each.story not in told:
            now = each.report.article.first_seen
            compared = [
                (known, story, now - story.last_seen)
                for story, known in stories.compare(each.report, now=now, late=True)
            ]
            earlier = [
                (story.id, step)
                for (known, story, _), step in zip(compared, steps(compared), strict=True)
                if may_follow(known, rules.follow_weights)
            ]
            follows = each.label.get("follows")
            found.append(Asked(each.story, follows if follows in told else None, earlier))
            told.add(each.story)
        stories.assign(each.report, story_id=each.story)
    return found


def learned(questions: Sequence[Asked], rules: MergingRules, half: int | None) -> MergingRules:
    """The rules with weights and threshold of follow-ups learned from the stories outside of `half`; None leaves none
    out."""
    own = [each for each in questions if half is None or not in_half(each.story, half)]
    pairs = [(step, name == each.follows) for each in own for name, step in each.earlier]
    priors = {name: Prior(weight * SCALE, 1 if weight > 0 else -1) for name, weight in PRIORS.items()}
    model = fit([step for step, _ in pairs], [truth for _, truth in pairs], priors, strictness=STRICTNESS, dearness=1.0)
    fitted = replace(rules, follow_weights=_weights_of(model, rules.follow_weights))
    tried = [replace(fitted, follow_at=threshold) for threshold in THRESHOLDS]
    return max(tried, key=lambda each: worth(links(own, each)))


def _weights_of(model: Model, before: FollowWeights) -> FollowWeights:
    unit = model.weights["words"]
    return replace(before, **{name: round(weight / unit, 2) + 0.0 for name, weight in model.weights.items()})


def links(questions: Iterable[Asked], rules: MergingRules) -> tuple[int, int, int]:
    """How many links are found and right, found and wrong, not found."""
    right = wrong = lost = 0
    for each in questions:
        scored = [
            (sum(value * getattr(rules.follow_weights, key) for key, value in step.items()), name)
            for name, step in each.earlier
        ]
        score, best = max(scored, default=(0.0, None))
        named = best if score >= rules.follow_at else None
        right += named is not None and named == each.follows
        wrong += named is not None and named != each.follows
        lost += each.follows is not None and named != each.follows
    return right, wrong, lost


def worth(counts: tuple[int, int, int]) -> float:
    """The share of the links that are found; 0 where too few of those named are right."""
    found = precision_and_recall(*counts)
    return found["recall"] if found["precision"] >= LEAST_RIGHT else 0.0
