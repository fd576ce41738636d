"""How much a story matters: what raises it, what never lowers it, and the words it gives for it."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.amounts import Amount
from bot.core.event import EVENT_TYPES, STAGES, Party
from bot.core.importance import (
    FRONTIER,
    LEVELS,
    Importance,
    ImportanceRules,
    Rarity,
    Step,
    at_least,
    importance,
    with_watched,
)
from bot.core.story import Source, Story
from bot.errors import ConfigurationError
from bot.settings.importance import read_importance
from tests.builders import NOON, a_story

CONFIG = Path(__file__).resolve().parents[1] / "config"
SHIPPED = CONFIG / "importance.toml"
RULES = read_importance(SHIPPED)
KINDS = {"NATO": "alliance", "US Department of Defense": "ministry", "Helsing": "defence-tech", "Cohere": "ai-lab"}


def weigh(story: Story, **arguments: Any) -> Importance:
    return importance(story, RULES, kinds=KINDS, **arguments)


def told_by(*outlets: str, **changes: Any) -> tuple[Source, ...]:
    return tuple(replace(Source(outlet, "Title", f"https://{outlet}/1", NOON), **changes) for outlet in outlets)


def words_for(found: Importance, gate: str) -> str | None:
    return next((reason.words for reason in found.reasons if reason.gate == gate), None)


# ---- single parts


def test_the_score_is_the_sum_of_its_reasons_heaviest_first() -> None:
    found = weigh(a_story(amounts=(Amount("$2 billion", 2e9, "USD"),), buyer=Party("NATO", "NATO"), follows="earlier"))
    weights = [reason.weight for reason in found.reasons]
    assert found.score == pytest.approx(sum(weights), abs=0.001)
    assert weights == sorted(weights, key=abs, reverse=True)
    assert all(reason.words for reason in found.reasons)


@pytest.mark.parametrize("done", ["signed", "deployed", "cancelled", "denied"])
@pytest.mark.parametrize("hoped", ["planned", "rumoured"])
def test_what_is_done_weighs_more_than_what_is_hoped_for(done: Any, hoped: Any) -> None:
    assert weigh(a_story(stage=done)).score > weigh(a_story(stage=hoped)).score


@pytest.mark.parametrize("grave", ["conflict_use", "incident_or_ethics"])
def test_war_and_harm_weigh_more_than_any_business(grave: Any) -> None:
    others = set(EVENT_TYPES) - {"conflict_use", "incident_or_ethics"}
    assert all(weigh(a_story(event=grave)).score > weigh(a_story(event=other)).score for other in others)


def test_the_largest_amount_counts_whatever_its_currency_with_its_worth_in_words() -> None:
    euros, dollars = Amount("€4.3bn", 4.3e9, "EUR"), Amount("$50 million", 5e7, "USD")
    assert words_for(weigh(a_story(amounts=(dollars, euros))), "amount") == "€4.3bn (about 4.7bn USD)"
    assert words_for(weigh(a_story(amounts=(dollars,))), "amount") == "$50 million"


def test_a_large_number_of_small_coins_is_no_large_amount() -> None:
    yen, dollars = Amount("¥500 million", 5e8, "JPY"), Amount("$40 million", 4e7, "USD")
    assert words_for(weigh(a_story(amounts=(yen, dollars))), "amount") == "$40 million"


@pytest.mark.parametrize("amount", [Amount("many crowns", 1e12, "XXX"), Amount("a sum", None, "USD"), Amount("5", 5e9)])
def test_a_sum_without_value_or_known_currency_does_not_count(amount: Amount) -> None:
    assert words_for(weigh(a_story(amounts=(amount,))), "amount") is None


def test_a_sum_that_is_not_the_deal_itself_counts_by_its_share() -> None:
    rules = ImportanceRules(amounts=(Step(1e6, 1.0),), deals=frozenset(["contract"]), elsewhere=0.25)
    sum_ = (Amount("$2m", 2e6, "USD"),)
    assert importance(a_story(amounts=sum_), rules).score == 1.0
    assert importance(a_story(amounts=sum_, event="policy"), rules).score == 0.25


def test_independent_outlets_count_and_copies_do_not() -> None:
    two = weigh(a_story(sources=told_by("a.example", "b.example")))
    copied = weigh(a_story(sources=(*told_by("a.example"), *told_by("b.example", "c.example", copy=True))))
    five = weigh(a_story(sources=told_by(*(f"{letter}.example" for letter in "abcde"))))
    assert copied.score < two.score < five.score
    assert words_for(five, "outlets") == "5 independent outlets"


def test_an_official_release_weighs_and_is_named() -> None:
    found = weigh(a_story(sources=told_by("nato.int", feed_kind="official")))
    assert words_for(found, "official") == "official release by nato.int"


def test_hearsay_of_one_outlet_weighs_less_until_a_second_tells_it_or_a_release_says_it() -> None:
    hearsay = ("OpenAI is in talks, according to people familiar with the matter.",)
    alone = weigh(a_story(key_points=hearsay))
    assert words_for(alone, "anonymous") == "one outlet alone: “people familiar with”"
    assert alone.score < weigh(a_story()).score
    for sources in (told_by("a.example", "b.example"), told_by("nato.int", feed_kind="official")):
        assert words_for(weigh(a_story(key_points=hearsay, sources=sources)), "anonymous") is None


def test_parties_weigh_by_their_kind_and_a_frontier_lab_by_its_name() -> None:
    found = weigh(a_story(buyer=Party("NATO", "NATO"), seller=Party("OpenAI", "OpenAI")))
    assert words_for(found, "buyer") == "NATO (alliance)"
    assert words_for(found, "seller") == "OpenAI (frontier lab)"
    assert words_for(weigh(a_story(seller=Party("Cohere", "Cohere"))), "seller") == "Cohere (AI lab)"
    assert weigh(a_story(seller=Party("Helsing", ""))).score < weigh(a_story(seller=Party("OpenAI", ""))).score


def test_an_organisation_in_the_title_that_plays_no_role_counts_once_the_heaviest() -> None:
    names = ("NATO", "OpenAI", "Anthropic")
    found = weigh(a_story(title="OpenAI and NATO", organisations=names))
    assert words_for(found, "named") == "OpenAI (frontier lab)"
    seller = weigh(a_story(title="OpenAI and NATO", organisations=names, seller=Party("OpenAI", "OpenAI")))
    assert words_for(seller, "named") == "NATO (alliance)"


def test_a_later_step_of_an_affair_weighs_more() -> None:
    assert weigh(a_story(follows="earlier")).score > weigh(a_story()).score


@pytest.mark.parametrize("word", ["nato", "NEWS.example", "in talks with", "openai"])
def test_the_watch_list_holds_organisations_outlets_and_phrases_in_any_case(word: str) -> None:
    found = weigh(a_story(), watched=[word])
    assert (words_for(found, "watched") or "").casefold() == f"on the watch list: {word}".casefold()


def test_several_watched_words_weigh_no_more_than_one_and_parts_of_words_nothing() -> None:
    assert weigh(a_story(), watched=["NATO", "OpenAI"]).score == weigh(a_story(), watched=["NATO"]).score
    assert weigh(a_story(), watched=["Open", "", "*", "?"]).score == weigh(a_story()).score


def test_a_type_that_is_rarer_lately_weighs_more_and_an_unknown_frequency_nothing() -> None:
    plain, story = weigh(a_story()).score, a_story()
    frequencies = [30, 0.4, 0.1, 0.01, 0.0]
    scores = [weigh(story, usual={"contract": a_day}).score for a_day in frequencies]
    assert scores[0] == plain
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]
    for unknown in ({}, {"policy": 0.01}, {"contract": float("nan")}, {"contract": -1.0}):
        assert weigh(story, usual=unknown).score == plain


def test_rarity_tells_how_often_such_a_thing_happens() -> None:
    assert words_for(weigh(a_story(), usual={"contract": 0.1}), "rarity") == "rare: one of this type in 10 days"
    assert words_for(weigh(a_story(), usual={"contract": 0.0}), "rarity") == "rare: none of this type lately"
    rules = ImportanceRules(rarity=Rarity(usual=8, halving=0.1, most=0.3))
    assert importance(a_story(), rules, usual={"contract": 2}).reasons[0].words == "rare: 2 of this type a day"


# ---- levels


def test_a_level_is_reached_at_its_score() -> None:
    levels = {"notable": 1.0, "high": 2.0, "critical": 3.0}
    for score, level in ((0.99, "low"), (1.0, "notable"), (1.99, "notable"), (2.0, "high"), (3.0, "critical")):
        rules = ImportanceRules(levels=levels, events={"contract": score})  # type: ignore[arg-type]
        assert importance(a_story(), rules).level == level


def test_dust_in_a_sum_keeps_no_story_from_its_level() -> None:
    rules = ImportanceRules(levels={"notable": 0.3}, events={"contract": 0.1}, stages={"in_talks": 0.2})
    assert importance(a_story(), rules).level == "notable"


def test_a_level_is_at_least_itself_and_all_below_it() -> None:
    for number, level in enumerate(LEVELS):
        assert [at_least(level, wanted) for wanted in LEVELS] == [place <= number for place in range(len(LEVELS))]


def test_a_word_that_is_no_level_asks_for_nothing() -> None:
    assert at_least("low", "whatever")
    assert not at_least("whatever", "high")


def test_stories_of_each_weight_reach_the_level_that_a_person_would_give_them() -> None:
    rumour = a_story(stage="rumoured", event="partnership")
    first_flight = a_story(
        title="Helsing jet flies", event="product_or_deployment", stage="deployed", buyer=Party("NATO", "NATO")
    )
    large = (Amount("$300 million", 3e8, "USD"),)
    deal = a_story(stage="signed", amounts=large, sources=told_by("a.example", "b.example"))
    war = a_story(event="conflict_use", stage="deployed", sources=told_by(*(f"{n}.example" for n in range(8))))
    assert [weigh(story).level for story in (rumour, first_flight, deal, war)] == list(LEVELS)


# ---- what holds for every story

TEXT = st.text(max_size=40)
AMOUNTS = st.builds(
    Amount, words=TEXT, value=st.none() | st.floats(), currency=st.none() | st.sampled_from(["USD", "EUR", "JPY", "?"])
)
PARTIES = st.none() | st.builds(Party, name=TEXT | st.sampled_from([*KINDS, "OpenAI"]), words=TEXT)
SOURCES = st.builds(
    Source,
    outlet=TEXT | st.sampled_from(["a.example", "b.example"]),
    title=TEXT,
    link=st.none(),
    first_seen=st.just(NOON),
    feed_kind=st.sampled_from(["press", "official", "nonsense"]),
    copy=st.booleans(),
)
STORIES = st.builds(
    a_story,
    title=TEXT | st.just("Sources say OpenAI talks"),
    event=st.sampled_from(EVENT_TYPES) | TEXT,
    stage=st.none() | st.sampled_from(STAGES) | TEXT,
    amounts=st.lists(AMOUNTS, max_size=3).map(tuple),
    buyer=PARTIES,
    seller=PARTIES,
    organisations=st.lists(TEXT | st.sampled_from(list(KINDS)), max_size=4).map(tuple),
    key_points=st.lists(TEXT | st.just("according to sources"), max_size=2).map(tuple),
    sources=st.lists(SOURCES, max_size=6).map(tuple),
    follows=st.none() | TEXT,
)
USUAL = st.none() | st.dictionaries(st.sampled_from(EVENT_TYPES), st.floats())


@given(STORIES, st.lists(TEXT, max_size=4), USUAL)
def test_no_story_is_beyond_weighing(story: Story, watched: list[str], usual: Any) -> None:
    found = weigh(story, watched=watched, usual=usual)
    assert found.level in LEVELS
    assert -5 < found.score < 15
    assert found == weigh(story, watched=watched, usual=usual)


@given(STORIES, SOURCES)
def test_another_report_never_lowers_a_story(story: Story, source: Source) -> None:
    assert weigh(replace(story, sources=(*story.sources, source))).score >= weigh(story).score


@given(STORIES, AMOUNTS)
def test_another_amount_never_lowers_a_story(story: Story, amount: Amount) -> None:
    assert weigh(replace(story, amounts=(*story.amounts, amount))).score >= weigh(story).score


@given(STORIES, st.floats(0, 1e15), st.floats(1, 1e4), st.sampled_from(["USD", "EUR", "INR"]))
def test_a_larger_amount_never_lowers_a_story(story: Story, value: float, times: float, currency: str) -> None:
    small, large = Amount("sum", value, currency), Amount("sum", value * times, currency)
    assert weigh(replace(story, amounts=(large,))).score >= weigh(replace(story, amounts=(small,))).score


@given(STORIES, st.lists(TEXT | st.sampled_from(["NATO", "a.example", "sources say"]), max_size=4))
def test_a_watch_list_never_lowers_a_story(story: Story, watched: list[str]) -> None:
    assert weigh(story, watched=watched).score >= weigh(story).score


@given(STORIES, st.lists(TEXT | st.sampled_from(["NATO", "a.example", "sources say"]), max_size=4))
def test_weighing_for_a_server_afterwards_comes_to_the_same_as_at_once(story: Story, watched: list[str]) -> None:
    later = with_watched(weigh(story), story, RULES, watched=watched)
    at_once = weigh(story, watched=watched)
    assert later.score == pytest.approx(at_once.score, abs=0.002)
    assert {reason.gate for reason in later.reasons} == {reason.gate for reason in at_once.reasons}


@given(STORIES, st.floats(0, 100), st.floats(0, 1))
def test_a_rarer_type_never_lowers_a_story(story: Story, a_day: float, share: float) -> None:
    common, rare = ({story.event: rate} for rate in (a_day, a_day * share))
    assert weigh(story, usual=rare).score >= weigh(story, usual=common).score


# ---- the file


def test_the_shipped_file_weighs_every_type_stage_and_currency_that_is_read() -> None:
    content = tomllib.loads((CONFIG / "amounts.toml").read_text(encoding="utf-8"))
    assert set(RULES.events) == set(EVENT_TYPES)
    assert set(RULES.stages) == set(STAGES)
    assert {table["code"] for table in content["currency"]} == {*RULES.rates, RULES.currency}


def test_the_shipped_file_names_kinds_and_labs_that_the_gazetteer_knows() -> None:
    content = tomllib.loads((CONFIG / "organisations.toml").read_text(encoding="utf-8"))["organisation"]
    assert {kind for table in (RULES.buyers, RULES.sellers, RULES.named) for kind in table} <= {
        FRONTIER,
        *(entry["kind"] for entry in content),
    }
    assert set(RULES.frontier) <= {entry["name"] for entry in content}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("critical = 3.6", "critical = 2.0", "notable, high and critical must rise in this order"),
        ("at = 30_000_000", "at = 3_000_000", "the step at 3e+06 must follow a lower one"),
        ("at = 3, weight = 0.7", "at = 3, weight = 0.1", "the step at 3 must follow a lower one"),
        ("EUR = 1.1", "EUR = 0", "rates, worth, EUR: must be greater than 0"),
        ("EUR = 1.1", "euro = 1.1", "euro"),
        ("conflict_use = 1.7 ", "war = 1.7 ", "events, war"),
        ("watched = 0.8", "watched = -0.8", "watched: must be greater than or equal to 0"),
        ("anonymous = -0.4", "anonymous = 0.4", "sources, anonymous: must be less than or equal to 0"),
        ("date = 2026-11-23", "", "rates, date: is missing"),
        ("most = 0.4", "most = 0.4\nmuch = 1", "rarity, much: is not a known key"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "importance.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_importance(path)
    assert told in str(caught.value)
    assert caught.value.mistakes[0].line


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("follow_up = 0.3", "follow_up = -1")
    path = tmp_path / "importance.toml"
    path.write_text(text.replace("halving = 0.1", "halving = 9"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_importance(path)
    assert len(caught.value.mistakes) == 2
