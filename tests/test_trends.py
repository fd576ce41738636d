"""What is rising, and a period in figures."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.chart import Daily, day_name, period_of
from bot.core.entity import Profile, compare_message, entity_message
from bot.core.message import Message, excess
from bot.core.trends import FLOOR, Rise, Trends, rising, trends_chart, trends_message
from tests.builders import NOON, a_story

PERIOD = period_of(7, NOON)
LONG_AGO = PERIOD.first - timedelta(days=100)
counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 50))


def some(now: int = 14, before: int = 7) -> tuple[Daily, ...]:
    return (Daily(PERIOD.last, "contract", now), Daily(PERIOD.before.last, "policy", before))


def trends(**changes: object) -> Trends:
    found = Trends(PERIOD, some(), {"OpenAI": 9, "NATO": 5}, {"OpenAI": 2, "NATO": 5}, LONG_AGO)
    return replace(found, **changes)  # type: ignore[arg-type]


def text_of(message: Message) -> str:
    return "\n".join((message.description, *(f"{field.name}: {field.value}" for field in message.fields)))


def test_what_is_told_of_clearly_more_is_rising() -> None:
    now, before = {"OpenAI": 12, "NATO": 30, "Acme": 2, "DARPA": 4}, {"OpenAI": 3, "NATO": 28}
    assert rising(now, before) == [Rise("OpenAI", 12, 3), Rise("DARPA", 4, 0)]


@given(counts, counts)
def test_nothing_rises_below_the_floor_or_by_falling(now: dict[str, int], before: dict[str, int]) -> None:
    for rise in rising(now, before):
        assert rise.now >= FLOOR and rise.now > rise.before


def test_the_figures_stand_beside_those_of_the_time_before() -> None:
    text = text_of(trends_message(trends()))
    assert "**14 stories** in the last 7 days · 7 in the 7 days before · 2.0 a day" in text
    assert "📝 contract 14" in text and "policy" not in text
    assert "- OpenAI: 9, before 2" in text and "NATO" not in text
    assert "- 📝 contract: 14, before 0" in text
    assert trends_chart(trends()).title == "Stories a day by kind of event, last 7 days"


def test_a_young_archive_compares_nothing() -> None:
    text = text_of(trends_message(trends(known_since=PERIOD.first)))
    assert "before" not in text.splitlines()[0]
    assert "too late to compare with the 7 days before; from " in text


@pytest.mark.parametrize("days_early", [0, 1])
def test_a_young_archive_says_from_which_day_on_it_compares(days_early: int) -> None:
    """To choose a shorter window is no advice where there is none."""
    begun = PERIOD.first
    message = trends_message(trends(known_since=begun))
    [day] = re.findall(r"from (.+) on that can be told", text_of(message))
    last = begun + timedelta(days=2 * PERIOD.days - 1 - days_early)
    assert (day == day_name(last)) == (not days_early)
    later = replace(PERIOD, last=last)
    compared = trends_message(
        replace(trends(known_since=begun, days=()), period=later, days=(Daily(last, "policy", 9),))
    )
    assert ("that can be told" in text_of(compared)) == bool(days_early)


def test_nothing_rising_says_so() -> None:
    even = (Daily(PERIOD.last, "contract", 7), Daily(PERIOD.before.last, "contract", 7))
    assert "Nothing is told of clearly more" in text_of(trends_message(trends(days=even, named={}, named_before={})))


def test_a_silent_period_says_what_to_do() -> None:
    assert "Choose a longer window" in trends_message(trends(days=())).description
    assert "see `/status`" in trends_message(trends(days=(), known_since=None)).description


# -- organisations


def profile(name: str = "NATO", **changes: object) -> Profile:
    found = Profile(name, some(), (("OpenAI", 4),), (a_story(),), NOON)
    return replace(found, **changes)  # type: ignore[arg-type]


def test_an_organisation_is_shown_with_latest_kinds_and_partners() -> None:
    message = entity_message(profile(), PERIOD, known_since=LONG_AGO)
    assert "**14 stories** in the last 7 days · 7 in the 7 days before" in message.description
    assert "[OpenAI in talks with NATO](https://news.example/1) · in talks" in message.description
    assert "Named together with: OpenAI 4" in text_of(message)


def test_an_organisation_without_stories_in_the_period_says_when_it_was_last_told_of() -> None:
    silent = profile(days=(), latest=(), partners=())
    assert f"<t:{int(NOON.timestamp())}:R>" in entity_message(silent, PERIOD, known_since=LONG_AGO).description
    never = replace(silent, last_told=None)
    assert "No story names NATO so far" in entity_message(never, PERIOD, known_since=None).description


def test_two_organisations_stand_in_columns() -> None:
    other = profile("Acme", days=(), latest=(), partners=(), last_told=None)
    message = compare_message(profile(), other, PERIOD, together=1, shared=[a_story()], known_since=LONG_AGO)
    assert [field.name for field in message.fields] == ["NATO", "Acme", "Together"]
    assert "**14 stories** · 7 before" in message.fields[0].value
    assert "No story names Acme" in message.fields[1].value
    assert message.fields[2].value.startswith("1 story names both in the last 7 days.\n📝 [OpenAI")


@given(st.text(max_size=2_000))
def test_no_name_breaks_discords_limits(name: str) -> None:
    story = a_story(title=name, link="https://news.example/" + "x" * 350)
    long = profile(name, partners=((name, 1),) * 8, latest=(story,) * 5)
    for message in (
        entity_message(long, PERIOD, known_since=LONG_AGO),
        entity_message(profile(name, days=(), last_told=None), PERIOD, known_since=None),
        compare_message(long, long, PERIOD, together=9, shared=[story] * 3, known_since=LONG_AGO),
        trends_message(trends(named={name: 50}, named_before={})),
    ):
        assert not excess(message)
        assert "@everyone" not in text_of(message)
