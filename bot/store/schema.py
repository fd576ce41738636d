"""The tables as they stand today. What is searched or joined has a column; the rest of a value is one JSON document.

It creates nothing: `migrations/` does, and a test holds the two together.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

from bot.store.types import Json, UtcTime, Words, row_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)
PENDING = "state IN ('owed', 'sending')"


def _way_out() -> tuple[Column[Any], ...]:
    """How far a message of an outbox has come: what claiming, sending and settling read and write."""
    return (
        Column("nonce", Words, nullable=False, unique=True),
        Column("state", Words, nullable=False, server_default="owed"),
        Column("state_reason", Words),
        Column("owed_at", UtcTime, nullable=False),
        Column("not_before", UtcTime, nullable=False),
        Column("attempt", Integer, nullable=False, server_default="0"),
        Column("claimed_at", UtcTime),
        Column("lease_until", UtcTime),
        Column("unclear_since", UtcTime),  # when the first attempt began of which we do not know whether it arrived
        Column("minimal", Boolean, nullable=False, server_default=false()),
        Column("settled_at", UtcTime),
        Column("message_id", BigInteger),
    )


def _index_where(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    """An index of the rows that meet the condition alone, in either database."""
    return Index(name, *columns, unique=unique, sqlite_where=text(condition), postgresql_where=text(condition))


def pending(outbox: Table) -> ColumnElement[bool]:
    """Whether a row of the outbox is not settled: spelt out as its partial index has it, which SQLite does not use for
    a condition with parameters."""
    return outbox.c.state.in_([literal_column("'owed'"), literal_column("'sending'")])


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

# A channel and what it wants. Removed subscriptions keep their row, because alerts point to it.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("channel_id", BigInteger, nullable=False, index=True),
    Column("topic", Words),
    Column("organisations", Json, nullable=False),
    Column("events", Json, nullable=False),
    Column("languages", Json, nullable=False),
    Column("min_importance", Words, nullable=False),
    Column("mode", Words, nullable=False),
    Column("habits", Json, nullable=False, server_default="{}"),  # core's Habits: how its messages come
    Column("paused", Words),
    Column("created_at", UtcTime, nullable=False),
    Column("removed", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)

# Channels that Discord would not let us write to; a channel without a row is open.
channels = Table(
    "channels",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("since", UtcTime, nullable=False),
    CheckConstraint("state IN ('paused', 'closed')", name="state"),
)

# The outbox: what is owed, to whom, and what became of it. See alerts.py for the states.
alerts = Table(
    "alerts",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("subscription_id", ForeignKey("subscriptions.id"), nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reasons", Json, nullable=False),
    *_way_out(),
    Column("held", Words),  # why it waits for a digest or a catch-up message instead of going out by itself
    Column("bulletin_id", ForeignKey("bulletins.id"), index=True),  # the digest or catch-up that told it
    Column("place_id", BigInteger),  # the forum post where the message stands, or the thread that was opened under it
    Column("pinged", Boolean, nullable=False, server_default=false()),  # its message calls the subscription's role
    Column("shown_revision", Integer),
    Column("shown_at", UtcTime),
    Column("edit_not_before", UtcTime),
    Column("edits_ended", Words),
    UniqueConstraint("subscription_id", "story_id", "kind", "revision"),
    # A story is alerted once to a subscription, at whichever revision it was then.
    _index_where("kind = 'alert'", "ix_alerts_once", "subscription_id", "story_id", unique=True),
    CheckConstraint("state IN ('owed', 'sending', 'sent', 'digested', 'suppressed', 'dead')", name="state"),
    _index_where(PENDING, "ix_alerts_pending", "channel_id", "id"),
    _index_where("state = 'sent' AND edits_ended IS NULL", "ix_alerts_shown", "story_id", "shown_revision"),
    Index(
        "ix_alerts_pinged",
        "channel_id",
        "claimed_at",
        sqlite_where=text("pinged = 1"),
        postgresql_where=text("pinged"),
    ),
    sqlite_autoincrement=True,
)

# One row per attempt to deliver or edit.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", Words, nullable=False),
    Column("detail", Words),
)

# Messages of their own, which no single story owes: digests, catch-ups, what the ops channel is told. The same states
# and the same way out as alerts. `period` keeps each from being made twice; a digest plan begins with a row for the
# period in which it was made, suppressed from the start.
bulletins = Table(
    "bulletins",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("channel_id", BigInteger, nullable=False),
    Column("subscription_id", ForeignKey("subscriptions.id")),
    Column("kind", Words, nullable=False),
    Column("period", Words, nullable=False),
    Column("content", Json, nullable=False),
    *_way_out(),
    UniqueConstraint("channel_id", "kind", "period"),
    CheckConstraint("kind IN ('digest', 'catch_up', 'notice')", name="kind"),
    CheckConstraint("state IN ('owed', 'sending', 'sent', 'suppressed', 'dead')", name="state"),
    _index_where(PENDING, "ix_bulletins_pending", "channel_id", "id"),
    sqlite_autoincrement=True,
)

# What a server has set for itself. `threshold` is what its managers' votes add to the score a story needs; `left_at`
# is when the bot was removed from it.
guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("timezone", Words),
    Column("ops_channel_id", BigInteger),
    Column("manager_role_id", BigInteger),
    Column("threshold", Float, nullable=False, server_default="0"),
    Column("left_at", UtcTime),
)

# What a whole server watches for or does not want to hear of: an organisation, an outlet or a phrase.
watches = Table(
    "watches",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Words, primary_key=True),
    Column("words", Words, primary_key=True),
    Column("until", UtcTime),
    Column("set_by", BigInteger, nullable=False),
    Column("set_at", UtcTime, nullable=False),
    CheckConstraint("kind IN ('watch', 'mute')", name="kind"),
)

# Which feeds a server added; what the catalogue holds belongs to nobody.
guild_feeds = Table(
    "guild_feeds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True, index=True),
    Column("name", Words, nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=false()),  # by this server; others may read on
)

# What people said of a story. Who said it is forgotten after a while; managers' votes move their server's threshold.
votes = Table(
    "votes",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    Column("user_id", BigInteger),
    Column("manager", Boolean, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("voted_at", UtcTime, nullable=False),
    UniqueConstraint("guild_id", "story_id", "user_id", "verdict"),
    CheckConstraint("verdict IN ('relevant', 'not_relevant', 'wrong_merge')", name="verdict"),
    sqlite_autoincrement=True,
)

# Merges, splits and verdicts by a person, each with all that is needed to take it back.
corrections = Table(
    "corrections",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    Column("content", Json, nullable=False),
    Column("made_by", BigInteger, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("undone_by", BigInteger),
    Column("undone_at", UtcTime),
    CheckConstraint("kind IN ('merge', 'split', 'relevance')", name="kind"),
    sqlite_autoincrement=True,
)

# Numbers that only grow, one row each.
counters = Table(
    "counters",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# The channels, forums and threads that the bot sees, as the gateway's cache had them last: what a deliverer without a
# gateway needs to know. `kind` is "text", "news", "forum" or "thread".
places = Table(
    "places",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("readable", Boolean, nullable=False),  # its history, too
    Column("seen_at", UtcTime, nullable=False),
    CheckConstraint("kind IN ('text', 'news', 'forum', 'thread')", name="kind"),
)

# How many requests Discord refused with 401, 403 or 429, by the minute in which it did, whoever made them.
refusals = Table(
    "refusals",
    metadata,
    Column("minute", UtcTime, primary_key=True),
    Column("count", Integer, nullable=False),
)

# The programs that work on this database, each with what it does and how it is; one that has not been seen for a
# while is no more.
runners = Table(
    "runners",
    metadata,
    Column("id", Words, primary_key=True),
    Column("roles", Words, nullable=False),
    Column("machine", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Words, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False, index=True),
    Column("facts", Json, nullable=False),
)
