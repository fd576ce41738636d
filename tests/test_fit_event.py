"""Learning what words say about events: truths, what is learned from, and the file that is written."""

from pathlib import Path
from typing import Any

import pytest

from bot.core.event import EventRules, LearnedRules
from bot.core.wording import Cue, Learned
from bot.fit.event import SHARES, Document, Kinds, stage_task, truth_of, type_task
from bot.fit.learned import written
from bot.settings.learned import LearnedFile, learned_rules
from bot.settings.toml import read_toml

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "learned.toml"


def document(number: int, event: str, stage: str, *words: str) -> Document:
    row: dict[str, Any] = {"id": f"d{number}", "event": event, "stage": stage}
    cues = [Cue(word, 1.0, "word", word, {}) for word in words]
    return Document(row, f"story {number}", 1.0, {"type": (), "stage": ()}, cues)


DOCUMENTS = [
    *(document(n, "funding", "signed", "raised", "the") for n in range(6)),
    *(document(n, "policy", "planned", "decree", "the") for n in range(6, 12)),
    document(12, "policy", "planned", "once"),
]


def test_other_answers_that_are_as_good_share_the_truth() -> None:
    row = {"event": "contract", "event_also": ["policy", "funding", "contract", "no such"]}
    assert truth_of(row, "type") == pytest.approx({"contract": 0.66, "policy": 0.17, "funding": 0.17})


@pytest.mark.parametrize("row", [{}, {"stage": None, "stage_also": ["signed"]}, {"stage": "no such"}])
def test_a_label_without_an_answer_has_no_truth(row: dict[str, Any]) -> None:
    assert truth_of(row, "stage") == {}


def test_words_are_learned_that_a_few_stories_hold() -> None:
    learned = type_task(DOCUMENTS, EventRules()).learned(range(len(DOCUMENTS)))
    assert learned.weights["raised"]["funding"] > 0 > learned.weights["raised"]["policy"]
    assert "once" not in learned.weights


def test_reports_of_one_story_count_once() -> None:
    told = [Document(each.row, "one story", 1.0, each.patterns, each.words) for each in DOCUMENTS[:6]]
    assert "raised" not in type_task([*told, *DOCUMENTS[6:]], EventRules()).learned(range(13)).weights


def test_words_are_left_out_where_only_patterns_are_learned() -> None:
    learned = type_task(DOCUMENTS, EventRules(), Kinds(words=False)).learned(range(len(DOCUMENTS)))
    assert learned.weights == {}


def test_held_out_sums_come_from_other_stories() -> None:
    held = type_task(DOCUMENTS, EventRules()).held_out()
    assert all(sums["funding"] > sums["policy"] for sums, _ in held[:6])


def test_the_stage_learns_from_how_likely_each_type_is() -> None:
    types = [{"funding": 1.0}] * 6 + [{"policy": 1.0}] * 7
    learned = stage_task(DOCUMENTS, types, EventRules()).learned(range(len(DOCUMENTS)))
    assert learned.weights["type:funding"]["signed"] > 0 > learned.weights["type:policy"]["signed"]


def test_what_is_written_is_read_again_as_it_was(tmp_path: Path) -> None:
    rules = LearnedRules(
        Learned({'a "b"': {"policy": -0.4, "funding": 0.5}, "pattern:x.y": {"market": 1.0}}, {"other": -0.5}, 0.9),
        Learned({"^ {customer}": {"signed": 0.25}}, {}, 1.1),
        SHARES,
    )
    (tmp_path / "learned.toml").write_text(written(rules, 7), encoding="utf-8")
    assert learned_rules(read_toml(tmp_path / "learned.toml", LearnedFile)) == rules


def test_the_shipped_weights_are_as_the_fit_writes_them() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    count = int(text.partition("# Learned from ")[2].split()[0])
    assert written(learned_rules(read_toml(SHIPPED, LearnedFile)), count) == text
