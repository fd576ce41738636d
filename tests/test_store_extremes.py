"""Whatever a feed may bring can be kept on either engine, and comes back."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.event import Amount, Event
from bot.core.feed import FeedState
from bot.core.story import Placement
from bot.store import Store, articles, entries, feeds, polls, stories
from bot.store.codec import clean
from bot.store.polls import Judged, Outcome
from tests.builders import NOON, a_feed, a_story, an_analysis, an_article, an_entry

anything = st.text(st.characters(), max_size=30)
times = st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001
numbers = st.floats()


def incompressible(length: int) -> str:
    chance = random.Random(length)
    return "".join(
        chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzäöüßéè軍事") for _ in range(length)
    )


async def keep(store: Store, **changes: Any) -> Any:
    """The article of a new story as it was kept, with these changes to both."""
    feed_id = await store.write(feeds.add, a_feed(), NOON)
    number = await store.read(entries.count) + 1
    title, text, published = (changes.get(key) for key in ("title", "text", "published"))
    names, amount = changes.get("names", ()), Amount(title or "", changes.get("amount", 1.0), None)
    story = a_story(f"s{number}", title=title, organisations=names, amounts=(amount,))
    given = an_article(number, title=title, text=text, published=published, link=changes.get("link"))
    entry = an_entry(
        number, title=title, published=published, link=given.link, guid=title, aliases=(f"guid:{number}{title}",)
    )
    analysis = replace(an_analysis(), event=Event("contract", None, (amount,)))
    state = FeedState(error=title, etag=title, body_hash=title, last_polled_at=published, ttl=999_999)
    outcome = Outcome(feed_id, state, (Judged(entry, given, analysis, Placement(story, True, 0.4)),), stories=(story,))
    assert (await store.write(polls.commit, outcome, NOON)).entries == 1
    kept = await store.read(stories.get, story.id)
    assert kept is not None and (kept.title, kept.organisations) == (clean(title), tuple(map(clean, names)))
    assert await store.read(entries.known, feed_id, entry.aliases) == set(entry.aliases)
    (report,) = await store.read(articles.of_story, story.id)
    return report.report.article


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "long", "link": "https://a.example/" + "x1Y2" * 500 + incompressible(20).encode().hex()},
        {"title": incompressible(200_000)},
        {"title": "names", "names": (incompressible(9_000), incompressible(9_000) + "!", "NATO", "nato", "ΝΑΤΟ")},
        {"title": "endless", "amount": float("inf")},
        {"title": "no number", "amount": float("nan")},
        {"title": "tiny", "amount": 5e-324},
        {"title": "\0\ud800 %s %(x)s :x {x} \\ ' \" \u202e"},
    ],
    ids=lambda changes: changes["title"][:9].strip("\0\ud800 "),
)
async def test_what_is_huge_or_odd_is_kept(database_url: str, changes: dict[str, Any]) -> None:
    async with Store.open(database_url) as store:
        given = {"text": "Text.", "published": NOON} | changes
        found = await keep(store, **given)
        assert (found.title, found.link) == (clean(given["title"]), given.get("link"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=anything, text=anything, published=st.none() | times, names=st.lists(anything, max_size=3), amount=numbers)
async def test_whatever_is_written_is_read_again(database_url: str, names: list[str], **given: Any) -> None:
    async with Store.open(database_url) as store:
        found = await keep(store, names=tuple(names), **given)
        assert (found.title, found.text, found.published) == (
            clean(given["title"]),
            clean(given["text"]),
            given["published"],
        )
