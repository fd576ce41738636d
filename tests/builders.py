"""Values for tests, complete and plain; each builder takes the fields that a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.alert import Alert, Subscription
from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.entry import Entry
from bot.core.feed import Feed
from bot.core.relevance import Reason, Relevance
from bot.core.story import Source, Story

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_feed(url: str = "https://news.example/feed.xml", **changes: Any) -> Feed:
    return replace(Feed(url=url, name="Example News"), **changes)


def an_entry(number: int = 1, **changes: Any) -> Entry:
    link = f"https://news.example/{number}"
    entry = Entry(
        aliases=(f"guid:{number}", f"link:news.example/{number}"),
        guid=str(number),
        link=link,
        title=f"Entry number {number}",
        markup="<p>Text.</p>",
        published=NOON,
    )
    return replace(entry, **changes)


def an_article(number: int = 1, **changes: Any) -> Article:
    article = Article(
        title=f"Entry number {number}",
        text="Text.",
        link=f"https://news.example/{number}",
        outlet="news.example",
        language="en",
        first_seen=NOON,
        published=NOON,
        fingerprint=f"print-{number}",
    )
    return replace(article, **changes)


def an_analysis(*, relevant: bool = True, **changes: Any) -> Analysis:
    reason = Reason("ai", "model", 0.5)
    return replace(Analysis(Relevance("ai-defence", 0.9 if relevant else 0.1, relevant, (reason,))), **changes)


def a_story(id: str = "story-1", **changes: Any) -> Story:
    story = Story(
        id=id,
        title="OpenAI in talks with NATO",
        link="https://news.example/1",
        topic="ai-defence",
        relevance=0.9,
        because=(Reason("ai", "model", 0.5),),
        event="contract",
        stage="in_talks",
        first_seen=NOON,
        last_seen=NOON,
        organisations=("OpenAI", "NATO"),
        key_points=("OpenAI is in talks with NATO.",),
        sources=(Source("news.example", "OpenAI in talks with NATO", "https://news.example/1", NOON),),
        profile={"words": {"talks": 2.0}},
    )
    return replace(story, **changes)


def a_subscription(channel_id: int = 20, guild_id: int = 10, **changes: Any) -> Subscription:
    return replace(Subscription(id=0, guild_id=guild_id, channel_id=channel_id, created_at=NOON), **changes)


def an_alert(subscription_id: int = 1, story_id: str = "story-1", **changes: Any) -> Alert:
    alert = Alert(subscription_id, story_id, kind="alert", revision=1, reasons=("AI: model",))
    return replace(alert, **changes)
