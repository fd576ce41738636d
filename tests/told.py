"""Stories with their reports in a store, as a poll commits them: for what is looked up in the archive."""

from collections.abc import Sequence

from bot.core.article import Article
from bot.core.feed import FeedState
from bot.core.importance import Importance, Level
from bot.core.story import Placement, Report, Story
from bot.store import Connection, Store, entries, feeds, polls
from bot.store.polls import Judged, Outcome
from tests.builders import NOON, a_feed, an_analysis, an_article, an_entry


async def tell(store: Store, story: Story, *texts: str, level: Level = "low", score: float = 0.0) -> None:
    """Keeps a story with one report for each of `texts`, which is all that the report says under the story's title."""
    reports = [an_article(title=story.title, text=text, first_seen=story.first_seen) for text in texts]
    await store.write(commit, story, reports, Importance(level, score))


def commit(c: Connection, story: Story, reports: list[Article], importance: Importance) -> None:
    feed_id = feeds.add(c, a_feed(), NOON)
    first = entries.count(c) + 1
    placement = Placement(story, True, 0.4)
    judged = tuple(
        Judged(an_entry(number), article, an_analysis(), placement) for number, article in enumerate(reports, first)
    )
    found = Outcome(feed_id, FeedState(), judged, stories=(story,), weights={story.id: importance})
    polls.commit(c, found, NOON)


async def tell_reports(store: Store, story: Story, reports: Sequence[Report]) -> None:
    """Keeps a story with these reports, as they are."""
    await store.write(commit_reports, story, reports)


async def tell_unplaced(store: Store, report: Report) -> None:
    """Keeps an article that was found not relevant."""
    await store.write(commit_unplaced, report)


def commit_unplaced(c: Connection, report: Report) -> None:
    entry = an_entry(entries.count(c) + 1, link=report.article.link)
    judged = Judged(entry, report.article, an_analysis(relevant=False))
    polls.commit(c, Outcome(feeds.add(c, a_feed(), NOON), FeedState(), (judged,)), NOON)


def commit_reports(c: Connection, story: Story, reports: Sequence[Report]) -> None:
    feed_id = feeds.add(c, a_feed(), NOON)
    first = entries.count(c) + 1
    placement = Placement(story, True, 0.4)
    judged = tuple(
        Judged(an_entry(number, link=each.article.link), each.article, each.analysis, placement)
        for number, each in enumerate(reports, first)
    )
    polls.commit(c, Outcome(feed_id, FeedState(), judged, stories=(story,)), NOON)
