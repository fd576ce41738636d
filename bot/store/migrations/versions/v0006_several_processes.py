"""What several processes have to know of each other: who reads which feed, whose turn it is, what changed."""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SETTLED = 3
"""Equal answers after which a feed is asked where it has moved to."""


def upgrade() -> None:
    _claims_of_feeds()
    _changes_of_stories()
    _seen_by_all()


def _claims_of_feeds() -> None:
    op.add_column("feeds", sa.Column("host", sa.Text(), nullable=False, server_default=""))
    op.add_column("feeds", sa.Column("claimed_by", sa.Text()))
    op.add_column("feeds", sa.Column("claimed_until", sa.DateTime(timezone=True)))
    op.create_index("ix_feeds_host", "feeds", ["host"])
    _fill_hosts()
    op.create_table(
        "hosts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("turn_by", sa.Text()),
        sa.Column("turn_until", sa.DateTime(timezone=True)),
        sa.Column("rest_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("name", name="pk_hosts"),
    )


def _fill_hosts() -> None:
    feeds = sa.table("feeds", *map(sa.column, ("id", "url", "moved_to", "moved_times", "host")))
    connection = op.get_bind()
    address = sa.case(
        (feeds.c.moved_times >= SETTLED, sa.func.coalesce(feeds.c.moved_to, feeds.c.url)), else_=feeds.c.url
    )
    known = connection.execute(sa.select(feeds.c.id, address.label("address"))).all()
    hosts = [{"row_id": row.id, "name": _host(row.address)} for row in known]
    if hosts:
        by_row = sa.update(feeds).where(feeds.c.id == sa.bindparam("row_id"))
        connection.execute(by_row.values(host=sa.bindparam("name")), hosts)


def _host(address: str) -> str:
    """An old row may hold an address that cannot be read; it is no reason not to start."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _changes_of_stories() -> None:
    op.add_column("stories", sa.Column("touched", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_stories_touched", "stories", ["touched"])
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )


def _seen_by_all() -> None:
    op.create_table(
        "places",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'news', 'forum', 'thread')", name="ck_places_kind"),
        sa.PrimaryKeyConstraint("channel_id", name="pk_places"),
    )
    op.create_index("ix_places_guild_id", "places", ["guild_id"])
    op.create_table(
        "refusals",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name="pk_refusals"),
    )
    op.create_table(
        "runners",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runners"),
    )
    op.create_index("ix_runners_seen_at", "runners", ["seen_at"])
