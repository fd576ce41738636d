"""The codec: values of core to JSON and back."""

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.analysis import Analysis
from bot.core.event import Amount, Event, Party
from bot.core.keypoints import KeyPoint
from bot.core.organisations import Mention
from bot.core.relevance import Reason, Relevance
from bot.core.story import Source, Story
from bot.store.codec import clean, decode, decode_all, encode
from tests.builders import a_story, an_analysis

words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.datetimes(timezones=st.just(UTC))
reasons = st.lists(st.builds(Reason, words, words, numbers), max_size=2).map(tuple)
amounts = st.lists(st.builds(Amount, words, st.none() | numbers, st.none() | words), max_size=2).map(tuple)
parties = st.none() | st.builds(Party, words, words)
several = st.lists(words, max_size=2).map(tuple)
events = st.builds(
    Event,
    type=st.just("contract"),
    stage=st.none() | st.just("signed"),
    amounts=amounts,
    buyer=parties,
    seller=parties,
    evidence=st.lists(st.tuples(words, words, words), max_size=2).map(tuple),
)
analyses = st.builds(
    Analysis,
    st.builds(Relevance, words, numbers, st.booleans(), reasons),
    st.lists(st.builds(Mention, words, words, st.integers(), st.integers(), st.none() | words), max_size=2).map(tuple),
    st.none() | events,
    st.lists(st.builds(KeyPoint, words, numbers, several), max_size=2).map(tuple),
    st.dictionaries(words, st.integers(), max_size=3),
    st.none() | words,
)
stories = st.builds(
    a_story,
    because=reasons,
    last_seen=times,
    amounts=amounts,
    buyer=parties,
    organisations=several,
    sources=st.lists(st.builds(Source, words, words, st.none() | words, times), max_size=2).map(tuple),
    follows=st.none() | words,
    profile=st.dictionaries(words, st.dictionaries(words, numbers, max_size=2), max_size=2),
)


def through_json(value: object) -> Any:
    return json.loads(json.dumps(encode(value)))


@given(analyses)
def test_an_analysis_comes_back_as_it_was(analysis: Analysis) -> None:
    assert decode(Analysis, through_json(analysis)) == analysis


@given(stories)
def test_a_story_comes_back_as_it_was(story: Story) -> None:
    assert decode(Story, through_json(story)) == story


def test_a_field_that_an_older_row_lacks_reads_as_its_default() -> None:
    raw = through_json(an_analysis())
    del raw["problem"], raw["terms"]
    assert decode(Analysis, raw) == an_analysis()


def test_a_field_that_no_longer_exists_is_passed_over() -> None:
    assert decode(Reason, {"gate": "ai", "words": "model", "weight": 0.5, "former": 1}) == Reason("ai", "model", 0.5)


def test_a_missing_list_is_empty() -> None:
    assert decode_all(Reason, None) == ()


@given(st.text())
def test_cleaned_text_is_utf_8_without_nul(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned.encode("utf-8").decode("utf-8")
    assert clean(cleaned) == cleaned


def test_a_shape_that_core_does_not_use_is_refused() -> None:
    with pytest.raises(TypeError):
        encode(object())


@pytest.mark.parametrize(("number", "kept"), [(float("inf"), 1.7976931348623157e308), (float("nan"), 0.0)])
def test_a_number_that_json_has_no_word_for_becomes_one_that_it_has(number: float, kept: float) -> None:
    assert json.dumps(encode(Amount("$1", number, None)), allow_nan=False)
    assert decode(Amount, encode(Amount("$1", number, None))).value == kept
