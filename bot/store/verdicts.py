"""Managers' verdicts on stories by command: votes that are kept as corrections, so that they can be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.core.story import Story
from bot.core.voting import Counted, Verdict
from bot.errors import TocsinError
from bot.store import corrections, votes
from bot.store.codec import decode_all, encode
from bot.store.corrections import Done, Hand
from bot.store.votes import Vote

PLAIN = {"relevant": "relevant", "not_relevant": "not relevant"}


@dataclass(frozen=True, slots=True)
class Reset:
    """Votes that were taken back: the correction's number, how many, and what is added now to the score that stories
    need."""

    id: int
    votes: int
    after: float


def give(
    c: Connection, story: Story, verdict: Verdict, hand: Hand, thresholds: Mapping[str, float]
) -> tuple[int | None, Counted]:
    """A manager's word on a story: the correction's number (None if he had said so before), and what it led to."""
    before = votes.of_person(c, hand.guild_id, story.id, hand.user_id)
    vote = Vote(hand.guild_id, story.id, hand.user_id, True, verdict, hand.now)
    counted = votes.cast_vote(c, vote, thresholds)
    if not counted.is_new:
        return None, counted
    what = f"“{story.title}” found {PLAIN.get(verdict, verdict)}"
    return corrections.note(c, story.id, _content(what, [vote], before), hand), counted


def reset(c: Connection, story: Story | None, hand: Hand, thresholds: Mapping[str, float]) -> Reset:
    """Takes back all managers' votes on a story or (None) on all. Raises TocsinError where there are none."""
    gone = votes.reset(c, hand.guild_id, story.id if story else None, thresholds)
    if not gone:
        where = "on this story" if story else "in this server"
        raise TocsinError(f"No manager has voted {where}, so there is nothing to take back.")
    about = f"“{story.title}”" if story else "all stories"
    what = f"managers' votes on {about} taken back"
    number = corrections.note(c, gone[0].story_id, _content(what, [], gone), hand)
    return Reset(number, len(gone), votes.settle(c, hand.guild_id, thresholds)[1])


def undo(c: Connection, correction_id: int, hand: Hand, thresholds: Mapping[str, float]) -> Done:
    """Takes a verdict or a reset back. Raises TocsinError where that cannot be."""
    row = corrections.open_correction(c, correction_id, hand.guild_id)
    content = row["content"]
    for vote in decode_all(Vote, content.get("given")):
        votes.withdraw(c, vote)
    votes.restore(c, list(decode_all(Vote, content.get("taken"))), hand.guild_id, thresholds)
    corrections.close(c, correction_id, hand)
    return Done(correction_id)


def _content(what: str, given: Sequence[Vote], taken: Sequence[Vote]) -> dict[str, object]:
    return {"what": what, "given": encode(given), "taken": encode(taken)}
