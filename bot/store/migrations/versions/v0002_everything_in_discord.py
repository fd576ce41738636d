"""Digests and other messages of their own, a server's settings and feedback, the archive's full-text index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

PENDING = sa.text("state IN ('owed', 'sending')")
NO_HABITS = sa.text("'{}'")


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    time = sa.DateTime(timezone=True)
    op.create_table(
        "bulletins",
        sa.Column("id", row_id, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_id", row_id),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="owed", nullable=False),
        sa.Column("state_reason", sa.Text()),
        sa.Column("owed_at", time, nullable=False),
        sa.Column("not_before", time, nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_at", time),
        sa.Column("lease_until", time),
        sa.Column("unclear_since", time),
        sa.Column("minimal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("settled_at", time),
        sa.Column("message_id", sa.BigInteger()),
        sa.CheckConstraint("kind IN ('digest', 'catch_up', 'notice')", name="ck_bulletins_kind"),
        sa.CheckConstraint("state IN ('owed', 'sending', 'sent', 'suppressed', 'dead')", name="ck_bulletins_state"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name="fk_bulletins_subscription_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bulletins"),
        sa.UniqueConstraint("channel_id", "kind", "period", name="uq_bulletins_channel_id_kind_period"),
        sa.UniqueConstraint("nonce", name="uq_bulletins_nonce"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bulletins_guild_id", "bulletins", ["guild_id"])
    op.create_index(
        "ix_bulletins_pending", "bulletins", ["channel_id", "id"], sqlite_where=PENDING, postgresql_where=PENDING
    )
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timezone", sa.Text()),
        sa.Column("ops_channel_id", sa.BigInteger()),
        sa.Column("manager_role_id", sa.BigInteger()),
        sa.Column("threshold", sa.Float(), server_default="0", nullable=False),
        sa.Column("left_at", time),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guilds"),
    )
    op.create_table(
        "watches",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("until", time),
        sa.Column("set_by", sa.BigInteger(), nullable=False),
        sa.Column("set_at", time, nullable=False),
        sa.CheckConstraint("kind IN ('watch', 'mute')", name="ck_watches_kind"),
        sa.PrimaryKeyConstraint("guild_id", "kind", "words", name="pk_watches"),
    )
    op.create_table(
        "guild_feeds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feed_id", row_id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", time, nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_guild_feeds_feed_id"),
        sa.PrimaryKeyConstraint("guild_id", "feed_id", name="pk_guild_feeds"),
    )
    op.create_index("ix_guild_feeds_feed_id", "guild_feeds", ["feed_id"])
    op.create_table(
        "votes",
        sa.Column("id", row_id, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("manager", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("voted_at", time, nullable=False),
        sa.CheckConstraint("verdict IN ('relevant', 'not_relevant', 'wrong_merge')", name="ck_votes_verdict"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_votes_story_id"),
        sa.PrimaryKeyConstraint("id", name="pk_votes"),
        sa.UniqueConstraint(
            "guild_id", "story_id", "user_id", "verdict", name="uq_votes_guild_id_story_id_user_id_verdict"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_votes_guild_id", "votes", ["guild_id"])
    op.create_index("ix_votes_story_id", "votes", ["story_id"])
    op.create_table(
        "corrections",
        sa.Column("id", row_id, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", time, nullable=False),
        sa.Column("undone_by", sa.BigInteger()),
        sa.Column("undone_at", time),
        sa.CheckConstraint("kind IN ('merge', 'split', 'relevance')", name="ck_corrections_kind"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_corrections_story_id"),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_corrections_guild_id", "corrections", ["guild_id"])
    op.create_index("ix_corrections_story_id", "corrections", ["story_id"])
    op.add_column("stories", sa.Column("importance", sa.Float(), server_default="0", nullable=False))
    op.add_column("stories", sa.Column("level", sa.Text(), server_default="low", nullable=False))
    op.add_column("subscriptions", sa.Column("habits", sa.JSON(), server_default=NO_HABITS, nullable=False))
    op.add_column("alerts", sa.Column("held", sa.Text()))
    op.add_column("alerts", sa.Column("place_id", sa.BigInteger()))
    op.add_column("alerts", sa.Column("pinged", sa.Boolean(), server_default=sa.false(), nullable=False))
    _add_bulletin_of_alerts(row_id)
    _make_archive_searchable()


def _add_bulletin_of_alerts(row_id: sa.types.TypeEngine[int]) -> None:
    """SQLite adds a column with its foreign key in one statement only, which is inline."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE alerts ADD COLUMN bulletin_id INTEGER"
            " CONSTRAINT fk_alerts_bulletin_id REFERENCES bulletins (id)"
        )
    else:
        op.add_column("alerts", sa.Column("bulletin_id", row_id))
        op.create_foreign_key("fk_alerts_bulletin_id", "alerts", "bulletins", ["bulletin_id"], ["id"])
    op.create_index("ix_alerts_bulletin_id", "alerts", ["bulletin_id"])


def _make_archive_searchable() -> None:
    """A full-text index over the articles that are in a story. SQLite keeps it by triggers (FTS5, external content)."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX ix_articles_words ON articles USING gin (to_tsvector('simple', title || ' ' || text))"
            " WHERE story_id IS NOT NULL"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE articles_fts USING fts5"
        " (title, text, content='articles', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "INSERT INTO articles_fts (rowid, title, text) SELECT id, title, text FROM articles WHERE story_id IS NOT NULL"
    )
    for event, old, new in (("INSERT", False, True), ("DELETE", True, False), ("UPDATE", True, True)):
        taken = (
            "INSERT INTO articles_fts (articles_fts, rowid, title, text)"
            " SELECT 'delete', old.id, old.title, old.text WHERE old.story_id IS NOT NULL;"
        )
        given = (
            "INSERT INTO articles_fts (rowid, title, text)"
            " SELECT new.id, new.title, new.text WHERE new.story_id IS NOT NULL;"
        )
        body = (taken if old else "") + (given if new else "")
        op.execute(f"CREATE TRIGGER articles_fts_{event.lower()} AFTER {event} ON articles BEGIN {body} END")
