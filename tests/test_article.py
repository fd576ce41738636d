"""Entries made readable."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.article import read_entry
from bot.core.entry import Entry
from bot.core.feed import Feed

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FEED = Feed("https://www.wire.example/feed", "The Wire", kind="defence-press", language="de")
ENTRY = Entry(
    aliases=("guid:1",), guid="1", link="https://www.a.example/x?utm_source=r", title="Army <b>buys</b> AI",
    markup="<p>It was signed.</p><p>It costs much.</p>", published=NOW,
)  # fmt: skip


def test_an_entry_becomes_an_article() -> None:
    article = read_entry(ENTRY, feed=FEED, first_seen=NOW)
    assert (article.title, article.text) == ("Army buys AI", "It was signed.\nIt costs much.")
    assert (article.link, article.outlet) == ("https://www.a.example/x", "a.example")
    assert (article.language, article.feed_kind) == ("de", "defence-press")
    assert (article.first_seen, article.published) == (NOW, NOW)
    assert article.fingerprint


@pytest.mark.parametrize(
    ("feed", "entry", "outlet"),
    [
        (replace(FEED, outlet="DoD"), replace(ENTRY, outlet="reuters.com"), "DoD"),
        (FEED, replace(ENTRY, outlet="reuters.com"), "reuters.com"),
        (FEED, ENTRY, "a.example"),
        (FEED, replace(ENTRY, link=None), "wire.example"),
        (FEED, replace(ENTRY, link="javascript:x"), "wire.example"),
    ],
)
def test_the_outlet_is_the_feeds_else_the_named_source_else_the_host_of_the_link(
    feed: Feed, entry: Entry, outlet: str
) -> None:
    assert read_entry(entry, feed=feed, first_seen=NOW).outlet == outlet


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Army buys AI - Reuters", "Army buys AI"),
        ("Army buys AI | reuters.com", "Army buys AI"),
        ("Army buys AI – The New York Times", "Army buys AI – The New York Times"),
        ("Army buys AI - again", "Army buys AI - again"),
        ("Reuters - Army buys AI", "Reuters - Army buys AI"),
    ],
)
def test_a_title_loses_the_name_of_its_outlet_and_no_other_end(title: str, read: str) -> None:
    entry = replace(ENTRY, title=title, outlet="reuters.com")
    assert read_entry(entry, feed=FEED, first_seen=NOW).title == read


def test_a_title_loses_the_name_by_which_the_entry_calls_its_source() -> None:
    entry = replace(
        ENTRY, title="Army buys AI - New York Times", outlet="nytimes.com", outlet_name="The New York Times"
    )
    assert read_entry(entry, feed=FEED, first_seen=NOW).title == "Army buys AI"


def test_an_entry_without_a_title_takes_its_first_line() -> None:
    article = read_entry(replace(ENTRY, title=""), feed=FEED, first_seen=NOW)
    assert (article.title, article.text) == ("It was signed.", "It costs much.")


def test_a_text_that_begins_with_the_title_does_not_repeat_it() -> None:
    entry = replace(ENTRY, markup="<h1>Army buys AI!</h1><p>It was signed.</p>")
    assert read_entry(entry, feed=FEED, first_seen=NOW).text == "It was signed."


def test_the_language_is_the_entrys_own_where_it_has_one() -> None:
    assert read_entry(replace(ENTRY, language="fr"), feed=FEED, first_seen=NOW).language == "fr"


def test_a_text_is_cut_at_a_boundary_and_an_endless_title_too() -> None:
    entry = replace(ENTRY, title="word " * 1000, markup="<p>Ten words stand here in a row and end now.</p>" * 500)
    article = read_entry(entry, feed=FEED, first_seen=NOW)
    assert len(article.text) <= 5000
    assert article.text.endswith("now.")
    assert len(article.title) <= 500


def test_an_entry_with_nothing_in_it_is_an_empty_article() -> None:
    article = read_entry(Entry(("guid:1",), "1", None, "", ""), feed=FEED, first_seen=NOW)
    assert (article.title, article.text, article.link, article.fingerprint) == ("", "", None, "")
