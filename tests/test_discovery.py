"""Which feeds a page names, whatever else stands on it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.discovery import MOST_LINKS, FeedLink, common_addresses, read_page

PAGE = "https://example.org/news/index.html"
RSS = 'rel="alternate" type="application/rss+xml"'


def links(markup: str, url: str = PAGE) -> list[str]:
    return [link.url for link in read_page(markup.encode(), url=url).links]


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        (f'<link {RSS} href="/feed">', "https://example.org/feed"),
        (f'<LINK {RSS.upper()} HREF="feed.xml">', "https://example.org/news/feed.xml"),
        (f'<base href="https://cdn.example.org/x/"><link {RSS} href="feed">', "https://cdn.example.org/x/feed"),
        (f'<link {RSS} href="//other.example/f?a=1&amp;b=2#top">', "https://other.example/f?a=1&b=2"),
        ("<link rel='alternate nofollow' type='application/atom+xml; charset=utf-8' href=/a>", "https://example.org/a"),
        ('<link rel=alternate type="application/feed+json" href="/feed.json">', "https://example.org/feed.json"),
        ('<link rel=feed href="/all">', "https://example.org/all"),
        ('<link rel=alternate type="text/xml" href="/rss">', "https://example.org/rss"),
    ],
)
def test_a_feed_that_a_page_names_is_found_whole(markup: str, found: str) -> None:
    assert links(markup) == [found]


@pytest.mark.parametrize(
    "markup",
    [
        f'<link {RSS} href="javascript:alert(1)">',
        f'<link {RSS} href="data:text/xml,x">',
        f'<link {RSS} href="file:///etc/passwd">',
        f'<link {RSS} href="https://me:secret@example.org/feed">',
        f'<link {RSS} href="https://[bad/feed">',
        f'<link {RSS} href="">',
        f"<link {RSS}>",
        f'<!-- <link {RSS} href="/feed"> -->',
        f"<script>var x = '<link {RSS} href=/feed>'</script>",
        '<link rel="stylesheet" type="application/rss+xml" href="/feed">',
        '<link rel="alternate" type="text/html" hreflang="de" href="/de">',
        '<link rel="alternate" type="application/json" href="/wp-json/page/1">',
        '<a href="javascript:feed()">RSS</a>',
    ],
)
def test_what_is_no_feed_that_can_be_asked_for_is_left_out(markup: str) -> None:
    assert links(markup) == []


def test_links_that_look_like_feeds_count_only_where_a_page_names_none() -> None:
    linked = '<a href="/rss/defence.xml" title="Defence">RSS</a><a href="/feedback">Tell us</a>'
    assert read_page(linked.encode(), url=PAGE).links == (FeedLink("https://example.org/rss/defence.xml", "Defence"),)
    assert links(f'{linked}<link {RSS} href="/feed">') == ["https://example.org/feed"]


def test_comments_come_last_and_other_hosts_after_the_pages_own() -> None:
    comments = f'<link {RSS} title="Blog » Comments Feed" href="/comments/feed">'
    other, own = f'<link {RSS} href="https://other.example/f">', f'<link {RSS} title="Blog" href="/feed">'
    assert links(comments + other + own) == [
        "https://example.org/feed", "https://other.example/f", "https://example.org/comments/feed",
    ]  # fmt: skip


def test_a_page_names_each_feed_once_and_not_endlessly_many() -> None:
    assert links(f'<link {RSS} href="/feed">' * 3) == ["https://example.org/feed"]
    assert len(links("".join(f'<link {RSS} href="/{n}">' for n in range(500)))) == MOST_LINKS


def test_a_login_page_is_known_by_its_password() -> None:
    assert read_page(b'<form><input type="Password"></form>', url=PAGE).asks_login
    assert not read_page(b"<form><input></form>", url=PAGE).asks_login


def test_usual_places_are_those_of_the_host() -> None:
    assert common_addresses(PAGE)[0] == "https://example.org/feed"
    assert common_addresses("no address") == ()


@pytest.mark.parametrize("markup", ["<![unknown[", "<!x[", "<a " + "x " * 50_000, "<!--" * 50_000, "<" * 200_000])
def test_hostile_markup_is_read_without_an_error(markup: str) -> None:
    began = time.process_time()
    assert links(markup) == []
    assert time.process_time() - began < 8


@given(st.binary(max_size=300), st.sampled_from(["text/html", "text/html; charset=utf-16", "text/html; charset=hex"]))
def test_no_bytes_raise(body: bytes, content_type: str) -> None:
    read_page(b"<link rel=alternate href=" + body, url=PAGE, content_type=content_type)
