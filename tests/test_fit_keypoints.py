"""Learning what makes sentences worth quoting, and the file that is written."""

from pathlib import Path

import pytest

from bot.fit.keypoints import PRICE, PRIORS, Document, Option, chosen_by, fitted, price_for, written
from bot.settings.keypoints import KeyPointsFile
from bot.settings.toml import read_toml

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "keypoints.toml"


def document(number: int, *, length: int = 12) -> Document:
    """A sum tells the fact; a sentence with names is as long and tells none."""
    nothing = Option({}, 0.0, 0, 0)
    names = Option({"words.each": 4.0, "weights.organisations": 1.0}, 0.0, length, length)
    total = Option({"words.each": 4.0, "weights.amount": 0.5}, 1.0, length, length)
    return Document(f"story {number}", (nothing, names, total), 1.0)


DOCUMENTS = [document(number) for number in range(20)]


def test_what_covers_facts_gains_and_what_covers_none_loses() -> None:
    weights = fitted(DOCUMENTS)
    assert weights["weights.amount"] > PRIORS["weights.amount"]
    assert weights["weights.organisations"] < PRIORS["weights.organisations"]
    assert chosen_by(DOCUMENTS[0], weights, PRICE).reward == 1.0


def test_how_a_sentence_reads_is_not_learned() -> None:
    weights = fitted([Document("one", (Option({}, 0.0, 0, 0), Option({"weights.question": 1.0}, 1.0, 5, 5)), 1.0)])
    assert weights["weights.question"] == PRIORS["weights.question"]


def test_without_documents_the_priors_stay() -> None:
    assert fitted([]) == PRIORS


def test_the_same_documents_give_the_same_weights_to_the_bit() -> None:
    assert fitted(DOCUMENTS) == fitted(DOCUMENTS)


def test_the_price_of_a_word_keeps_the_average_within_what_may_be_spent() -> None:
    documents = [document(number, length=8 + number) for number in range(20)]
    price = price_for(documents, PRIORS, 9.0)
    spent = [chosen_by(each, PRIORS, price).counted for each in documents]
    assert 0 < sum(spent) / len(spent) <= 9.0


def test_what_is_written_is_read_again_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    content = written(shipped, {**PRIORS, "words.title": -0.25, "weights.first": 1.5}, 0.5)
    (tmp_path / "keypoints.toml").write_text(content, encoding="utf-8")
    read = read_toml(tmp_path / "keypoints.toml", KeyPointsFile)
    assert (read.price, read.words["title"], read.weights["first"]) == (0.5, -0.25, 1.5)
    assert [line.partition("#")[2] for line in content.splitlines()] == [
        line.partition("#")[2] for line in shipped.splitlines()
    ]


def test_a_weight_without_a_line_of_its_own_is_told() -> None:
    with pytest.raises(ValueError, match="first"):
        written("price = 1\n\n[words]\n\n[weights]\n", {"weights.first": 1.0}, 0.5)


def test_every_prior_has_a_line_in_the_shipped_file() -> None:
    shipped = read_toml(SHIPPED, KeyPointsFile)
    named = {f"words.{name}" for name in shipped.words} | {f"weights.{name}" for name in shipped.weights}
    assert PRIORS.keys() - {"words.each"} == named
