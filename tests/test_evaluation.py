"""The figures: by hand on small sets, and against the labelled set's own scorer where it is at hand."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.evaluation import average_precision, bcubed, evaluate

Row = dict[str, Any]


def label(number: int, **changes: Any) -> Row:
    row = {"id": f"d{number}", "title": "Anduril wins", "text": "The US Army picked Anduril.", "label": "relevant"}
    return {**row, "story": None, "event": None, "stage": None, **changes}


def printed(number: int, **changes: Any) -> Row:
    return {"id": f"d{number}", "relevant": True, "score": 1.0, **changes}


def test_relevance_counts_what_was_raised_and_what_was_lost() -> None:
    labels = [label(1), label(2), label(3, label="not_relevant"), label(4, label="borderline")]
    outputs = [printed(1), printed(2, relevant=False, score=0.2), printed(3, score=0.5), printed(4)]
    figures = evaluate(labels, outputs)
    assert (figures["documents"], figures["relevant"], figures["missing"]) == (3, 2, 0)
    assert figures["relevance"] == {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "average_precision": pytest.approx((1 + 2 / 3) / 2),
    }


def test_a_document_without_output_was_judged_irrelevant() -> None:
    figures = evaluate([label(1)], [])
    assert figures["missing"] == 1
    assert figures["relevance"]["recall"] == 0


def test_equal_scores_share_their_expected_precision() -> None:
    assert average_precision([(0.5, True), (0.5, False)]) == average_precision([(0.5, False), (0.5, True)])
    assert average_precision([(1.0, True), (0.0, False)]) == 1


def test_a_story_kept_whole_and_apart_is_perfect() -> None:
    assert bcubed(["a", "a", "b"], ["s1", "s1", None], {})["f1"] == 1


def test_merging_everything_costs_precision_and_splitting_everything_costs_recall() -> None:
    assert bcubed(["a", "a", "b", "b"], ["s"] * 4, {}) == pytest.approx({"precision": 0.5, "recall": 1, "f1": 2 / 3})
    assert bcubed(["a", "a"], [None, None], {}) == pytest.approx({"precision": 1, "recall": 0.5, "f1": 2 / 3})


def test_a_false_alarm_in_a_story_spoils_its_precision() -> None:
    labels = [label(1, story="a"), label(2, label="not_relevant", story="n")]
    figures = evaluate(labels, [printed(1, story="s1"), printed(2, story="s1")])
    assert figures["story"]["precision"] == 0.5


def test_merged_near_misses_are_counted_by_pairs() -> None:
    labels = [label(n, story=story, near_miss_group="g") for n, story in enumerate(["a", "a", "b"])]
    figures = evaluate(labels, [printed(0, story="s1"), printed(1, story="s2"), printed(2, story="s1")])
    assert (figures["story"]["near_misses"], figures["story"]["near_misses_merged"]) == (2, 0.5)


def test_another_acceptable_event_or_stage_is_right() -> None:
    labels = [
        label(1, event="contract", event_also=["partnership"], stage="signed", stage_also=["changed"]),
        label(2, event="other", stage="planned"),
    ]
    figures = evaluate(labels, [printed(1, event="partnership", stage="changed"), printed(2, event="contract")])
    assert figures["event"] == {"accuracy": 1.0, "n": 1}
    assert figures["stage"] == {"accuracy": 0.5, "macro": 0.0, "n": 2}


def test_a_party_given_where_none_is_labelled_is_wrong() -> None:
    labels = [label(1, stage="signed", buyer=["US Army"], seller=None)]
    figures = evaluate(labels, [printed(1, buyer="Army", seller="Anduril")])
    assert figures["parties"]["precision"] == 0.5
    assert figures["parties"]["recall"] == 1


def test_a_link_counts_between_the_stories_that_most_documents_name() -> None:
    labels = [label(1, story="a"), label(2, story="a"), label(3, story="b", follows="a")]
    outputs = [printed(1, story="s1"), printed(2, story="s1"), printed(3, story="s2", follows="s1")]
    assert evaluate(labels, outputs)["follows"] == {"precision": 1, "recall": 1, "f1": 1, "n": 1}


def test_an_extra_organisation_is_free_if_the_set_knows_it_and_the_text_names_it() -> None:
    labels = [label(1, orgs=["Anduril"]), label(2, text="Of the US Army.", orgs=["US Army"])]
    figures = evaluate(labels, [printed(1, orgs=["Anduril", "US Army", "Tolkien"]), printed(2, orgs=["US Army"])])
    assert figures["orgs"] == pytest.approx({"precision": 2 / 3, "recall": 1, "f1": 0.8})


def test_amounts_are_compared_by_value() -> None:
    figures = evaluate([label(1, money=["$20 billion", "$5m"])], [printed(1, money=["US$20bn", "$7m"])])
    assert figures["money"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_a_key_point_that_is_not_verbatim_covers_no_fact() -> None:
    labels = [label(1, text="The deal spans drones. It runs ten years.", key_facts=["deal runs ten years"])]
    own_words = evaluate(labels, [printed(1, key_points=["A deal that runs ten years."])])["facts"]
    verbatim = evaluate(labels, [printed(1, key_points=["The deal spans drones.", "It runs ten years."])])["facts"]
    assert (own_words["coverage"], own_words["not_verbatim"]) == (0, 1)
    assert (verbatim["coverage"], verbatim["not_verbatim"], verbatim["words"]) == (1, 0, 8)


def test_without_facts_there_is_no_figure_for_them() -> None:
    assert "facts" not in evaluate([label(1)], [printed(1)])


def test_an_empty_set_gives_zeros() -> None:
    assert evaluate([], [])["story"]["f1"] == 0


NAMES = [
    "US Army",
    "army",
    "the Pentagon",
    "US Department of Defense",
    "Quantum",
    "Quantum Systems",
    "NATO",
    "Ångström AG",
    "()",
]
AMOUNTS = ["$200 million", "US$200m", "€4.3bn", "4,3 Mrd", "1.2.3", "Rs 500 crore", "$1,234,567", "lots"]
SENTENCES = ["NATO signed a deal.", "The US Army pays $200 million.", "Talks go on.", "Quantum Systems’ drones flew."]
STAGES = ["rumoured", "in_talks", "signed", None]
EVENTS = ["contract", "policy", "other", None]
STORIES = ["a", "b", "c", None]


def some(values: list[Any], most: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), max_size=most)


LABEL = st.fixed_dictionaries({
    "title": st.sampled_from(SENTENCES), "text": some(SENTENCES).map("\n ".join),
    "label": st.sampled_from(["relevant", "relevant", "not_relevant", "borderline"]),
    "story": st.sampled_from(STORIES), "near_miss_group": st.sampled_from(["g", None]),
    "event": st.sampled_from(EVENTS), "event_also": some(["contract", "policy"], 1),
    "stage": st.sampled_from(STAGES), "stage_also": some(["signed"], 1),
    "buyer": st.none() | some(NAMES, 2), "seller": st.none() | some(NAMES, 2), "follows": st.sampled_from(STORIES),
    "orgs": some(NAMES), "money": some(AMOUNTS), "key_facts": some([*SENTENCES, "signed contracts", ""], 3),
})  # fmt: skip
OUTPUT = st.fixed_dictionaries({}, optional={
    "relevant": st.booleans(), "score": st.sampled_from([0, 0.25, 0.5, 1]), "event": st.sampled_from(EVENTS),
    "stage": st.sampled_from(STAGES), "buyer": st.sampled_from([*NAMES, None, ""]),
    "seller": st.sampled_from([*NAMES, None]), "orgs": some(NAMES), "money": some(AMOUNTS),
    "key_points": some([*SENTENCES, "NATO  signed", "Not there."]), "story": st.sampled_from(["s1", "s2", "s3", None]),
    "follows": st.sampled_from(["s1", "s2", None]),
})  # fmt: skip


@pytest.fixture(scope="session")
def scorer(reference: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_scorer", reference / "eval" / "score.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=st.lists(st.tuples(LABEL, st.none() | OUTPUT), min_size=1, max_size=12))
def test_figures_equal_those_of_the_labelled_sets_own_scorer(
    scorer: ModuleType, documents: list[tuple[Row, Row | None]]
) -> None:
    labels = [{"id": f"d{number}", **row} for number, (row, _) in enumerate(documents)]
    outputs = [{"id": f"d{number}", **row} for number, (_, row) in enumerate(documents) if row is not None]
    # The scorer divides by the number of documents with a story: give it one.
    labels.append(label(99, story="z"))
    assert json.dumps(evaluate(labels, outputs)) == json.dumps(scorer.score(labels, outputs))


def test_the_labels_read_back_as_outputs_equal_the_scorer_on_real_documents(
    scorer: ModuleType, reference: Path
) -> None:
    lines = (reference / "eval" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines]
    outputs = [
        {**row, "relevant": row["label"] == "relevant", "score": number % 7 / 7, "story": row["story"] or row["id"],
         "key_points": row["text"].split(". ")[:2], "buyer": (row["buyer"] or [None])[0], "seller": None}
        for number, row in enumerate(labels)
    ]  # fmt: skip
    assert json.dumps(evaluate(labels, outputs)) == json.dumps(scorer.score(labels, outputs))
