"""Words that a whole server watches for or has muted."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.digest import Ranked
from bot.core.importance import Importance
from bot.core.watchlist import LONGEST, effect, entry, read_until, read_words
from bot.errors import TocsinError
from tests.builders import NOON, a_story

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("30m", NOON + timedelta(minutes=30)),
        ("8 H", NOON + timedelta(hours=8)),
        ("3d", NOON + timedelta(days=3)),
        ("2w", NOON + timedelta(weeks=2)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-07-01 18:30", datetime(2026, 7, 1, 16, 30, tzinfo=UTC)),
        ("2026-07-01T18:30Z", datetime(2026, 7, 1, 18, 30, tzinfo=UTC)),
        ("2026-07-01 18:30-05:00", datetime(2026, 7, 1, 23, 30, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_time_from_now_or_a_local_date(typed: str, end: datetime) -> None:
    assert read_until(typed, NOON, BERLIN) == end


@pytest.mark.parametrize("typed", ["", "soon", "-3d", "0d", "3", "2026-02-30", "2020-01-01", "9999-12-31", "٣d x", "d"])
def test_what_is_no_end_or_not_in_the_future_is_refused(typed: str) -> None:
    with pytest.raises(TocsinError):
        read_until(typed, NOON, BERLIN)


@given(st.text(max_size=30))
def test_any_text_is_an_end_in_the_future_or_refused(typed: str) -> None:
    try:
        until = read_until(typed, NOON, BERLIN)
    except TocsinError:
        return
    assert until > NOON and until.utcoffset() == timedelta()


@given(st.text(max_size=200))
def test_any_text_is_words_of_one_line_or_refused(typed: str) -> None:
    try:
        words = read_words(typed)
    except TocsinError:
        return
    assert words == words.strip() and "\n" not in words and 2 <= len(words) <= LONGEST


def test_the_effect_counts_what_holds_the_words() -> None:
    stories = [Ranked(a_story(id), Importance("low", 0.0)) for id in "abc"]
    assert effect("mute", "nato", stories, 30) == (
        "It would have kept 3 stories of 3 in the last 30 days from this server's channels."
    )
    assert "It would have raised 3 stories of 3" in effect("watch", "news.example", stories, 30)
    assert effect("watch", "Natto", stories, 30) == (
        "It would have met 0 stories of 3 in the last 30 days; watch its spelling."
    )


def test_words_are_told_escaped_with_their_end() -> None:
    assert entry("*x*", None) == "\\*x\\*"
    assert entry("x", NOON) == f"x (ends <t:{int(NOON.timestamp())}:R>)"
