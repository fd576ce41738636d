import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dateline import without_dateline


@pytest.mark.parametrize(
    "dateline",
    [
        "(Reuters) – ",
        "Reuters - ",
        "[Northern Wire] – ",
        "BRUSSELS, March 3 (AFP) - ",
        "SEOUL, March 3 (Yonhap) -- ",
        "WASHINGTON — ",
        "WASHINGTON (AP) — ",
        "KYIV, Ukraine (AP) — ",
        "Berlin (dpa) - ",
        "PARIS, 3 mars (AFP) – ",
        "New Delhi, Oct 7: ",
        "Oslo, 3 March 2026 – ",
        "A CORUÑA, 4 feb. ",
        "MADRID.- ",
        "By Jane Doe | ",
        "By Jane Doe, Staff Writer — ",
    ],
)
def test_a_dateline_is_left_out(dateline: str) -> None:
    assert without_dateline(f"{dateline}The army bought forty boats.") == "The army bought forty boats."


@pytest.mark.parametrize(
    "sentence",
    [
        "Palantir – the firm – won.",
        "NATO — the alliance — said so.",
        "The US Army (USA) - a force - said so.",
        "By March 3 the army had forty boats.",
        "In 2026 (the fiscal year) it bought them.",
        "AI - it is said - can fly.",
        "By contrast - the army said - it can fly.",
    ],
)
def test_a_sentence_that_only_looks_alike_stays(sentence: str) -> None:
    assert without_dateline(sentence) == sentence


@given(st.text(alphabet="AB ab(),-–|3.:", max_size=60))
def test_what_is_left_ends_the_sentence(sentence: str) -> None:
    assert sentence.endswith(without_dateline(sentence))
