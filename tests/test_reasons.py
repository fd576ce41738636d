"""Stored reasons in words."""

import pytest

from bot.core.event import Amount, Event, Party
from bot.core.organisations import Mention
from bot.core.reasons import (
    Line,
    event_part,
    label_of,
    line_of,
    organisations_part,
    placement_part,
    relevance_part,
    sentences,
    told_reason,
    weighed,
)
from bot.core.relevance import Reason
from tests.builders import a_story

LIKEST = (Reason("likest open story", "Frigate refit", 0.12), Reason("shared words", "frigate", 0.12))


@pytest.mark.parametrize(
    ("gate", "label"),
    [
        ("ai", "AI"),
        ("named_in_title", "Named in title"),
        ("gate: only one axis is touched (ai)", "Only one axis is touched (ai)"),
        ("input: no text", "No text"),
        ("sport: football", "Sport: football"),
        ("", ""),
    ],
)
def test_a_gate_reads_as_a_sentence_begins(gate: str, label: str) -> None:
    assert label_of(gate) == label


def test_a_line_is_its_label_and_its_words() -> None:
    assert str(line_of(Reason("defence", "NATO", 0.5))) == "Defence: NATO"
    assert str(Line("No open story is alike")) == "No open story is alike"


def test_what_was_weighed_is_told_by_how_it_spoke_and_how_strongly() -> None:
    lines = [Line("a", "", 0.1), Line("b"), Line("c", "", -2), Line("d", "", 1), Line("e", "", -0.1)]
    assert [[line.label for line in group] for _, group in weighed(lines)] == [["b"], ["d", "a"], ["c", "e"]]
    assert weighed([]) == []


def test_how_far_a_text_was_off_is_told_only_where_it_was() -> None:
    off = relevance_part(0.214, (), relevant=False, topic="AI and defence", needed=0.5)
    assert off.verdict == "Not relevant to AI and defence: 21 of 100; 50 are needed."
    assert relevance_part(0.9, (), relevant=True, topic="", needed=0.5).verdict == "Relevant: 90 of 100."


def test_an_organisation_is_told_with_the_words_that_named_it() -> None:
    found = organisations_part(
        (Mention("NATO", "the Alliance", 0, 3, "alliance", in_title=True), Mention("Acme", "Acme", 9, 1))
    )
    assert sentences(found) == [
        "2 organisations are named.",
        "NATO: “the Alliance”, in the title, 3 times",
        "Acme: “Acme”, not in the list of organisations",
    ]
    assert organisations_part(()).verdict == "None is named."


def test_each_fact_of_an_event_has_its_words() -> None:
    event = Event(
        "funding", "signed", (Amount("$5m"),), Party("Fund", "led by Fund"), Party("Acme", "Acme raises"),
        (("event", "funding.raises", "Acme raises"), ("seller", "party", "Acme raises")),
    )  # fmt: skip
    assert sentences(event_part(event)) == [
        "Funding, agreed.",
        "Funding: “Acme raises” (funding.raises)",
        "Agreed: no words tell; it is the usual for funding",
        "Raised by Acme: “Acme raises”",
        "Backed by Fund: “led by Fund”",
        "Amount: “$5m”",
    ]
    assert event_part(None).lines == ()


@pytest.mark.parametrize(
    ("because", "verdict"),
    [
        ((Reason("no open story is alike", ""),), "It began this story: no open story was like it."),
        (
            LIKEST,
            "It began this story. The likest open one was “Frigate refit”, 12 of 100 alike; 20 are needed to join.",
        ),
        (
            (Reason("shared words", "NATO", 0.5), Reason("day", "1.0", -0.1)),
            "It joined this story, 40 of 100 alike.",
        ),
        (
            (Reason("copy of a text in the story", "94% of its words", 1.0),),
            "It joined this story as a copy: 94% of its words stand in a text of it.",
        ),
    ],
)
def test_where_a_report_went_is_one_sentence(because: tuple[Reason, ...], verdict: str) -> None:
    part = placement_part(a_story(title="Talks"), because, needed=0.2)
    assert (part.name, part.verdict) == ("Story “Talks”", verdict)


def test_what_a_story_follows_is_told_and_what_was_weighed_stays() -> None:
    part = placement_part(a_story(), (Reason("follows", "Talks (NATO)", 0.4), *LIKEST))
    assert [str(line) for line in part.lines] == ["It follows an earlier story: Talks (NATO)", "Shared words: frigate"]


def test_a_reason_by_itself_says_where_it_spoke_against() -> None:
    assert told_reason(Reason("another event", "policy, not contract", -0.2)) == (
        "Against: Another event: policy, not contract"
    )
    assert told_reason(Reason("likest open story", "A deal", -0.2)) == "Likest open story: A deal"
