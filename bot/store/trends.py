"""Counts over the archive: stories a day by type of event, and who is named how often, and with whom.

A story counts on the day it was first told. What is rising and how it looks is told elsewhere (see core/trends).
"""

from datetime import date, datetime
from typing import cast

from sqlalchemy import ColumnElement, Connection, func, select

from bot.core.chart import Daily
from bot.core.event import EventType
from bot.store.schema import stories, story_organisations


def a_day(c: Connection, since: datetime, *, organisation: str | None = None) -> list[Daily]:
    """Stories first told at `since` or later, by day of UTC and type of event; days without any are left out."""
    day = _day(c).label("day")
    wanted = select(day, stories.c.event, func.count().label("stories")).where(stories.c.first_seen >= since)
    if organisation is not None:
        wanted = wanted.join(story_organisations, story_organisations.c.story_id == stories.c.id)
        wanted = wanted.where(story_organisations.c.name == organisation)
    found = c.execute(wanted.group_by(day, stories.c.event).order_by(day, stories.c.event))
    return [Daily(date.fromisoformat(str(row.day)), cast(EventType, row.event), row.stories) for row in found]


def named(c: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """How many stories first told in the time from `since` to before `until` name each organisation."""
    name = story_organisations.c.name
    wanted = (
        select(name, func.count().label("stories"))
        .join(stories, stories.c.id == story_organisations.c.story_id)
        .where(stories.c.first_seen >= since, stories.c.first_seen < until)
        .group_by(name)
    )
    return {row.name: row.stories for row in c.execute(wanted)}


def partners(c: Connection, organisation: str, since: datetime, *, limit: int = 10) -> list[tuple[str, int]]:
    """Whom stories first told at `since` or later name together with this one, most often first."""
    own, other = story_organisations.alias(), story_organisations.alias()
    number = func.count()
    wanted = (
        select(other.c.name, number)
        .join(own, own.c.story_id == other.c.story_id)
        .join(stories, stories.c.id == own.c.story_id)
        .where(own.c.name == organisation, other.c.name != organisation, stories.c.first_seen >= since)
        .group_by(other.c.name)
        .order_by(number.desc(), other.c.name)
        .limit(limit)
    )
    return [(name, together) for name, together in c.execute(wanted)]


def together(c: Connection, one: str, other: str, since: datetime) -> int:
    """How many stories first told at `since` or later name both organisations."""
    both = [select(story_organisations.c.story_id).where(story_organisations.c.name == name) for name in (one, other)]
    wanted = select(func.count()).select_from(stories).where(stories.c.first_seen >= since)
    return c.scalar(wanted.where(*(stories.c.id.in_(ids) for ids in both))) or 0


def first_day(c: Connection) -> date | None:
    """The day of the oldest story; None in an empty archive."""
    first = c.scalar(select(func.min(stories.c.first_seen)))
    return first.date() if first else None


def _day(c: Connection) -> ColumnElement[date]:
    """The day of UTC on which a story was first told, as text or date."""
    if c.dialect.name == "postgresql":
        return func.date(func.timezone("UTC", stories.c.first_seen))
    return func.substr(stories.c.first_seen, 1, 10)
