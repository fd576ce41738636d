"""The steps around a story and its reports in order."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.message import excess
from bot.core.story import Source, Story
from bot.core.timeline import REPORTS_A_PAGE, Chain, timeline_message
from tests.builders import NOON, a_story

HOUR = timedelta(hours=1)


def reported(number: int, title: str = "Report", link: str = "https://news.example/1", **changes: Any) -> Story:
    outlets = ((f"outlet{n}.example", f"{title} {n}", link, NOON + n * HOUR) for n in range(number))
    sources = (Source(*outlet, **changes) for outlet in outlets)
    return a_story(sources=tuple(sources))


def test_reports_stand_in_the_order_of_time() -> None:
    story = reported(3)
    story = a_story(sources=story.sources[::-1])
    text = timeline_message(story, Chain()).description
    assert text.index("Report 0") < text.index("Report 1") < text.index("Report 2")
    assert f"<t:{int(NOON.timestamp())}:f> outlet0.example: [Report 0](https://news.example/1)" in text
    assert "Steps" not in text


def test_the_chain_is_shown_with_this_story_marked() -> None:
    before, after = a_story("a", title="Talks"), a_story("c", title="Cancelled", stage="cancelled")
    text = timeline_message(a_story("b", stage="signed"), Chain([before], [after])).description
    lines = text.splitlines()[:4]
    assert lines[0] == "**Steps**"
    assert "CONTRACT · in talks: [Talks]" in lines[1]
    assert lines[2].startswith("▶") and "**CONTRACT · signed**: this story" in lines[2]
    assert "CONTRACT · cancelled: [Cancelled]" in lines[3]


def test_a_long_chain_shows_its_nearest_steps() -> None:
    many = [a_story(f"s{n}", title=f"Step {n}") for n in range(6)]
    text = timeline_message(a_story(), Chain(many, many)).description
    assert "… earlier steps" in text and "… later steps" in text
    assert text.count("Step 0") == 1 and text.count("Step 5") == 1 and text.count("Step 3") == 2


def test_pages_hold_every_report_once() -> None:
    story = reported(2 * REPORTS_A_PAGE + 1)
    pages = [timeline_message(story, Chain(), page=number) for number in range(3)]
    told = "\n".join(page.description for page in pages)
    assert all(told.count(f"[Report {n}]") == 1 for n in range(2 * REPORTS_A_PAGE + 1))
    assert [[button.label for button in page.buttons] for page in pages] == [
        ["Later"], ["Earlier", "Later"], ["Earlier"],
    ]  # fmt: skip
    assert timeline_message(story, Chain(), page=99) == pages[2]


@given(st.text(max_size=400))
def test_nothing_is_left_out_however_long_titles_and_links_are(title: str) -> None:
    link = "https://news.example/" + "x" * 300
    story = reported(REPORTS_A_PAGE, title="🛰" * 200 + title, link=link, feed_kind="official", copy=True)
    chain = [a_story(f"s{n}", title="_" * 300 + title, link=link, event="product_or_deployment") for n in range(6)]
    message = timeline_message(story, Chain(chain, chain))
    assert not excess(message)
    assert message.description.count(":f>") == REPORTS_A_PAGE
    assert message.description.count("▫️") == 10


def test_a_story_without_reports_says_so() -> None:
    assert "No report is kept any more." in timeline_message(a_story(sources=()), Chain()).description
