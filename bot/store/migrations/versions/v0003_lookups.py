"""Indexes for the look-ups of the archive: stories by the day they were first told, and by type of event."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_stories_first_seen_event", "stories", ["first_seen", "event"])
    op.create_index("ix_stories_event_id", "stories", ["event", "id"])
