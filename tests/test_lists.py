"""Lists of stories, page by page."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.lists import PAGE, Listed, Page, Wanted, hours_of, list_message, span
from bot.core.message import excess
from tests.builders import a_story


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_story_of_a_page_is_left_out_however_long_its_words_are(title: str, excerpt: str) -> None:
    story = a_story(
        title="_" * 300 + title, event="product_or_deployment", stage="in_talks", link="https://a.example/" + "x" * 300
    )
    page = Page([Listed(story, "critical", "*" * 300 + excerpt)] * PAGE, 0, 99, more=True)
    message = list_message(page, Wanted(hours=24, organisation=title, kind="search", query=excerpt))
    assert message.description.count("PRODUCT OR DEPLOYMENT") == PAGE
    assert not excess(message)


def test_a_search_that_looked_at_the_newest_reports_only_says_so() -> None:
    footer = list_message(Page([Listed(a_story())], 0, 700, more=True), Wanted(kind="search", query="ai")).footer
    assert footer == "Page 1 of 140 · among the newest reports that match · 700 stories in the archive"


def test_levels_are_told_where_they_matter() -> None:
    texts = [list_message(Page([Listed(a_story(), level)], 0, 1), Wanted()).description for level in ("low", "high")]
    assert ["**high**" in text for text in texts] == [False, True] and "low" not in texts[0]


def test_times_are_read_and_told() -> None:
    assert [hours_of(chosen) for chosen in ("6h", "3d", "12w", None)] == [6, 72, 2016, None]
    assert [span(hours) for hours in (6, 72, 168)] == ["6 h", "3 days", "7 days"]
