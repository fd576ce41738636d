"""What the programs that work on one database know through it of each other, and of Discord."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Table

from bot.store.schema.columns import metadata
from bot.store.types import Json, UtcTime, Words

# Numbers that only grow, one row each.
counters = Table(
    "counters",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# The channels, forums and threads that the bot sees, as the gateway's cache had them last: what a deliverer without a
# gateway needs to know. `kind` is "text", "news", "forum" or "thread".
places = Table(
    "places",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    CheckConstraint("kind IN ('text', 'news', 'forum', 'thread')", name="kind"),
)

# How many requests Discord refused with 401, 403 or 429, by the minute in which it did, whoever made them.
refusals = Table(
    "refusals",
    metadata,
    Column("minute", UtcTime, primary_key=True),
    Column("count", Integer, nullable=False),
)

# The programs that work on this database, each with what it does and how it is; one that has not been seen for a
# while is no more.
runners = Table(
    "runners",
    metadata,
    Column("id", Words, primary_key=True),
    Column("roles", Words, nullable=False),
    Column("machine", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Words, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False, index=True),
    Column("facts", Json, nullable=False),
)
