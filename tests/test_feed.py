"""When a feed is due, and what follows each kind of answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.feed import (
    FeedRules,
    FeedState,
    address_of,
    after_failure,
    after_not_modified,
    after_success,
    is_due,
    is_first_poll,
    paused,
    postponed,
    resumed,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
URL = "https://a.org/feed"
MOVED = "https://b.org/feed"
RULES = FeedRules()


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def success(state: FeedState, **what: object) -> FeedState:
    given_ = {"etag": '"e"', "last_modified": None, "body_hash": "h"} | what
    return after_success(state, url=URL, now=NOW, rules=RULES, **given_)  # type: ignore[arg-type]


def failure(state: FeedState, **what: object) -> FeedState:
    return after_failure(state, url=URL, now=NOW, rules=RULES, error="It broke.", **what)  # type: ignore[arg-type]


def wait(state: FeedState) -> timedelta:
    assert state.due_at is not None
    return state.due_at - NOW


def test_a_new_feed_is_due_and_its_first_poll_is_marked() -> None:
    assert is_due(FeedState(), NOW)
    assert is_first_poll(FeedState())
    assert not is_first_poll(success(FeedState()))


def test_a_feed_is_due_from_its_time_on() -> None:
    state = FeedState(due_at=NOW)
    assert is_due(state, NOW)
    assert not is_due(state, NOW - timedelta(seconds=1))


@pytest.mark.parametrize("status", ["paused", "gone"])
def test_a_feed_that_is_paused_or_gone_is_never_due(status: str) -> None:
    assert not is_due(FeedState(status=status), NOW)  # type: ignore[arg-type]


def test_success_keeps_the_validators_and_forgets_failures() -> None:
    state = success(FeedState(failures=3, error="x"), last_modified="then")
    assert (state.etag, state.last_modified, state.body_hash) == ('"e"', "then", "h")
    assert (state.failures, state.error) == (0, None)
    assert state.first_polled_at == state.last_polled_at == state.last_success_at == NOW


def test_the_first_poll_stays_the_first() -> None:
    earlier = NOW - timedelta(days=1)
    assert success(FeedState(first_polled_at=earlier)).first_polled_at == earlier


def test_a_failure_before_any_body_leaves_the_first_poll_to_come() -> None:
    assert is_first_poll(failure(FeedState()))
    assert is_first_poll(after_not_modified(FeedState(), url=URL, now=NOW, rules=RULES))


def test_after_half_a_body_nothing_passes_for_known_and_the_first_poll_is_still_to_come() -> None:
    half = success(FeedState(), unfinished=True)
    assert (half.etag, half.last_modified, half.body_hash) == (None, None, None)
    assert is_first_poll(half)
    assert not is_first_poll(success(half))


def test_a_feed_without_entries_was_polled_but_leaves_no_validators() -> None:
    bare = success(FeedState(), empty=True)
    assert (bare.etag, bare.last_modified, bare.body_hash) == (None, None, None)
    assert not is_first_poll(bare)


def test_a_feed_that_never_comes_whole_has_its_first_poll_behind_it_after_two() -> None:
    assert not is_first_poll(success(success(FeedState(), unfinished=True), unfinished=True))


def test_a_304_keeps_the_validators() -> None:
    before = success(FeedState(first_polled_at=NOW))
    assert after_not_modified(before, url=URL, now=NOW, rules=RULES) == before


def test_a_failure_keeps_the_validators_of_the_last_good_body() -> None:
    state = failure(success(FeedState()))
    assert (state.etag, state.body_hash, state.failures, state.error) == ('"e"', "h", 1, "It broke.")


def test_the_ttl_of_a_body_holds_as_long_as_the_body() -> None:
    state = success(FeedState(), ttl=minutes(60))
    assert wait(after_not_modified(state, url=URL, now=NOW, rules=RULES)) >= minutes(60)
    assert wait(success(state)) >= minutes(60)
    assert wait(success(state, body_hash="other")) < minutes(60)


@pytest.mark.parametrize(
    ("max_age", "ttl", "least"),
    [(None, None, 10), (minutes(30), None, 30), (None, minutes(45), 45), (minutes(2), minutes(1), 10),
     (timedelta(days=9), None, 1440), (minutes(60), minutes(90), 90)],
)  # fmt: skip
def test_the_publishers_wishes_are_lower_bounds(max_age: timedelta | None, ttl: timedelta | None, least: float) -> None:
    assert minutes(least) <= wait(success(FeedState(), max_age=max_age, ttl=ttl)) <= minutes(min(least * 1.1, 1440))


def test_failures_wait_longer_each_time_up_to_a_day() -> None:
    state, waits = FeedState(), []
    for _ in range(12):
        state = failure(state)
        waits.append(wait(state))
    assert minutes(5) <= waits[0] <= minutes(5.5)
    assert minutes(10) <= waits[1] <= minutes(11)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=24)


def test_a_rest_that_is_asked_for_is_a_lower_bound() -> None:
    assert wait(failure(FeedState(), status=429, retry_after=minutes(60))) >= minutes(60)
    assert wait(failure(FeedState(), status=503, retry_after=minutes(1))) >= minutes(5)
    assert wait(failure(FeedState(), status=503, retry_after=timedelta(days=99))) == timedelta(hours=24)


def test_the_other_feeds_of_a_host_that_wants_rest_are_put_off() -> None:
    until = NOW + minutes(30)
    assert postponed(FeedState(due_at=NOW), until).due_at == until
    assert postponed(FeedState(), until).due_at == until
    assert postponed(FeedState(due_at=NOW + minutes(60)), until).due_at == NOW + minutes(60)


def test_a_feed_that_is_gone_is_polled_no_more_until_a_person_resumes_it() -> None:
    gone = failure(FeedState(), status=410)
    assert gone.status == "gone"
    assert not is_due(gone, NOW + timedelta(days=99))
    assert is_due(resumed(gone, NOW), NOW)
    assert not is_due(paused(resumed(gone, NOW)), NOW)


def test_the_wait_is_the_same_for_one_address_and_differs_between_addresses() -> None:
    def due(url: str) -> datetime | None:
        return after_success(
            FeedState(), url=url, now=NOW, rules=RULES, etag=None, last_modified=None, body_hash=""
        ).due_at

    assert due(URL) == due(URL)
    assert len({due(f"https://a.org/{n}") for n in range(50)}) > 40


def test_a_move_counts_after_three_equal_answers() -> None:
    state = FeedState()
    for _ in range(2):
        state = success(state, moved_to=MOVED)
        assert address_of(URL, state) == URL
    state = success(state, moved_to=MOVED)
    assert address_of(URL, state) == MOVED
    assert address_of(URL, success(state)) == MOVED


def test_an_answer_without_the_redirect_starts_the_count_anew() -> None:
    state = success(success(success(FeedState(), moved_to=MOVED), moved_to=MOVED))
    assert (state.moved_to, state.moved_times) == (None, 0)


def test_redirects_that_flip_between_two_targets_never_count() -> None:
    state = FeedState()
    for n in range(10):
        state = success(state, moved_to=MOVED if n % 2 else "https://c.org/")
    assert address_of(URL, state) == URL


def test_a_304_on_the_way_leaves_the_count_alone() -> None:
    state = success(success(FeedState(), moved_to=MOVED), moved_to=MOVED)
    assert after_not_modified(state, url=URL, now=NOW, rules=RULES).moved_times == 2


@pytest.mark.parametrize("target", [URL, "http://b.org/feed"])
def test_a_move_home_or_down_to_http_never_counts(target: str) -> None:
    state = FeedState()
    for _ in range(5):
        state = success(state, moved_to=target)
    assert address_of(URL, state) == URL


def test_a_new_address_that_keeps_failing_is_given_up() -> None:
    state = FeedState(moved_to=MOVED, moved_times=3)
    for _ in range(2):
        state = failure(state)
        assert address_of(URL, state) == MOVED
    assert address_of(URL, failure(state)) == URL


def test_a_new_address_that_is_gone_is_given_up_at_once_and_the_feed_lives_on() -> None:
    state = failure(FeedState(moved_to=MOVED, moved_times=3), status=410)
    assert address_of(URL, state) == URL
    assert state.status == "active"


def test_a_paused_feed_stays_paused_when_a_poll_under_way_ends() -> None:
    assert success(paused(FeedState())).status == "paused"
    assert failure(paused(FeedState())).status == "paused"


durations = st.timedeltas(timedelta(days=-1), timedelta(days=9999))


@given(st.integers(0, 10**6), durations | st.none(), durations | st.none(), st.text(max_size=30))
def test_every_wait_is_between_the_shortest_and_the_longest(
    failures: int, wish: timedelta | None, other: timedelta | None, url: str
) -> None:
    state = replace(FeedState(), failures=failures)
    failed = after_failure(state, url=url, now=NOW, rules=RULES, error="x", retry_after=wish)
    good = after_not_modified(state, url=url, now=NOW, rules=RULES, max_age=other)
    for after in (failed, good):
        assert RULES.shortest <= wait(after) <= RULES.longest
