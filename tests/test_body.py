"""What a body's bytes tell before anyone parses them."""

import time

import pytest

from bot.core.body import (
    ends_within_entry,
    is_json,
    is_unfinished,
    is_web_page,
    substance,
    with_ampersands_escaped,
    with_references_mended,
)


@pytest.mark.parametrize("body", [b"{}", b" \n[", b"\xef\xbb\xbf{"])
def test_json_is_told_by_its_first_character(body: bytes) -> None:
    assert is_json(body)
    assert not is_json(b"<" + body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b" <!doctype  HTML>",
        b"<?xml version='1.0'?><html xmlns='x'>",
        b"<!-- a --><body>",
        b"<!--[if IE]><p><![endif]--><head>",
        b"<!-- a -->\n" * 40 + b"<html>",
    ],
)
def test_a_web_page_is_told_by_its_beginning(body: bytes) -> None:
    assert is_web_page(body)
    assert not is_web_page(b"<rss>" + body)


@pytest.mark.parametrize("beginning", [b"<!-- x -->" * 800, b"<!--" * 2_000, b"<?xml " * 1_300, b" " * 8_000])
def test_no_beginning_makes_it_slow_to_tell_a_web_page(beginning: bytes) -> None:
    started = time.process_time()
    is_web_page(beginning)
    assert time.process_time() - started < 0.1


def test_a_body_that_lacks_its_end_is_unfinished() -> None:
    whole = b"<rss><channel><item>a</item></channel></rss>\n"
    assert not is_unfinished(whole)
    assert is_unfinished(whole[:30])
    assert not is_unfinished("<rss>".encode("utf-16"))


@pytest.mark.parametrize(
    ("body", "within"),
    [(b"<rss><item>a</item><item>b", True), (b"<rss><item>a</item>", False), (b"<feed><entry/><entry x='1'", True),
     (b"<rss><channel><title>T", False), (b"<rss><item>a</item><item>b</channel></rss>", False)],
)  # fmt: skip
def test_an_entry_that_is_cut_in_half_is_noticed(body: bytes, within: bool) -> None:
    assert ends_within_entry(body) is within


@pytest.mark.parametrize(
    ("body", "mended"),
    [(b"R&D", b"R&amp;D"), (b"a?b=1&c=2", b"a?b=1&amp;c=2"), (b"&amp; &#38; &#x26; &nbsp;", None), (b"plain", None),
     (b"<![CDATA[R&D]]> R&D", b"<![CDATA[R&D]]> R&amp;D"), (b"<![CDATA[open R&D", None)],
)  # fmt: skip
def test_bare_ampersands_are_escaped_outside_cdata(body: bytes, mended: bytes | None) -> None:
    assert with_ampersands_escaped(body) == mended


@pytest.mark.parametrize(
    ("body", "mended"),
    [(b"&#55357;&#56832;", b"&#128512;"), (b"&#xD83D;&#xDE00;", b"&#128512;"), (b"&#xd83d;x", b"&#65533;x"),
     (b"&#56832;&#55357;", b"&#65533;&#65533;"), (b"&#0;&#x8;&#9;", b"&#9;"), (b"&#" + b"9" * 5000 + b";", b"&#65533;"),
     (b"&#0000039;&#x10FFFF;&amp;", b"&#0000039;&#x10FFFF;&amp;"), (b"\xff\xfe&\x00#\x00", b"\xff\xfe&\x00#\x00")],
)  # fmt: skip
def test_references_to_no_character_are_mended(body: bytes, mended: bytes) -> None:
    assert with_references_mended(body) == mended


@pytest.mark.parametrize(
    "changed",
    ["<rss><lastBuildDate>Tue</lastBuildDate><item>a</item></rss>",
     "<rss><pubDate a='1'>Tue</pubDate><item>a</item></rss>",
     "<rss><dc:date>Tue</dc:date><item>a</item></rss>\n<!-- generated in 0.2 seconds -->"],
)  # fmt: skip
def test_the_feeds_own_date_and_what_follows_its_end_are_no_substance(changed: str) -> None:
    assert substance(changed.encode()) == b"<rss><item>a</item></rss>"


@pytest.mark.parametrize(
    "body",
    [b"<rss><item><pubDate>Tue</pubDate></item></rss>", b"<rss><item>a</item>",
     b"<rss><ttl>5</ttl><item>a</item></rss>",
     b"{}", b"", b"<feed><updated>Tue</updated></feed>", b"<feed><updated>Tue<entry/></feed>"],
)  # fmt: skip
def test_all_else_is_substance(body: bytes) -> None:
    assert substance(body) == body
