"""A review: figures beside others, and every document with its marks."""

from bot.core.merging import OpenStories
from bot.core.review import figures_of, review
from bot.core.stream import Document, Finding, found, story_ids
from tests.builders import an_analysis, an_article
from tests.test_evaluation import label


def test_a_figure_stands_beside_the_one_it_is_compared_with() -> None:
    figures = {"documents": 3, "story": {"f1": 0.9, "near_misses_merged": 0.02, "n": 4}, "event": {"accuracy": 0.8}}
    beside = {"story": {"f1": 0.92, "near_misses_merged": 0.03, "n": 9}}
    found = [(figure.name, figure.beside, figure.good) for figure in figures_of(figures, beside)]
    assert found == [
        ("story f1", 0.92, False),
        ("story near_misses_merged", 0.03, True),
        ("story n", 9, None),
        ("event accuracy", None, None),
    ]


def test_what_is_compared_with_may_be_anything() -> None:
    assert figures_of({"story": {"f1": 0.9}}, {"story": 3, "event": None})[0].beside is None
    assert figures_of({"story": {"f1": 0.9}}, {"story": {"f1": "high"}})[0].beside is None


def test_documents_carry_marks_reasons_and_errors_in_the_order_of_their_dates() -> None:
    labels = [
        label(1, date="2026-03-02", label="not_relevant"),
        label(2, date="2026-03-01", label="borderline"),
        label(3, date="2026-03-03"),
    ]
    read = {n: Finding(Document(f"d{n}", an_article(n)), an_analysis(relevant=False), None) for n in (1, 2, 3)}
    found = review(labels, list(read.values()), {"ai-defence": "AI and defence"})
    assert [document.id for document in found.documents] == ["d2", "d1", "d3"]
    assert [[answer.right for answer in document.answers] for document in found.documents] == [[None], [True], [False]]
    assert [miss.kind for miss in found.documents[2].misses] == ["missed_story"]
    assert found.documents[2].parts[0].verdict == "Not relevant to AI and defence: 10 of 100."


def test_a_story_is_named_by_its_first_report_and_nothing_is_followed_by_chance() -> None:
    labels = [
        label(3, date="2026-03-03", title="The deal again", story="deal"),
        label(2, date="2026-03-02", title="A deal", story="deal"),
        label(1, date="2026-03-01", title="Rain", label="not_relevant"),
    ]
    stories, new_id = OpenStories(), story_ids()
    read = [(Document(f"d{n}", an_article(fingerprint="the same")), an_analysis(relevant=n > 1)) for n in (1, 2, 3)]
    last = review(labels, list(found(read, stories, new_id=new_id))).documents[2]
    came = {answer.name: answer.came for answer in last.answers}
    assert (last.id, came["story"], came["follows"]) == ("d3", "A deal", "")
