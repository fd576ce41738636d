"""Feeds of every dialect, bent at random: whatever comes out is a feed or one sentence, and can be printed."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.check import Checked, as_row
from bot.core.discovery import read_page
from bot.core.draft import MOST_ENTRIES
from bot.core.entry import body_hash, parse_feed
from bot.core.link import canonical_link
from bot.core.text import LONGEST_TEXT
from bot.errors import FeedError
from tests.dialects import dialects

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
EARLIEST, LATEST = datetime(1995, 1, 1, tzinfo=UTC), datetime(2026, 5, 2, 12, tzinfo=UTC)

# What breaks parsers, or turns what stands after it into something else.
PIECES = (
    b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&", b"&#", b"&#x", b"<", b">", b"</", b"\0", b"\xff", b"\xed\xa0\x80",
    b"<item>", b"</item>", b"<entry>", b"<title>", b"<link>", b"<link href='", b"'", b'"', b"<?xml version='1.0'",
    b" encoding='utf-16'?>", b"<!DOCTYPE x [<!ENTITY y 'z'>]>", b"&y;", b"xmlns=''", b"xml:base='http://[x'",
    b"<guid>", b"<pubDate>-1</pubDate>", b"<updated>9999-99-99T</updated>", b"9" * 5_000, b"\xf0\x9f\x9a\x80",
    b"<content type='xhtml'>", b"<content mode='base64'>", b"{", b"[", b"}", b"]", b"null,", b"1e999", b'"\\ud800"',
    b"\\u0000", b"\xef\xbb\xbf", b"\xff\xfe", b"<georss:polygon>1 2 3", b"<itunes:category text='a'>", b"<cloud/>",
    b"<source url=''>", b"<author>a@b (c", b"<textinput>", b"<image>", b"<language>", b"<content:encoded>",
    b"xml:lang=''", b"<div>" * 300, b"\xe2\x80\xae", b"\xcc\x81" * 300,
)  # fmt: skip
PLACE = st.floats(0, 1)
EDITS = st.lists(
    st.tuples(st.just("put"), PLACE, st.sampled_from(PIECES) | st.binary(max_size=8))
    | st.tuples(st.sampled_from(["cut", "repeat", "end"]), PLACE, st.just(b"")),
    max_size=12,
)
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7", "cp037", "latin-1")
TYPES = (None, "text/xml", "text/xml; charset=utf-16", "application/json; charset=hex", "text/html; charset=\ud800")


def bent(body: bytes, edits: list[tuple[str, float, bytes]], encoding: str) -> bytes:
    for what, place, piece in edits:
        at = int(place * len(body))
        part = body[at : at + 60]
        if what == "end":
            body = body[:at]
        else:
            body = (
                body[:at]
                + {"put": piece, "cut": b"", "repeat": part * 5}[what]
                + body[at + len(part) * (what == "cut") :]
            )
    return body.decode("utf-8", "replace").encode(encoding, "replace") if encoding != "utf-8" else body


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(dialects().items())), EDITS, st.sampled_from(ENCODINGS), st.sampled_from(TYPES))
def test_a_bent_feed_is_a_feed_or_a_sentence(
    dialect: tuple[str, bytes], edits: list[tuple[str, float, bytes]], encoding: str, content_type: str | None
) -> None:
    body = bent(dialect[1], edits, encoding)
    assert body_hash(body) == body_hash(body)
    read_page(body, url="https://a.example/", content_type=content_type)
    try:
        feed = parse_feed(body, url="https://a.example/feed", content_type=content_type, now=NOW)
    except FeedError as error:
        assert str(error).endswith(".")
        assert str(error).isprintable()
        return
    row = json.dumps(as_row(Checked("x", feed, None)), ensure_ascii=False, allow_nan=False)
    assert json.loads(row.encode("utf-8", "strict"))["ok"]
    assert len({entry.identity for entry in feed.entries}) == len(feed.entries) <= MOST_ENTRIES
    for entry in feed.entries:
        assert entry.link is None or entry.link == canonical_link(entry.link)
        assert entry.published is None or EARLIEST <= entry.published <= LATEST
        assert len(entry.text) <= LONGEST_TEXT
        assert "\n" not in entry.title
