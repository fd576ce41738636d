"""Which earlier story a new one continues."""

from datetime import timedelta

from bot.core.followup import predecessor
from bot.core.likeness import Likeness
from bot.core.relevance import Reason
from bot.core.story import MergingRules
from tests.builders import a_story

RULES = MergingRules()


def alike(words: float, names: float = 1.0, *gates: str) -> Likeness:
    reasons = (Reason("shared organisations", "OpenAI, NATO"), *(Reason(gate, "") for gate in gates))
    return Likeness(words, words, names, reasons)


def test_the_likest_earlier_story_is_followed_and_the_reason_names_it() -> None:
    earlier = [(alike(0.3), a_story("s1"), timedelta(days=30)), (alike(0.6), a_story("s2"), timedelta(days=30))]
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
    close = RULES.follow_at - RULES.follow_weights.names + 0.05
    assert predecessor([(alike(close), a_story(), timedelta())], RULES) is not None
    gate = "title names another organisation"
    assert predecessor([(alike(close, 1.0, gate), a_story(), timedelta())], RULES) is None
