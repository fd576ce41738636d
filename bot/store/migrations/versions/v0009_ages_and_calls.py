"""Indexes for what is asked at each message that calls a role, and for what is old: both grow with the archive."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_articles_first_seen", "articles", ["first_seen"])
    op.create_index(
        "ix_alerts_pinged",
        "alerts",
        ["channel_id", "claimed_at"],
        sqlite_where=sa.text("pinged = 1"),
        postgresql_where=sa.text("pinged"),
    )
