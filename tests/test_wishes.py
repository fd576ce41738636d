"""Subscriptions in words."""

from dataclasses import replace

import pytest

from bot.core.alert import Habits
from bot.core.details import why_message
from bot.core.escape import cut
from bot.core.hours import DigestPlan, QuietHours
from bot.core.owing import match
from bot.core.wishes import LANGUAGES, days_words, habit, plan_words, planned, same_wish, wish
from tests.builders import a_story, a_subscription


def test_a_subscription_without_wishes_takes_every_topic() -> None:
    assert wish(a_subscription()) == "every topic"
    assert habit(a_subscription()) == "an alert for each story"


def test_every_wish_is_told_in_its_order() -> None:
    wanted = a_subscription(
        topic="ai-defence", events=("contract", "conflict_use"), languages=("de", "xx"), organisations=("NATO",),
        min_importance="high",
    )  # fmt: skip
    words = "topic ai-defence · contract, conflict use · in German, xx · only NATO · high importance or more"
    assert wish(wanted) == words


def test_every_habit_is_told() -> None:
    habits = Habits(
        layout="compact", max_per_hour=5, role_id=7, thread=True, publish=True,
        digest=DigestPlan(8, 5, frozenset({0, 3}), "Europe/Berlin", 1), quiet=QuietHours(22 * 60, 7 * 60),
    )  # fmt: skip
    assert habit(a_subscription(mode="both", habits=habits)) == (
        "alerts, and a digest of what matters less · digest on Mon, Thu at 08:05 (Europe/Berlin), at most 1 story · "
        "at most 5 an hour, the rest together · "
        "calls <@&7> for high importance or more · compact · a thread under each · "
        "published to followers · "
        "quiet 22:00–07:00 (UTC), critical stories excepted"
    )


def test_strangers_text_is_made_fit_for_where_it_stands() -> None:
    wanted = a_subscription(organisations=("*Acme* @everyone",))
    assert wish(wanted) == "every topic · only \\*Acme\\* @\u2060everyone"
    assert wish(wanted, shown=cut) == "every topic · only *Acme* @everyone"
    zone = DigestPlan(8, timezone="America/New_York")
    assert "New\\_York" in plan_words(zone) and "New_York" in plan_words(zone, shown=cut)


def test_what_finds_no_room_is_counted_and_never_left_out_unsaid() -> None:
    """ "only A, B" would say that nothing else is told."""
    names = tuple(f"Organisation number {number}" for number in range(25))
    told = wish(a_subscription(organisations=names, languages=tuple(LANGUAGES)))
    languages, organisations = told.removeprefix("every topic · in ").split(" · only ")
    for words, most, total in ((languages, 100, len(LANGUAGES)), (organisations, 400, len(names))):
        *shown, rest = words.split(", ")
        assert len(words) <= most
        assert shown and rest == f"… and {total - len(shown)} more"


@pytest.mark.parametrize(
    ("days", "words"), [(range(7), "daily"), (range(5), "on weekdays"), ({5, 6}, "on Sat, Sun"), ({2}, "on Wed")]
)
def test_days_are_told_as_people_say_them(days: set[int], words: str) -> None:
    assert days_words(frozenset(days)) == words


def test_two_subscriptions_are_the_same_if_one_of_them_would_never_speak() -> None:
    one = a_subscription(events=("policy", "contract"), organisations=("NATO", "Acme"))
    assert same_wish(one, replace(one, id=5, events=("contract", "policy"), organisations=("Acme", "NATO")))
    assert same_wish(one, replace(one, habits=Habits(layout="compact"), mode="digest"))
    for change in (
        {"channel_id": 1}, {"topic": "t"}, {"events": ()}, {"languages": ("de",)}, {"organisations": ()},
        {"min_importance": "high"},
    ):  # fmt: skip
        assert not same_wish(one, replace(one, **change))


def test_a_mode_gets_the_plan_that_it_asks_for_and_keeps_one_that_it_has() -> None:
    plan = DigestPlan(18)
    for mode in ("digest", "both"):
        assert planned(a_subscription(mode=mode), "Asia/Tokyo").habits.digest == DigestPlan(8, timezone="Asia/Tokyo")
        assert planned(a_subscription(mode=mode, habits=Habits(digest=plan)), "Asia/Tokyo").habits.digest == plan
    assert planned(a_subscription(habits=Habits(digest=plan, max_per_hour=3)), "UTC").habits == Habits(max_per_hour=3)


def test_languages_are_two_letters_and_named_once() -> None:
    assert all(len(code) == 2 for code in LANGUAGES)
    assert len(set(LANGUAGES.values())) == len(LANGUAGES)


@pytest.mark.parametrize("more", [{}, {"languages": ("en", "de")}])
def test_why_calls_the_topic_that_was_asked_for_by_its_name(more: dict[str, tuple[str, ...]]) -> None:
    story, wanted = a_story(), a_subscription(topic="ai-defence", **more)
    reasons = match(story, wanted, topics={"ai-defence": "AI and defence"}).reasons
    message = why_message(story, topic="AI and defence", reasons=reasons, subscription=wanted)
    assert message.fields[-1].value.startswith("the topic AI and defence")
    assert "ai-defence" not in message.fields[-1].value
