"""What was read: feeds with all that is known of them, entries, articles, and the stories that these report."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, UniqueConstraint, false

from bot.store.schema.columns import metadata
from bot.store.types import Json, UtcTime, Words, row_id

# A source that is polled, with the state of core's FeedState. Removed feeds keep their row and their history.
feeds = Table(
    "feeds",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("url", Words, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("country", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("outlet", Words),
    Column("in_catalogue", Boolean, nullable=False),  # listed in feeds.toml, not added by a person
    Column("added_at", UtcTime, nullable=False),
    Column("removed", Boolean, nullable=False, server_default=false()),
    Column("etag", Words),
    Column("last_modified", Words),
    Column("body_hash", Words),
    Column("first_polled_at", UtcTime),
    Column("last_polled_at", UtcTime),
    Column("last_success_at", UtcTime),
    Column("due_at", UtcTime),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Words),
    Column("status", Words, nullable=False, server_default="active"),
    Column("moved_to", Words),
    Column("moved_times", Integer, nullable=False, server_default="0"),
    Column("ttl", Integer),
    Column("reuses_guids", Boolean, nullable=False, server_default=false()),
    Column("host", Words, nullable=False, server_default=""),  # where it is asked, be it moved or not
    Column("claimed_by", Words),  # the runner that reads it, until its lease runs out
    Column("claimed_until", UtcTime),
    Index("ix_feeds_due", "due_at"),
    Index("ix_feeds_host", "host"),
    sqlite_autoincrement=True,
)

# What a host wants of all who ask it: one request at a time (whose turn it is, by runner), and rest.
# Discord is one too.
hosts = Table(
    "hosts",
    metadata,
    Column("name", Words, primary_key=True),
    Column("turn_by", Words),
    Column("turn_until", UtcTime),
    Column("rest_until", UtcTime),
)

# An entry as its feed gave it first. `adopted` says why it was taken as known without being judged.
entries = Table(
    "entries",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("identity", Words, nullable=False),
    Column("guid", Words),
    Column("link", Words),
    Column("title", Words, nullable=False),
    Column("published", UtcTime),
    Column("first_seen", UtcTime, nullable=False),
    Column("adopted", Words),
    UniqueConstraint("feed_id", "identity"),
)

# Every name by which an entry may be met again, within its feed.
aliases = Table(
    "aliases",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("alias", Words, primary_key=True),
    Column("entry_id", ForeignKey("entries.id"), nullable=False, index=True),
)

# Stories; `content` holds the fields of core's Story that have no column.
stories = Table(
    "stories",
    metadata,
    Column("id", Words, primary_key=True),
    Column("title", Words, nullable=False),
    Column("topic", Words, nullable=False),
    Column("relevance", Float, nullable=False),
    Column("event", Words, nullable=False),
    Column("stage", Words),
    Column("language", Words, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("follows", ForeignKey("stories.id", deferrable=True, initially="DEFERRED"), index=True),
    Column("content", Json, nullable=False),
    Column("importance", Float, nullable=False, server_default="0"),  # as it was weighed with the latest report
    Column("level", Words, nullable=False, server_default="low"),
    # Where a person merged it to: from then on it is empty, and what asks for it is shown that one.
    Column("merged_into", ForeignKey("stories.id"), index=True),
    # Grows with every change of any story, so that whoever holds stories in memory finds what others changed.
    Column("touched", BigInteger, nullable=False, server_default="0", index=True),
    Index("ix_stories_first_seen_event", "first_seen", "event"),
    Index("ix_stories_event_id", "event", "id"),
)

story_organisations = Table(
    "story_organisations",
    metadata,
    Column("name", Words, primary_key=True),
    Column("story_id", ForeignKey("stories.id"), primary_key=True, index=True),
)

# An entry made readable, what analysis says of it, and the story it was placed in with why.
articles = Table(
    "articles",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("entry_id", ForeignKey("entries.id"), nullable=False, unique=True),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("link", Words, index=True),
    Column("outlet", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("first_seen", UtcTime, nullable=False, index=True),
    Column("published", UtcTime),
    Column("fingerprint", Words, nullable=False),
    Column("feed_kind", Words, nullable=False),
    Column("relevant", Boolean, nullable=False),
    Column("score", Float, nullable=False),
    Column("analysis", Json, nullable=False),
    Column("story_id", ForeignKey("stories.id"), index=True),
    Column("similarity", Float),
    Column("placed_because", Json),
)
