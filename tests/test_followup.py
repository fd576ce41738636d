"""Which earlier story a new one continues."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.followup import predecessor
from bot.core.likeness import Likeness
from bot.core.relevance import Reason
from bot.core.story import MergingRules
from tests.builders import a_story

RULES = MergingRules()


def alike(words: float, names: float = 1.0, *gates: str) -> Likeness:
    reasons = (Reason("shared organisations", "OpenAI, NATO"), *(Reason(gate, "") for gate in gates))
    return Likeness(words, words, names, reasons, anchors=("OpenAI",))


def test_the_likest_earlier_story_is_followed_and_the_reason_names_it() -> None:
    earlier = [(alike(0.3), a_story("s1"), timedelta(days=30)), (alike(0.4), a_story("s2"), timedelta(days=30))]
    found = predecessor(earlier, RULES)
    assert found is not None
    assert found.story_id == "s2"
    assert "OpenAI, NATO" in found.reasons[0].words
    assert found.reasons[0].gate == "follows"


def test_of_two_that_are_equally_like_the_later_is_followed() -> None:
    earlier = [(alike(0.4), a_story("old"), timedelta(days=300)), (alike(0.4), a_story("new"), timedelta(days=20))]
    found = predecessor(earlier, RULES)
    assert found is not None
    assert found.story_id == "new"


def test_nothing_is_followed_that_is_not_like_enough() -> None:
    assert predecessor([(alike(0.05, 0.1), a_story(), timedelta(days=1))], RULES) is None
    assert predecessor([], RULES) is None


def test_a_story_about_other_parties_is_not_followed() -> None:
    assert predecessor([(alike(0.9, 1.0, "another buyer"), a_story(), timedelta(days=1))], RULES) is None


def test_a_new_main_organisation_makes_a_step_further_less_likely() -> None:
    assert predecessor([(alike(0.2, 0.4), a_story(), timedelta())], RULES) is not None
    gate = "title names another organisation"
    assert predecessor([(alike(0.2, 0.4, gate), a_story(), timedelta())], RULES) is None


def test_a_common_customer_alone_is_no_affair() -> None:
    only_customers = replace(alike(0.25), anchors=())
    assert predecessor([(only_customers, a_story(), timedelta(days=1))], RULES) is None
    clear = replace(alike(RULES.follow_weights.many_words), anchors=())
    assert predecessor([(clear, a_story(), timedelta(days=1))], RULES) is not None


def test_a_common_party_alone_is_no_affair() -> None:
    assert predecessor([(alike(0.14), a_story(), timedelta(days=1))], RULES) is None


@pytest.mark.parametrize("change", ["another event", "another stage", "another step", "another amount"])
def test_the_same_step_told_again_is_no_follow_up_but_one_with_a_change_is(change: str) -> None:
    again = RULES.follow_weights.told_words
    assert predecessor([(alike(again), a_story(), timedelta(days=9))], RULES) is None
    assert predecessor([(alike(again, 1.0, change), a_story(), timedelta(days=9))], RULES) is not None
