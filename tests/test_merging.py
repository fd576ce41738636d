"""Which story a report joins: by likeness, by being a copy, within a window; and the same after a restart."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.event import Event, Party, Stage
from bot.core.merging import OpenStories, kinship
from bot.core.organisations import Mention
from bot.core.story import MergingRules, Placement, Report, Story, Weights
from bot.core.text import fingerprint
from bot.settings.merging import read_merging
from tests.builders import NOON, an_analysis, an_article

SHIPPED = Path(__file__).resolve().parents[1] / "config" / "merging.toml"
DAY = timedelta(days=1)

THUNDERFORGE = (
    "Scale AI wins Thunderforge contract for military planning",
    "The Defense Innovation Unit picked Scale AI to lead Thunderforge, which puts AI agents into planning.",
)
THUNDERFORGE_AGAIN = (
    "Pentagon picks Scale AI for Thunderforge planning agents",
    "Scale AI will lead Thunderforge. The AI agents of the prototype help commanders with planning.",
)
FLIGHT = (
    "Helsing's CA-1 drone makes maiden flight over Tussenhausen",
    "The uncrewed jet of Helsing took off on Monday and landed after twenty minutes, the firm said.",
)


@pytest.fixture(scope="module")
def rules() -> MergingRules:
    return read_merging(SHIPPED)


def a_report(
    words: tuple[str, str],
    *,
    names: Sequence[str] = (),
    at: datetime = NOON,
    event: Event | None = None,
    **article: Any,
) -> Report:
    title, text = words
    mentions = tuple(Mention(name, name, 0, 1, "technology") for name in names if name in f"{title} {text}")
    values = {"title": title, "text": text, "first_seen": at, "fingerprint": fingerprint(title, text), **article}
    return Report(an_article(**values), an_analysis(organisations=mentions, event=event))


def place_all(stories: OpenStories, reports: Sequence[Report], first: int = 1) -> list[Placement]:
    return [
        stories.place(report, now=report.article.first_seen, new_id=f"s{number}")
        for number, report in enumerate(reports, first)
    ]


def ids(placements: Sequence[Placement]) -> list[str]:
    return [placement.story.id for placement in placements]


def test_two_reports_of_one_development_are_one_story_and_another_is_another(rules: MergingRules) -> None:
    reports = [a_report(each, names=["Scale AI", "Helsing"]) for each in (THUNDERFORGE, FLIGHT, THUNDERFORGE_AGAIN)]
    placements = place_all(OpenStories(rules=rules), reports)
    assert ids(placements) == ["s1", "s2", "s1"]
    assert [placement.is_new for placement in placements] == [True, True, False]
    assert len(placements[2].story.sources) == 2


def test_a_placement_says_which_words_and_organisations_are_shared(rules: MergingRules) -> None:
    reports = [a_report(each, names=["Scale AI"]) for each in (THUNDERFORGE, THUNDERFORGE_AGAIN)]
    reasons = {reason.gate: reason for reason in place_all(OpenStories(rules=rules), reports)[1].reasons}
    assert "Thunderforge" in reasons["shared words"].words
    assert reasons["shared organisations"].words == "Scale AI"
    assert reasons["shared words"].weight > 0


def test_a_placement_says_what_spoke_against_the_likest_story(rules: MergingRules) -> None:
    lawsuit = a_report(("Anthropic sues Pentagon over blacklist", "Anthropic sued over the supply-chain risk label."))
    ruling = a_report(("Judge blocks Pentagon blacklist of Anthropic", "The supply-chain risk label is void for now."))
    placement = place_all(OpenStories(rules=rules), [lawsuit, ruling])[1]
    assert placement.is_new
    assert any(reason.gate == "another step" for reason in placement.reasons)


def test_the_same_firm_with_another_customer_is_another_story(rules: MergingRules) -> None:
    first = a_report(
        ("OpenAI signs network deal with Army", "OpenAI will run its models on the Army's classified network."),
        names=["OpenAI", "Army"], event=Event("contract", "signed", (), Party("Army", ""), Party("OpenAI", "")),
    )  # fmt: skip
    second = a_report(
        ("OpenAI weighs contract for NATO networks", "OpenAI may run its models on the unclassified network of NATO."),
        names=["OpenAI", "NATO"], event=Event("contract", "in_talks", (), Party("NATO", ""), Party("OpenAI", "")),
        at=NOON + 2 * DAY,
    )  # fmt: skip
    placements = place_all(OpenStories(rules=rules), [first, second])
    assert ids(placements) == ["s1", "s2"]
    assert placements[1].story.follows is None


def test_a_story_takes_no_reports_after_its_window_and_a_step_told_again_does_not_follow(rules: MergingRules) -> None:
    late = a_report(THUNDERFORGE_AGAIN, names=["Scale AI"], at=NOON + rules.idle + DAY)
    placements = place_all(OpenStories(rules=rules), [a_report(THUNDERFORGE, names=["Scale AI"]), late])
    assert ids(placements) == ["s1", "s2"]
    assert placements[1].story.follows is None
    assert placements[1].related == ("s1",)


def test_a_later_step_after_the_window_follows(rules: MergingRules) -> None:
    step = a_report(
        ("Thunderforge planning agents fail first exercise", "Commanders stopped the planning agents of Scale AI."),
        names=["Scale AI"], at=NOON + 40 * DAY,
    )  # fmt: skip
    placements = place_all(OpenStories(rules=rules), [a_report(THUNDERFORGE, names=["Scale AI"]), step])
    assert placements[1].story.follows == "s1"
    assert any(reason.gate == "follows" for reason in placements[1].reasons)


def a_deal(words: tuple[str, str], stage: str, *, at: datetime = NOON, **article: Any) -> Report:
    event = Event("contract", cast(Stage, stage), evidence=(("stage", stage, STATED[stage]),))
    return a_report(words, names=["Helsing", "Bundeswehr"], at=at, event=event, **article)


STATED = {"in_talks": "in talks", "signed": "signed", "planned": "plans", "denied": "denies"}
TALKS = ("Helsing in talks with Bundeswehr over CA-1 drones", "Helsing is in talks over CA-1 jets for the Bundeswehr.")
SIGNED = ("Helsing signed Bundeswehr deal over CA-1 drones", "Helsing has signed a deal on CA-1 jets for Bundeswehr.")
PLANNED = ("Bundeswehr plans CA-1 drones from Helsing", "The Bundeswehr plans a deal with Helsing on CA-1 drones.")
DENIED = ("Bundeswehr denies Helsing talks over CA-1", "The Bundeswehr denies talks with Helsing on CA-1 drones.")


def test_a_signature_a_day_after_talks_is_a_story_that_follows(rules: MergingRules) -> None:
    reports = [a_deal(TALKS, "in_talks"), a_deal(SIGNED, "signed", at=NOON + DAY)]
    placements = place_all(OpenStories(rules=rules), reports)
    assert ids(placements) == ["s1", "s2"]
    assert placements[1].story.follows == "s1"


def test_an_outlet_that_calls_a_signed_deal_planned_the_same_day_tells_the_same_story(rules: MergingRules) -> None:
    reports = [a_deal(SIGNED, "signed"), a_deal(PLANNED, "planned", at=NOON + DAY / 12)]
    placements = place_all(OpenStories(rules=rules), reports)
    assert ids(placements) == ["s1", "s1"]
    assert placements[1].story.stage == "signed"


@pytest.mark.parametrize("late", [DAY / 12, DAY])
def test_a_denial_belongs_to_the_story_which_then_shows_it(rules: MergingRules, late: timedelta) -> None:
    reports = [a_deal(TALKS, "in_talks"), a_deal(DENIED, "denied", at=NOON + late)]
    placement = place_all(OpenStories(rules=rules), reports)[1]
    assert (placement.story.id, placement.story.stage, placement.material) == ("s1", "denied", "now denied")


@pytest.mark.parametrize(("late", "stories"), [(timedelta(), ["s1", "s1"]), (timedelta(seconds=1), ["s1", "s2"])])
def test_the_window_ends_to_the_second(late: timedelta, stories: list[str]) -> None:
    rules = MergingRules(weights=Weights(day=0.0))
    reports = [a_report(THUNDERFORGE), a_report(THUNDERFORGE_AGAIN, at=NOON + rules.idle + late)]
    assert ids(place_all(OpenStories(rules=rules), reports)) == stories


def test_a_copy_joins_and_counts_once_with_its_original(rules: MergingRules) -> None:
    copy = a_report((THUNDERFORGE[0] + " ", THUNDERFORGE[1].upper()), outlet="copycat.example")
    placement = place_all(OpenStories(rules=rules), [a_report(THUNDERFORGE), copy])[1]
    assert [source.copy for source in placement.story.sources] == [False, True]
    assert placement.story.outlets == ("news.example",)
    assert placement.story.revision == 1


WIRE = " ".join(f"sentence number {number} of a wire report." for number in range(30))


def test_the_text_that_credits_an_agency_is_the_copy_though_it_was_seen_first(rules: MergingRules) -> None:
    copied = a_report(
        ("Boats bought", f"LONDON (Northern Wire) – {WIRE}"), outlet="harbour.example", link="https://h.example"
    )
    original = a_report(("Navy buys boats", WIRE), outlet="northernwire.example", link="https://n.example")
    placement = place_all(OpenStories(rules=rules), [copied, original])[1]
    assert [(source.outlet, source.copy) for source in placement.story.sources] == [
        ("harbour.example", True), ("northernwire.example", False),
    ]  # fmt: skip
    assert placement.story.outlets == ("northernwire.example",)
    assert (placement.story.title, placement.story.link) == ("Navy buys boats", "https://n.example")
    assert placement.story.revision == 2


def test_the_text_that_its_publisher_dates_earlier_is_the_original(rules: MergingRules) -> None:
    reports = [
        a_report(("Navy buys boats", WIRE), outlet="late.example", published=NOON),
        a_report(("Navy buys boats", WIRE), outlet="early.example", published=NOON - DAY / 24),
        a_report(("Navy buys boats", WIRE), outlet="later.example", published=NOON),
    ]
    assert place_all(OpenStories(rules=rules), reports)[2].story.outlets == ("early.example",)


def test_a_nearly_equal_text_is_a_copy_even_under_another_title(rules: MergingRules) -> None:
    body = " ".join(f"sentence number {number} of a wire report." for number in range(30))
    reports = [a_report(("Wire report on drones", body)), a_report(("Our own headline", f"{body} Edited by us."))]
    assert place_all(OpenStories(rules=rules), reports)[1].story.sources[1].copy


def test_a_long_copy_joins_its_story_even_long_after(rules: MergingRules) -> None:
    body = " ".join(f"sentence number {number} of a wire report." for number in range(30))
    reports = [a_report(("Wire report", body)), a_report(("Wire report", body), at=NOON + 40 * DAY)]
    placement = place_all(OpenStories(rules=rules), reports)[1]
    assert placement.story.id == "s1"
    assert placement.story.last_seen == NOON


def test_a_short_text_that_comes_again_each_month_is_no_copy(rules: MergingRules) -> None:
    reports = [a_report(("Contracts for today", "")), a_report(("Contracts for today", ""), at=NOON + 40 * DAY)]
    assert ids(place_all(OpenStories(rules=rules), reports)) == ["s1", "s2"]


def test_what_is_alike_but_not_enough_is_related() -> None:
    rules = MergingRules(merge_at=0.99, related_at=0.01)
    placement = place_all(OpenStories(rules=rules), [a_report(THUNDERFORGE), a_report(THUNDERFORGE_AGAIN)])[1]
    assert placement.is_new
    assert placement.related == ("s1",)


def test_stories_older_than_the_window_of_follow_ups_are_forgotten(rules: MergingRules) -> None:
    stories = OpenStories(rules=rules)
    place_all(stories, [a_report(THUNDERFORGE), a_report(FLIGHT, at=NOON + rules.follow + DAY)])
    assert [story.id for story in stories] == ["s2"]


def test_a_story_that_is_removed_is_joined_no_more(rules: MergingRules) -> None:
    stories = OpenStories(rules=rules)
    place_all(stories, [a_report(THUNDERFORGE)])
    stories.remove("s1")
    stories.remove("never there")
    assert ids(place_all(stories, [a_report(THUNDERFORGE)], first=2)) == ["s2"]
    assert len(stories) == 1


def test_a_story_without_a_profile_is_held_and_never_joined(rules: MergingRules) -> None:
    bare = place_all(OpenStories(rules=rules), [a_report(THUNDERFORGE)])[0].story
    stories = OpenStories([replace(bare, profile={}, sources=())], rules)
    assert place_all(stories, [a_report(THUNDERFORGE)], first=2)[0].is_new


@pytest.mark.parametrize("moment", ["0001-01-01", "1970-01-01", "9999-12-31"])
def test_odd_dates_are_survived(rules: MergingRules, moment: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=NOON.tzinfo)
    stories = OpenStories(rules=rules)
    place_all(stories, [a_report(THUNDERFORGE), a_report(FLIGHT, at=at), a_report(THUNDERFORGE, at=at)])
    assert len(stories) >= 1


def test_a_part_of_a_part_is_akin_to_the_whole_and_circles_end() -> None:
    assert kinship({"DIU": "DoD", "DoD": "US"})["DIU"] == {"DoD", "US"}
    assert kinship({"A": "B", "B": "A"}) == {"A": {"B"}, "B": {"A"}}


WORDS = [
    "thunderforge", "lavender", "maven", "vantage", "fury", "gospel", "titan", "swarm", "lattice", "nato", "army",
    "openai", "helsing",
]  # fmt: skip
NAMES = ["NATO", "US Army", "OpenAI", "Helsing"]
REPORTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join),
        st.lists(st.sampled_from([*WORDS, "after", "talks", "signed"]), max_size=14).map(" ".join),
        st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        st.integers(0, 60),
        st.sampled_from([None, Event("contract", "signed"), Event("funding", "in_talks")]),
    ),
    min_size=2,
    max_size=14,
)


def stream_of(drawn: list[tuple[str, str, list[str], int, Event | None]]) -> list[Report]:
    reports, hours = [], 0
    for title, text, names, wait, event in drawn:
        hours += wait
        report = a_report((title, text), at=NOON + timedelta(hours=hours))
        mentions = tuple(Mention(name, name, 0, 1, "technology") for name in names)
        reports.append(replace(report, analysis=replace(report.analysis, organisations=mentions, event=event)))
    return reports


def through_the_store(stories: OpenStories) -> list[Story]:
    """The stories as a restart finds them: profiles through JSON, in another order."""
    return [replace(story, profile=json.loads(json.dumps(story.profile))) for story in stories][::-1]


@settings(deadline=None, max_examples=60)
@given(drawn=REPORTS, data=st.data())
def test_a_restart_at_any_point_decides_as_an_unbroken_run(drawn: Any, data: st.DataObject) -> None:
    rules = MergingRules(follow=timedelta(days=20))
    reports = stream_of(drawn)
    cut = data.draw(st.integers(1, len(reports) - 1))
    unbroken = place_all(OpenStories(rules=rules), reports)
    stories = OpenStories(rules=rules)
    before = place_all(stories, reports[:cut])
    after = place_all(OpenStories(through_the_store(stories), rules), reports[cut:], first=cut + 1)
    assert [_plain(each) for each in [*before, *after]] == [_plain(each) for each in unbroken]


def _plain(placement: Placement) -> str:
    return repr(
        replace(placement, story=replace(placement.story, profile=json.loads(json.dumps(placement.story.profile))))
    )


@settings(deadline=None, max_examples=30)
@given(drawn=REPORTS)
def test_the_same_reports_in_the_same_order_give_the_same_stories(drawn: Any) -> None:
    reports = stream_of(drawn)
    assert place_all(OpenStories(), reports) == place_all(OpenStories(), reports)


ANEW = """
import json
from datetime import timedelta
from pathlib import Path
from bot.core.merging import OpenStories
from bot.settings.merging import read_merging
from tests.builders import NOON
from tests.test_merging import DENIED, FLIGHT, PLANNED, SHIPPED, SIGNED, TALKS, THUNDERFORGE, THUNDERFORGE_AGAIN
from tests.test_merging import a_report
names = ["Scale AI", "Helsing", "Bundeswehr", "Defense Innovation Unit"]
texts = [THUNDERFORGE, TALKS, FLIGHT, THUNDERFORGE_AGAIN, SIGNED, PLANNED, DENIED, FLIGHT]
stories = OpenStories(rules=read_merging(SHIPPED))
for number, words in enumerate(texts):
    report = a_report(words, names=names, at=NOON + timedelta(hours=9 * number))
    print(repr(stories.place(report, now=report.article.first_seen, new_id=str(number))))
"""


def test_another_process_with_other_hashes_decides_and_explains_the_same() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", ANEW], capture_output=True, check=True, cwd=SHIPPED.parents[1],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "77")
    ]  # fmt: skip
    assert said[0]
    assert said[0] == said[1]
