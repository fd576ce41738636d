"""Forecasts: what a subscription would have told lately."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alert import Subscription
from bot.core.digest import Ranked
from bot.core.forecast import EXAMPLES, WINDOW, Forecast, Past, forecast, forecast_words, latest_lines, often
from bot.core.importance import Importance, ImportanceRules, Level
from bot.core.owing import Server
from tests.builders import NOON, a_story, a_subscription

DAY = timedelta(days=1)


def ranked(id: str, *, days: float = 1, level: Level = "low", **changes: Any) -> Ranked:
    """A story that was seen so many days before noon."""
    seen = NOON - days * DAY
    return Ranked(a_story(id, first_seen=seen, last_seen=seen, **changes), Importance(level, 1.0))


def looked(*stories: Ranked, wanted: Subscription | None = None, begun: float = 100, **options: Any) -> Forecast:
    past = Past(stories, NOON - WINDOW, NOON - begun * DAY)
    return forecast(past, wanted or a_subscription(), now=NOON, **options)


def test_what_matches_is_counted_by_the_rules_that_owe_alerts() -> None:
    found = looked(
        ranked("a", event="policy", level="high"),
        ranked("b", event="policy", level="notable"),
        ranked("c", event="contract", level="critical"),
        wanted=a_subscription(events=("policy",), min_importance="high"),
    )
    assert (found.alerts, found.digest, [each.story.id for each in found.latest]) == (1, 0, ["a"])


def test_what_matters_less_goes_into_the_digest_of_both() -> None:
    stories = (ranked("a", level="high"), ranked("b", level="low"))
    found = looked(*stories, wanted=a_subscription(mode="both", min_importance="high"))
    assert (found.alerts, found.digest) == (1, 1)
    assert looked(*stories, wanted=a_subscription(mode="digest", min_importance="high")).digest == 1


def test_what_the_server_has_muted_is_not_counted() -> None:
    assert looked(ranked("a"), server=Server(muted=("nato",))).alerts == 0


def test_what_the_server_watches_for_matters_more_and_is_shown_so() -> None:
    rules = ImportanceRules(levels={"low": 0.0, "high": 3.0}, watched=2.0)
    high = a_subscription(min_importance="high")
    stories = (ranked("a"), ranked("b", organisations=("Palantir",), title="Other", key_points=()))
    assert looked(*stories, wanted=high, rules=rules).alerts == 0
    found = looked(*stories, wanted=high, rules=rules, server=Server(watched=("nato",)))
    assert [each.story.id for each in found.alerted] == ["a"]
    assert "· high ·" in latest_lines(found)


def test_what_the_server_finds_too_little_relevant_is_not_counted() -> None:
    stories = (ranked("a", relevance=0.55), ranked("b", relevance=0.9))
    strict = looked(*stories, server=Server(stricter=0.1), thresholds={"ai-defence": 0.5})
    assert strict.alerts == 1


def test_a_paused_subscription_is_forecast_as_if_it_went_on() -> None:
    assert looked(ranked("a"), wanted=a_subscription(paused="by meg")).alerts == 1


def test_stories_that_began_before_the_time_looked_at_are_shown_but_not_counted() -> None:
    story = a_story(first_seen=NOON - 40 * DAY, last_seen=NOON)
    found = looked(Ranked(story, Importance("low", 0.0)))
    assert (found.alerts, len(found.latest)) == (0, 1)


def test_what_the_first_polls_brought_in_at_once_is_shown_but_not_counted() -> None:
    old = [ranked(f"old{n}", days=5) for n in range(50)]
    found = looked(*old, ranked("new", days=1), begun=5)
    assert found.alerts == 1
    assert len(found.latest) == EXAMPLES and found.latest[0].story.id == "new"
    assert forecast_words(found, a_subscription()) == "About 1 alert a week, going by the last 5 days."


def test_an_archive_of_less_than_a_day_forecasts_nothing() -> None:
    found = looked(ranked("a", days=0.1), begun=0.5)
    assert "less than a day" in forecast_words(found, a_subscription())
    assert latest_lines(found)


def test_an_empty_archive_says_what_to_do() -> None:
    found = forecast(Past((), NOON - WINDOW), a_subscription(), now=NOON)
    assert forecast_words(found, a_subscription()) == (
        "No alert, going by the last 30 days. Ask for less to hear more."
    )
    assert latest_lines(found) == ""


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("alerts", "About 2 alerts a day, going by the last 30 days."),
        ("digest", "About 1 story a day in its digests, going by the last 30 days."),
        ("both", "About 2 alerts a day, and about 1 story a day in its digests, going by the last 30 days."),
    ],
)
def test_each_mode_has_its_words(mode: str, words: str) -> None:
    assert forecast_words(Forecast(60, 30, WINDOW), a_subscription(mode=mode)) == words


@pytest.mark.parametrize(
    ("number", "days", "words"),
    [
        (0, 30, "no alert"),
        (120, 30, "about 4 alerts a day"),
        (25, 30, "about 1 alert a day"),
        (12, 30, "about 3 alerts a week"),
        (2, 30, "about 2 alerts a month"),
        (1, 90, "less than one alert a month"),
    ],
)
def test_a_frequency_is_told_in_the_measure_that_suits_it(number: int, days: int, words: str) -> None:
    assert often(number, days * DAY) == words


@given(st.integers(1, 10**6), st.floats(1, 30))
def test_a_frequency_is_always_told_in_numbers_above_none(number: int, days: float) -> None:
    assert " 0 " not in often(number, days * DAY)


def test_the_latest_are_told_with_their_links_levels_and_times() -> None:
    found = looked(ranked("a", level="high", title="*Anduril* wins"))
    assert latest_lines(found) == (
        f"📝 [\\*Anduril\\* wins](https://news.example/1) · high · <t:{int((NOON - DAY).timestamp())}:R>"
    )
