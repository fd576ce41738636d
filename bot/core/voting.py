"""Voting: what people's votes on stories change for their server, and what they read after a vote.

Only managers' votes change anything: they raise the score that a story needs in their server. It stores no vote and
owes nothing (see owing, which keeps to the threshold).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.core.escape import UNTITLED, escape
from bot.core.message import ACCENT, Button, Message, counted
from bot.core.story import Story

Verdict = Literal["relevant", "not_relevant", "wrong_merge"]

STEP = 0.02
"""What one manager's vote moves."""

MOST = 0.2
"""The most that votes add to the score that a story needs; they never take anything from it."""

_ROUND = 6  # digits: sums of steps are no exact binary fractions


@dataclass(frozen=True, slots=True)
class Judged:
    """A story that managers voted on: its relevance, its topic, and how many more of them found it not relevant than
    relevant (below 0: fewer)."""

    relevance: float
    topic: str
    against: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes of one server on one story."""

    managers_against: int = 0
    managers_for: int = 0
    readers_against: int = 0
    readers_for: int = 0
    wrong_merge: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What a vote led to: whether it was new, the votes with it, and what the server adds to the score that a story
    needs, before and after."""

    is_new: bool
    tally: Tally
    before: float = 0.0
    after: float = 0.0


def stricter(judged: Iterable[Judged], thresholds: Mapping[str, float]) -> float:
    """What votes add to the score that a story needs in their server: 0 to `MOST`, whatever the order of the votes.

    A story counts if the strictest server could have kept it out: one that scores higher was told because it is about
    the topic, which no threshold mends. `thresholds` are by topic.
    """
    net = sum(each.against for each in judged if is_near(each.relevance, thresholds.get(each.topic, 0.0)))
    return round(min(max(net * STEP, 0.0), MOST), _ROUND)


def is_near(relevance: float, threshold: float) -> bool:
    """Whether a threshold within the bounds could keep a story of this relevance out."""
    return relevance < threshold + MOST


# What the buttons of answers to votes carry: what to do, and the story.
TAKING_BACK = r"vote:undo:(?P<story>[^:\s]{1,60})"


def not_relevant_message(story: Story, counted_vote: Counted, *, manager: bool, threshold: float) -> Message:
    """What the person reads who pressed Not relevant. `threshold` is the topic's."""
    lines = [_told(counted_vote, manager=manager)]
    if manager:
        lines.append(_moved(story, counted_vote, threshold))
    undo = (Button("Undo", custom_id=f"vote:undo:{story.id}"),) if manager else ()
    return _about(story, "Not relevant", lines, undo)


def verdict_lines(story: Story, verdict: Verdict, counted_vote: Counted, threshold: float) -> list[str]:
    """What a manager reads who gave a verdict by command."""
    said = "relevant" if verdict == "relevant" else "not relevant"
    title = f"**{escape(story.title, 150)}**"
    if not counted_vote.is_new:
        return [f"You have said before that {title} is {said} here."]
    moved = (
        _moved(story, counted_vote, threshold) if verdict == "not_relevant" else needed(counted_vote.after, threshold)
    )
    return [f"{title} is {said} here, you say. That is kept and shown in `/admin why`.", moved]


def taken_back_message(story: Story, counted_vote: Counted, *, threshold: float) -> Message:
    """What a manager reads who took a vote back."""
    if not counted_vote.is_new:
        return _about(story, "Not relevant", ["There is no vote of yours on this story any more."])
    lines = ["Your vote is taken back.", needed(counted_vote.after, threshold)]
    return _about(story, "Not relevant", lines)


def needed(added: float, threshold: float) -> str:
    """What a story has to score in this server, with the bounds."""
    own = f"Stories need {_points(threshold + added)} of 100 in this server"
    if added:
        return f"{own}: {_points(added)} more than elsewhere, for which its managers' votes speak. {_bounds()}"
    return f"{own}, as everywhere. {_bounds()}"


def _told(vote: Counted, *, manager: bool) -> str:
    against = vote.tally.managers_against + vote.tally.readers_against
    people = counted(against, "person", "people")
    if not vote.is_new:
        return f"You have said so before: {people} here found this story not relevant."
    if manager:
        return f"Noted: {people} here found this story not relevant."
    return (
        f"Thank you, that is counted: {people} here found this story not relevant. Managers' votes change what comes."
    )


def _moved(story: Story, vote: Counted, threshold: float) -> str:
    if vote.after > vote.before:
        points = f"{_points(threshold + vote.before)} to {_points(threshold + vote.after)} of 100"
        return f"What stories need in this server rises from {points}. {_bounds()}"
    if not is_near(story.relevance, threshold):
        return (
            f"The story scores {_points(story.relevance)} of 100 where {_points(threshold)} are needed: too clearly"
            " on the topic for votes to keep such stories out. To hear less of this kind, mute a name with"
            " `/alerts mute`, or choose other events with `/alerts edit`."
        )
    return needed(vote.after, threshold)


def _bounds() -> str:
    return f"Votes can add up to {_points(MOST)}; `/admin relevance verdict:reset` takes them all back."


def _points(score: float) -> str:
    return f"{score * 100:.0f}"


def _about(story: Story, what: str, lines: Iterable[str], buttons: tuple[Button, ...] = ()) -> Message:
    return Message(
        author=what,
        title=escape(story.title, 256) or UNTITLED,
        description="\n".join(lines),
        colour=ACCENT,
        buttons=buttons,
    )
