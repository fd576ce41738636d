"""Stories: the open ones that reports may join, and those that people look up. Merging is decided in core/story."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, exists, func, select, update

from bot.core.digest import Ranked
from bot.core.event import EVENT_TYPES, EventType
from bot.core.importance import Importance
from bot.core.relevance import Reason
from bot.core.story import Story
from bot.store import articles, changes, rows
from bot.store.articles import Placed
from bot.store.dialect import insert
from bot.store.schema import articles as article_table
from bot.store.schema import stories, story_organisations

LONGEST_NAME = 500
"""Characters of a name by which stories are looked up: rows of PostgreSQL's indexes end at 2,700 bytes."""

# A story that a person merged into another is empty. There are few of those, so they are looked up and left out: to ask
# each row for it would cost counting the indexes that it lives by. SQLite uses the index for a range, not for "is not
# null".
_other = stories.alias("merged")
LIVE = stories.c.id.not_in(select(_other.c.id).where(_other.c.merged_into > ""))


@dataclass(frozen=True, slots=True)
class Why:
    """Why a story is one: what made it relevant, and for each report why it joined and how alike it was."""

    story: Story
    because: tuple[Reason, ...]
    reports: tuple[Placed, ...]


def save(c: Connection, changed: Iterable[Story], weights: Mapping[str, Importance] | None = None) -> None:
    """Inserts stories or replaces them as they stood; of two with one id, the later counts.

    `weights` maps ids to how much the stories matter; the others keep what they had.
    """
    latest = {story.id: story for story in changed}
    if not latest:
        return
    number = changes.next_number(c)
    statement = insert(c, stories)
    columns = [rows.story_columns(story) | {"touched": number} for story in latest.values()]
    replaced = {name: statement.excluded[name] for name in columns[0] if name != "id"}
    c.execute(statement.on_conflict_do_update(index_elements=["id"], set_=replaced), columns)
    for id in latest.keys() & (weights or {}).keys():
        weight = (weights or {})[id]
        c.execute(update(stories).where(stories.c.id == id).values(importance=weight.score, level=weight.level))
    c.execute(delete(story_organisations).where(story_organisations.c.story_id.in_(latest)))
    named = [{"story_id": s.id, "name": name[:LONGEST_NAME]} for s in latest.values() for name in s.organisations]
    if named:
        c.execute(insert(c, story_organisations).on_conflict_do_nothing(), named)


def open_since(c: Connection, since: datetime) -> list[Story]:
    """The stories that had a report at `since` or later, oldest first."""
    wanted = select(stories).where(stories.c.last_seen >= since, LIVE).order_by(stories.c.first_seen, stories.c.id)
    return _all(c, wanted)


def get(c: Connection, story_id: str) -> Story | None:
    """The story with this id, or the one that a person merged it into."""
    seen: set[str] = set()
    while story_id not in seen:
        seen.add(story_id)
        row = c.execute(select(stories).where(stories.c.id == story_id)).mappings().one_or_none()
        if row is None or row["merged_into"] is None:
            return rows.story(row) if row else None
        story_id = row["merged_into"]
    return None


def latest(
    c: Connection,
    *,
    since: datetime | None = None,
    topic: str | None = None,
    event: str | None = None,
    organisation: str | None = None,
    limit: int = 5,
    offset: int = 0,
) -> list[Story]:
    """A page of stories, the newest report first. `organisation` is a canonical name."""
    wanted = _filtered(select(stories), since, topic, event, organisation)
    return _all(c, wanted.order_by(stories.c.last_seen.desc(), stories.c.id.desc()).limit(limit).offset(offset))


def count(
    c: Connection,
    *,
    since: datetime | None = None,
    topic: str | None = None,
    event: str | None = None,
    organisation: str | None = None,
) -> int:
    """How many stories `latest` has pages for."""
    return c.scalar(_filtered(select(func.count()).select_from(stories), since, topic, event, organisation)) or 0


def ranked(c: Connection, *, ids: Collection[str]) -> list[Ranked]:
    """The stories with these ids, each with how much it matters, in no order."""
    return _all_ranked(c, select(stories).where(stories.c.id.in_(ids)))


def top(
    c: Connection, *, since: datetime | None = None, topic: str | None = None, limit: int = 5, offset: int = 0
) -> list[Ranked]:
    """A page of the stories with a report at `since` or later, the most important first, the newest of equal ones."""
    wanted = _filtered(select(stories), since, topic, None, None)
    by_weight = (stories.c.importance.desc(), stories.c.last_seen.desc(), stories.c.id)
    return _all_ranked(c, wanted.order_by(*by_weight).limit(limit).offset(offset))


def before(c: Connection, story: Story, *, limit: int = 10) -> list[Story]:
    """The stories that this one continues, one after the other, oldest first; at most the nearest `limit`."""
    found: list[Story] = []
    seen, wanted = {story.id}, story.follows
    while wanted and wanted not in seen and len(found) < limit:
        earlier = get(c, wanted)
        seen.add(wanted)
        wanted = earlier.follows if earlier else None
        found += [earlier] if earlier else []
    return found[::-1]


def after(c: Connection, story: Story, *, limit: int = 10) -> list[Story]:
    """The stories that continue this one, directly or through others, oldest first; at most about `limit`."""
    found: dict[str, Story] = {}
    newest = {story.id}
    while newest and len(found) < limit:
        following = select(stories).where(stories.c.follows.in_(newest), LIVE)
        following = following.order_by(stories.c.first_seen, stories.c.id)
        new = {
            each.id: each for each in _all(c, following.limit(limit)) if each.id not in found and each.id != story.id
        }
        newest = set(new)
        found |= new
    return sorted(found.values(), key=lambda each: (each.first_seen, each.id))[:limit]


def naming(c: Connection, names: Collection[str], *, since: datetime | None = None, limit: int = 5) -> list[Story]:
    """The stories that name every one of these organisations, the newest report first."""
    wanted = select(stories).order_by(stories.c.last_seen.desc(), stories.c.id.desc()).limit(limit)
    for name in names:
        wanted = _filtered(wanted, since, None, None, name)
    return _all(c, wanted)


def usual(c: Connection, now: datetime) -> dict[EventType, float]:
    """How many stories a day of each type of event there were in the last 30 days; nothing while the archive is younger
    than two weeks, because then everything is rare."""
    oldest: datetime | None = c.scalar(select(func.min(stories.c.first_seen)))
    if oldest is None or now - oldest < timedelta(days=14):
        return {}
    days = min((now - oldest) / timedelta(days=1), 30.0)
    since = now - timedelta(days=days)
    counted = select(stories.c.event, func.count()).where(stories.c.first_seen >= since).group_by(stories.c.event)
    found = {row[0]: row[1] for row in c.execute(counted)}
    return {event: found.get(event, 0) / days for event in EVENT_TYPES}


def find(c: Connection, text: str, limit: int = 25) -> list[tuple[str, str]]:
    """(id, title) of the newest stories whose title holds `text`, in any case."""
    wanted = select(stories.c.id, stories.c.title).where(LIVE).order_by(stories.c.last_seen.desc()).limit(limit)
    if text.strip():
        wanted = wanted.where(stories.c.title.icontains(text.strip(), autoescape=True))
    return [(row.id, row.title) for row in c.execute(wanted)]


def organisations(c: Connection, text: str = "", limit: int = 25) -> list[str]:
    """The canonical names that hold `text`, in any case, those with most stories first."""
    name = story_organisations.c.name
    wanted = select(name).group_by(name).order_by(func.count().desc(), name).limit(limit)
    if text.strip():
        wanted = wanted.where(name.icontains(text.strip(), autoescape=True))
    return list(c.scalars(wanted))


def is_named(c: Connection, organisation: str) -> bool:
    """Whether any story names this organisation, by its canonical name."""
    return c.scalar(select(exists().where(story_organisations.c.name == organisation))) or False


def reports(c: Connection, story_id: str) -> list[Placed]:
    """Every report of the story in the order they were first seen, with analysis and why it joined."""
    return articles.of_story(c, story_id)


def why(c: Connection, story_id: str) -> Why | None:
    """The reasons of the story and of each of its reports."""
    story = get(c, story_id)
    return Why(story, story.because, tuple(reports(c, story_id))) if story else None


def figures(c: Connection) -> dict[str, int]:
    """How much there is: `stories`, `articles`, and how many of these are `relevant`."""
    return {
        "stories": c.scalar(select(func.count()).select_from(stories).where(LIVE)) or 0,
        "articles": c.scalar(select(func.count()).select_from(article_table)) or 0,
        "relevant": c.scalar(select(func.count()).where(article_table.c.relevant)) or 0,
    }


def _filtered(
    wanted: Select[*tuple[object, ...]],
    since: datetime | None,
    topic: str | None,
    event: str | None,
    organisation: str | None,
) -> Select[*tuple[object, ...]]:
    wanted = wanted.where(LIVE)
    if since is not None:
        wanted = wanted.where(stories.c.last_seen >= since)
    if topic is not None:
        wanted = wanted.where(stories.c.topic == topic)
    if event is not None:
        wanted = wanted.where(stories.c.event == event)
    if organisation is not None:
        named = select(story_organisations.c.story_id).where(story_organisations.c.name == organisation)
        wanted = wanted.where(stories.c.id.in_(named))
    return wanted


def _all(c: Connection, wanted: Select[*tuple[object, ...]]) -> list[Story]:
    return [rows.story(row) for row in c.execute(wanted).mappings()]


def _all_ranked(c: Connection, wanted: Select[*tuple[object, ...]]) -> list[Ranked]:
    return [rows.ranked(row) for row in c.execute(wanted).mappings()]
