"""A line of a labelled set: what it may hold, and the place of a slip."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.evaluation import evaluate
from bot.core.labelled import CHOICES, LISTS, OPTIONAL_TEXTS, labelled_rows
from bot.core.misses import misses
from bot.errors import TocsinError

GOOD = {"id": "1", "title": "A", "text": "B", "label": "relevant"}


def line(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def test_blank_lines_are_passed_over_and_odd_line_ends_inside_a_text_end_no_line() -> None:
    text = f'\n{line()}\r\n\n{{"id": 2, "title": "", "text": "one\u2028two\x85three", "label": "borderline"}}\n'
    assert [row["id"] for row in labelled_rows(text, "a.jsonl")] == ["1", 2]


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    assert [row["id"] for row in labelled_rows(f"\ufeff{line()}\n{line(id=2)}", "a.jsonl")] == ["1", 2]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a labelled document"),
        (line(label=""), "is not a labelled document"),
        (line(id=1.5), 'has an "id" that is neither text nor a whole number'),
        (line(id=True), 'has an "id" that is neither text nor a whole number'),
        (json.dumps({"id": "1", "label": "relevant", "title": ""}), 'lacks a "text"'),
        (line(title=7), 'has a "title" that is not text'),
        (line(story=["x"]), 'has a "story" that is not text'),
        (line(buyer="US Army"), 'has a "buyer" that is no list of texts'),
        (line(key_facts=[1]), 'has a "key_facts" that is no list of texts'),
        (line(date="soon"), 'has a "date" that is no ISO day or time ("soon")'),
        (line(label="relevnt"), 'has the label "relevnt", which is none; write one of relevant,'),
        (line(event="contrat"), 'has the event "contrat", which is none'),
        (line(stage_also=["done"]), 'has the stage "done", which is none'),
    ],
)
def test_a_slip_is_told_with_its_place(written: str, sentence: str) -> None:
    with pytest.raises(TocsinError) as told:
        labelled_rows(f"\n{written}", "a.jsonl")
    assert str(told.value).startswith(f"a.jsonl:2 {sentence}")


def test_an_id_that_stands_before_is_told_with_both_places() -> None:
    with pytest.raises(TocsinError, match=r'a\.jsonl:3 has the id "1" of line 1'):
        labelled_rows(f"{line()}\n\n{line(id=1)}", "a.jsonl")


ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=2)
KEYS = ("id", "title", "text", *OPTIONAL_TEXTS, *LISTS, *CHOICES)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), ANYTHING), max_size=3))
def test_what_is_taken_can_be_evaluated(changes: list[dict[str, Any]]) -> None:
    lines = [line(**{**change, "id": f"d{n}"}) for n, change in enumerate(changes)]
    try:
        rows = labelled_rows("\n".join(lines), "a.jsonl")
    except TocsinError:
        return
    assert evaluate(rows, [])["missing"] <= len(rows)
    misses(rows, [])
