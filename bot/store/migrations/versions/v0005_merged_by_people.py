"""Where a story went that a person merged into another."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NAME = "fk_stories_merged_into"


def upgrade() -> None:
    """SQLite adds a column with its foreign key in one statement only, which is inline."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE stories ADD COLUMN merged_into TEXT CONSTRAINT {NAME} REFERENCES stories (id)")
    else:
        op.add_column("stories", sa.Column("merged_into", sa.Text()))
        op.create_foreign_key(NAME, "stories", "stories", ["merged_into"], ["id"])
    op.create_index("ix_stories_merged_into", "stories", ["merged_into"])
