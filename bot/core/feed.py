"""Feed and FeedState: a source that is polled, and what is known of it between polls.

Decides when a feed is due and what follows a fetch. It does not fetch, and it does not read bodies.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FeedKind = Literal[
    "official", "defence-press", "ai-lab", "company", "technology-press", "think-tank", "research", "press"
]
FeedStatus = Literal["active", "paused", "gone"]


@dataclass(frozen=True, slots=True)
class Feed:
    """A source: `country` is ISO 3166-1 alpha-2, EU or INT; `outlet` is shown where links do not tell it."""

    url: str
    name: str
    kind: FeedKind = "press"
    country: str = "INT"
    language: str = "en"
    outlet: str | None = None


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the last polls left behind. All times are aware UTC."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    first_polled_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    status: FeedStatus = "active"
    moved_to: str | None = None
    moved_times: int = 0


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """A feed with its row id and state."""

    id: int
    feed: Feed
    state: FeedState


@dataclass(frozen=True, slots=True)
class FeedRules:
    """How often feeds are polled; every field is a length of time."""

    interval: timedelta = timedelta(minutes=10)
    shortest: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(hours=24)
