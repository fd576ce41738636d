"""What managers read about subscriptions stays within Discord's limits, whatever stands in them."""

import re
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.alert import Habits
from bot.core.digest import Ranked
from bot.core.forecast import WINDOW, Forecast
from bot.core.hours import DigestPlan, QuietHours
from bot.core.importance import Importance
from bot.core.message import excess
from bot.core.subscribing import (
    DRAFT,
    LAST_PAGE,
    LIST,
    PAGE,
    added_message,
    changed_message,
    digest_lines,
    draft_message,
    removing_message,
    subscriptions_message,
)
from tests.builders import NOON, a_story, a_subscription

RIGHTS = [("View Channel", True), ("Mention @everyone, @here, and All Roles", False)]
WIDEST = Habits(
    "compact", 60, 2**63 - 1, True, True,
    DigestPlan(8, 0, frozenset({0, 2, 4}), "America/Argentina/ComodRivadavia_and_more", 25),
    QuietHours(1, 2, "America/Argentina/ComodRivadavia_and_more"),
)  # fmt: skip
words = st.text(max_size=120)
subscriptions = st.builds(
    a_subscription,
    channel_id=st.just(2**63 - 1),
    topic=st.none() | words,
    organisations=st.lists(words, max_size=25).map(tuple),
    languages=st.lists(words, max_size=25).map(tuple),
    paused=st.none() | words,
    mode=st.sampled_from(("alerts", "digest", "both")),
    habits=st.sampled_from((Habits(), WIDEST)),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(subscriptions, words)
def test_limits_hold_for_every_subscription(subscription: Any, title: str) -> None:
    ranked = Ranked(a_story(title=title or "x", link="https://x.example/" + "a" * 400), Importance("low", 0.0))
    found = Forecast(3, 4, WINDOW, (ranked,) * 3)
    messages = [
        draft_message(subscription, found, token="t" * 16, rights=RIGHTS, notes=("A note.",), minutes=15),
        added_message(subscription, notes=digest_lines(subscription, NOON)),
        changed_message(subscription, found),
        removing_message(subscription),
        subscriptions_message([subscription] * 50, page=1, watched=[title or "x"] * 50, muted=["y" * 80] * 50),
    ]
    for message in messages:
        assert excess(message) == []
        assert all(field.name and field.value for field in message.fields)


def test_a_page_of_the_longest_subscriptions_shows_each_of_them() -> None:
    wide = a_subscription(organisations=("A long name with *marks*",) * 25, habits=WIDEST, paused="p" * 300)
    message = subscriptions_message([wide] * PAGE)
    assert message.description.count("<#20>") == PAGE
    assert excess(message) == []


def test_the_last_page_that_a_button_can_name_is_the_last() -> None:
    for page in range(3):
        for button in subscriptions_message([a_subscription()] * 14, page=page).buttons:
            assert re.fullmatch(LIST, button.custom_id or "")
    assert subscriptions_message([a_subscription()] * 14, page=LAST_PAGE).footer == "Page 3 of 3 · 14 subscriptions"


def test_a_draft_offers_to_save_only_where_no_right_is_missing() -> None:
    found = Forecast(0, 0, timedelta(days=30))
    lacking = draft_message(a_subscription(), found, token="token-_1", rights=RIGHTS, minutes=15)
    whole = draft_message(a_subscription(), found, token="token-_1", rights=RIGHTS[:1], minutes=15)
    assert [button.label for button in lacking.buttons] == ["Check again", "Preview", "Cancel"]
    assert [button.label for button in whole.buttons] == ["Save", "Preview", "Cancel"]
    for button in (*lacking.buttons, *whole.buttons):
        assert re.fullmatch(DRAFT, button.custom_id or "")


def test_a_long_list_of_words_says_how_many_it_leaves_out() -> None:
    message = subscriptions_message([], muted=[f"word number {number}" for number in range(50)])
    [field] = message.fields
    assert field.value.count("word number") + int(re.findall(r"and (\d+) more", field.value)[0]) == 50
