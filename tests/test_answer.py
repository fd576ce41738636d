"""The headers that matter to polling."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.fetch.answer import max_age, refused, retry_after, validator

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("999999999999", 86_400), ("Fri, 01 May 2026 12:10:00 GMT", 600),
     ("Fri, 01 May 2026 11:00:00 GMT", 0), ("Fri, 01 May 2099 11:00:00 GMT", 86_400), ("-5", None), ("soon", None),
     ("", None), ("٣", None), ("Fri, 01 May 99999 11:00:00 GMT", None)],
)  # fmt: skip
def test_a_rest_is_read_as_seconds_or_a_date_and_at_most_a_day(value: str, seconds: int | None) -> None:
    rest = retry_after({"Retry-After": value}, NOW)
    assert rest == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("max-age=900", 900), ("public, max-age=60", 60), ('max-age="60"', 60), ("Max-Age = 60", 60),
     ("s-maxage=60", None), ("no-cache, max-age=60", None), ("no-store", None), ("max-age=-1", None), ("", None)],
)  # fmt: skip
def test_freshness_is_read_from_cache_control(value: str, seconds: int | None) -> None:
    assert max_age({"Cache-Control": value}) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_validator_that_cannot_be_sent_back_is_dropped() -> None:
    assert validator({"ETag": ' W/"a" '}, "ETag") == 'W/"a"'
    assert validator({"ETag": "x" * 2000}, "ETag") is None
    assert validator({"ETag": 'a\x07"'}, "ETag") is None
    assert validator({}, "ETag") is None


def test_only_a_host_that_may_ask_for_rest_is_given_it() -> None:
    assert refused("a.org", 429, {"Retry-After": "60"}, NOW).retry_after == timedelta(seconds=60)
    assert refused("a.org", 503, {"Retry-After": "60"}, NOW).retry_after == timedelta(seconds=60)
    assert refused("a.org", 404, {"Retry-After": "60"}, NOW).retry_after is None
