"""What one poll of one feed found, committed as a whole or not at all.

Entries, their names, articles, stories, owed alerts and the feed's state with its validators go into one
transaction: a crash before it repeats the poll, a crash after it loses nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bot.core.alert import Alert
from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.bulletin import Bulletin, Content
from bot.core.entry import Entry
from bot.core.feed import FeedState
from bot.core.importance import Importance
from bot.core.story import Placement, Story
from bot.store import alerts, articles, bulletins, entries, feeds, guild_feeds, guilds, stories


@dataclass(frozen=True, slots=True)
class Judged:
    """A new entry made readable and judged; `placement` is None where it is not relevant.

    `quiet` is why it owes no alert, whoever wants it.
    """

    entry: Entry
    article: Article
    analysis: Analysis
    placement: Placement | None = None
    quiet: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll of one feed leads to.

    `adopted` are entries taken as known without being judged, each with why. `renamed` are more names of known
    entries, as (entry row id, name). `stories` are those that changed, as they now stand, and `weights` how much they
    matter. `rest` is a host that wants rest, and until when: no feed that is asked there is due before. `notice` is for
    the ops channels of all who may know of the feed.
    """

    feed_id: int
    state: FeedState
    judged: tuple[Judged, ...] = ()
    adopted: tuple[tuple[Entry, str], ...] = ()
    renamed: tuple[tuple[int, str], ...] = ()
    stories: tuple[Story, ...] = ()
    weights: Mapping[str, Importance] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    rest: tuple[str, datetime] | None = None
    notice: Content | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """How many entries were new, and the rows that are new in the outbox."""

    entries: int
    entered: Sequence[alerts.Entered]

    @property
    def alerts(self) -> int:
        """How many alerts are newly owed."""
        return sum(row.suppressed is None for row in self.entered)


def commit(c: Connection, outcome: Outcome, now: datetime) -> Committed:
    """Writes down everything in `outcome`; what is there already is not doubled."""
    stories.save(c, outcome.stories, outcome.weights)
    reasons = {entry.identity: why for entry, why in outcome.adopted}
    reasons |= {each.entry.identity: each.quiet for each in outcome.judged if each.quiet}
    new = [each.entry for each in outcome.judged] + [entry for entry, _ in outcome.adopted]
    ids = entries.add(c, outcome.feed_id, new, now, adopted=reasons)
    entries.add_names(c, outcome.feed_id, outcome.renamed)
    articles.add(
        c,
        [
            articles.NewArticle(ids[each.entry.identity], each.article, each.analysis, each.placement)
            for each in outcome.judged
            if each.entry.identity in ids
        ],
    )
    entered = alerts.enter(c, outcome.alerts, now)
    feeds.save_state(c, outcome.feed_id, outcome.state)
    if outcome.rest:
        feeds.let_rest(c, *outcome.rest)
    if outcome.notice is not None:
        _tell(c, outcome.feed_id, outcome.notice, now)
    return Committed(len(ids), entered)


def _tell(c: Connection, feed_id: int, content: Content, now: datetime) -> None:
    """Owes a notice about a feed to the ops channels of the servers that may know of it."""
    for guild_id, channel_id in guilds.ops_channels(c):
        if feed_id not in guild_feeds.feeds_of_others(c, guild_id):
            key = f"feed {feed_id} {now.isoformat()}"
            bulletins.make(c, Bulletin(guild_id, channel_id, "notice", key, content), now)
