"""Merges, splits and verdicts by people: each done in one transaction, kept with who and when, and taken back whole.

How a story stands afterwards is told by core/correction. Alerts follow the reports: a message of a story that was
merged shows the other from then on, unless its channel has a message of that one already; nothing new is owed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from bot.core.corrected import Correction
from bot.core.correction import begun, merged, restored, without
from bot.core.importance import Importance
from bot.core.story import MergingRules, Report, Story
from bot.errors import TocsinError
from bot.store import changes, rows, stories
from bot.store.codec import decode, encode
from bot.store.dialect import insert
from bot.store.schema import alerts, articles, corrections, story_organisations
from bot.store.schema import stories as story_table

MERGED = "a person merged its story into another, which the channel has been told of"


@dataclass(frozen=True, slots=True)
class Hand:
    """Who corrects, for which server, when; and what stories are told and weighed by."""

    guild_id: int
    user_id: int
    now: datetime
    rules: MergingRules
    weigh: Callable[[Story], Importance]


@dataclass(frozen=True, slots=True)
class Done:
    """A correction that was made or taken back: the stories as they stand now (the first is the one to show), and the
    ids of those that are empty now."""

    id: int
    changed: tuple[Story, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """What a merge or a split did: `articles` went from the story `origin` to the story `target`. `before` holds the
    stories as they were, `kept` the articles that stood in the one of them that stays, `alerts` the rows that went
    along, `ended` those whose edits ended, `followers` the stories that followed `origin`."""

    origin: str
    target: str
    before: tuple[Story, ...] = ()
    articles: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    alerts: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    followers: tuple[str, ...] = ()


def merge(c: Connection, story_id: str, into_id: str, hand: Hand) -> Done:
    """Puts everything of a story into another. Raises TocsinError where that cannot be."""
    changes.take_the_turn(c)
    story, into = _live(c, story_id), _live(c, into_id)
    if story.id == into.id:
        raise TocsinError("These are one story already; choose two different ones.")
    reports = _reports(c, story.id)
    both = merged(story, into, list(reports.values()), hand.rules)
    moved = Moved(story.id, into.id, (story, into), tuple(reports), tuple(_reports(c, into.id)))
    followers = _followers(c, story.id, but=into.id)
    changed = (both, *(replace(each, follows=into.id) for each in followers))
    stories.save(c, changed, {both.id: hand.weigh(both)})
    moved = replace(_hand_over(c, moved, hand.now), followers=tuple(each.id for each in followers))
    what = f"“{story.title}” merged into “{into.title}”"
    return Done(_keep(c, "merge", into.id, {"what": what, **encode(moved)}, hand), changed, (story.id,))


def split(c: Connection, article_id: int, new_id: str, hand: Hand) -> Done:
    """Makes a report a story of its own. Raises TocsinError where that cannot be."""
    changes.take_the_turn(c)
    story_id = c.scalar(select(articles.c.story_id).where(articles.c.id == article_id))
    if story_id is None:
        raise TocsinError("There is no such report in any story; choose one from the list.")
    story, reports = _live(c, story_id), _reports(c, story_id)
    if len(reports) < 2:
        raise TocsinError("It is the only report of its story, so there is nothing to take it out of.")
    gone = reports.pop(article_id)
    rest, own = without(story, gone, list(reports.values()), hand.rules), begun(gone, new_id, hand.rules)
    stories.save(c, (rest, own), {each.id: hand.weigh(each) for each in (rest, own)})
    c.execute(update(articles).where(articles.c.id == article_id).values(story_id=new_id))
    moved = Moved(story.id, new_id, (story,), (article_id,), tuple(reports))
    what = f"“{gone.article.title}” taken out of “{story.title}”"
    return Done(_keep(c, "split", story.id, {"what": what, **encode(moved)}, hand), (own, rest))


def note(c: Connection, story_id: str, content: dict[str, Any], hand: Hand) -> int:
    """Keeps a verdict on a story, `what` among its content saying what it is; the id of the correction."""
    return _keep(c, "relevance", story_id, content, hand)


def undo(c: Connection, correction_id: int, hand: Hand) -> Done:
    """Takes a merge or a split of the server back: the stories are what they were, with what came since. Raises
    TocsinError where that cannot be."""
    changes.take_the_turn(c)
    row = open_correction(c, correction_id, hand.guild_id)
    moved = decode(Moved, row["content"])
    _refuse_later(c, correction_id, moved)
    done = (_unmerge if row["kind"] == "merge" else _unsplit)(c, moved, hand)
    close(c, correction_id, hand)
    return replace(done, id=correction_id)


def open_correction(c: Connection, correction_id: int, guild_id: int) -> rows.Row:
    """The row of a correction that the server made and has not taken back. Raises TocsinError."""
    there = and_(corrections.c.id == correction_id, corrections.c.guild_id == guild_id)
    row = c.execute(select(corrections).where(there)).mappings().one_or_none()
    if row is None:
        raise TocsinError(f"This server has made no correction {correction_id}; see `/admin why`.")
    if row["undone_at"] is not None:
        raise TocsinError("This was taken back already.")
    return row


def close(c: Connection, correction_id: int, hand: Hand) -> None:
    """Writes down that a correction of the server was taken back."""
    taken = {"undone_by": hand.user_id, "undone_at": hand.now}
    there = and_(corrections.c.id == correction_id, corrections.c.guild_id == hand.guild_id)
    c.execute(update(corrections).where(there).values(**taken))


def listed(
    c: Connection, guild_id: int | None = None, *, story_ids: Iterable[str] | None = None, limit: int = 25
) -> list[tuple[int, Correction]]:
    """(server, correction), the newest first: of one server or of all, on these stories or on any."""
    named = [corrections.c[name] for name in ("id", "made_by", "made_at", "undone_by", "undone_at")]
    what = corrections.c.content["what"].as_string().label("what")
    wanted = select(corrections.c.guild_id, what, *named).order_by(corrections.c.id.desc()).limit(limit)
    if guild_id is not None:
        wanted = wanted.where(corrections.c.guild_id == guild_id)
    if story_ids is not None:
        wanted = wanted.where(_about(set(story_ids)))
    return [(row["guild_id"], _correction(row)) for row in c.execute(wanted).mappings()]


def _unmerge(c: Connection, moved: Moved, hand: Hand) -> Done:
    """Gives a merged story back what was its own."""
    now_there = _live(c, moved.target)
    story, into = moved.before
    known = {*moved.articles, *moved.kept}
    later = [report for id, report in _reports(c, into.id).items() if id not in known]
    after = restored(into, later, revision=now_there.revision, rules=hand.rules)
    back = restored(story, (), revision=now_there.revision, rules=hand.rules)
    c.execute(update(story_table).where(story_table.c.id == story.id).values(merged_into=None))
    followers = [each for each in _followers(c, into.id) if each.id in moved.followers]
    changed = (back, after, *(replace(each, follows=story.id) for each in followers))
    stories.save(c, changed, {each.id: hand.weigh(each) for each in (back, after)})
    theirs = and_(articles.c.id.in_(moved.articles), articles.c.story_id == into.id)
    c.execute(update(articles).where(theirs).values(story_id=story.id))
    gone_along = and_(alerts.c.id.in_(moved.alerts), alerts.c.story_id == into.id)
    c.execute(update(alerts).where(gone_along).values(story_id=story.id))
    ended = and_(alerts.c.id.in_(moved.ended), alerts.c.edits_ended == MERGED)
    c.execute(update(alerts).where(ended).values(edits_ended=None))
    return Done(0, changed)


def _unsplit(c: Connection, moved: Moved, hand: Hand) -> Done:
    """Puts a report that was taken out back, with all that has joined it since."""
    (before,) = moved.before
    story, own = _live(c, moved.origin), _live(c, moved.target)
    known = {*moved.articles, *moved.kept}
    since = {**_reports(c, story.id), **_reports(c, own.id)}
    later = [report for id, report in sorted(since.items()) if id not in known]
    after = restored(before, later, revision=max(story.revision, own.revision), rules=hand.rules)
    followers = _followers(c, own.id, but=story.id)
    changed = (after, *(replace(each, follows=story.id) for each in followers))
    stories.save(c, changed, {after.id: hand.weigh(after)})
    _hand_over(c, Moved(own.id, story.id), hand.now)
    return Done(0, changed, (own.id,))


def _hand_over(c: Connection, moved: Moved, now: datetime) -> Moved:
    """Empties a story: its reports go to the other, and its rows where their channel has none of the other."""
    origin, target = moved.origin, moved.target
    c.execute(update(articles).where(articles.c.story_id == origin).values(story_id=target))
    c.execute(update(story_table).where(story_table.c.id == origin).values(merged_into=target))
    changes.touch(c, [origin])
    c.execute(delete(story_organisations).where(story_organisations.c.story_id == origin))
    told = select(alerts.c.channel_id).where(alerts.c.story_id == target)
    matched = select(alerts.c.subscription_id).where(alerts.c.story_id == target)
    free = and_(alerts.c.channel_id.not_in(told), alerts.c.subscription_id.not_in(matched))
    along = tuple(c.scalars(select(alerts.c.id).where(alerts.c.story_id == origin, free)))
    c.execute(update(alerts).where(alerts.c.id.in_(along)).values(story_id=target))
    left = alerts.c.story_id == origin
    idle = update(alerts).where(left, alerts.c.state == "owed")
    c.execute(idle.values(state="suppressed", state_reason=MERGED, settled_at=now))
    standing = and_(left, alerts.c.state == "sent", alerts.c.edits_ended.is_(None))
    ended = tuple(c.scalars(select(alerts.c.id).where(standing)))
    c.execute(update(alerts).where(alerts.c.id.in_(ended)).values(edits_ended=MERGED))
    return replace(moved, alerts=along, ended=ended)


def _live(c: Connection, story_id: str) -> Story:
    story = stories.get(c, story_id)
    if story is None:
        raise TocsinError("This story is no longer kept, so it cannot be corrected.")
    return story


def _reports(c: Connection, story_id: str) -> dict[int, Report]:
    """The reports of a story by the ids of their rows, in the order in which they joined."""
    wanted = select(articles).where(articles.c.story_id == story_id).order_by(articles.c.id)
    return {row["id"]: rows.report(row) for row in c.execute(wanted).mappings()}


def _followers(c: Connection, story_id: str, *, but: str | None = None) -> list[Story]:
    wanted = select(story_table).where(story_table.c.follows == story_id, stories.LIVE)
    return [rows.story(row) for row in c.execute(wanted).mappings() if row["id"] != but]


def _refuse_later(c: Connection, correction_id: int, moved: Moved) -> None:
    """Corrections of the same stories are taken back in the opposite order."""
    later = select(corrections.c.id, corrections.c.content).where(
        corrections.c.id > correction_id, corrections.c.undone_at.is_(None), corrections.c.kind != "relevance"
    )
    for row in c.execute(later.order_by(corrections.c.id.desc())):
        if {row.content["origin"], row.content["target"]} & {moved.origin, moved.target}:
            raise TocsinError(
                f"These stories were corrected again since; take that back first (correction {row.id}, `/admin undo`)."
            )


def _keep(c: Connection, kind: str, story_id: str, content: dict[str, Any], hand: Hand) -> int:
    values = {"guild_id": hand.guild_id, "kind": kind, "story_id": story_id, "content": content}
    made = {"made_by": hand.user_id, "made_at": hand.now}
    return int(c.execute(insert(c, corrections).values(**values, **made).returning(corrections.c.id)).scalar_one())


def _about(story_ids: set[str]) -> ColumnElement[bool]:
    """Corrections that one of the stories had a part in."""
    parts = (corrections.c.content[name].as_string() for name in ("origin", "target"))
    return or_(corrections.c.story_id.in_(story_ids), *(part.in_(story_ids) for part in parts))


def _correction(row: rows.Row) -> Correction:
    return Correction(**{name: row[name] for name in Correction.__slots__})


def titles(c: Connection, guild_id: int, limit: int = 25) -> Sequence[tuple[int, str]]:
    """(id, what it did) of the server's corrections that stand, the newest first."""
    standing = [each for _, each in listed(c, guild_id, limit=4 * limit) if each.undone_at is None]
    return [(each.id, each.what) for each in standing[:limit]]
