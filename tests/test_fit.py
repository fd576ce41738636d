import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.core.relevance import Group, Topic
from bot.fit.__main__ import app
from bot.fit.labels import sources
from bot.fit.logistic import Model, Prior, fit, folds, log_odds, share
from bot.fit.weights import priors_of, rounded, written

CONFIG = Path(__file__).resolve().parents[1] / "config"
VERDICTS = Path(__file__).parent / "data" / "verdicts.jsonl"
LABELLED = Path(__file__).parent / "data" / "labelled"
ROWS = [{"army": 1.0, "ai": 1.0}, {"army": 1.0}, {"ai": 1.0, "sport": 1.0}, {"ai": 1.0, "army": 0.5}] * 5
TRUTHS = [True, False, False, True] * 5
PRIORS = {"army": Prior(0.5, 1), "ai": Prior(0.5, 1), "sport": Prior(-1.0, -1), "never": Prior(0.3, 1)}


def learnt(strictness: float = 1.0, dearness: float = 1.0) -> Model:
    return fit(ROWS, TRUTHS, PRIORS, strictness=strictness, dearness=dearness)


def test_the_weights_tell_the_truths_apart() -> None:
    model = learnt(strictness=0.1)
    assert [share(log_odds(model, row)) > 0.5 for row in ROWS] == TRUTHS


def test_a_feature_that_no_document_has_keeps_its_prior() -> None:
    assert learnt().weights["never"] == pytest.approx(0.3)


def test_firm_priors_hold_the_weights() -> None:
    assert learnt(strictness=1e6).weights["army"] == pytest.approx(0.5, abs=0.01)


def test_a_weight_keeps_its_sign() -> None:
    rows = [{"army": 1.0}, {}] * 10
    model = fit(rows, [False, True] * 10, {"army": Prior(0.5, 1)}, strictness=0.01, dearness=1.0)
    assert model.weights["army"] == 0.0


def test_dear_false_alarms_make_a_model_careful() -> None:
    careful, plain = learnt(dearness=8.0), learnt()
    assert log_odds(careful, {"army": 1.0}) < log_odds(plain, {"army": 1.0})


def test_the_same_documents_give_the_same_weights_to_the_bit() -> None:
    assert learnt() == learnt()


@given(st.lists(st.text(max_size=5), max_size=40), st.integers(1, 9))
def test_every_document_is_held_out_once(ids: list[str], count: int) -> None:
    dealt = [n for fold in folds(ids, count) for n in fold]
    assert sorted(dealt) == list(range(len(ids)))


@given(st.lists(st.sampled_from("abc"), max_size=20), st.integers(1, 9))
def test_two_reports_of_one_story_are_never_on_both_sides(stories: list[str], count: int) -> None:
    homes = [{stories[n] for n in fold} for fold in folds(stories, count)]
    assert sum(len(home) for home in homes) == len(set(stories))


def test_a_prior_follows_the_axis_and_strength_of_its_group() -> None:
    groups = (Group("war", "defence", "war", (), 0.5), Group("sport", "against", "sport", ()))
    priors = priors_of(Topic("t", "T", 0.5, 0.0, (*groups, Group("drone", "none", "drones", ()))))
    assert priors["war.title"] == Prior(0.25, 1)
    assert priors["sport.text"].sign == -1
    assert "drone.title" not in priors


def test_only_weights_bias_and_threshold_are_rewritten() -> None:
    content = (CONFIG / "topics.toml").read_text(encoding="utf-8")
    changed = written(content, "ai-defence", rounded(Model(-1.234, {"ai.title": 0.5, "ai.text": 0.001})), 0.4)
    assert "threshold = 0.4 " in changed
    assert "bias = -1.23 " in changed
    assert '[topic.weights]\n"ai.title" = 0.5\n\n[[topic.group]]' in changed
    assert changed[changed.index("[[topic.group]]") :] == content[content.index("[[topic.group]]") :]


def test_a_topic_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match='follows the topic "cats"'):
        written("[[topic]]\n", "cats", Model(0.0, {}), 0.5)


def test_the_program_prints_held_out_figures_and_writes_the_same_file_twice(tmp_path: Path) -> None:
    folder = shutil.copytree(CONFIG, tmp_path / "config")
    results = []
    for _ in range(2):
        result = CliRunner().invoke(app, [str(VERDICTS), "--config", str(folder)])
        assert result.exit_code == 0, result.output
        results.append((folder / "topics.toml").read_bytes())
    assert results[0] == results[1]
    assert "held out in 10 folds" in result.output
    assert "average precision" in result.output


def test_the_shipped_weights_come_from_the_project_s_own_labels_to_the_byte(tmp_path: Path) -> None:
    folder = shutil.copytree(CONFIG, tmp_path / "config")
    shipped = (folder / "topics.toml").read_bytes()
    result = CliRunner().invoke(app, [*sources((), folder=LABELLED), "--config", str(folder)])
    assert result.exit_code == 0, result.output
    assert (folder / "topics.toml").read_bytes() == shipped, 'Run "make fit" and commit what it writes.'


def test_labels_that_cannot_be_read_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(json.dumps({"id": "1"}) + "\n", encoding="utf-8")
    for path in (tmp_path / "labels.jsonl", tmp_path / "nowhere.jsonl"):
        result = CliRunner().invoke(app, [str(path), "--config", str(CONFIG), "--dry"])
        assert result.exit_code == 1
        assert str(path) in result.output
        assert "Traceback" not in result.output
