"""Documents in, findings out, in order."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.event import Event, Party
from bot.core.keypoints import KeyPoint
from bot.core.merging import OpenStories
from bot.core.organisations import Mention
from bot.core.relevance import Reason, Relevance
from bot.core.stream import Document, documents, findings, labelled_lines, story_ids
from bot.core.words import StopWords
from bot.errors import TocsinError
from tests.builders import NOON, an_analysis

KEYS = [
    "id", "relevant", "score", "reasons", "event", "stage", "orgs", "buyer", "seller", "money", "key_points", "story",
    "follows",
]  # fmt: skip


def read(*rows: object) -> list[Document]:
    return list(documents([row if isinstance(row, str) else json.dumps(row) for row in rows], now=NOON))


def test_a_document_becomes_an_article_with_its_words_as_they_are() -> None:
    text = "A <b>deal</b> &amp; more.\nSecond  block."
    document = read({"id": "d1", "title": "T", "text": text, "url": "http://WWW.Example.com/a?utm_source=x"})[0]
    assert document.id == "d1"
    assert document.article.text == text
    assert (document.article.link, document.article.outlet) == ("http://www.example.com/a", "example.com")


def test_the_date_stands_for_first_seen_and_a_missing_one_is_that_of_the_line_before() -> None:
    found = read(
        {"id": "1"}, {"id": "2", "date": "2026-03-04"}, {"id": "3"}, {"id": "4", "date": "2026-03-05T10:00+02:00"}
    )
    assert [document.article.first_seen for document in found] == [
        NOON, datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, 8, tzinfo=UTC),
    ]  # fmt: skip


def test_blank_lines_are_passed_over_and_numbers_are_ids_too() -> None:
    assert [document.id for document in read("", {"id": 7}, "  \n")] == ["7"]


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    assert [document.id for document in read('\ufeff{"id": "first"}', {"id": "second"})] == ["first", "second"]


def test_copies_have_one_fingerprint() -> None:
    one, other = read({"id": "1", "title": "T", "text": "Some words."}, {"id": "2", "title": "t", "text": "SOME words"})
    assert one.article.fingerprint == other.article.fingerprint


def test_the_language_is_told_by_the_stop_words_given() -> None:
    stop = StopWords({"de": frozenset({"der", "und", "mit"}), "en": frozenset({"the", "and"})})
    line = json.dumps({"id": "1", "text": "Der Vertrag und der Minister mit der Armee"})
    assert next(documents([line], now=NOON, stop=stop)).article.language == "de"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"title": "T"}', 'lacks an "id"'),
        ('{"id": null}', 'lacks an "id"'),
        ('{"id": "1", "text": 5}', 'has a "text" that is not text'),
        ('{"id": "1", "date": "soon"}', 'has a "date"'),
        ('{"id": "1", "date": "0001-01-01T00:00+14:00"}', 'has a "date"'),
    ],
)
def test_a_bad_line_is_named_by_number_after_the_lines_before_it(line: str, what: str) -> None:
    reading = documents(['{"id": "first"}', "", line], now=NOON)
    assert next(reading).id == "first"
    with pytest.raises(TocsinError, match=f"^Line 3 {what}"):
        next(reading)


def test_what_is_not_relevant_has_every_key_and_says_nothing() -> None:
    pairs = [(read({"id": "1"})[0], an_analysis(relevant=False, problem="It was cut short."))]
    row = next(findings(pairs, OpenStories(), new_id=story_ids()))
    assert list(row) == KEYS
    assert (row["relevant"], row["orgs"], row["money"], row["key_points"]) == (False, [], [], [])
    assert [row[key] for key in ("event", "stage", "buyer", "seller", "story", "follows")] == [None] * 6
    assert row["reasons"][-1] == "It was cut short."


def test_what_is_relevant_says_what_happened_and_where_it_stands() -> None:
    analysis = an_analysis(
        event=Event("contract", "signed", (), Party("NATO", ""), Party("OpenAI", "")),
        organisations=(Mention("OpenAI", "OpenAI", 0, 1, "ai-lab"),),
        key_points=tuple(KeyPoint(f"Point {number}.") for number in range(5)),
    )
    row = next(findings([(read({"id": "1", "title": "OpenAI"})[0], analysis)], OpenStories(), new_id=story_ids()))
    assert (row["relevant"], row["event"], row["stage"], row["buyer"], row["seller"]) == (
        True, "contract", "signed", "NATO", "OpenAI",
    )  # fmt: skip
    assert (row["orgs"], row["story"], row["follows"]) == (["OpenAI"], "s1", None)
    assert row["key_points"] == ["Point 0.", "Point 1.", "Point 2."]


def test_what_spoke_against_says_so() -> None:
    because = (Reason("the title names an AI company", "OpenAI", 0.4), Reason("the text speaks of sport", "goal", -2.0))
    analysis = an_analysis(relevance=Relevance("ai-defence", 0.9, True, because))
    row = next(findings([(read({"id": "1"})[0], analysis)], OpenStories(), new_id=story_ids()))
    assert row["reasons"][:2] == [
        "The title names an AI company: OpenAI",
        "Against: The text speaks of sport: goal",
    ]


def test_reasons_read_as_sentences_with_the_words_as_they_stand_in_the_texts() -> None:
    rows = read(
        {"id": "1", "title": "Skerrivane delivers minehunting boats", "text": "The Skerrivane is for minehunting."},
        {"id": "2", "title": "Minehunting boats of Skerrivane", "text": "For minehunting there is the Skerrivane."},
    )
    found = list(findings([(row, an_analysis()) for row in rows], OpenStories(), new_id=story_ids()))
    assert "Shared words: minehunting, Skerrivane" in ", ".join(sorted(found[1]["reasons"]))


def test_story_ids_stay_apart_over_batches_and_copies_share_one() -> None:
    rows: list[dict[str, Any]] = [
        {"id": "1", "title": "Lavender marks targets", "text": "An investigation."},
        {"id": "2", "title": "Thunderforge plans wars", "text": "A contract."},
        {"id": "3", "title": "Lavender marks targets", "text": "An investigation."},
    ]
    stories, new_id = OpenStories(), story_ids()
    batches = [[(document, an_analysis())] for document in read(*rows)]
    found = [row["story"] for batch in batches for row in findings(batch, stories, new_id=new_id)]
    assert found == ["s1", "s2", "s1"]


def test_labelled_documents_are_given_by_date_and_id_without_their_labels() -> None:
    lines = labelled_lines([
        {"id": "b", "date": "2026-01-02", "title": "B", "label": "relevant", "story": "x"},
        {"id": "c", "date": "2026-01-01", "title": "C", "label": "relevant"},
        {"id": "a", "date": "2026-01-02", "title": "A", "label": "not_relevant"},
    ])  # fmt: skip
    assert [json.loads(line)["id"] for line in lines] == ["c", "a", "b"]
    assert set(json.loads(lines[2])) == {"id", "date", "title"}
