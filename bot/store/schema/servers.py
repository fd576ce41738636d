"""What servers have set for themselves, and what their people said and corrected."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Float, ForeignKey, Table, UniqueConstraint, false

from bot.store.schema.columns import metadata
from bot.store.types import Json, UtcTime, Words, row_id

# What a server has set for itself. `threshold` is what its managers' votes add to the score a story needs; `left_at`
# is when the bot was removed from it.
guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("timezone", Words),
    Column("ops_channel_id", BigInteger),
    Column("manager_role_id", BigInteger),
    Column("threshold", Float, nullable=False, server_default="0"),
    Column("left_at", UtcTime),
)

# What a whole server watches for or does not want to hear of: an organisation, an outlet or a phrase.
watches = Table(
    "watches",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Words, primary_key=True),
    Column("words", Words, primary_key=True),
    Column("until", UtcTime),
    Column("set_by", BigInteger, nullable=False),
    Column("set_at", UtcTime, nullable=False),
    CheckConstraint("kind IN ('watch', 'mute')", name="kind"),
)

# Which feeds a server added; what the catalogue holds belongs to nobody.
guild_feeds = Table(
    "guild_feeds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True, index=True),
    Column("name", Words, nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=false()),  # by this server; others may read on
)

# What people said of a story. Who said it is forgotten after a while; managers' votes move their server's threshold.
votes = Table(
    "votes",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    Column("user_id", BigInteger),
    Column("manager", Boolean, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("voted_at", UtcTime, nullable=False),
    UniqueConstraint("guild_id", "story_id", "user_id", "verdict"),
    CheckConstraint("verdict IN ('relevant', 'not_relevant', 'wrong_merge')", name="verdict"),
    sqlite_autoincrement=True,
)

# Merges, splits and verdicts by a person, each with all that is needed to take it back.
corrections = Table(
    "corrections",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("guild_id", BigInteger, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    Column("content", Json, nullable=False),
    Column("made_by", BigInteger, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("undone_by", BigInteger),
    Column("undone_at", UtcTime),
    CheckConstraint("kind IN ('merge', 'split', 'relevance')", name="kind"),
    sqlite_autoincrement=True,
)
