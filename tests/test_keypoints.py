from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.keypoints import KeyPointRules, chooser_of, key_points, stem
from bot.core.patterns import mask
from bot.core.words import sentences_of, words_of

RULES = KeyPointRules(
    weights={"question": -8.0, "unclosed": -12.0, "boilerplate": -16.0, "opening": -3.0, "echo": -6.0, "amount": 1.0},
    phrases={"boilerplate": ("sign up", "photo by"), "opening": ("he", "this")},
    words={"repeated": 0.7, "title": 0.2, "number": 0.5},
    most=3,
    room=40,
    shortest=4,
    longest=40,
)
STOP = frozenset(["the", "a", "of", "to", "and", "it", "is", "for", "in", "he"])


def chosen(text: str, title: str = "", rules: KeyPointRules = RULES) -> list[str]:
    sentences = sentences_of(text)
    words = words_of(text)
    lines = [mask(sentence, "lead", words, (), (), sentence.start, {}) for sentence in sentences]
    in_title = frozenset(stem(word) for word in words_of(title).lower)
    return [point.sentence for point in key_points(sentences, lines, in_title, STOP, chooser_of(rules))]


FIRST = "The army bought forty autonomous boats from Orchid for tests."
SECOND = "Deliveries of the boats begin in May near Portsmouth."


def test_the_first_sentences_are_quoted_in_their_order() -> None:
    assert chosen(f"{FIRST} {SECOND}") == [FIRST, SECOND]


def test_headings_and_list_entries_are_not_quoted() -> None:
    assert chosen(f"What the army bought from Orchid this spring\n{FIRST}") == [FIRST]


def test_questions_boilerplate_and_dangling_pronouns_give_way() -> None:
    text = f"Will the army ever buy autonomous boats? Sign up for the boats newsletter of Orchid. {FIRST}"
    assert chosen(text) == [FIRST]
    dangling = "He praised boats, tests, Portsmouth, deliveries."
    assert chosen(f"{FIRST} {dangling} {SECOND}", rules=replace(RULES, most=2)) == [FIRST, SECOND]


def test_a_sentence_that_says_the_same_again_is_left_out() -> None:
    assert chosen(f"{FIRST} Forty autonomous boats for tests the army bought from Orchid.") == [FIRST]


def test_near_duplicates_are_quoted_once_however_much_else_they_hold() -> None:
    again = "Forty autonomous boats for tests were bought from Orchid by the army for $9 million, it said in May."
    assert chosen(f"{FIRST} {again} {SECOND}", rules=replace(RULES, weights={"amount": 9.0}, room=90)) == [
        FIRST,
        SECOND,
    ]


def test_a_dateline_is_no_part_of_a_key_point() -> None:
    assert chosen(f"PORTSMOUTH, March 3 (Reuters) - {FIRST}") == [FIRST]


def test_a_sentence_that_repeats_the_title_gives_way() -> None:
    title = "Army buys forty autonomous boats"
    assert chosen(f"Army buys forty autonomous boats. {SECOND}", title) == [SECOND]


def test_the_words_fit_into_the_room() -> None:
    text = " ".join(f"Sentence {n} names boat{n} harbour{n} captain{n} cargo{n} route{n} weather{n}." for n in range(9))
    found = chosen(text, rules=replace(RULES, room=20))
    assert 1 <= len(found) <= 3
    assert sum(len(words_of(sentence).forms) for sentence in found) <= 20


def test_an_empty_text_has_no_key_points() -> None:
    assert chosen("") == []


def test_a_sentence_with_a_broken_letter_is_not_quoted() -> None:
    assert chosen(f"The navy bought \ufffd boats from Orchid. {SECOND}") == [SECOND]


@given(st.text(alphabet="abc ABC.?!\n€$1é人工", max_size=200))
def test_every_key_point_is_verbatim_and_crosses_no_line(text: str) -> None:
    found = chosen(text)
    assert len(found) <= 3
    assert all(any(point in line for line in text.splitlines()) for point in found)


def test_a_stem_joins_the_forms_of_a_word() -> None:
    assert stem("contracts") == stem("contract")
    assert stem("deploying") == stem("deployed")
    assert stem("us") == "us"
