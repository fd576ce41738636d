from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.keypoints import Candidate, KeyPointRules, best_of, candidates_of, chooser_of, features_of, sets_of, stem
from bot.core.patterns import mask
from bot.core.words import sentences_of, words_of

RULES = KeyPointRules(
    weights={
        "question": -8.0,
        "unclosed": -12.0,
        "boilerplate": -16.0,
        "opening": -3.0,
        "echo": -6.0,
        "amount": 1.0,
        "label": -16.0,
        "aside": -8.0,
        "voice": -8.0,
        "torn": -8.0,
    },
    phrases={"boilerplate": ("sign up", "photo by"), "opening": ("he", "this"), "label": ("about", "photo")},
    words={"repeated": 0.7, "title": 0.2, "number": 0.5},
    most=3,
    room=40,
    shortest=4,
    longest=40,
)
STOP = frozenset(["the", "a", "of", "to", "and", "it", "is", "for", "in", "he"])


def found_in(text: str, title: str = "", rules: KeyPointRules = RULES) -> list[Candidate]:
    sentences = sentences_of(text)
    words = words_of(text)
    lines = [mask(sentence, "lead", words, (), (), sentence.start, {}) for sentence in sentences]
    in_title = frozenset(stem(word) for word in words_of(title).lower)
    return candidates_of(sentences, lines, in_title, STOP, chooser_of(rules))


def chosen(text: str, title: str = "", rules: KeyPointRules = RULES) -> list[str]:
    return [point.sentence for point in best_of(found_in(text, title, rules), rules)]


FIRST = "The army bought forty autonomous boats from Orchid for tests."
SECOND = "Deliveries of the boats begin in May near Portsmouth."


def test_the_first_sentences_are_quoted_in_their_order() -> None:
    assert chosen(f"{FIRST} {SECOND}") == [FIRST, SECOND]


def test_headings_and_list_entries_are_not_quoted() -> None:
    assert chosen(f"What the army bought from Orchid this spring\n{FIRST}") == [FIRST]


def test_questions_and_boilerplate_give_way() -> None:
    text = f"Will the army ever buy autonomous boats? Sign up for the boats newsletter of Orchid. {FIRST}"
    assert chosen(text) == [FIRST]


def test_a_pronoun_counts_against_a_sentence_only_if_what_it_points_back_to_is_not_quoted() -> None:
    dangling = "He praised boats, tests, harbours, sailors, deliveries."
    assert chosen(f"Is it true? {dangling} {SECOND}", rules=replace(RULES, most=1)) == [SECOND]
    assert chosen(f"{FIRST} {dangling} {SECOND}", rules=replace(RULES, most=2)) == [FIRST, dangling]


@pytest.mark.parametrize(
    "around",
    [
        "About Orchid: Orchid builds autonomous submarines, rafts, ferries and harbours.",
        "(Adds comment by shipyards, unions, sailors and ministers.)",
        '"Submarines, rafts, ferries and harbours will all sail alone."',
        'Sailors will be glad of rafts, ferries and harbours," the shipyard said.',
    ],
)
def test_what_stands_around_an_article_and_quotations_without_a_speaker_are_not_quoted(around: str) -> None:
    assert chosen(f"{FIRST} {around}") == [FIRST]


def test_a_quotation_with_its_speaker_is_quoted() -> None:
    told = 'Submarines and ferries "will all sail alone", the shipyard said.'
    assert chosen(f"{FIRST} {told}") == [FIRST, told]


def test_where_no_blanks_part_words_letters_tell_how_long_a_sentence_is() -> None:
    text = "美国商务部称，浪潮多家子公司参与军用人工智能研发。"
    assert chosen(text) == [text]


def test_the_best_pair_is_quoted_where_the_best_sentence_leaves_no_room_for_it() -> None:
    long = "The navy ordered frigates, corvettes, tankers, tugs, barges, ferries, rafts, kayaks, canoes and dinghies."
    one, other = (
        "Sailors named harbours, captains, cargo, routes, weather and wages.",
        "Unions fear strikes, layoffs, delays, accidents and lawsuits.",
    )
    rules = replace(RULES, room=20, fade=0.0, price=0.1)
    assert chosen(f"{long} {one} {other}", rules=rules) == [one, other]


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


@given(st.text(alphabet="abAB hes.?!\n1(人", max_size=120))
def test_the_features_of_a_set_times_their_weights_are_what_it_is_chosen_by(text: str) -> None:
    def worth(candidates: tuple[Candidate, ...]) -> float:
        weights = {f"weights.{name}": weight for name, weight in RULES.weights.items()}
        weights |= {"words.each": 1.0} | {f"words.{name}": weight for name, weight in RULES.words.items()}
        gained = sum(weights.get(name, 0.0) * value for name, value in features_of(candidates).items())
        return gained - RULES.price * sum(candidate.length for candidate in candidates)

    found = found_in(text)
    best = [candidate for candidate in found if candidate.sentence.text in chosen(text)]
    assert max(map(worth, sets_of(found, RULES))) == pytest.approx(max(worth(tuple(best)), 0.0), abs=1e-6)


@given(st.text(alphabet="abc ABC.?!\n€$1é人工", max_size=200))
def test_every_key_point_is_verbatim_and_crosses_no_line(text: str) -> None:
    found = chosen(text)
    assert len(found) <= 3
    assert all(any(point in line for line in text.splitlines()) for point in found)


def test_a_stem_joins_the_forms_of_a_word() -> None:
    assert stem("contracts") == stem("contract")
    assert stem("deploying") == stem("deployed")
    assert stem("us") == "us"
