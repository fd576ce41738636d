"""Errors, their order and their words; they add up to the figures."""

from typing import Any

from hypothesis import given, settings

from bot.core.evaluation import evaluate
from bot.core.misses import KINDS, Miss, counts, misses
from bot.core.reasons import Line, Part
from tests.test_evaluation import LABEL, OUTPUT, Row, label, printed, st


def kinds(found: list[Miss]) -> list[str]:
    return [miss.kind for miss in found]


def told(found: list[Miss]) -> list[tuple[str, str]]:
    return [(miss.expected, miss.came) for miss in found]


def test_a_silent_story_hurts_more_than_a_report_of_one_that_was_told() -> None:
    labels = [label(1, story="a"), label(2, story="a"), label(3, story="b")]
    found = misses(labels, [printed(1, story="s1"), printed(2, relevant=False, score=0.2)])
    assert [(miss.id, miss.kind) for miss in found] == [("d3", "missed_story"), ("d2", "missed_report")]
    assert told(found)[1] == ("an alert", "silence, scored 20 of 100")


def test_a_confident_false_alarm_hurts_more_than_a_narrow_one() -> None:
    labels = [label(1, label="not_relevant"), label(2, label="not_relevant"), label(3, label="borderline")]
    found = misses(labels, [printed(1, score=0.55), printed(2, score=0.99), printed(3)])
    assert [(miss.id, miss.hurt) for miss in found] == [("d2", 99.6), ("d1", 82.0)]


def test_a_merge_is_told_once_for_the_report_that_came_second() -> None:
    labels = [label(n, story=story, date=f"2026-03-0{n}") for n, story in enumerate("aabb", 1)]
    found = misses(labels, [printed(n, story="s1") for n in range(1, 5)])
    assert [(miss.id, miss.kind) for miss in found] == [("d3", "wrong_merge")]
    assert told(found) == [("a story apart (b)", "told as one with “Anduril wins” (a)")]


def test_a_merged_near_miss_is_worse_than_another_merge() -> None:
    labels = [label(n, story=story, near_miss_group="g") for n, story in enumerate("ab")]
    found = misses(labels, [printed(0, story="s1"), printed(1, story="s1")])
    assert kinds(found) == ["near_miss_merged"]
    assert found[0].hurt > KINDS["wrong_merge"].hurt


def test_a_split_is_told_for_the_report_that_began_the_second_story() -> None:
    labels = [label(n, story="a") for n in range(1, 4)]
    found = misses(labels, [printed(1, story="s1"), printed(2, story="s2"), printed(3, story="s2")])
    assert [(miss.id, miss.kind) for miss in found] == [("d2", "split")]
    assert told(found) == [("one story with “Anduril wins” (a)", "a story of its own")]


def test_a_report_that_joined_another_story_splits_none() -> None:
    labels = [label(1, story="a"), label(2, story="b"), label(3, story="b")]
    assert kinds(misses(labels, [printed(1, story="s1"), printed(2, story="s2"), printed(3, story="s1")])) == [
        "wrong_merge"
    ]


def test_facts_tell_what_was_expected_and_what_came() -> None:
    labels = [
        label(1, event="contract", event_also=["funding"], stage="signed", buyer=["US Army", "NATO"], seller=None,
              money=["$5m"], orgs=["Anduril"], text="Nothing.", key_facts=["the deal spans ten years"])
    ]  # fmt: skip
    outputs = [
        printed(1, event="policy", stage="denied", seller="Helsing", money=["$7m"], orgs=["Helsing"],
                key_points=["It denied."])
    ]  # fmt: skip
    by_kind = {miss.kind: (miss.expected, miss.came) for miss in misses(labels, outputs)}
    assert by_kind == {
        "altered_quote": ("sentences of the text", "It denied."),
        "wrong_stage": ("signed", "denied"),
        "wrong_event": ("contract or funding", "policy"),
        "wrong_party": ("seller: none", "seller: Helsing"),
        "wrong_amount": ("$5m", "$7m"),
        "missing_facts": ("the deal spans ten years", "Anduril wins … It denied."),
        "missing_party": ("buyer: US Army or NATO", "buyer: none"),
        "wrong_organisation": ("Anduril", "also helsing"),
        "missing_organisation": ("anduril", "Helsing"),
    }


def test_a_denial_taken_for_a_deal_hurts_more_than_a_plan_taken_for_one() -> None:
    labels = [label(1, stage="denied"), label(2, stage="planned")]
    found = misses(labels, [printed(1, stage="signed"), printed(2, stage="signed")])
    assert [miss.id for miss in found] == ["d1", "d2"]


def test_links_that_are_wrong_or_missing_are_told_with_titles() -> None:
    labels = [
        label(1, story="a", title="Talks"),
        label(2, story="b", title="Deal", follows="a"),
        label(3, story="c", title="Other"),
    ]
    outputs = [printed(1, story="s1"), printed(2, story="s2"), printed(3, story="s3", follows="s1")]
    found = misses(labels, outputs)
    assert [(miss.kind, miss.expected, miss.came) for miss in found] == [
        ("wrong_follow", "it follows nothing", "it follows “Talks”"),
        ("missing_follow", "it follows “Talks”", "it follows nothing"),
    ]


def test_each_error_carries_the_part_of_the_reasons_that_it_is_about() -> None:
    judged, placed = Part("Relevance", "Relevant."), Part("Story “Anduril wins”", "It began.", (Line("Day", "1"),))
    labels = [label(1, story="a"), label(2, story="a"), label(3, label="not_relevant")]
    outputs = [printed(1, story="s1"), printed(2, story="s2"), printed(3)]
    found = misses(labels, outputs, {f"d{n}": (judged, placed) for n in (1, 2, 3)})
    assert [(miss.kind, miss.part) for miss in found] == [("false_alarm", judged), ("split", placed)]


def test_what_agrees_has_no_error() -> None:
    whole = {"event": "contract", "stage": "signed", "orgs": ["NATO"], "money": ["$5m"], "story": "a"}
    assert misses([label(1, **whole)], [printed(1, **whole)]) == []


def raised(outputs: list[Row]) -> set[str]:
    return {row["id"] for row in outputs if row.get("relevant")}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(LABEL, st.none() | OUTPUT), min_size=1, max_size=12))
def test_errors_add_up_to_the_figures(documents: list[tuple[Row, Row | None]]) -> None:
    labels = [{"id": f"d{number}", **row} for number, (row, _) in enumerate(documents)]
    outputs: list[dict[str, Any]] = [{"id": f"d{n}", **row} for n, (_, row) in enumerate(documents) if row is not None]
    figures, found = evaluate(labels, outputs), misses(labels, outputs)
    number = counts(found)
    recall = figures["relevance"]["recall"]
    missed = number.get("missed_story", 0) + number.get("missed_report", 0)
    assert missed == figures["relevant"] - round(recall * figures["relevant"])
    false_alarms = [row for row in labels if row["label"] == "not_relevant" and row["id"] in raised(outputs)]
    assert number.get("false_alarm", 0) == len(false_alarms)
    assert [miss.hurt for miss in found] == sorted((miss.hurt for miss in found), reverse=True)
    assert all(miss.expected and miss.came for miss in found)
