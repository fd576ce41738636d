"""What a server reads about its feeds stays within Discord's limits and shows strangers' text as it is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.feed import FeedState, StoredFeed
from bot.core.feedlist import (
    FILTERS,
    PAGE,
    Figures,
    ServerFeed,
    as_seen,
    counts,
    entries_a_day,
    feeds_message,
    health_message,
    health_of,
    hit_rate,
    names_of,
    next_try,
    removing_message,
    shown,
)
from bot.core.message import excess
from tests.builders import NOON, a_feed

DAY = timedelta(days=1)
STATES = {
    "healthy": FeedState(last_success_at=NOON),
    "failing": FeedState(failures=2, error="Late."),
    "paused": FeedState(status="paused"),
    "gone": FeedState(status="gone", failures=1),
    "waiting": FeedState(),
}


def a_server_feed(
    number: int = 1, *, own: bool = False, state: FeedState = STATES["waiting"], name: str = "News"
) -> ServerFeed:
    return ServerFeed(number, a_feed(f"https://{number}.example/feed", name=name), state, own)


@pytest.mark.parametrize("health", STATES)
def test_a_feeds_health_is_one_word(health: str) -> None:
    assert health_of(STATES[health]) == health
    assert counts([a_server_feed(state=STATES[health])])[health] == 1


def test_filters_let_through_what_they_name() -> None:
    feeds = [a_server_feed(number, state=state) for number, state in enumerate(STATES.values())]
    feeds.append(a_server_feed(9, own=True))
    kept = {wanted: [each.id for each in shown(feeds, wanted)] for wanted in FILTERS}
    assert kept == {"all": [0, 1, 2, 3, 4, 9], "failing": [1, 3], "paused": [2], "own": [9]}


def test_a_server_sees_its_own_name_and_pause() -> None:
    stored = StoredFeed(7, a_feed(name="Theirs"), STATES["healthy"])
    mine = as_seen(stored, name="Mine", paused=True)
    assert (mine.feed.name, mine.state.status, mine.own) == ("Mine", "paused", True)
    assert as_seen(stored, name=None, paused=False).feed.name == "Theirs"
    gone = as_seen(replace(stored, state=STATES["gone"]), name="Mine", paused=True)
    assert gone.state.status == "gone"


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        (Figures(), "known after a day"),
        (Figures(5, 1, 0, NOON - DAY / 2), "known after a day"),
        (Figures(30, 1, 3, NOON - 10 * DAY), "0.3"),
        (Figures(300, 1, 255, NOON - 10 * DAY), "26"),
    ],
)
def test_entries_a_day_leave_out_what_the_first_poll_brought(figures: Figures, told: str) -> None:
    assert entries_a_day(figures, NOON) == told


@pytest.mark.parametrize(
    ("entries", "relevant", "told"),
    [
        (0, 0, "no entries yet"),
        (4, 1, "25% (1 of 4 entries)"),
        (1, 0, "0% (0 of 1 entry)"),
        (1000, 1, "under 1% (1 of 1000 entries)"),
    ],
)
def test_the_hit_rate_is_relevant_of_all(entries: int, relevant: int, told: str) -> None:
    assert hit_rate(Figures(entries, relevant)) == told


def test_the_next_try_is_a_moment_or_a_reason_for_none() -> None:
    assert next_try(FeedState(due_at=NOON + DAY), NOON) == "<t:1772712000:R>"
    assert next_try(FeedState(due_at=NOON - DAY), NOON) == "within a minute"
    assert "/feeds resume" in next_try(STATES["paused"], NOON)
    assert "gone" in next_try(STATES["gone"], NOON)


@given(st.text(min_size=1, max_size=400), st.text(max_size=900), st.integers(0, 30))
def test_lists_and_health_keep_to_discords_limits(name: str, error: str, page: int) -> None:
    failing = FeedState(failures=3, error=error, due_at=NOON, last_success_at=NOON)
    feeds = [a_server_feed(number, own=True, state=failing, name=name) for number in range(3 * PAGE)]
    worst = replace(feeds[0], feed=a_feed("https://a.example/" + "`" * 2000, name=name))
    for message in (
        feeds_message(feeds, page=page),
        health_message(worst, Figures(10**6, 10**5, 10, NOON - DAY), now=NOON),
        removing_message(worst),
    ):
        assert excess(message) == []
    assert all(len(label) <= 200 for _, label in names_of(feeds))


def test_a_whole_page_of_long_names_and_errors_is_shown() -> None:
    failing = FeedState(failures=3, error="*" * 500)
    feeds = [a_server_feed(number, own=True, state=failing, name="_" * 100) for number in range(PAGE)]
    assert feeds_message(feeds).description.count("failed 3 times") == PAGE
