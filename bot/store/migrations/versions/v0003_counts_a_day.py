"""An index for counting stories by the day they were first told, which charts of trends do."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_stories_first_seen_event", "stories", ["first_seen", "event"])
