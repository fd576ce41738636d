"""Stories after a person merged two, or took a report out of one; and back again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.amounts import Amount
from bot.core.correction import begun, in_order, merged, restored, without
from bot.core.event import Event
from bot.core.merging import OpenStories
from bot.core.organisations import Mention
from bot.core.story import MergingRules, Report, Story
from tests.builders import MINUTE, NOON, an_analysis, an_article

RULES = MergingRules()
LONG = " ".join(f"word{number}" for number in range(60))


def report(number: int, **article: Any) -> Report:
    values = {"outlet": f"outlet{number}.example", "first_seen": NOON + number * MINUTE, "text": f"Text {number}."}
    analysis = an_analysis(
        organisations=(Mention(f"Firm {number % 3}", f"Firm {number % 3}", 0, 1, "prime"),),
        event=Event(
            "contract", "signed" if number % 2 else "in_talks", (Amount(f"${number} million", number * 1e6, "USD"),)
        ),
    )
    return Report(an_article(number, **{"title": f"Title {number}", **values, **article}), analysis)


def story_of(*reports: Report, id: str = "s1") -> Story:
    """As an unbroken run makes it."""
    first, *rest = reports
    held = OpenStories(rules=RULES)
    story = held.assign(first, story_id=id)
    for each in rest:
        story = held.assign(each, story_id=id)
    return story


def like(story: Story, other: Story) -> bool:
    """Whether all but the revision is the same."""
    return replace(story, revision=0) == replace(other, revision=0)


ONE, TWO, THREE, FOUR = (report(number) for number in range(1, 5))


def test_a_story_is_told_anew_as_an_unbroken_run_told_it() -> None:
    story = story_of(ONE, TWO, THREE)
    assert like(without(story_of(ONE, TWO, THREE, FOUR), FOUR, [ONE, TWO, THREE], RULES), story)
    assert like(begun(ONE, "s1", RULES), story_of(ONE))


def test_the_merged_story_keeps_its_title_and_has_every_report() -> None:
    one, other = story_of(ONE, THREE), story_of(TWO, FOUR, id="s2")
    both = merged(one, other, [ONE, THREE], RULES)
    assert (both.id, both.title, both.link) == ("s2", other.title, other.link)
    assert {source.title for source in both.sources} == {"Title 1", "Title 2", "Title 3", "Title 4"}
    assert len(both.outlets) == 4
    assert (both.first_seen, both.last_seen) == (one.first_seen, other.last_seen)
    assert both.revision > max(one.revision, other.revision)


def test_a_text_that_both_have_counts_once() -> None:
    same = report(1, text=LONG, fingerprint="same")
    copy = report(2, text=LONG, fingerprint="same")
    both = merged(story_of(copy), story_of(same, id="s2"), [copy], RULES)
    assert both.outlets == ("outlet1.example",)
    nearly = report(3, text=LONG + " more", fingerprint="other")
    assert merged(story_of(nearly), story_of(same, id="s2"), [nearly], RULES).outlets == ("outlet1.example",)


def test_the_merged_story_follows_what_one_of_the_two_followed_but_neither_of_them() -> None:
    one, other = story_of(ONE), story_of(TWO, id="s2")
    for follows, other_follows, wanted in (
        ("x", None, "x"), (None, "y", "y"), ("x", "y", "y"), ("s2", None, None), (None, "s1", None), ("x", "s1", "x"),
    ):  # fmt: skip
        both = merged(replace(one, follows=follows), replace(other, follows=other_follows), [ONE], RULES)
        assert both.follows == wanted


def test_reports_that_are_no_longer_kept_stay_listed() -> None:
    both = merged(story_of(ONE, TWO), story_of(THREE, id="s2"), [TWO], RULES)
    assert [source.title for source in both.sources] == ["Title 3", "Title 2", "Title 1"]
    rest = without(story_of(ONE, TWO, THREE), THREE, [TWO], RULES)
    assert [source.title for source in rest.sources] == ["Title 1", "Title 2"]
    assert rest.first_seen == ONE.article.first_seen


def test_taking_the_first_report_out_leaves_a_story_told_by_the_others() -> None:
    story = replace(story_of(ONE, TWO, THREE), follows="earlier")
    rest = without(story, ONE, [TWO, THREE], RULES)
    assert (rest.id, rest.title, rest.first_seen, rest.follows) == ("s1", "Title 2", TWO.article.first_seen, "earlier")
    assert "$1 million" not in [amount.words for amount in rest.amounts]
    assert rest.revision == story.revision + 1


def test_a_copy_becomes_the_original_when_that_is_taken_out() -> None:
    same, copy = report(1, text=LONG, fingerprint="same"), report(2, text=LONG, fingerprint="same")
    story = merged(story_of(copy), story_of(same, id="s2"), [copy], RULES)
    assert without(story, same, [copy], RULES).outlets == ("outlet2.example",)


def test_reports_stand_in_the_order_in_which_the_story_lists_them() -> None:
    story = merged(story_of(ONE), story_of(TWO, THREE, id="s2"), [ONE], RULES)
    assert in_order([ONE, THREE, TWO], story) == [TWO, THREE, ONE]


reports = st.lists(st.integers(1, 30), min_size=2, max_size=8, unique=True).map(
    lambda numbers: [report(number) for number in sorted(numbers)]
)


@settings(max_examples=40, deadline=timedelta(seconds=2))
@given(reports, st.data())
def test_a_merge_that_is_taken_back_gives_the_very_same_stories_back(found: list[Report], data: Any) -> None:
    at = data.draw(st.integers(1, len(found) - 1))
    one, other = story_of(*found[:at]), story_of(*found[at:], id="s2")
    both = merged(one, other, found[:at], RULES)
    for before in (one, other):
        after = restored(before, [], revision=both.revision, rules=RULES)
        assert like(after, before)
        assert after.revision > both.revision > before.revision


@settings(max_examples=40, deadline=timedelta(seconds=2))
@given(reports, st.data())
def test_a_split_that_is_taken_back_gives_the_very_same_story_back(found: list[Report], data: Any) -> None:
    gone = data.draw(st.sampled_from(found))
    story = story_of(*found)
    rest = [each for each in found if each is not gone]
    assert gone.article.title not in [source.title for source in without(story, gone, rest, RULES).sources]
    assert like(restored(story, [], revision=9, rules=RULES), story)


def test_what_came_after_a_correction_stays_when_it_is_taken_back() -> None:
    one, other = story_of(ONE), story_of(TWO, id="s2")
    both = merged(one, other, [ONE], RULES)
    after = restored(other, [THREE], revision=both.revision, rules=RULES)
    assert like(after, story_of(TWO, THREE, id="s2"))
