"""What came of one feed's poll, a line of the log for each decision, with the ids by which it is met again later.

It decides nothing; the events are listed in bot/README.md.
"""

from collections.abc import Iterable

import structlog

from bot.core.feed import FeedState, StoredFeed
from bot.store.alerts import Entered
from bot.store.polls import Judged

log = structlog.get_logger(__name__)


def tell_feed(feed: StoredFeed, after: FeedState) -> None:
    """A feed that fails from now on, works again, or is gone; one that goes on as before is no news."""
    ids = {"feed": feed.id, "url": feed.feed.url}
    if after.status == "gone" != feed.state.status:
        log.warning("feed.gone", **ids, why=after.error)
    elif after.failures and not feed.state.failures:
        log.warning("feed.failed", **ids, why=after.error, next_try=after.due_at)
    elif feed.state.failures and not after.failures:
        log.info("feed.recovered", **ids, after=feed.state.failures)


def tell_judged(feed: StoredFeed, judged: Iterable[Judged]) -> None:
    """Each article, with the story that it is in by now."""
    for each in judged:
        article, relevance = each.article, each.analysis.relevance
        ids = {"feed": feed.id, "link": article.link, "title": article.title, "score": round(relevance.score, 3)}
        if each.placement is None:
            log.debug("article.left_out", **ids)
            continue
        story = each.placement.story
        event = "story.begun" if each.placement.is_new else "story.grown"
        log.info(event, story=story.id, revision=story.revision, follows=story.follows, **ids, quiet=each.quiet)


def tell_entered(rows: Iterable[Entered]) -> None:
    """Each row of the outbox: owed, held for a message that tells several, or suppressed, and why."""
    for row in rows:
        ids = {"alert": row.id, "kind": row.kind, "story": row.story_id, "subscription": row.subscription_id}
        ids["channel"] = row.channel_id
        if row.suppressed:
            log.info("alert.suppressed", **ids, why=row.suppressed)
        elif row.held:
            log.info("alert.held", **ids, why=row.held)
        else:
            log.info("alert.owed", **ids)
