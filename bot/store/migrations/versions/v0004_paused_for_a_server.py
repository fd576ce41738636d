"""Whether a server has paused a feed that it added: one that other servers read as well goes on for them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("guild_feeds", sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()))
