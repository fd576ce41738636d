"""Rows of a table to the values of core, and back. It runs no SQL."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import RowMapping

from bot.core.alert import Habits, Subscription
from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.digest import Ranked
from bot.core.feed import Feed, FeedState, StoredFeed
from bot.core.importance import Importance
from bot.core.story import Report, Story
from bot.store.codec import decode, encode
from bot.store.schema import stories

Value = TypeVar("Value")
Row: TypeAlias = Mapping[str, Any] | RowMapping
IN_COLUMNS = frozenset(column.name for column in stories.columns) - {
    "content",
    "importance",
    "level",
    "merged_into",
    "touched",
}


def feed(row: Row) -> StoredFeed:
    """A row of `feeds`."""
    return StoredFeed(row["id"], _pick(Feed, row), _pick(FeedState, row))


def feed_columns(feed: Feed) -> dict[str, object]:
    return {field.name: getattr(feed, field.name) for field in fields(Feed)}


def state_columns(state: FeedState) -> dict[str, object]:
    return {field.name: getattr(state, field.name) for field in fields(FeedState)}


def story(row: Row) -> Story:
    """A row that holds every column of `stories`; other columns are let be."""
    return decode(Story, encode({name: row[name] for name in IN_COLUMNS}) | row["content"])


def ranked(row: Row) -> Ranked:
    """The same with how much the story matters."""
    return Ranked(story(row), Importance(row["level"], row["importance"]))


def story_columns(story: Story) -> dict[str, object]:
    columns = {name: getattr(story, name) for name in IN_COLUMNS}
    return columns | {"content": {name: value for name, value in encode(story).items() if name not in IN_COLUMNS}}


def report(row: Row) -> Report:
    """A row of `articles`."""
    return Report(_pick(Article, row), decode(Analysis, row["analysis"]))


def article_columns(article: Article, analysis: Analysis) -> dict[str, object]:
    return {field.name: getattr(article, field.name) for field in fields(Article)} | {
        "relevant": analysis.relevance.relevant,
        "score": analysis.relevance.score,
        "analysis": encode(analysis),
    }


def subscription(row: Row) -> Subscription:
    """A row of `subscriptions`; `channel_paused`, if the row has it, is why its whole channel waits."""
    value = Subscription(
        id=row["id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        topic=row["topic"],
        organisations=tuple(row["organisations"]),
        events=tuple(row["events"]),
        languages=tuple(row["languages"]),
        min_importance=row["min_importance"],
        mode=row["mode"],
        habits=decode(Habits, row["habits"]),
        paused=row["paused"],
        created_at=row["created_at"],
    )
    return value if value.paused else replace(value, paused=row.get("channel_paused"))


def subscription_columns(subscription: Subscription) -> dict[str, object]:
    """What a person chose: everything but whose it is, when it was made and whether it is paused."""
    return {
        "channel_id": subscription.channel_id,
        "topic": subscription.topic,
        "organisations": list(subscription.organisations),
        "events": list(subscription.events),
        "languages": list(subscription.languages),
        "min_importance": subscription.min_importance,
        "mode": subscription.mode,
        "habits": encode(subscription.habits),
    }


def _pick(shape: type[Value], row: Row) -> Value:
    """The fields of `shape` that stand in columns of the same name."""
    return shape(**{field.name: row[field.name] for field in fields(cast(Any, shape))})
