"""Learning the weights of merging and follow-ups: what is learned, how the file is rewritten, the same each time."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.merging import OpenStories
from bot.core.story import FollowWeights, MergingRules, Report, Weights
from bot.fit import following
from bot.fit.following import Asked, learned, links
from bot.fit.logistic import Model
from bot.fit.merging import PRIORS, main, weights_of, written
from bot.fit.stories import SPAN, Labelled, dense, in_half
from bot.settings.merging import read_merging
from tests.builders import NOON, an_analysis, an_article

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "config" / "merging.toml"


def labelled(number: int, story: str | None, day: int) -> Labelled:
    article = an_article(number, title=f"Title {number}", first_seen=NOON + timedelta(days=day))
    return Labelled({"id": f"d{number}", "story": story}, Report(article, an_analysis()))


def test_every_weight_is_learned_from_a_prior() -> None:
    assert set(PRIORS) == set(Weights.__slots__)
    assert {*following.PRIORS, *following.FIXED} == set(FollowWeights.__slots__)


def test_learned_weights_are_scaled_to_words() -> None:
    found = weights_of(Model(-3.0, {**dict.fromkeys(PRIORS, 5.0), "words": 20.0}), Weights())
    assert (found.words, found.names) == (1.0, 0.25)


def test_what_the_product_decides_labels_make_weightier_and_not_lighter() -> None:
    model = Model(-3.0, {**dict.fromkeys(PRIORS, 5.0), "words": 10.0, "other_step": -20.0, "later_stage": -1.0})
    found = weights_of(model, Weights())
    assert (found.other_step, found.later_stage) == (-2.0, PRIORS["later_stage"])


def test_only_weights_and_thresholds_are_rewritten(tmp_path: Path) -> None:
    rules = replace(read_merging(SHIPPED), merge_at=0.31, follow_at=0.44)
    rules = replace(rules, weights=replace(rules.weights, names=0.77))
    rules = replace(rules, follow_weights=replace(rules.follow_weights, names=0.66))
    path = tmp_path / "merging.toml"
    path.write_text(written(SHIPPED.read_text(encoding="utf-8"), rules), encoding="utf-8")
    assert read_merging(path) == rules
    assert path.read_text(encoding="utf-8").count("#") == SHIPPED.read_text(encoding="utf-8").count("#")


def test_what_was_written_is_written_again_to_the_byte() -> None:
    content = SHIPPED.read_text(encoding="utf-8")
    assert written(content, read_merging(SHIPPED)) == content


def test_dense_reports_keep_what_lies_between_those_of_one_story() -> None:
    reports = [labelled(1, "a", 0), labelled(2, "a", 2), labelled(3, "b", 400), labelled(4, None, 900)]
    moved = {str(each.label["id"]): each.report.article.first_seen for each in dense(reports, seed=3)}
    assert moved["d2"] - moved["d1"] == timedelta(days=2)
    assert max(moved.values()) - min(moved.values()) <= timedelta(days=SPAN + 2)
    assert dense(reports, seed=3) == dense(reports, seed=3)


def test_a_story_is_in_one_half_only() -> None:
    names = [f"story-{number}" for number in range(30)]
    assert all(in_half(each, 0) != in_half(each, 1) and in_half(each, None) for each in names)
    assert {in_half(each, 0) for each in names} == {True, False}


def test_reports_are_assigned_as_labelled_and_compared_without_being_placed() -> None:
    stories, report = OpenStories(rules=MergingRules()), labelled(1, "a", 0).report
    assert stories.assign(report, story_id="a").id == "a"
    assert len(stories.assign(labelled(2, "a", 1).report, story_id="a").sources) == 2
    assert [story.id for story, _ in stories.compare(report, now=NOON)] == ["a"]
    assert stories.compare(report, now=NOON + timedelta(days=40)) == []
    assert [story.id for story, _ in stories.compare(report, now=NOON + timedelta(days=40), late=True)] == ["a"]
    assert len(stories) == 1


def a_step(words: float) -> Mapping[str, float]:
    return {**dict.fromkeys(following.PRIORS, 0.0), "words": words}


QUESTIONS = [
    *(Asked(f"later-{n}", "first", (("first", a_step(0.4 + n / 100)), ("other", a_step(0.1)))) for n in range(9)),
    *(Asked(f"alone-{n}", None, (("other", a_step(0.1 + n / 100)),)) for n in range(9)),
]


def test_the_threshold_of_follow_ups_parts_right_links_from_wrong_ones() -> None:
    rules = learned(QUESTIONS, MergingRules(), None)
    assert links(QUESTIONS, rules) == (9, 0, 0)


def test_links_are_worth_nothing_if_most_are_wrong() -> None:
    assert following.worth((10, 4, 4)) > following.worth((8, 4, 6)) > 0
    assert following.worth((10, 11, 0)) == 0
    assert following.worth((0, 0, 3)) == 0


TEXTS = {
    "boats": ("Navy buys Orca boats for 20 million dollars", "The Navy ordered uncrewed Orca boats from Saltmarsh."),
    "jets": ("Talon jets of Birchwood fly by themselves", "Two Talon jets of Birchwood flew without a pilot."),
    "suit": ("Union sues ministry over Lantern software", "The union goes to court over the ministry's Lantern."),
}  # fmt: skip


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [
        {
            "id": f"t{number}{again}", "date": f"2025-03-0{number + again}", "title": f"{title}{' again' * again}",
            "text": text, "outlet": f"outlet{again}.example", "label": "relevant", "story": story, "follows": None,
            "near_miss_group": None,
        }
        for number, (story, (title, text)) in enumerate(TEXTS.items(), 1)
        for again in (0, 1)
    ]  # fmt: skip
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_same_labels_write_the_same_file_to_the_byte(labels: Path, tmp_path: Path) -> None:
    files = []
    for name in ("once", "again"):
        config = tmp_path / name
        shutil.copytree(ROOT / "config", config)
        main([str(labels)], config, figures=False, dry=False)
        files.append((config / "merging.toml").read_bytes())
    assert files[0] == files[1]
