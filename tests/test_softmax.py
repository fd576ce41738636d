"""Weights beside those given by hand: what they learn, what holds them, and that they are the same each time."""

import pytest

from bot.fit.softmax import Model, Row, fit

ROWS: list[Row] = [{"sued": 1.0}, {"sued": 0.6, "the": 1.0}, {"raised": 1.0}, {"raised": 0.6, "the": 1.0}]
TRUTHS = [(1.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 1.0)]
NOTHING = [(0.0, 0.0)] * 4


def fitted(strictness: float = 1.0, hand: list[tuple[float, float]] = NOTHING, **worths: float) -> Model:
    held = {"sued": strictness, "raised": strictness, "the": strictness}
    return fit(ROWS, hand, TRUTHS, [worths.get("first", 1.0), 1.0, 1.0, 1.0], strictness=held)


def test_a_feature_speaks_for_the_answer_beside_which_it_stands() -> None:
    weights = fitted().weights
    assert weights["sued"][0] > 0.2 > -0.2 > weights["sued"][1]
    assert weights["raised"][1] > 0.2


def test_a_feature_of_every_answer_says_little() -> None:
    assert abs(fitted().weights["the"][0]) < 0.1


def test_strict_weights_stay_near_nothing() -> None:
    assert abs(fitted(100.0).weights["sued"][0]) < 0.1 * fitted(0.1).weights["sued"][0]


def test_what_people_gave_well_needs_little_beside_it() -> None:
    given = fitted(hand=[(4.0, 0.0), (4.0, 0.0), (0.0, 4.0), (0.0, 4.0)])
    assert given.sharpness > 0.5
    assert given.weights["sued"][0] < fitted().weights["sued"][0]


def test_what_people_gave_wrongly_is_believed_less() -> None:
    assert fitted(hand=[(0.0, 4.0), (0.0, 4.0), (4.0, 0.0), (4.0, 0.0)]).sharpness < 0.5


def test_a_document_of_no_worth_teaches_nothing() -> None:
    without = fit(ROWS[1:], NOTHING[1:], TRUTHS[1:], [1.0] * 3, strictness={"sued": 1.0})
    with_it = fit(ROWS, NOTHING, TRUTHS, [0.0, 1.0, 1.0, 1.0], strictness={"sued": 1.0})
    assert with_it.weights["sued"] == pytest.approx(without.weights["sued"], abs=1e-3)


def test_the_same_documents_give_the_same_weights_to_the_bit() -> None:
    assert fitted() == fitted()


def test_without_features_only_the_start_is_learned() -> None:
    model = fit([{}, {}, {}], [(0.0, 0.0)] * 3, [(1.0, 0.0), (1.0, 0.0), (0.0, 1.0)], [1.0] * 3, strictness={})
    assert model.weights == {}
    assert model.start[0] > model.start[1]
