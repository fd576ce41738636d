import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.words import TEXT_LIMIT, StopWords, clean, language_of, sentences_of, words_of


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in sentences_of(text)]


def test_dots_of_an_abbreviation_are_no_part_of_the_word() -> None:
    assert words_of("the U.S. Army").forms == ("the", "US", "Army")


def test_a_possessive_s_is_left_out_with_either_apostrophe() -> None:
    assert words_of("Anduril's and Palantir’s").forms == ("Anduril", "and", "Palantir")


def test_hyphens_and_apostrophes_separate_words() -> None:
    assert words_of("AI-powered l'OTAN").lower == ("ai", "powered", "l", "otan")


@pytest.mark.parametrize("address", ["www.crash.example", "desk@court.example", "army.test/ai-deal"])
def test_an_address_holds_no_words_whatever_its_kind(address: str) -> None:
    assert words_of(f"See {address} now").forms == ("See", "now")


@given(st.text(alphabet="sSa1ßé", min_size=1, max_size=4))
def test_a_word_by_itself_is_read_as_among_others(word: str) -> None:
    assert words_of(word).forms == words_of(f"{word} ").forms
    assert words_of(word).lower == words_of(f"{word} ").lower


def test_an_address_holds_no_words() -> None:
    text = "See https://army.example/ai-deal?x=1, www.crash.example or desk@court.example and example.com/paper now"
    assert words_of(text).lower == ("see", "or", "and", "now")
    assert words_of("GenAI.mil and C3.ai").forms == ("GenAI", "mil", "and", "C3", "ai")


def test_a_name_in_latin_letters_is_a_word_of_its_own_among_letters_without_blanks() -> None:
    assert words_of("Auterion与NCSIST签署协议").forms == ("Auterion", "与", "NCSIST", "签署协议")
    assert words_of("スケール・AI社").forms == ("スケール", "AI", "社")


def test_a_quote_is_the_text_between_two_words() -> None:
    words = words_of("the Ministry of Defence, London")
    assert words.quote(1, 4) == "Ministry of Defence"


def test_a_sentence_never_crosses_a_line() -> None:
    assert sentences("A heading\nA sentence. Another one.") == ["A heading", "A sentence.", "Another one."]


def test_a_left_over_tag_ends_a_sentence() -> None:
    assert sentences("<h1>Title</h1> <p>First. Second.</p>") == ["Title", "First.", "Second."]


def test_an_abbreviation_ends_no_sentence() -> None:
    assert sentences("Gen. Smith of the U.S. Army met Dr. Li. They spoke.") == [
        "Gen. Smith of the U.S. Army met Dr. Li.",
        "They spoke.",
    ]


def test_a_decimal_point_ends_no_sentence() -> None:
    assert sentences("It costs $1.5 billion. Work ends in 2028.") == ["It costs $1.5 billion.", "Work ends in 2028."]


def test_a_sentence_may_begin_with_any_countrys_quotation_mark() -> None:
    found = sentences("Er warnt. „Wir haben sie“, sagte er. »Noch nicht«, hieß es.")
    assert found == ["Er warnt.", "„Wir haben sie“, sagte er.", "»Noch nicht«, hieß es."]


def test_chinese_sentences_end_without_a_space() -> None:
    assert sentences("无人机首飞。空军确认。") == ["无人机首飞。", "空军确认。"]


def test_a_heading_is_not_closed() -> None:
    assert [sentence.closed for sentence in sentences_of("A heading\nA sentence.")] == [False, True]


@given(st.text(max_size=300))
def test_every_sentence_stands_verbatim_where_it_says(text: str) -> None:
    for sentence in sentences_of(text):
        assert text[sentence.start : sentence.end] == sentence.text
        assert "\n" not in sentence.text


@given(st.text(max_size=200))
def test_every_word_stands_where_it_says(text: str) -> None:
    words = words_of(text)
    for form, start, end in zip(words.forms, words.starts, words.ends, strict=True):
        assert text[start:end].replace(".", "") == form


def test_a_lone_surrogate_keeps_its_place_but_not_itself() -> None:
    assert clean("a\ud800b") == "a\ufffdb"


def test_a_long_text_is_cut() -> None:
    assert len(clean("x" * 100_000)) == TEXT_LIMIT


STOP = StopWords({"en": frozenset(["the", "of", "and", "to"]), "de": frozenset(["der", "die", "und", "zu"])})


def test_the_language_is_that_of_the_function_words() -> None:
    assert language_of(words_of("die Armee und der Minister"), STOP) == "de"
    assert language_of(words_of("the army and the minister"), STOP) == "en"


def test_too_few_function_words_tell_no_language() -> None:
    assert language_of(words_of("OpenAI NATO"), STOP) is None
