"""Which earlier story a new one continues."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.evidence import Evidence
from bot.core.followup import predecessor, steps
from bot.core.likeness import Likeness
from bot.core.relevance import Reason
from bot.core.story import FollowWeights, MergingRules
from tests.builders import a_story

RULES = MergingRules(follow_at=0.3, follow_weights=FollowWeights(newer=-0.2))


def alike(words: float, *gates: str, recalled: float = 0.0, evidence: tuple[Evidence, ...] = ()) -> Likeness:
    reasons = (Reason("shared organisations", "OpenAI, NATO"), *(Reason(gate, "") for gate in gates))
    return Likeness(words, words, 0.0, reasons, anchors=("OpenAI",), evidence=evidence, recalled=recalled)


def test_the_likest_earlier_story_is_followed_and_the_reason_names_it() -> None:
    earlier = [(alike(0.2), a_story("s1"), timedelta(days=30)), (alike(0.4), a_story("s2"), timedelta(days=30))]
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


def test_a_later_step_that_is_nearly_as_like_is_followed_instead_of_the_first_one() -> None:
    earlier = [
        (alike(0.45), a_story("announced"), timedelta(days=90)),
        (alike(0.4), a_story("signed"), timedelta(days=9)),
    ]
    found = predecessor(earlier, RULES)
    assert found is not None
    assert found.story_id == "signed"


def test_nothing_is_followed_that_is_not_like_enough() -> None:
    assert predecessor([(alike(0.05), a_story(), timedelta(days=1))], RULES) is None
    assert predecessor([], RULES) is None


def test_a_report_that_recalls_the_earlier_story_follows_it_sooner() -> None:
    assert predecessor([(alike(0.2), a_story(), timedelta(days=1))], RULES) is None
    assert predecessor([(alike(0.2, recalled=1.0), a_story(), timedelta(days=1))], RULES) is not None


ANOTHER_SELLER = Evidence("other_party", "another seller", "Airbus, not Saab")


def test_a_deal_with_another_customer_is_not_followed() -> None:
    assert predecessor([(alike(0.9, "another buyer"), a_story(), timedelta(days=1))], RULES) is None


@pytest.mark.parametrize(("words", "follows"), [(0.35, False), (0.45, True)])
def test_a_deal_of_another_seller_is_followed_only_if_it_is_liker(words: float, follows: bool) -> None:
    rules = replace(RULES, follow_weights=replace(RULES.follow_weights, likest=0.0, other_party=-0.1))
    of_others = alike(words, "another seller", evidence=(ANOTHER_SELLER,))
    assert (predecessor([(of_others, a_story(), timedelta(days=1))], rules) is not None) == follows


def test_a_supplier_that_joins_a_programme_weeks_later_follows_the_first_one() -> None:
    """Both sell to one customer under one name: who sells differs, and the programme is the same."""
    shared = (ANOTHER_SELLER, Evidence("special", "shared names and numbers", "GenAI.mil", 0.3))
    first = alike(0.3, "another seller", evidence=shared)
    found = predecessor([(first, a_story("gemini"), timedelta(days=14))], MergingRules(follow_at=0.28))
    assert found is not None
    assert found.story_id == "gemini"


def test_of_two_that_are_like_enough_the_one_that_shares_more_words_is_told_so() -> None:
    compared = [(alike(0.2), a_story("s1"), timedelta()), (alike(0.4), a_story("s2"), timedelta())]
    assert [step["likest"] for step in steps(compared)] == [0.0, 1.0]


@pytest.mark.parametrize(("events", "follows"), [(("contract", "funding"), False), (("funding", "funding"), True)])
def test_a_firms_deal_does_not_follow_its_funding_but_the_next_round_does(
    events: tuple[str, str], follows: bool
) -> None:
    found = predecessor([(replace(alike(0.45), events=events), a_story(), timedelta(days=9))], RULES)
    assert (found is not None) == follows


@pytest.mark.parametrize("change", ["event", "stage", "step", "amount", "seller"])
def test_the_same_step_told_again_is_no_follow_up_but_one_with_a_change_is(change: str) -> None:
    again = RULES.follow_weights.told_words
    assert predecessor([(alike(again), a_story(), timedelta(days=9))], RULES) is None
    assert predecessor([(alike(again, f"another {change}"), a_story(), timedelta(days=9))], RULES) is not None


def test_every_weight_but_that_of_steps_told_again_has_its_evidence() -> None:
    found = steps([(alike(0.4), a_story(), timedelta(days=365))])
    assert {*found[0], "told_words"} == set(FollowWeights.__slots__)
    assert found[0]["year"] == 1.0


def test_names_in_common_count_in_one_language_and_between_two() -> None:
    one = alike(0.4, evidence=(Evidence("special", "shared names and numbers", "Replicator", 0.25),))
    other = alike(0.4, evidence=(Evidence("foreign_special", "shared names and numbers", "Replicator", 0.25),))
    assert [step["special"] for step in steps([(one, a_story(), timedelta()), (other, a_story(), timedelta())])] == [
        0.25, 0.25,
    ]  # fmt: skip
