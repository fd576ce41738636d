"""Which feeds put one guid on several things, so that it is remembered for good."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("feeds", sa.Column("reuses_guids", sa.Boolean(), nullable=False, server_default=sa.false()))
