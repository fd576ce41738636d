import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.expressions import expression_of, keys_in

WORDS = ["deal", "deals", "re", "sign", "award", "awarded", "ai", "zurück", "\x01c0", "\x02"]
ELEMENTS = [
    *WORDS[:-2],
    "deal*",
    "awar*",
    "*ed",
    "*war*",
    "ai*",
    "re-sign*",
    "(deal|award*)",
    "(*s|sign)",
    "deal?",
    "..1",
]


def test_an_empty_expression_and_an_unknown_sort_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        expression_of(" ")
    with pytest.raises(ValueError, match='"friend" is no slot; write money or one of campaign,'):
        expression_of("{friend} signs")


@pytest.mark.parametrize(
    ("expression", "mistake"),
    [
        ("(signs|inks deal", "never closed"),
        ("signs) deal", "no group is open"),
        ("(a||b)", "empty"),
        ("()", "empty"),
        ("signs|inks", "no group is open"),
        ("? deal", "out of place"),
        ("deal ^", "out of place"),
        ("{org signs", "cannot be read"),
        ("{seler} signs", "no slot"),
        ("de*al", "no word"),
        ("(deal?|pact)", "always fire"),
        ("(.. ..2)", "always fire"),
        ("deal ..99999999999999 signs", "write ..99 at most"),
    ],
)
def test_an_expression_with_leftovers_is_refused(expression: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        expression_of(expression)


@given(st.text(alphabet="(){}|?*^~. ab9{org}", max_size=30))
def test_any_expression_is_read_or_refused_in_a_sentence(expression: str) -> None:
    try:
        regex = expression_of(expression).regex
    except ValueError as error:
        assert str(error)
    else:
        assert regex.fullmatch("") is None


@given(st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=4), st.lists(st.sampled_from(WORDS), max_size=6))
@example(["*ed", "deal"], ["awarded", "deal"])
def test_a_line_in_which_an_expression_fires_holds_one_of_its_keys(elements: list[str], words: list[str]) -> None:
    try:
        expression = expression_of(" ".join(elements))
    except ValueError:  # nothing but what may be absent
        return
    line = "".join(f" {word}" for word in words) + " "
    if expression.regex.search(line):
        assert expression.keys is None or expression.keys & keys_in(line)


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        ("(a|the) ..2 (contract*|deal)", {"contr*", "deal"}),
        ("{org} ..3 {money}", None),
        ("(pact|*vertrag) zu", {"zu"}),
        ("~ in vendita? di", {"in"}),
    ],
)
def test_the_keys_are_the_rarest_words_of_which_one_has_to_stand_there(expression: str, keys: set[str] | None) -> None:
    assert expression_of(expression).keys == keys
