"""A made archive of many articles in a store: a year of stories out of the demo's sentences, with made-up names.

The same seed makes the same archive. Rows are written in bulk; what they hold has the size of what the bot keeps.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert

from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.event import EVENT_TYPES, Event
from bot.core.importance import LEVELS
from bot.core.relevance import Reason, Relevance
from bot.core.story import Source, Story
from bot.store import rows
from bot.store.schema import articles, entries, feeds, stories, story_organisations
from tests.bench.texts import sample_articles, shuffled

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAYS = 365
REPORTS_EACH = 2.5
NAMES = 3_000
BATCH = 2_000
KNOWN = ("OpenAI", "NATO", "US Department of Defense", "Anduril Industries", "Palantir Technologies", "Anthropic")


def fill(c: Connection, count: int, *, seed: int = 1) -> None:
    """Puts `count` articles, all of them in stories, into an empty store."""
    chance = random.Random(seed)
    feed = {"url": "https://bench.example/feed", "name": "Bench", "kind": "press", "country": "INT", "language": "en"}
    c.execute(insert(feeds), [feed | {"in_catalogue": True, "added_at": NOW}])
    names = [*KNOWN, *(f"{word} {kind}" for word, kind in _names(chance))]
    made = shuffled(sample_articles(), count, seed=seed)
    number, earlier = 0, ""
    for batch in _stories(made, count, chance):
        told: dict[str, list[dict[str, object]]] = {"stories": [], "names": [], "entries": [], "articles": []}
        for reports in batch:
            first = reports[0]
            story = _story(first, reports, chance, names, earlier)
            earlier = story.id
            score = chance.random() * 8
            weight = {"importance": score, "level": LEVELS[min(int(score / 2), 3)]}
            told["stories"].append(rows.story_columns(story) | weight)
            told["names"] += [{"story_id": story.id, "name": name} for name in story.organisations]
            for article in reports:
                number += 1
                told["entries"].append(
                    {"id": number, "feed_id": 1, "identity": str(number), "title": article.title, "first_seen": NOW}
                )
                told["articles"].append(
                    rows.article_columns(article, _analysis(article, story))
                    | {"id": number, "entry_id": number, "story_id": story.id, "similarity": 0.5}
                )
        for table, key in ((stories, "stories"), (story_organisations, "names"), (entries, "entries")):
            c.execute(insert(table), told[key])
        c.execute(insert(articles), told["articles"])


def _names(chance: random.Random) -> Iterator[tuple[str, str]]:
    for _ in range(NAMES):
        word = "".join(chance.choices("bdfgklmnprstvz", k=1) + chance.choices("aeiou", k=1)) * 2
        yield word.capitalize() + str(chance.randrange(1000)), chance.choice(("Systems", "AI", "Robotics", "Ministry"))


def _stories(made: Iterator[Article], count: int, chance: random.Random) -> Iterator[list[list[Article]]]:
    """Batches of stories, each the list of its reports, in the order of time."""
    step = timedelta(days=DAYS) / count
    batch: list[list[Article]] = []
    held: list[Article] = []
    wanted = 1
    for number, article in enumerate(made):
        held.append(replace(article, first_seen=NOW - timedelta(days=DAYS) + step * number))
        if len(held) >= wanted:
            batch.append(held)
            held, wanted = [], min(int(chance.expovariate(1 / REPORTS_EACH)) + 1, 40)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if held:
        batch.append(held)
    yield batch


def _story(first: Article, reports: list[Article], chance: random.Random, names: list[str], earlier: str) -> Story:
    words = sorted({word.strip(".,").lower() for word in first.text.split()})[:60]
    named = {names[min(int(chance.expovariate(1 / 60)), len(names) - 1)] for _ in range(chance.randrange(1, 7))}
    return Story(
        id=f"story-{first.fingerprint}",
        title=first.title,
        link=first.link,
        topic="ai-defence",
        relevance=0.9,
        because=(Reason("ai", "AI models", 1.0), Reason("defence", "NATO", 1.0)),
        event=chance.choice(EVENT_TYPES),
        stage=None,
        first_seen=first.first_seen,
        last_seen=reports[-1].first_seen,
        organisations=tuple(sorted(named)),
        key_points=tuple(sentence + "." for sentence in first.text.split(". ")[:3]),
        sources=tuple(Source(each.outlet, each.title, each.link, each.first_seen) for each in reports),
        follows=earlier if earlier and chance.random() < 0.1 else None,
        profile={"words": dict.fromkeys(words, 1.5)},
    )


def _analysis(article: Article, story: Story) -> Analysis:
    terms = {word.strip(".,").lower(): 1 for word in article.text.split()}
    return Analysis(Relevance("ai-defence", 0.9, True, story.because), event=Event(story.event, None), terms=terms)
