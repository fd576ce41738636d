"""What was taken for what."""

from hypothesis import given, settings

from bot.core.confusion import events_confused, stages_confused
from bot.core.evaluation import evaluate
from tests.test_evaluation import LABEL, OUTPUT, Row, label, printed, st


def test_rows_are_the_truth_and_columns_the_answer_in_the_order_of_the_types() -> None:
    labels = [label(1, event="policy"), label(2, event="contract"), label(3, event="contract"), label(4, event="other")]
    found = events_confused(labels, [printed(1, event="contract"), printed(2, event="contract"), printed(3)])
    assert found.rows == ("contract", "policy")
    assert found.columns == ("contract", "policy", "none")
    assert found.counts == ((1, 0, 1), (1, 0, 0))


def test_an_answer_that_the_label_accepts_counts_as_the_truth() -> None:
    found = stages_confused([label(1, stage="signed", stage_also=["deployed"])], [printed(1, stage="deployed")])
    assert (found.rows, found.columns, found.counts) == (("signed",), ("signed",), ((1,),))


def test_what_was_judged_irrelevant_is_missed() -> None:
    found = events_confused([label(1, event="policy")], [printed(1, relevant=False)])
    assert found.columns == ("policy", "missed")
    assert found.counts == ((0, 1),)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(LABEL, st.none() | OUTPUT), min_size=1, max_size=12))
def test_the_diagonal_is_the_figure_of_accuracy(documents: list[tuple[Row, Row | None]]) -> None:
    labels = [{"id": f"d{number}", **row} for number, (row, _) in enumerate(documents)]
    outputs = [{"id": f"d{number}", **row} for number, (_, row) in enumerate(documents) if row is not None]
    figures = evaluate(labels, outputs)
    for found, figure in ((events_confused(labels, outputs), "event"), (stages_confused(labels, outputs), "stage")):
        assert found.total == figures[figure]["n"]
        assert found.right == round(figures[figure]["accuracy"] * max(1, found.total))
