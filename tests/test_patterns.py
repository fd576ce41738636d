import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amounts import Amount
from bot.core.organisations import Place
from bot.core.patterns import Masked, Mood, Pattern, compile_moods, compile_patterns, fired, mask
from bot.core.words import Sentence, words_of

SORTS = {"Pentagon": "customer", "OpenAI": "vendor"}


def masked(text: str) -> Masked:
    words = words_of(text)
    places = [Place(form, n, n + 1) for n, form in enumerate(words.forms) if form in SORTS or form == "Orchid"]
    amounts = [Amount("$5 million", 5e6, "USD", text.index("$"))] if "$5 million" in text else []
    sorts = SORTS | {"Orchid": "unknown"}
    return mask(Sentence(text, 0, len(text), 0, True), "lead", words, places, amounts, 0, sorts)


def fires(expression: str, text: str) -> bool:
    return bool(fired(compile_patterns([Pattern("id", "x", 1.0, (expression,))]), [masked(text)]))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("first flight", "The first flight ended"),
        ("award*", "It awarded a prize"),
        ("(signs|won a) deal", "He won a deal"),
        ("no? bid contract", "A bid contract"),
        ("sign* .. deal", "They signed a very large deal"),
        ("^ will", "Will it fly?"),
        ("{org} wins {money}", "OpenAI wins $5 million"),
        ("{customer} pays {vendor}", "Pentagon pays OpenAI"),
        ("{vendor} grows", "Orchid grows"),
        ("(paid|{vendor}) grows", "OpenAI grows"),
        ("follow on contract", "a follow-on contract"),
        ("follow-on contract", "a follow on contract"),
        ("(wins (a|the) (deal|..2 order)|loses)", "He wins the very first order"),
        ("(signs ..2 pact)? today", "today"),
        ("首飞", "無人機首飞成功"),
    ],
)
def test_an_expression_fires(expression: str, text: str) -> None:
    assert fires(expression, text)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("first flight", "The first long flight"),
        ("award", "It awarded a prize"),
        ("sign* ..2 deal", "They signed a very large new deal"),
        ("^ will", "It will fly"),
        ("{vendor} pays", "Pentagon pays"),
        ("{customer} pays", "Orchid pays"),
        ("{money}", "five million"),
        ("art", "The start"),
        ("(wins (a|the) (deal|order))", "He wins an order"),
        ("won", "They won't fly"),
        ("~ will", "It will fly"),
    ],
)
def test_an_expression_keeps_silent(expression: str, text: str) -> None:
    assert not fires(expression, text)


def test_a_hit_has_its_words_with_the_organisations_in_them() -> None:
    patterns = compile_patterns([Pattern("id", "x", 1.0, ("{customer} .. pays {vendor}",))])
    (hit,) = fired(patterns, [masked("The Pentagon now pays OpenAI, it says.")])
    assert hit.words == "Pentagon now pays OpenAI"


def test_a_pattern_fires_once_in_a_sentence() -> None:
    patterns = compile_patterns([Pattern("id", "x", 1.0, ("deal", "pact"))])
    assert len(fired(patterns, [masked("A deal is a deal and a pact")])) == 1


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("It denies that it deployed them", "denied"),
        ("It did not deploy and then deployed them", ""),
        ("It hasn't yet deployed them", "negated"),
        ("It won't be deployed", "negated"),
        ("It never said that it deployed them", ""),
        ("It deployed them", ""),
    ],
)
def test_what_stands_before_a_pattern_gives_its_mood(text: str, mood: str) -> None:
    moods = compile_moods([Mood("denied", ("denies ..1 that",)), Mood("negated", ("(not|never)",))])
    (hit,) = fired(compile_patterns([Pattern("id", "x", 1.0, ("deployed",))]), [masked(text)], moods)
    assert hit.mood == mood


def test_the_mood_is_told_by_the_first_word_of_a_pattern_not_by_its_slots() -> None:
    moods = compile_moods([Mood("negated", ("not",))])
    patterns = compile_patterns([Pattern("id", "x", 1.0, ("{org} ..3 awarded",))])
    (hit,) = fired(patterns, [masked("OpenAI was not awarded it")], moods)
    assert hit.mood == "negated"


@given(st.text(max_size=120))
def test_any_sentence_can_be_masked(text: str) -> None:
    line = masked(text)
    assert line.line.startswith(" ")
    assert len(line.offsets) == line.line.count(" ") - 1
