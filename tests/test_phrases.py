from hypothesis import given
from hypothesis import strategies as st

from bot.core.phrases import build, find
from bot.core.words import words_of


def found(text: str, *phrases: str, lower: bool = True) -> list[str]:
    words = words_of(text)
    hits = find(words, build({phrase: [phrase] for phrase in phrases}, lower=lower), lower=lower)
    return [words.quote(hit.first, hit.after) for hit in hits]


def test_only_whole_words_are_found() -> None:
    assert found("The army said armoury.", "army", "arm") == ["army"]


def test_the_longest_phrase_wins() -> None:
    assert found("lethal autonomous weapons", "autonomous", "lethal autonomous weapons", "weapons") == [
        "lethal autonomous weapons"
    ]


def test_no_word_is_part_of_two_phrases() -> None:
    assert found("immune defense system", "immune defense", "defense system") == ["immune defense"]


def test_a_shorter_phrase_is_found_where_the_longer_one_breaks_off() -> None:
    assert found("machine learning tools", "machine learning model", "machine") == ["machine"]


def test_a_star_stands_for_any_ending() -> None:
    assert found("autonome Waffensysteme", "autonom* waffen*") == ["autonome Waffensysteme"]


def test_a_star_may_stand_inside_a_phrase() -> None:
    assert found("künstliche Intelligenz", "künstliche* intelligenz") == ["künstliche Intelligenz"]


def test_capitals_matter_only_where_asked() -> None:
    assert found("the shield and Shield", "Shield", lower=False) == ["Shield"]
    assert found("the shield and Shield", "Shield") == ["shield", "Shield"]


def test_phrases_of_unspaced_scripts_are_found_inside_a_run() -> None:
    assert found("军队使用人工智能武器", "人工智能", "军") != []


def test_a_phrase_carries_all_its_labels() -> None:
    hits = find(words_of("war"), build({"war": ["one", "two"]}))
    assert hits[0].names == ("one", "two")


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    words = words_of(text)
    for hit in find(words, build({"a": ["a"], "ab* c": ["b"], "人工智能": ["c"]})):
        assert 0 <= hit.first < hit.after <= len(words.forms)
