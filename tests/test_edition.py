"""The demo's feeds are feeds: a reader of feeds finds in them what the newsroom wrote."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import feedparser
import pytest

from bot.demo.edition import edition
from bot.demo.newsroom import Outlet, read_newsroom

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
TIMES = tuple(FIRST + timedelta(days=number) for number in range(3))
OUTLETS = read_newsroom()


def parsed(outlet: Outlet, polls: int) -> Any:
    return feedparser.parse(BytesIO(edition(outlet, TIMES[:polls]).body))


@pytest.mark.parametrize("outlet", [outlet for outlet in OUTLETS if outlet.format != "json"], ids=lambda o: o.slug)
def test_an_xml_feed_holds_every_article_in_order_and_is_well_formed(outlet: Outlet) -> None:
    feed = parsed(outlet, 3)
    assert not feed.bozo
    assert feed.feed.title == outlet.name
    assert {entry.title for entry in feed.entries} == {sample.title for sample in outlet.samples}
    times = [entry.published_parsed for entry in feed.entries]
    assert times == sorted(times, reverse=True)
    assert all(entry.link.startswith(f"https://{outlet.host}/") for entry in feed.entries)


def test_a_json_feed_holds_every_article() -> None:
    outlet = next(outlet for outlet in OUTLETS if outlet.format == "json")
    feed = json.loads(edition(outlet, TIMES).body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert {article["title"] for article in feed["items"]} == {sample.title for sample in outlet.samples}
    assert all(article["content_text"] for article in feed["items"])


@pytest.mark.parametrize("outlet", OUTLETS, ids=lambda outlet: outlet.slug)
def test_a_later_edition_only_adds_articles(outlet: Outlet) -> None:
    early, late = edition(outlet, TIMES[:1]).body, edition(outlet, TIMES[:2]).body
    assert (early == late) == (not any(sample.poll == 2 for sample in outlet.samples))
    assert len(late) >= len(early)


def test_an_article_keeps_its_date_in_later_editions() -> None:
    outlet = next(outlet for outlet in OUTLETS if outlet.format == "atom")
    dates = [{entry.id: entry.published for entry in parsed(outlet, polls).entries} for polls in (1, 2, 3)]
    assert dates[0].items() <= dates[1].items() <= dates[2].items()


def test_every_article_is_older_than_the_poll_that_finds_it() -> None:
    assert all(sample.age > timedelta(0) for outlet in OUTLETS for sample in outlet.samples)


def test_a_feed_of_full_texts_gives_the_whole_article_as_content() -> None:
    outlet = next(outlet for outlet in OUTLETS if outlet.markup == "full")
    entry = parsed(outlet, 3).entries[0]
    assert "<p>" in entry.content[0].value
    assert len(entry.content[0].value) > len(entry.summary)
