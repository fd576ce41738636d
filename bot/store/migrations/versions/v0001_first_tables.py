"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "channels",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('paused', 'closed')", name="ck_channels_state"),
        sa.PrimaryKeyConstraint("channel_id", name="pk_channels"),
    )
    op.create_table(
        "feeds",
        sa.Column("id", row_id, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("outlet", sa.Text()),
        sa.Column("in_catalogue", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("body_hash", sa.Text()),
        sa.Column("first_polled_at", sa.DateTime(timezone=True)),
        sa.Column("last_polled_at", sa.DateTime(timezone=True)),
        sa.Column("last_success_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("moved_to", sa.Text()),
        sa.Column("moved_times", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ttl", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("url", name="uq_feeds_url"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feeds_due", "feeds", ["due_at"])
    op.create_table(
        "stories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("relevance", sa.Float(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("follows", sa.Text()),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["follows"], ["stories.id"], name="fk_stories_follows", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stories"),
    )
    op.create_index("ix_stories_follows", "stories", ["follows"])
    op.create_index("ix_stories_last_seen", "stories", ["last_seen"])
    op.create_table(
        "subscriptions",
        sa.Column("id", row_id, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text()),
        sa.Column("organisations", sa.JSON(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("min_importance", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("paused", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriptions_channel_id", "subscriptions", ["channel_id"])
    op.create_index("ix_subscriptions_guild_id", "subscriptions", ["guild_id"])
    op.create_table(
        "alerts",
        sa.Column("id", row_id, nullable=False),
        sa.Column("subscription_id", row_id, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="owed", nullable=False),
        sa.Column("state_reason", sa.Text()),
        sa.Column("owed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("unclear_since", sa.DateTime(timezone=True)),
        sa.Column("minimal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("shown_revision", sa.Integer()),
        sa.Column("shown_at", sa.DateTime(timezone=True)),
        sa.Column("edit_not_before", sa.DateTime(timezone=True)),
        sa.Column("edits_ended", sa.Text()),
        sa.CheckConstraint(
            "state IN ('owed', 'sending', 'sent', 'digested', 'suppressed', 'dead')", name="ck_alerts_state"
        ),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_alerts_story_id"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name="fk_alerts_subscription_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("nonce", name="uq_alerts_nonce"),
        sa.UniqueConstraint(
            "subscription_id", "story_id", "kind", "revision", name="uq_alerts_subscription_id_story_id_kind_revision"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_alerts_once",
        "alerts",
        ["subscription_id", "story_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'alert'"),
        postgresql_where=sa.text("kind = 'alert'"),
    )
    op.create_index(
        "ix_alerts_pending",
        "alerts",
        ["channel_id", "id"],
        sqlite_where=sa.text("state IN ('owed', 'sending')"),
        postgresql_where=sa.text("state IN ('owed', 'sending')"),
    )
    op.create_index(
        "ix_alerts_shown",
        "alerts",
        ["story_id", "shown_revision"],
        sqlite_where=sa.text("state = 'sent' AND edits_ended IS NULL"),
        postgresql_where=sa.text("state = 'sent' AND edits_ended IS NULL"),
    )
    op.create_index("ix_alerts_story_id", "alerts", ["story_id"])
    op.create_table(
        "entries",
        sa.Column("id", row_id, nullable=False),
        sa.Column("feed_id", row_id, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text()),
        sa.Column("link", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True)),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adopted", sa.Text()),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_entries_feed_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("feed_id", "identity", name="uq_entries_feed_id_identity"),
    )
    op.create_table(
        "story_organisations",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_story_organisations_story_id"),
        sa.PrimaryKeyConstraint("name", "story_id", name="pk_story_organisations"),
    )
    op.create_index("ix_story_organisations_story_id", "story_organisations", ["story_id"])
    op.create_table(
        "aliases",
        sa.Column("feed_id", row_id, nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("entry_id", row_id, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_aliases_entry_id"),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_aliases_feed_id"),
        sa.PrimaryKeyConstraint("feed_id", "alias", name="pk_aliases"),
    )
    op.create_index("ix_aliases_entry_id", "aliases", ["entry_id"])
    op.create_table(
        "articles",
        sa.Column("id", row_id, nullable=False),
        sa.Column("entry_id", row_id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.Column("outlet", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True)),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("feed_kind", sa.Text(), nullable=False),
        sa.Column("relevant", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("analysis", sa.JSON(), nullable=False),
        sa.Column("story_id", sa.Text()),
        sa.Column("similarity", sa.Float()),
        sa.Column("placed_because", sa.JSON()),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_articles_entry_id"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_articles_story_id"),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("entry_id", name="uq_articles_entry_id"),
    )
    op.create_index("ix_articles_link", "articles", ["link"])
    op.create_index("ix_articles_story_id", "articles", ["story_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", row_id, nullable=False),
        sa.Column("alert_id", row_id, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_deliveries_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_alert_id", "deliveries", ["alert_id"])
