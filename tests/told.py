"""Stories with their reports in a store, as a poll commits them: for what is looked up in the archive."""

from bot.core.article import Article
from bot.core.feed import FeedState
from bot.core.importance import Importance, Level
from bot.core.story import Placement, Story
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
