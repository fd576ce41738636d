from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amounts import AmountFinder, amount_finder, amounts_of, distinct, heaviest
from bot.settings.knowledge import read_knowledge

CONFIG = Path(__file__).resolve().parents[1] / "config"


@pytest.fixture(scope="module")
def finder() -> AmountFinder:
    return amount_finder(read_knowledge(CONFIG.joinpath).amounts)


@pytest.mark.parametrize(
    ("text", "words", "value", "currency"),
    [
        ("a $200 million deal", "$200 million", 200e6, "USD"),
        ("US$200m", "US$200m", 200e6, "USD"),
        ("worth €4.3bn", "€4.3bn", 4.3e9, "EUR"),
        ("a 200-million-dollar deal", "200-million-dollar", 200e6, "USD"),
        ("£1.5bn over five years", "£1.5bn", 1.5e9, "GBP"),
        ("30 Millionen Dollar", "30 Millionen Dollar", 30e6, "USD"),
        ("rund 4,3 Milliarden Euro", "4,3 Milliarden Euro", 4.3e9, "EUR"),
        ("200 Mio. Euro", "200 Mio. Euro", 200e6, "EUR"),
        ("1 000 millions d'euros", "1 000 millions d'euros", 1e9, "EUR"),
        ("800 millions de dollars", "800 millions de dollars", 800e6, "USD"),
        ("mil y 1.200 millones de euros", "1.200 millones de euros", 1.2e9, "EUR"),
        ("US$ 3 mil milhões", "US$ 3 mil milhões", 3e9, "USD"),
        ("R$ 2,5 bilhões", "R$ 2,5 bilhões", 2.5e9, "BRL"),
        ("5 miliardi di euro", "5 miliardi di euro", 5e9, "EUR"),
        ("₹1,200 crore", "₹1,200 crore", 12e9, "INR"),
        ("Rs 1.2 lakh crore", "Rs 1.2 lakh crore", 1.2e12, "INR"),
        ("¥10 billion", "¥10 billion", 10e9, "JPY"),
        ("10亿美元的合同", "10亿美元", 1e9, "USD"),
        ("$526,293,001", "$526,293,001", 526293001, "USD"),
        ("€1.234.567,89", "€1.234.567,89", 1234567.89, "EUR"),
        ("$1.250 billion", "$1.250 billion", 1.25e9, "USD"),
        ("half a billion dollars", "half a billion dollars", 0.5e9, "USD"),
        ("within a £31 billion pact", "£31 billion", 31e9, "GBP"),
        ("$10-15 million", "$10-15 million", 10e6, "USD"),
        ("A$3.2bn", "A$3.2bn", 3.2e9, "AUD"),
    ],
)
def test_a_sum_is_read_however_it_is_written(
    finder: AmountFinder, text: str, words: str, value: float, currency: str
) -> None:
    (amount,) = amounts_of(text, finder)
    assert (amount.words, amount.value, amount.currency) == (words, pytest.approx(value), currency)
    assert text[amount.start :].startswith(words)


@pytest.mark.parametrize(
    "text", ["12 million drones", "6,000 pounds lighter", "In 2024 won the vote", "F-35", "a pound"]
)
def test_a_number_without_a_currency_is_no_amount(finder: AmountFinder, text: str) -> None:
    assert amounts_of(text, finder) == ()


def test_one_value_is_told_once_as_first_written(finder: AmountFinder) -> None:
    found = distinct(amounts_of("$1.5 billion, then $1.5B, then $2bn", finder))
    assert [amount.words for amount in found] == ["$1.5 billion", "$2bn"]


def test_the_heaviest_amount_is_the_largest(finder: AmountFinder) -> None:
    largest = heaviest(amounts_of("$5 million of $2 billion", finder))
    assert largest is not None
    assert largest.words == "$2 billion"
    assert heaviest(()) is None


@given(st.text(alphabet="0123456789.,$€ mbnkilo-'", max_size=80))
def test_no_text_breaks_the_finder(finder: AmountFinder, text: str) -> None:
    for amount in amounts_of(text, finder):
        assert amount.words in text


@pytest.mark.parametrize("words", ["$" + "9" * 310, "$1" + ",000" * 150 + " million", "$" + "9" * 307 + " trillion"])
def test_what_no_number_can_hold_is_no_amount(finder: AmountFinder, words: str) -> None:
    assert amounts_of(f"A deal over {words} was signed.", finder) == ()
