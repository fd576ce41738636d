"""Feeds in and out as OPML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.feed import Feed
from bot.errors import TocsinError
from bot.opml import MAX_BYTES, read_opml, write_opml

NESTED = b"""<?xml version="1.0"?>
<opml version="1.0"><head><title>Mine</title></head><body>
  <outline text="Defence">
    <outline text="A &amp; B" xmlUrl="https://a.example/feed"/>
    <outline title="B" text="other" type="rss" xmlUrl=" https://b.example/rss "/>
  </outline>
  <outline text="A folder without feeds"/>
  <outline text="A again" xmlUrl="https://a.example/feed"/>
  <outline xmlUrl="https://c.example/atom"/>
</body></opml>"""

BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>
<opml version="2.0"><body><outline text="&lol2;" xmlUrl="https://a.example/"/></body></opml>"""


def test_feeds_are_read_from_any_depth_and_each_address_once() -> None:
    feeds = read_opml(NESTED)
    assert [feed.url for feed in feeds] == ["https://a.example/feed", "https://b.example/rss", "https://c.example/atom"]


def test_a_feed_is_called_by_its_title_then_its_text_then_its_address() -> None:
    assert [feed.name for feed in read_opml(NESTED)] == ["A again", "B", "https://c.example/atom"]


@pytest.mark.parametrize(
    "body",
    [b"", b"not xml", b"<rss/>", b"<opml", BOMB, b'<?xml version="1.0" encoding="nonsense"?><opml/>'],
    ids=["empty", "text", "rss", "cut", "entity bomb", "unknown encoding"],
)
def test_what_is_no_opml_is_refused_with_one_sentence(body: bytes) -> None:
    with pytest.raises(TocsinError) as refusal:
        read_opml(body)
    assert "\n" not in str(refusal.value)


def test_a_list_over_a_megabyte_is_refused_unread() -> None:
    with pytest.raises(TocsinError, match="larger than 1 MB"):
        read_opml(b" " * (MAX_BYTES + 1))


names = st.text(
    st.characters(min_codepoint=32, max_codepoint=0xFFFF, exclude_categories=("Cs", "Cn", "Cc", "Zs")), min_size=1
)


@given(st.dictionaries(names, names, max_size=5))
def test_what_is_written_reads_back(feeds: dict[str, str]) -> None:
    listed = tuple(Feed(url=f"https://h.example/{path}", name=name) for path, name in feeds.items())
    read = read_opml(write_opml(listed))
    assert [(feed.url, feed.name) for feed in read] == [(feed.url, feed.name) for feed in listed]
