"""A search as words and quoted phrases."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.query import EXCERPT, LONGEST, MOST_TERMS, Term, cleaned, excerpt, terms_of


def test_words_and_quoted_phrases_are_told_apart() -> None:
    assert terms_of('drones "loyal  wingman" UK') == (
        Term("drones", whole=False),
        Term("loyal wingman", whole=True),
        Term("UK", whole=True),
    )


def test_every_kind_of_quotation_mark_counts() -> None:
    for quoted in ("“loyal wingman”", "„loyal wingman“", "«loyal wingman»", '"loyal wingman"'):
        assert terms_of(quoted) == (Term("loyal wingman", whole=True),)


def test_a_quotation_mark_that_is_never_closed_means_nothing() -> None:
    assert terms_of('"loyal wingman') == (Term("loyal", whole=False), Term("wingman", whole=False))


def test_signs_alone_are_no_words() -> None:
    assert terms_of('🙂 * "" "!?" -- ( ) :') == ()


def test_a_word_that_is_given_twice_counts_once() -> None:
    assert terms_of("nato nato") == (Term("nato", whole=False),)


def test_other_scripts_are_words() -> None:
    assert [term.words for term in terms_of("الذكاء 人工智能 ИИ")] == ["الذكاء", "人工智能", "ИИ"]


@given(st.text(max_size=3_000))
def test_any_text_makes_few_terms_without_marks(typed: str) -> None:
    terms = terms_of(typed)
    assert len(terms) <= MOST_TERMS and len(cleaned(typed)) <= LONGEST
    assert all(term.words.strip() and '"' not in term.words and "\0" not in term.words for term in terms)


@given(st.text(max_size=300))
def test_a_query_that_a_button_carries_asks_for_the_same(typed: str) -> None:
    assert terms_of(cleaned(typed)) == terms_of(typed)


# -- excerpts


def shown(text: str, typed: str) -> str:
    return excerpt(text, terms_of(typed))


def test_an_excerpt_begins_with_the_sentence_of_the_first_term() -> None:
    text = "Nothing here. " * 20 + "Then a loyal wingman flew over Zürich. More came."
    assert shown(text, '"Loyal  Wingman"').startswith("Then a loyal wingman flew")
    assert shown(text, "zurich").startswith("Then a loyal wingman")


def test_an_excerpt_without_a_sentence_nearby_begins_with_a_word() -> None:
    text = "word " * 100 + "wingman " + "word " * 100
    found = shown(text, "wing")
    assert found.startswith("…word") and "wingman" in found and found.endswith("word…")
    assert len(found) <= EXCERPT + 2


def test_a_term_that_stands_in_the_title_alone_shows_how_the_text_begins() -> None:
    assert shown("It flew.", "wingman") == "It flew."
    assert shown("", "wingman") == ""


def test_a_short_word_is_no_beginning() -> None:
    text = "Aiming high is a habit. " * 12 + "Then AI came."
    assert shown(text, "ai").startswith("Then AI came.")


@given(st.text(max_size=900), st.text(max_size=60))
def test_any_text_has_a_short_excerpt(text: str, typed: str) -> None:
    assert len(shown(text, typed)) <= 2 * EXCERPT
