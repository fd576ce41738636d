"""Articles with their analysis and their place in a story. Full-text search comes with the archive."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.corrected import Titled
from bot.core.relevance import Reason
from bot.core.story import Placement, Report
from bot.store import rows
from bot.store.codec import decode_all, encode
from bot.store.dialect import insert
from bot.store.schema import articles


@dataclass(frozen=True, slots=True)
class Placed:
    """A stored report with why it stands in its story; `story_id` is None for one that is in none."""

    report: Report
    story_id: str | None
    similarity: float | None
    because: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article to keep, of the entry with row id `entry_id`."""

    entry_id: int
    article: Article
    analysis: Analysis
    placement: Placement | None = None


def add(c: Connection, new: Sequence[NewArticle]) -> None:
    """Inserts articles; the stories they were placed in are there already."""
    if new:
        c.execute(insert(c, articles), [_columns(each) for each in new])


def of_story(c: Connection, story_id: str) -> list[Placed]:
    """Every report of a story, in the order they were first seen."""
    wanted = select(articles).where(articles.c.story_id == story_id).order_by(articles.c.first_seen, articles.c.id)
    return [_placed(row) for row in c.execute(wanted).mappings()]


def titles_of_story(c: Connection, story_id: str) -> list[Titled]:
    """The reports of a story by id, outlet and title, in the order they were first seen."""
    wanted = (
        select(articles.c.id, articles.c.outlet, articles.c.title, articles.c.first_seen)
        .where(articles.c.story_id == story_id)
        .order_by(articles.c.first_seen, articles.c.id)
    )
    return [
        Titled(row.id, row.outlet, row.title, row.first_seen, began=number == 0)
        for number, row in enumerate(c.execute(wanted))
    ]


def joined_lately(c: Connection, limit: int = 300) -> list[tuple[str, str]]:
    """(row id as text, "outlet: title") of the newest reports that share their story with others."""
    shared = select(articles.c.story_id).group_by(articles.c.story_id).having(func.count() > 1)
    newest = select(articles.c.story_id).where(articles.c.story_id.is_not(None)).order_by(articles.c.id.desc())
    lately = newest.limit(limit * 3).subquery()
    among = shared.where(articles.c.story_id.in_(select(lately.c.story_id)))
    wanted = select(articles.c.id, articles.c.outlet, articles.c.title).where(articles.c.story_id.in_(among))
    found = c.execute(wanted.order_by(articles.c.id.desc()).limit(limit))
    return [(str(row.id), f"{row.outlet}: {row.title}") for row in found]


def story_of(c: Connection, article_id: int) -> str | None:
    """The story that an article is in."""
    return c.scalar(select(articles.c.story_id).where(articles.c.id == article_id))


def ids_of_links(c: Connection, links: Collection[str]) -> list[int]:
    """The rows of the articles in a story with one of these links, the newest first."""
    wanted = select(articles.c.id).where(articles.c.link.in_(links), articles.c.story_id.is_not(None))
    return list(c.scalars(wanted.order_by(articles.c.id.desc())))


def by_link(c: Connection, link: str) -> list[Placed]:
    """Every article with this canonical link, relevant or not, the newest first."""
    wanted = select(articles).where(articles.c.link == link).order_by(articles.c.id.desc())
    return [_placed(row) for row in c.execute(wanted).mappings()]


def _columns(new: NewArticle) -> dict[str, object]:
    placement = new.placement
    return rows.article_columns(new.article, new.analysis) | {
        "entry_id": new.entry_id,
        "story_id": placement.story.id if placement else None,
        "similarity": placement.similarity if placement else None,
        "placed_because": encode(placement.reasons) if placement else None,
    }


def _placed(row: rows.Row) -> Placed:
    return Placed(rows.report(row), row["story_id"], row["similarity"], decode_all(Reason, row["placed_because"]))
