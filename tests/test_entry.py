"""Feeds of every dialect, as their publishers write them, into entries."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.entry import Entry, ParsedFeed, body_hash, parse_feed
from bot.errors import FeedError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
FEEDS = Path(__file__).parent / "data" / "feeds"
GOLDEN = sorted(path for path in FEEDS.iterdir() if path.suffix != ".json")


def parse(body: bytes | str, *, url: str = "https://a.org/feed", content_type: str | None = None) -> ParsedFeed:
    return parse_feed(body.encode() if isinstance(body, str) else body, url=url, content_type=content_type, now=NOW)


def rss(*items: str, head: str = "") -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f"<rss version='2.0'><channel><title>T</title>{head}{inner}</channel></rss>"


def refusal(body: bytes | str, content_type: str | None = None) -> str:
    with pytest.raises(FeedError) as caught:
        parse(body, content_type=content_type)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def as_json(entry: Entry) -> dict[str, object]:
    return {
        "guid": entry.guid,
        "link": entry.link,
        "title": entry.title,
        "published": entry.published.isoformat() if entry.published else None,
        "outlet": entry.outlet,
        "language": entry.language,
        "text": entry.text,
        "names": [alias.partition(":")[0] for alias in entry.aliases],
    }


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_feed_gives_the_entries_that_stand_beside_it(path: Path) -> None:
    feed = parse(path.read_bytes(), url="https://lage.example/feed")
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert [as_json(entry) for entry in feed.entries] == expected["entries"]
    assert (feed.format, feed.title, feed.truncated) == (expected["format"], expected["title"], expected["truncated"])
    assert (feed.ttl.total_seconds() if feed.ttl else None) == expected["ttl"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_feed_read_again_has_the_same_names(path: Path) -> None:
    assert parse(path.read_bytes()) == parse(path.read_bytes())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n\x00 ", "empty"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "web page"),
        (b"\xef\xbb\xbf\n<!-- x --><HTML><p>", "web page"),
        (b"Just a moment", "not a feed"),
        (b"<svg/>", "not a feed"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a feed"),
        (b'{"a": 1}', "no JSON Feed"),
        (b"[1, 2]", "no JSON Feed"),
        (b"{", "whole JSON"),
        (b"[" * 100_000, "whole JSON"),
        (b'{"version": "https://jsonfeed.org/version/1"}', "list of items"),
        (b"<rss version='2.0'><channel><title>T</title>", "cut off"),
        (b"<rss version='2.0'><channel><title>T</title><item><title>Half", "cut off"),
        (b"x" * (5 * 2**20 + 1), "5 MB"),
    ],
)  # fmt: skip
def test_what_is_no_feed_is_refused_in_one_sentence(body: bytes, says: str) -> None:
    assert says in refusal(body)


def test_a_whole_feed_without_entries_is_a_feed() -> None:
    assert parse(rss()).entries == ()


@pytest.mark.parametrize(
    "name",
    [
        "zlib",
        "hex",
        "base64",
        "rot13",
        "bz2",
        "punycode",
        "idna",
        "utf-7",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
    ],
)
def test_an_encoding_that_is_none_for_text_is_refused(name: str) -> None:
    body = f"<?xml version='1.0' encoding='{name}'?>{rss('<title>Ä</title>')}"
    assert "encoding" in refusal(body)
    assert "encoding" in refusal(rss("<title>x</title>"), content_type=f"text/xml; charset={name}")


@pytest.mark.parametrize("name", ["no-such", "x" * 90, "\x00", "utf 8", ""])
def test_an_encoding_that_nobody_knows_is_guessed(name: str) -> None:
    assert parse(f"<?xml version='1.0' encoding='{name}'?>{rss('<title>Größe</title>')}").entries[0].title == "Größe"


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", None, None),
        ("utf-8", None, "text/xml"),
        ("utf-8", None, "text/html; charset=ISO-8859-1"),
        ("utf-8", "utf-8", "application/rss+xml; charset=latin-1"),
        ("utf-8", "iso-8859-1", "application/xml; charset=utf-8"),
        ("utf-8-sig", "utf-8", None),
        ("utf-16", "utf-16", None),
        ("iso-8859-1", "iso-8859-1", "text/xml"),
        ("iso-8859-1", None, "text/xml; charset=iso-8859-1"),
        ("windows-1251", "windows-1251", "text/xml; charset=utf-8"),
        ("utf-8", "utf-16", None),
        ("utf-8", "UTF-32", "text/xml; charset=utf-16"),
        ("utf-16-le", None, None),
        ("utf-16-be", None, None),
        ("utf-16-be", "utf-16", None),
        ("utf-32-le", None, None),
        ("utf-32-be", None, None),
    ],
)
def test_a_body_is_read_in_the_encoding_it_has(encoding: str, declared: str | None, content_type: str | None) -> None:
    word = "Größe" if encoding != "windows-1251" else "Россия"
    head = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    body = (head + rss(f"<title>{word}</title><guid>1</guid>")).encode(encoding)
    assert parse(body, content_type=content_type).entries[0].title == word


def test_a_relative_link_is_resolved_against_the_feed() -> None:
    assert parse(rss("<title>x</title><link>/a/b</link>")).entries[0].link == "https://a.org/a/b"


def test_only_web_links_survive() -> None:
    (entry,) = parse(rss("<title>x</title><link>javascript:alert(1)</link><guid isPermaLink='false'>1</guid>")).entries
    assert entry.link is None


def test_another_scheme_or_a_tracking_parameter_is_the_same_link_alias() -> None:
    one = parse(rss("<title>x</title><link>http://www.a.org/x/?utm_source=rss</link>")).entries[0]
    two = parse(rss("<title>x</title><link>https://a.org/x</link>")).entries[0]
    assert one.aliases[0] == two.aliases[0] == "link:a.org/x"


def test_a_text_under_two_guids_and_links_is_two_entries() -> None:
    text = "<title>Daily list of contracts</title><description>The list of contracts of the day.</description>"
    entries = parse(
        rss(*(f"<guid isPermaLink='false'>{n}</guid><link>https://a.org/{n}</link>{text}" for n in (1, 2)))
    ).entries
    assert [entry.aliases for entry in entries] == [("guid:1", "link:a.org/1"), ("guid:2", "link:a.org/2")]


def test_a_second_copy_of_an_entry_is_left_out() -> None:
    item = "<title>One</title><guid isPermaLink='false'>1</guid>"
    assert len(parse(rss(item, item + "<description>edited</description>")).entries) == 1


def test_every_entry_of_a_feed_has_a_name_of_its_own() -> None:
    items = [f"<title>Title {n}</title><guid>1</guid><link>https://a.org/</link>" for n in range(40)]
    feed = parse(rss(*items))
    assert len({entry.identity for entry in feed.entries}) == 40


def test_a_very_long_guid_is_kept_as_its_hash() -> None:
    (entry,) = parse(rss(f"<title>x</title><guid isPermaLink='false'>{'g' * 5000}</guid>")).entries
    assert len(entry.identity) < 100


def test_a_huge_feed_is_cut_to_its_newest_entries() -> None:
    def item(n: int) -> str:
        date = (NOW - timedelta(hours=n)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return f"<title>n{n}</title><guid>{n}</guid><pubDate>{date}</pubDate>"

    newest_first = parse(rss(*map(item, range(600))))
    oldest_first = parse(rss(*map(item, reversed(range(600)))))
    assert newest_first.truncated
    assert len(newest_first.entries) == len(oldest_first.entries) == 500
    assert newest_first.entries[0].title == oldest_first.entries[-1].title == "n0"


@pytest.mark.parametrize(
    ("date", "read"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("Fri, 20 Feb 2026 10:00:00", datetime(2026, 2, 20, 10, tzinfo=UTC)),
        ("Fr, 20 Feb 2026 10:00:00 +0100", datetime(2026, 2, 20, 9, tzinfo=UTC)),
        ("2026-02-20", datetime(2026, 2, 20, tzinfo=UTC)),
        ("20/02/2026", None),
        ("1985-01-01T00:00:00Z", datetime(1995, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", NOW + timedelta(hours=24)),
        ("Fri, 01 May 2026 10:00:00 EST", datetime(2026, 5, 1, 15, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("yesterday", None),
        ("-1-01-01T00:00:00Z", None),
    ],
)
def test_a_date_is_a_hint_and_kept_within_reason(date: str, read: datetime | None) -> None:
    assert parse(rss(f"<title>x</title><guid>1</guid><pubDate>{date}</pubDate>")).entries[0].published == read


def test_a_date_that_cannot_be_true_gives_way_to_the_next() -> None:
    feed = (
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>x</title>"
        "<published>1970-01-01T00:00:00Z</published><updated>2026-02-20T10:00:00Z</updated></entry></feed>"
    )
    assert parse(feed).entries[0].published == datetime(2026, 2, 20, 10, tzinfo=UTC)


def test_a_reference_to_no_character_does_not_cost_the_feed() -> None:
    feed = rss("<title>NATO &#55357;&#56832; &#xD800; &#99999999999; &#0;signs</title><guid>1</guid>")
    assert parse(feed).entries[0].title == "NATO \U0001f600 \ufffd \ufffd signs"


def test_a_body_that_ends_between_two_entries_is_known_to_be_unfinished() -> None:
    whole = rss("<title>x</title><guid>1</guid>")
    cut = parse(whole[: whole.index("</item>") + len("</item>")])
    assert len(cut.entries) == 1
    assert cut.unfinished
    assert not parse(whole).unfinished


def test_the_longer_of_summary_and_content_is_the_text() -> None:
    feed = rss("<title>x</title><guid>1</guid><description>Longer than the other.</description>")
    assert parse(feed).entries[0].text == "Longer than the other."


@pytest.mark.parametrize("ttl", ["-5", "1e9", "99999999", "٣", "soon", ""])
def test_a_ttl_that_is_no_number_of_minutes_is_none(ttl: str) -> None:
    assert parse(rss(head=f"<ttl>{ttl}</ttl>")).ttl is None


def test_a_local_file_is_neither_opened_nor_fetched_for_its_content() -> None:
    for body in (b"/etc/passwd", b"https://a.org/feed", b"file:///etc/passwd"):
        assert "not a feed" in refusal(body)


def test_a_body_hash_tells_bodies_apart() -> None:
    assert body_hash(b"a") != body_hash(b"b")
    assert body_hash(b"a") == body_hash(b"a")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(GOLDEN), st.integers(0, 3000), st.text(max_size=30) | st.none())
def test_whatever_the_bytes_only_a_feed_error_comes_out(
    junk: bytes, path: Path, at: int, content_type: str | None
) -> None:
    whole = path.read_bytes()
    for body in (junk, whole[:at] + junk + whole[at:], whole[:at]):
        try:
            feed = parse(body, content_type=content_type)
        except FeedError:
            continue
        assert all(entry.aliases for entry in feed.entries)
