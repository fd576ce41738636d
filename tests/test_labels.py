"""How names, amounts and facts are compared when figures are made."""

import pytest

from bot.core.labels import canonical, is_named, pair_names, same_organisation, stems, value_of


@pytest.mark.parametrize("name", ["Pentagon", "the Pentagon", "US Department of Defense", "U.S. Department of War"])
def test_the_spellings_of_one_ministry_are_one_name(name: str) -> None:
    assert canonical(name) == "dod"


def test_brackets_legal_forms_and_articles_are_no_part_of_a_name() -> None:
    assert canonical("The Anduril Industries, Inc.") == canonical("Anduril (company)") == "anduril"


def test_a_shorter_name_is_the_same_if_its_words_tell_something() -> None:
    assert same_organisation("quantum", "quantum systems")
    assert not same_organisation("systems", "quantum systems")


def test_names_are_paired_one_to_one_and_equal_ones_first() -> None:
    assert pair_names(["quantum", "quantum systems"], ["quantum systems", "quantum", "nato"]) == ([], ["nato"])
    assert pair_names(["quantum"], ["quantum systems", "helsing"]) == ([], ["helsing"])
    assert pair_names(["nato", "quantum"], ["helsing"]) == (["nato", "quantum"], ["helsing"])


def test_a_name_counts_as_named_under_any_of_its_spellings_but_only_as_whole_words() -> None:
    assert is_named("dod", "the pentagon said")
    assert not is_named("un", "under review")


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("$200 million", 200e6),
        ("€4.3bn", 4.3e9),
        ("4,3 Mrd. Euro", 4.3e9),
        ("Rs 74,000 crore", 74_000e7),
        ("$1,234,567", 1_234_567),
        ("£750m", 750e6),
        ("nothing", None),
        ("1.2.3", None),
    ],
)
def test_an_amount_is_compared_by_its_value_without_currency(words: str, value: float | None) -> None:
    assert value_of(words) == value


def test_the_words_of_a_fact_are_compared_by_their_stems() -> None:
    assert stems("The Army signed contracts") == stems("army signing a contract")
