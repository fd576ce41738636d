"""What a story shows as reports join."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.amounts import Amount
from bot.core.clauses import make_lexicon
from bot.core.event import Event, Party, Stage
from bot.core.joining import begin, join, join_copy, material_change
from bot.core.keypoints import KeyPoint
from bot.core.organisations import Mention
from bot.core.profile import Profile, extend, unpack
from bot.core.relevance import Relevance
from bot.core.story import MergingRules, Report, Story
from bot.core.traits import describe
from tests.builders import MINUTE, NOON, an_analysis, an_article

LEXICON = make_lexicon(MergingRules())


def report(
    number: int = 1,
    *,
    event: Event | None = None,
    points: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    **article: Any,
) -> Report:
    analysis = an_analysis(
        event=event,
        key_points=tuple(map(KeyPoint, points)),
        organisations=tuple(Mention(name, name, 0, 1, "prime") for name in names),
    )
    return Report(an_article(number, **{"outlet": f"outlet{number}.example", **article}), analysis)


def story_of(*reports: Report) -> Story:
    first, *rest = reports
    traits = describe(first, LEXICON)
    story = begin(first, traits, extend(Profile(), traits), story_id="s1", follows=None)
    for each in rest:
        traits = describe(each, LEXICON)
        story = join(story, each, traits, extend(unpack(story.profile), traits))
    return story


def test_title_and_link_are_those_of_the_first_report() -> None:
    story = story_of(report(1, title="First"), report(2, title="Second"))
    assert (story.title, story.link) == ("First", "https://news.example/1")
    assert [source.title for source in story.sources] == ["First", "Second"]


def test_the_first_link_there_is_is_shown() -> None:
    assert story_of(report(1, link=None), report(2)).link == "https://news.example/2"


def test_a_field_changes_only_when_more_reports_say_so() -> None:
    signed, talks = Event("contract", "signed"), Event("partnership", "in_talks")
    assert story_of(report(1, event=signed), report(2, event=talks)).event == "contract"
    story = story_of(report(1, event=signed), report(2, event=talks), report(3, event=talks))
    assert (story.event, story.stage) == ("partnership", "in_talks")


def test_an_unknown_field_is_filled_by_the_first_report_that_knows_it() -> None:
    story = story_of(
        report(1, event=Event("other", None)),
        report(2, event=Event("contract", "signed", (), Party("NATO", "NATO buys"), Party("OpenAI", "OpenAI sells"))),
    )
    assert (story.event, story.stage) == ("contract", "signed")
    assert story.buyer == Party("NATO", "NATO buys")
    assert story.seller == Party("OpenAI", "OpenAI sells")


def test_unknown_stays_empty() -> None:
    story = story_of(report(1), report(2))
    assert (story.stage, story.buyer, story.seller, story.amounts) == (None, None, None, ())


def stating(stage: Stage) -> Event:
    return Event("contract", stage, evidence=(("stage", stage, "Entry"),))


@pytest.mark.parametrize(
    ("stages", "shown"),
    [
        (("in_talks", "signed"), "signed"),
        (("signed", "in_talks"), "signed"),
        (("in_talks", "in_talks", "signed"), "signed"),
        (("in_talks", "in_talks", "in_talks", "signed"), "in_talks"),
        (("in_talks", "in_talks", "in_talks", "in_talks", "denied"), "denied"),
        (("signed", "in_talks", "in_talks"), "in_talks"),
    ],
)
def test_a_later_stage_is_shown_as_soon_as_enough_reports_state_it(stages: tuple[Stage, ...], shown: Stage) -> None:
    assert story_of(*(report(number, event=stating(stage)) for number, stage in enumerate(stages))).stage == shown


def test_a_later_stage_that_no_words_state_is_not_shown() -> None:
    usual = Event("contract", "deployed")
    assert (
        story_of(report(1, event=stating("in_talks")), report(2, event=usual), report(3, event=usual)).stage
        == "in_talks"
    )


def test_an_official_release_that_comes_later_changes_neither_title_nor_link() -> None:
    story = story_of(report(1, title="First"), report(2, title="Release", feed_kind="official"))
    assert (story.title, story.link) == ("First", "https://news.example/1")


def test_a_denial_another_sum_and_another_party_are_material_and_what_becomes_known_is_not() -> None:
    story = story_of(report(1))
    pound, euro = Amount("£5m", 5e6, "GBP"), Amount("€6m", 6e6, "EUR")
    assert material_change(story, replace(story, stage="denied")) == "now denied"
    assert material_change(story, replace(story, amounts=(pound,))) == ""
    assert (
        material_change(replace(story, amounts=(pound,)), replace(story, amounts=(pound, euro)))
        == "another amount: €6m"
    )
    nato, army = Party("NATO", ""), Party("US Army", "")
    assert material_change(story, replace(story, buyer=nato)) == ""
    assert material_change(replace(story, buyer=nato), replace(story, buyer=army)) == "another buyer: US Army, not NATO"


def test_amounts_of_title_and_lead_are_shown_once() -> None:
    twenty, told_again, side = (
        Amount("$20bn", 20e9, "USD"),
        Amount("US$20 billion", 20e9, "USD"),
        Amount("$2bn", 2e9, "USD"),
    )
    story = story_of(
        report(1, title="A $20bn deal", text="It is big. It made $2bn.", event=Event("contract", None, (twenty, side))),
        report(2, title="US$20 billion", event=Event("contract", None, (told_again,))),
    )
    assert story.amounts == (twenty,)


def test_key_points_grow_to_three_without_saying_a_thing_twice() -> None:
    story = story_of(
        report(1, points=("NATO signed a contract with OpenAI.", "Talks lasted months.")),
        report(
            2, points=("OpenAI has signed a NATO contract.", "Critics fear surveillance.", "Never shown: too many.")
        ),
    )
    assert story.key_points == (
        "NATO signed a contract with OpenAI.", "Talks lasted months.", "Critics fear surveillance.",
    )  # fmt: skip


def test_key_points_stay_in_the_storys_language() -> None:
    assert story_of(report(1), report(2, points=("Ein Satz auf Deutsch.",), language="de")).key_points == ()


def test_revision_grows_only_when_something_shown_changes() -> None:
    first = report(1, names=("OpenAI",))
    same_outlet = report(2, names=("OpenAI",), outlet="outlet1.example")
    assert story_of(first, same_outlet).revision == 1
    assert story_of(first, report(2, names=("OpenAI",))).revision == 2
    assert story_of(first, report(2, names=("OpenAI", "NATO"), outlet="outlet1.example")).revision == 2


def test_a_copy_is_listed_but_counts_once_and_changes_nothing_shown() -> None:
    story = story_of(report(1))
    copied = join_copy(story, report(2, first_seen=NOON + MINUTE))
    assert [source.copy for source in copied.sources] == [False, True]
    assert copied.outlets == story.outlets
    assert (copied.revision, copied.last_seen, copied.profile) == (story.revision, story.last_seen, story.profile)


def test_topic_and_reasons_come_from_the_most_relevant_report() -> None:
    strong = Report(an_article(2), an_analysis(relevance=Relevance("other-topic", 0.99, True)))
    story = story_of(report(1), strong)
    assert (story.topic, story.relevance) == ("other-topic", 0.99)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_story_is_as_young_as_its_newest_report(order: tuple[int, int]) -> None:
    story = story_of(*(report(number, first_seen=NOON + number * MINUTE) for number in order))
    assert story.last_seen == NOON + 2 * MINUTE
