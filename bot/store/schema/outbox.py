"""What channels want, what they are owed because of it, and what became of that."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    false,
    text,
)

from bot.store.schema.columns import PENDING, index_where, metadata, way_out
from bot.store.types import Json, UtcTime, Words, row_id

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
    *way_out(),
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
    index_where("kind = 'alert'", "ix_alerts_once", "subscription_id", "story_id", unique=True),
    CheckConstraint("state IN ('owed', 'sending', 'sent', 'digested', 'suppressed', 'dead')", name="state"),
    index_where(PENDING, "ix_alerts_pending", "channel_id", "id"),
    index_where("state = 'sent' AND edits_ended IS NULL", "ix_alerts_shown", "story_id", "shown_revision"),
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
    *way_out(),
    UniqueConstraint("channel_id", "kind", "period"),
    CheckConstraint("kind IN ('digest', 'catch_up', 'notice')", name="kind"),
    CheckConstraint("state IN ('owed', 'sending', 'sent', 'suppressed', 'dead')", name="state"),
    index_where(PENDING, "ix_bulletins_pending", "channel_id", "id"),
    sqlite_autoincrement=True,
)
