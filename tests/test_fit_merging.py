"""Fitting the weights of merging: what is fitted, what stays, and how the file is rewritten."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.core.merging import OpenStories
from bot.core.story import MergingRules, Report, Weights
from bot.fit.logistic import Model
from bot.fit.merging import FIXED, PRIORS, SPAN, Labelled, dense, in_half, weights_of, written
from bot.settings.merging import read_merging
from tests.builders import NOON, an_analysis, an_article

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "merging.toml"


def labelled(number: int, story: str | None, day: int) -> Labelled:
    article = an_article(number, title=f"Title {number}", first_seen=NOON + timedelta(days=day))
    return Labelled({"id": f"d{number}", "story": story}, Report(article, an_analysis()))


def test_every_weight_is_either_fitted_or_fixed() -> None:
    assert {*FIXED, *PRIORS} == set(Weights.__slots__)
    assert not set(FIXED) & set(PRIORS)


def test_fitted_weights_are_scaled_to_words_and_fixed_ones_stay() -> None:
    found = weights_of(Model(-3.0, {**dict.fromkeys(PRIORS, 5.0), "words": 20.0}), Weights(later_stage=-0.7))
    assert (found.words, found.names, found.later_stage) == (1.0, 0.25, -0.7)


def test_only_weights_and_threshold_are_rewritten(tmp_path: Path) -> None:
    rules = replace(read_merging(SHIPPED), merge_at=0.31)
    rules = replace(rules, weights=replace(rules.weights, names=0.77))
    path = tmp_path / "merging.toml"
    path.write_text(written(SHIPPED.read_text(encoding="utf-8"), rules), encoding="utf-8")
    assert read_merging(path) == rules
    assert path.read_text(encoding="utf-8").count("#") == SHIPPED.read_text(encoding="utf-8").count("#")


def test_dense_reports_keep_what_lies_between_those_of_one_story() -> None:
    reports = [labelled(1, "a", 0), labelled(2, "a", 2), labelled(3, "b", 400), labelled(4, None, 900)]
    moved = {str(each.label["id"]): each.report.article.first_seen for each in dense(reports, seed=3)}
    assert moved["d2"] - moved["d1"] == timedelta(days=2)
    assert max(moved.values()) - min(moved.values()) <= timedelta(days=SPAN + 2)
    assert dense(reports, seed=3) == dense(reports, seed=3)


def test_a_story_is_in_one_half_only() -> None:
    reports = [labelled(number, f"story-{number}", 0) for number in range(30)]
    assert all(in_half(each, 0) != in_half(each, 1) and in_half(each, None) for each in reports)
    assert {in_half(each, 0) for each in reports} == {True, False}


def test_reports_are_assigned_as_labelled_and_compared_without_being_placed() -> None:
    stories, report = OpenStories(rules=MergingRules()), labelled(1, "a", 0).report
    assert stories.assign(report, story_id="a").id == "a"
    assert len(stories.assign(labelled(2, "a", 1).report, story_id="a").sources) == 2
    assert [story.id for story, _ in stories.compare(report, now=NOON)] == ["a"]
    assert len(stories) == 1
