"""What words, pairs and patterns weigh together, and what of it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amounts import Amount
from bot.core.organisations import Place
from bot.core.patterns import Masked, mask
from bot.core.wording import Cue, Learned, heaviest, likely, summed, told, words_in
from bot.core.words import Sentence, words_of

SHARES = {"title": 1.0, "lead": 0.5}
LEARNED = Learned({"sued": {"law": 2.0, "funding": -1.0}, "in talks": {"talks": 1.0}}, {"funding": 0.5}, 1.0)


def line(text: str, zone: str = "title", *, places: tuple[Place, ...] = ()) -> Masked:
    words, sum_at = words_of(text), text.find("$5 million")
    amounts = [Amount("$5 million", 5e6, "USD", sum_at)] if sum_at >= 0 else []
    return mask(Sentence(text, 0, len(text), 0, True), zone, words, places, amounts, 0, {"Army": "customer"})


def cue(name: str, words: str, size: float = 1.0, **by_hand: float) -> Cue:
    return Cue(name, size, "word", words, by_hand)


def test_a_text_is_cued_by_its_words_and_pairs_of_neighbours() -> None:
    assert [found.name for found in words_in([line("Firm sued")], SHARES)] == ["firm", "^ firm", "sued", "firm sued"]


def test_a_pair_never_crosses_the_end_of_a_sentence() -> None:
    names = [found.name for found in words_in([line("Firm sued"), line("Court sits")], SHARES)]
    assert "sued court" not in names
    assert "^ court" in names


def test_organisations_sums_and_numbers_stand_for_what_they_are() -> None:
    text = "Army pays $5 million to 3 firms"
    names = {found.name for found in words_in([line(text, places=(Place("Army", 0, 1),))], SHARES)}
    assert {"{customer}", "^ {customer}", "pays {money}", "{number}"} <= names


def test_a_word_counts_once_by_the_zone_where_it_weighs_most() -> None:
    (found,) = words_in([line("Sued", "lead"), line("sued again"), line("sued", "lead")], SHARES, {"sued": {}})
    assert (found.size, found.words) == (1.0, "sued")


def test_only_known_words_are_looked_for_where_they_are_told() -> None:
    assert [found.words for found in words_in([line("Both are in talks now")], SHARES, LEARNED.weights)] == ["in talks"]


def test_what_was_learned_adds_to_what_people_gave() -> None:
    sums = summed({"law": 0.5}, [cue("sued", "sued", 0.5, law=1.0)], LEARNED)
    assert sums == {"law": 2.5, "funding": 0.0}


def test_the_first_of_equals_is_heaviest_and_of_none_there_is_none() -> None:
    assert heaviest({"a": 1.0, "b": 1.0}) == "a"
    assert heaviest({}) is None


def test_where_nothing_was_learned_the_heaviest_is_certain() -> None:
    assert likely({"a": 1.0, "b": 2.0}, None) == {"b": 1.0}
    assert likely({}, None) == likely({}, 1.0) == {}


@given(st.dictionaries(st.text(max_size=3), st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 10))
def test_chances_are_1_together_and_in_the_order_of_the_sums(sums: dict[str, float], sharpness: float) -> None:
    found = likely(sums, sharpness)
    assert sum(found.values()) == pytest.approx(1.0)
    assert found[heaviest(sums) or ""] == max(found.values())


def test_the_weightiest_cues_are_told_first_and_faint_ones_not_at_all() -> None:
    cues = [cue("faint", "faint", law=0.1), cue("some", "some", law=0.5), cue("sued", "sued", law=0.5)]
    assert [cue.words for cue in told(cues, "law", LEARNED)] == ["sued", "some"]
    assert told(cues, None, LEARNED) == []


def test_words_that_a_longer_cue_has_told_are_not_told_again() -> None:
    cues = [cue("sued", "sued"), cue("", "sued the army", law=3.0)]
    assert [cue.words for cue in told(cues, "law", LEARNED)] == ["sued the army"]


def test_what_speaks_against_an_answer_is_not_told() -> None:
    assert told([cue("sued", "sued")], "funding", LEARNED) == []
