"""The evidence for and against a report and a story being about one development."""

from typing import Any

import pytest

from bot.core.likeness import Likeness, likeness
from bot.core.profile import Profile, extend
from bot.core.story import Weights
from bot.core.traits import Traits

WEIGHTS = Weights()


def some_traits(**changes: Any) -> Traits:
    values: dict[str, Any] = {
        "words": {"thunderforge": 2.0, "planning": 1.0},
        "names": {"Scale AI": 3.0},
        "proper": frozenset({"thunderforge"}),
        "title_names": frozenset({"Scale AI"}),
        "amounts": {},
        "steps": frozenset(),
        "sketch": (1, 2, 3),
        "language": "en",
    }
    return Traits(**{**values, **changes})


def compare(
    report: Traits,
    *story: Traits,
    days: float = 0.0,
    age: float = 0.0,
    part_of: dict[str, frozenset[str]] | None = None,
) -> Likeness:
    profile = Profile()
    for traits in story:
        profile = extend(profile, traits)
    return likeness(report, profile, rarity=lambda _: 1.0, days=days, age=age, weights=WEIGHTS, kin=part_of or {})


def weight_of(found: Likeness, gate: str) -> float:
    return sum(reason.weight for reason in found.reasons if reason.gate == gate)


def test_equal_reports_are_as_like_as_can_be() -> None:
    found = compare(some_traits(), some_traits())
    assert (found.words, found.names) == (pytest.approx(1), pytest.approx(1))


def test_the_score_is_the_sum_of_its_reasons() -> None:
    found = compare(some_traits(event="contract"), some_traits(event="funding", words={"planning": 1.0}), days=2)
    assert found.score == pytest.approx(sum(reason.weight for reason in found.reasons), abs=1e-6)


def test_reports_that_share_nothing_are_not_alike() -> None:
    other = some_traits(words={"lavender": 1.0}, names={"IDF": 1.0}, title_names=frozenset())
    assert compare(other, some_traits()).score <= 0


def test_empty_reports_are_compared_without_complaint() -> None:
    empty = some_traits(words={}, names={}, proper=frozenset(), title_names=frozenset(), sketch=())
    assert compare(empty, empty).score == 0


def test_another_amount_in_the_title_speaks_against_a_story() -> None:
    found = compare(some_traits(amounts={"USD 5e+09": 3.0}), some_traits(amounts={"USD 1.5e+09": 3.0}))
    assert weight_of(found, "another amount") == WEIGHTS.other_title_amount


def test_amounts_told_a_little_differently_are_one_amount() -> None:
    found = compare(some_traits(amounts={"GBP 2.4e+08": 3.0}), some_traits(amounts={"GBP 2.406e+08": 3.0}))
    assert weight_of(found, "same amount") == WEIGHTS.same_amount


def test_an_amount_in_another_currency_says_nothing() -> None:
    found = compare(some_traits(amounts={"USD 5e+09": 3.0}), some_traits(amounts={"EUR 1e+09": 3.0}))
    assert not found.has("another amount")
    assert not found.has("same amount")


def test_a_side_amount_says_nothing() -> None:
    found = compare(some_traits(amounts={"USD 5e+09": 0.75}), some_traits(amounts={"USD 1e+09": 3.0}))
    assert not found.has("another amount")


def test_another_step_of_an_affair_speaks_against_a_story_and_the_same_step_for_it() -> None:
    lawsuit, ruling = some_traits(steps=frozenset({"lawsuit"})), some_traits(steps=frozenset({"injunction"}))
    assert weight_of(compare(ruling, lawsuit), "another step") == WEIGHTS.other_step
    assert weight_of(compare(lawsuit, lawsuit), "same step") == WEIGHTS.same_step


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("in_talks", "signed", 1.0),
        ("cancelled", "signed", 1.0),
        ("rumoured", "deployed", 0.2),
        ("planned", "signed", 0.15),
        ("in_talks", "planned", 0.1),
        ("denied", "rumoured", 0.0),
        ("rumoured", "in_talks", 0.0),
        ("signed", "deployed", 0.0),
        ("denied", "denied", 0.0),
    ],
)
def test_stages_speak_against_a_story_by_how_far_they_are_apart_and_more_from_a_day_on(
    one: str, other: str, apart: float
) -> None:
    report, story = some_traits(told_stage=other), some_traits(told_stage=one)
    assert weight_of(compare(report, story), "another stage") == pytest.approx(apart * WEIGHTS.other_stage, abs=1e-4)
    assert weight_of(compare(report, story, age=1), "another stage") == pytest.approx(apart * WEIGHTS.later_stage)
    assert weight_of(compare(report, story, age=9), "another stage") == pytest.approx(apart * WEIGHTS.later_stage)


def test_a_stage_that_no_words_state_speaks_against_nothing() -> None:
    assert not compare(some_traits(stage="signed"), some_traits(stage="in_talks", told_stage="in_talks"), age=2).has(
        "another stage"
    )


def test_types_of_event_that_two_readers_may_choose_between_speak_less_against_a_story() -> None:
    contract, partnership, research = (some_traits(event=event) for event in ("contract", "partnership", "research"))
    assert weight_of(compare(partnership, contract), "another event") == WEIGHTS.akin_event
    assert weight_of(compare(research, contract), "another event") == WEIGHTS.other_event


def test_naming_something_else_before_the_background_speaks_against_a_story_where_both_sides_do() -> None:
    maven, jedi = (some_traits(words={word: 1.0}, subjects=frozenset({word})) for word in ("maven", "jedi"))
    assert weight_of(compare(maven, jedi), "names something else") == WEIGHTS.other_special
    assert not compare(maven, maven).has("names something else")
    assert not compare(maven, some_traits(words={"jedi": 1.0})).has("names something else")


def test_rare_names_and_numbers_in_common_speak_for_a_story_in_another_language() -> None:
    one = some_traits(proper=frozenset({"thunderforge"}), specific=frozenset({"thunderforge"}), names={})
    found = compare(some_traits(language="de", proper=one.proper, specific=one.specific, names={}), one)
    assert weight_of(found, "shared names and numbers") == pytest.approx(WEIGHTS.foreign_special / 5)


def test_common_parties_and_names_are_anchors_but_customers_are_not() -> None:
    boats = {"names": {"Royal Navy": 3.0, "Skerrivane": 3.0}, "words": {"royal": 1.0, "replicator": 1.0}}
    one = some_traits(
        **boats, parties=frozenset({"Skerrivane"}), proper=frozenset({"royal", "replicator"}),
        specific=frozenset({"replicator"}), forms={"replicator": "Replicator"},
    )  # fmt: skip
    assert compare(one, one).anchors == ("Skerrivane", "Replicator")


def test_reasons_show_words_and_amounts_as_they_are_written() -> None:
    one = some_traits(
        words={"royal": 2.0, "navy": 2.0, "minehunt": 1.0},
        names={},
        runs=(("Royal Navy", frozenset({"royal", "navy"})),),
        forms={"royal": "Royal", "navy": "Navy", "minehunt": "minehunting"},
        amounts={"GBP 5.8e+07": 3.0},
        amount_words={"GBP 5.8e+07": "£58 million"},
    )
    other = some_traits(words={}, amounts={"GBP 2e+07": 3.0}, amount_words={"GBP 2e+07": "£20m"})
    words = {reason.gate: reason.words for reason in (*compare(one, one).reasons, *compare(one, other).reasons)}
    assert words["shared words"] == "Royal Navy, minehunting"
    assert words["same amount"] == "£58 million"
    assert words["another amount"] == "£58 million, not £20m"


def test_another_buyer_speaks_against_a_story_unless_the_report_tells_of_the_storys_too() -> None:
    nato = some_traits(buyer="NATO", names={"OpenAI": 3.0, "NATO": 3.0})
    pentagon = some_traits(buyer="DoD", names={"OpenAI": 3.0, "DoD": 3.0})
    both = some_traits(buyer="NATO", names={"OpenAI": 3.0, "NATO": 3.0, "DoD": 2.0})
    assert compare(nato, pentagon).has("another buyer")
    assert not compare(both, pentagon).has("another buyer")


def test_the_same_buyer_is_no_other_even_where_both_name_it_only_in_passing() -> None:
    passing = some_traits(buyer="DoD", names={"OpenAI": 3.0, "DoD": 0.75})
    assert not compare(passing, passing).has("another buyer")


def test_a_new_name_in_the_title_speaks_against_a_story_unless_it_is_a_part_of_one_named() -> None:
    army = some_traits(names={"US Army": 3.0}, title_names=frozenset({"US Army"}))
    ministry = some_traits(names={"DoD": 3.0}, title_names=frozenset({"DoD"}))
    assert compare(army, ministry).has("title names another organisation")
    assert not compare(army, ministry, part_of={"US Army": frozenset({"DoD"})}).has("title names another organisation")


def test_an_organisation_of_most_titles_is_missed() -> None:
    other = some_traits(names={"NATO": 1.0}, title_names=frozenset())
    assert compare(other, some_traits(), some_traits()).has("does not name")


def test_between_languages_names_and_numbers_alone_are_compared() -> None:
    german = some_traits(language="de", words={"thunderforge": 2.0, "planung": 1.0}, proper=frozenset({"thunderforge"}))
    assert compare(german, some_traits()).words == pytest.approx(0.5)


def test_days_without_a_report_speak_against_a_story() -> None:
    assert compare(some_traits(), some_traits(), days=3).score < compare(some_traits(), some_traits()).score


def test_a_report_in_another_language_is_compared_by_names_numbers_and_known_words() -> None:
    story = some_traits(words={"hx": 2.0, "missil": 1.0, "city": 3.0}, proper=frozenset({"hx", "missil"}))
    told = {"words": {"hx": 2.0, "missil": 1.0, "stadt": 3.0}, "proper": frozenset({"hx", "missil", "stadt"})}
    found = compare(some_traits(language="de", **told), story)
    assert found.has("told in another language")
    assert 0 < found.words < compare(some_traits(**told), story).words


def test_a_story_told_in_two_languages_is_foreign_to_neither() -> None:
    for language in ("en", "de"):
        found = compare(some_traits(language=language), some_traits(language="de"), some_traits(language="en"))
        assert not found.has("told in another language")


def test_a_short_report_that_a_long_story_covers_is_likelier_than_its_cosine_says() -> None:
    long = {f"word{number}": 1.0 for number in range(60)}
    short = {f"word{number}": 1.0 for number in range(12)}
    found = compare(some_traits(words=short), some_traits(words=long))
    assert found.amount("covered") > found.words


def test_what_a_report_recalls_of_the_story_is_told_beside_its_likeness() -> None:
    assert compare(some_traits(recalled=frozenset({"thunderforge"})), some_traits()).recalled > 0
    assert compare(some_traits(recalled=frozenset({"lavender"})), some_traits()).recalled == 0
