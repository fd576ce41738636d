"""Votes on stories, each of one person of one server, and the threshold that follows from its managers' votes.

What a vote moves is told by core/voting. Nothing here is seen or changed without the server's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, or_, select

from bot.core.voting import Counted, Judged, Tally, Verdict, stricter
from bot.store import guilds
from bot.store.dialect import insert
from bot.store.schema import stories, votes

OPPOSITE: dict[Verdict, Verdict] = {"relevant": "not_relevant", "not_relevant": "relevant"}


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person says of one story; who that is is forgotten after a while."""

    guild_id: int
    story_id: str
    user_id: int | None
    manager: bool
    verdict: Verdict
    voted_at: datetime


def cast_vote(c: Connection, vote: Vote, thresholds: Mapping[str, float]) -> Counted:
    """Counts a vote once, however often it is given, and lets the server's threshold follow. One that says the
    opposite of an earlier one takes its place."""
    is_new = not c.scalar(select(exists().where(_same(vote, vote.verdict), votes.c.manager == vote.manager)))
    if vote.verdict in OPPOSITE:
        c.execute(delete(votes).where(_same(vote, OPPOSITE[vote.verdict])))
    values = {column.name: getattr(vote, column.name) for column in votes.columns if column.name != "id"}
    statement = insert(c, votes).values(**values)
    names = ["guild_id", "story_id", "user_id", "verdict"]
    c.execute(statement.on_conflict_do_update(index_elements=names, set_={"manager": vote.manager}))
    return _settled(c, vote.guild_id, vote.story_id, is_new, thresholds)


def take_back(c: Connection, guild_id: int, story_id: str, user_id: int, thresholds: Mapping[str, float]) -> Counted:
    """Takes a person's word on whether a story is relevant back; `is_new` is False where there was none."""
    own = and_(votes.c.guild_id == guild_id, votes.c.story_id == story_id, votes.c.user_id == user_id)
    gone = c.execute(delete(votes).where(own, votes.c.verdict.in_(OPPOSITE))).rowcount
    return _settled(c, guild_id, story_id, gone > 0, thresholds)


def of_person(c: Connection, guild_id: int, story_id: str, user_id: int) -> list[Vote]:
    """What a person has said of whether a story is relevant."""
    own = and_(votes.c.guild_id == guild_id, votes.c.story_id == story_id, votes.c.user_id == user_id)
    return [_vote(row) for row in c.execute(select(votes).where(own, votes.c.verdict.in_(OPPOSITE))).mappings()]


def withdraw(c: Connection, vote: Vote) -> None:
    """Takes one vote away; the threshold follows with the next that is settled."""
    c.execute(delete(votes).where(_same(vote, vote.verdict)))


def tally(c: Connection, guild_id: int, story_id: str) -> Tally:
    """The server's votes on a story."""
    wanted = (
        select(votes.c.verdict, votes.c.manager, func.count())
        .where(votes.c.guild_id == guild_id, votes.c.story_id == story_id)
        .group_by(votes.c.verdict, votes.c.manager)
    )
    found = {(row[0], bool(row[1])): row[2] for row in c.execute(wanted)}
    return Tally(
        managers_against=found.get(("not_relevant", True), 0),
        managers_for=found.get(("relevant", True), 0),
        readers_against=found.get(("not_relevant", False), 0),
        readers_for=found.get(("relevant", False), 0),
        wrong_merge=found.get(("wrong_merge", True), 0) + found.get(("wrong_merge", False), 0),
    )


def judged(c: Connection, guild_id: int) -> list[Judged]:
    """The stories that the server's managers voted on."""
    against = func.sum(case((votes.c.verdict == "not_relevant", 1), (votes.c.verdict == "relevant", -1), else_=0))
    wanted = (
        select(stories.c.relevance, stories.c.topic, against)
        .join(stories, stories.c.id == votes.c.story_id)
        .where(votes.c.guild_id == guild_id, votes.c.manager)
        .group_by(stories.c.id, stories.c.relevance, stories.c.topic)
    )
    return [Judged(row[0], row[1], row[2]) for row in c.execute(wanted)]


def reset(c: Connection, guild_id: int, story_id: str | None, thresholds: Mapping[str, float]) -> list[Vote]:
    """Forgets what the server's managers said of one story or (None) of all, and gives it back."""
    theirs = and_(votes.c.guild_id == guild_id, votes.c.manager, votes.c.verdict.in_(OPPOSITE), _of_story(story_id))
    gone = [_vote(row) for row in c.execute(select(votes).where(theirs).order_by(votes.c.id)).mappings()]
    c.execute(delete(votes).where(theirs))
    settle(c, guild_id, thresholds)
    return gone


def restore(c: Connection, given: list[Vote], guild_id: int, thresholds: Mapping[str, float]) -> None:
    """Counts votes again that were forgotten; a word that the same person has given since then stands."""
    for vote in given:
        said = or_(_same(vote, vote.verdict), _same(vote, OPPOSITE.get(vote.verdict, vote.verdict)))
        there = select(exists().where(stories.c.id == vote.story_id))
        if c.scalar(there) and not c.scalar(select(exists().where(said))):
            values = {column.name: getattr(vote, column.name) for column in votes.columns if column.name != "id"}
            c.execute(insert(c, votes).values(**values | {"guild_id": guild_id}))
    settle(c, guild_id, thresholds)


def settle(c: Connection, guild_id: int, thresholds: Mapping[str, float]) -> tuple[float, float]:
    """Makes the server's threshold what its votes say; what it was and what it is."""
    known = guilds.settings(c, guild_id)
    added = stricter(judged(c, guild_id), thresholds)
    if added != known.threshold:
        guilds.save(c, replace(known, threshold=added))
    return known.threshold, added


def _settled(c: Connection, guild_id: int, story_id: str, is_new: bool, thresholds: Mapping[str, float]) -> Counted:
    before, after = settle(c, guild_id, thresholds)
    return Counted(is_new, tally(c, guild_id, story_id), before, after)


def _same(vote: Vote, verdict: Verdict) -> ColumnElement[bool]:
    return and_(
        votes.c.guild_id == vote.guild_id,
        votes.c.story_id == vote.story_id,
        votes.c.user_id == vote.user_id,
        votes.c.verdict == verdict,
    )


def _of_story(story_id: str | None) -> ColumnElement[bool]:
    return votes.c.story_id == story_id if story_id is not None else votes.c.story_id.is_not(None)


def _vote(row: object) -> Vote:
    return Vote(**{name: row[name] for name in Vote.__slots__})  # type: ignore[index]
