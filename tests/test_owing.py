"""Which stories are owed to which channels, and why."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alert import Subscription
from bot.core.event import Party
from bot.core.importance import Importance, Level
from bot.core.owing import Hold, Server, Weigh, match, owed, told_by, updates
from bot.core.story import Story
from tests.builders import NOON, a_story

NATO_DEAL = a_story("deal", topic="ai-defence", event="contract", organisations=("OpenAI", "NATO"), language="en")


def wish(id: int = 1, channel_id: int = 7, **changes: object) -> Subscription:
    return Subscription(id=id, guild_id=3, channel_id=channel_id, **changes)  # type: ignore[arg-type]


def test_a_subscription_without_wishes_takes_everything() -> None:
    assert match(NATO_DEAL, wish()).wanted


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"topic": "ai-defence"}, "asked for the topic ai-defence"),
        ({"events": ("funding", "contract")}, "asked for funding or contract"),
        ({"languages": ("en", "de")}, "asked for en or de"),
        ({"organisations": ("NATO", "Helsing")}, "asked for NATO"),
    ],
)
def test_a_wish_that_is_met_says_so(wishes: dict[str, object], reason: str) -> None:
    found = match(NATO_DEAL, wish(**wishes))
    assert (found.wanted, found.reasons) == (True, (reason,))


def test_a_topic_is_told_by_the_name_that_people_know() -> None:
    named = {"ai-defence": "AI and defence"}
    (row,) = owed([NATO_DEAL], [wish(topic="ai-defence")], matched=(), topics=named)
    assert row.reasons == ("asked for the topic AI and defence",)
    assert match(NATO_DEAL, wish(topic="space"), topics=named).reasons == ("asked for the topic space",)


@pytest.mark.parametrize(
    "wishes",
    [{"topic": "space"}, {"events": ("policy",)}, {"languages": ("de",)}, {"organisations": ("Helsing",)}],
)
def test_one_wish_that_is_not_met_is_enough_to_stay_silent_and_is_named(wishes: dict[str, object]) -> None:
    found = match(NATO_DEAL, wish(**{"topic": "ai-defence", **wishes}))
    assert not found.wanted
    assert len(found.reasons) == 1
    assert owed([NATO_DEAL], [wish(**wishes)], matched=()) == ()


@pytest.mark.parametrize(
    ("story", "wishes"),
    [
        ({"organisations": ("OpenAI",)}, {"organisations": ("openai",)}),
        ({"organisations": (), "buyer": Party("US Army", "the Army")}, {"organisations": ("US Army",)}),
        ({"language": "en-GB"}, {"languages": ("en",)}),
        ({"language": ""}, {"languages": ("en",)}),
    ],
)
def test_case_parties_regions_and_an_unknown_language_keep_no_story_back(
    story: dict[str, object], wishes: dict[str, object]
) -> None:
    assert match(a_story(**story), wish(**wishes)).wanted


def test_a_story_that_has_a_row_owes_nothing_more() -> None:
    assert owed([NATO_DEAL], [wish()], matched={(1, "deal")}) == ()


def test_a_paused_subscription_is_owed_what_it_wants() -> None:
    (alert,) = owed([NATO_DEAL], [wish(paused="no rights")], matched=())
    assert alert.suppressed is None


def test_one_that_wants_only_digests_is_owed_no_alerts_but_a_place_in_its_digest() -> None:
    (row,) = owed([NATO_DEAL], [wish(mode="digest")], matched=())
    assert row.kind == "digest"
    assert owed([NATO_DEAL], [wish(mode="digest", events=("policy",))], matched=()) == ()


@pytest.mark.parametrize(("level", "kind"), [("low", "digest"), ("high", "alert")])
def test_one_that_wants_both_has_what_matters_less_in_its_digest(level: Level, kind: str) -> None:
    (row,) = owed([NATO_DEAL], [wish(mode="both", min_importance="high")], matched=(), weigh=weighed(level))
    assert row.kind == kind


def test_a_channel_that_is_alerted_does_not_read_the_story_again_in_a_digest() -> None:
    rows = owed([NATO_DEAL], [wish(1, mode="digest"), wish(2)], matched=())
    assert {row.subscription_id: row.suppressed for row in rows} == {
        1: "the channel is told by subscription 2",
        2: None,
    }


def test_what_a_server_has_muted_is_written_down_and_not_told_there() -> None:
    servers = {3: Server(muted=("nato",))}
    rows = owed([NATO_DEAL], [wish(1), replace(wish(2, channel_id=8), guild_id=4)], matched=(), servers=servers)
    assert [row.suppressed for row in rows] == ["this server has muted nato", None]


@pytest.mark.parametrize(("stricter", "told"), [(0.0, True), (0.3, True), (0.45, False)])
def test_a_server_whose_managers_voted_noise_down_asks_for_more_relevance(stricter: float, told: bool) -> None:
    servers, thresholds = {3: Server(stricter=stricter)}, {"ai-defence": 0.5}
    (row,) = owed([NATO_DEAL], [wish()], matched=(), servers=servers, thresholds=thresholds)
    assert (row.suppressed is None) == told


def test_the_words_a_server_watches_for_count_in_what_matters_to_it() -> None:
    def weigh(_: Story, watched: Collection[str]) -> Importance:
        return Importance("high" if watched else "low", 1.0)

    wishes = [wish(1, min_importance="high"), replace(wish(2, channel_id=8, min_importance="high"), guild_id=4)]
    rows = owed([NATO_DEAL], wishes, matched=(), weigh=weigh, servers={4: Server(watched=("NATO",))})
    assert [row.subscription_id for row in rows] == [2]


@pytest.mark.parametrize(
    ("override", "level", "held"),
    [(True, "critical", None), (False, "critical", "quiet hours"), (True, "high", "quiet hours")],
)
def test_a_hold_keeps_alerts_back_unless_they_are_critical_and_may_pass(
    override: bool, level: Level, held: str | None
) -> None:
    hold = Hold("quiet hours", NOON, critical_override=override)
    (row,) = owed([NATO_DEAL], [wish()], matched=(), weigh=weighed(level), holds={1: hold})
    assert (row.held, row.not_before) == (held, NOON if held else None)


def test_a_material_change_is_an_update_for_those_who_were_told() -> None:
    rows = updates({"deal": "a denial"}, [(1, "deal"), (2, "other")], {"deal": 4, "other": 2})
    assert [(row.subscription_id, row.kind, row.revision, row.reasons) for row in rows] == [
        (1, "update", 4, ("a denial",))
    ]


@pytest.mark.parametrize(
    ("override", "critical", "until"), [(True, ["deal"], None), (True, [], NOON), (False, ["deal"], NOON)]
)
def test_an_update_waits_for_the_end_of_quiet_hours_and_then_comes_by_itself(
    override: bool, critical: list[str], until: datetime | None
) -> None:
    holds = {1: Hold("quiet hours", NOON, critical_override=override)}
    (row,) = updates({"deal": "a denial"}, [(1, "deal")], {"deal": 4}, holds=holds, critical=critical)
    assert (row.held, row.not_before) == (None, until)


def test_a_channel_hears_from_the_subscription_that_tells_at_once_not_from_one_that_keeps_it_for_a_digest() -> None:
    later = wish(1, mode="both", min_importance="high")
    rows = owed([NATO_DEAL], [later, wish(2)], matched=(), weigh=weighed("low"))
    assert {row.subscription_id: (row.kind, row.suppressed) for row in rows} == {
        1: ("digest", "the channel is told by subscription 2"),
        2: ("alert", None),
    }


@pytest.mark.parametrize(("level", "told"), [("notable", ()), ("high", (1,))])
def test_what_waits_for_a_digest_is_told_at_once_when_it_comes_to_matter_enough(level: Level, told: tuple[int]) -> None:
    rows = owed(
        [NATO_DEAL],
        [wish(1, mode="both", min_importance="high"), wish(2, 8, mode="digest")],
        matched={(1, "deal"), (2, "deal")},
        waiting={(1, "deal"), (2, "deal")},
        weigh=weighed(level),
    )
    assert tuple(row.subscription_id for row in rows) == told
    assert all((row.kind, row.suppressed) == ("alert", None) for row in rows)


def test_a_place_in_a_digest_does_not_keep_another_subscription_from_telling_it_at_once() -> None:
    here = [wish(1, mode="digest"), wish(2, min_importance="high"), wish(3, mode="digest")]
    rows = owed(
        [NATO_DEAL], here, matched={(1, "deal")}, waiting={(1, "deal")}, tellers={(7, "deal"): 1}, weigh=weighed("high")
    )
    assert [(row.subscription_id, row.kind, row.suppressed) for row in rows] == [
        (2, "alert", None),
        (3, "digest", told_by(2)),
    ]


@pytest.mark.parametrize("later", [{"mode": "digest"}, {"paused": "by a manager"}])
def test_what_is_told_later_anyway_stays_with_the_digest_that_tells_it(later: dict[str, str]) -> None:
    here = [wish(1, mode="digest"), wish(2, **later)]
    (row,) = owed([NATO_DEAL], here, matched={(1, "deal")}, waiting={(1, "deal")}, tellers={(7, "deal"): 1})
    assert (row.subscription_id, row.suppressed) == (2, told_by(1))


def test_a_channel_is_told_once_however_many_of_its_subscriptions_want_the_story() -> None:
    alerts = owed([NATO_DEAL], [wish(2), wish(1), wish(3, channel_id=8)], matched=())
    assert {alert.subscription_id: alert.suppressed for alert in alerts} == {
        1: None,
        2: "the channel is told by subscription 1",
        3: None,
    }


def test_a_later_subscription_of_a_channel_that_was_told_is_suppressed() -> None:
    (alert,) = owed([NATO_DEAL], [wish(1), wish(2)], matched={(1, "deal")})
    assert (alert.subscription_id, alert.suppressed) == (2, "the channel is told by subscription 1")


def test_a_channel_was_told_where_the_message_stands_not_where_its_subscription_is_now() -> None:
    moved, here, there = wish(1, channel_id=8), wish(2), wish(3, channel_id=8)
    rows = owed([NATO_DEAL], [moved, here, there], matched={(1, "deal")}, tellers={(7, "deal"): 1})
    assert {row.subscription_id: row.suppressed for row in rows} == {
        2: "the channel is told by subscription 1",
        3: None,
    }


def test_a_paused_subscription_does_not_keep_the_channel_from_being_told_by_another() -> None:
    alerts = owed([NATO_DEAL], [wish(1, paused="by a manager"), wish(2)], matched=())
    assert [alert.subscription_id for alert in alerts if alert.suppressed is None] == [2]


wishes = st.lists(
    st.builds(
        wish,
        id=st.integers(1, 9),
        channel_id=st.integers(1, 3),
        events=st.sampled_from([(), ("contract",), ("policy",)]),
        paused=st.sampled_from([None, "paused"]),
    ),
    unique_by=lambda each: each.id,
)


@given(wishes, st.sets(st.tuples(st.integers(1, 9), st.just("deal"))))
def test_every_match_has_exactly_one_row_and_each_channel_at_most_one_message(
    found: list[Subscription], matched: set[tuple[int, str]]
) -> None:
    alerts = owed([NATO_DEAL], found, matched=matched)
    wanted = {each.id for each in found if match(NATO_DEAL, each).wanted}
    had = {id for id, _ in matched}
    assert sorted(alert.subscription_id for alert in alerts) == sorted(wanted - had)
    channel = {each.id: each.channel_id for each in found}
    sent = [channel[alert.subscription_id] for alert in alerts if alert.suppressed is None]
    assert len(sent) == len(set(sent))
    assert not set(sent) & {channel[id] for id in had if id in channel}


def weighed(level: Level) -> Weigh:
    return lambda _story, _watched: Importance(level, 1.0)


@pytest.mark.parametrize(("level", "wanted"), [("low", 0), ("notable", 0), ("high", 1), ("critical", 1)])
def test_a_subscription_takes_stories_from_its_level_of_importance_on(level: Level, wanted: int) -> None:
    found = owed([NATO_DEAL], [wish(min_importance="high")], matched=(), weigh=weighed(level))
    assert len(found) == wanted


def test_a_story_that_mattered_too_little_is_owed_once_it_matters_more() -> None:
    asked = [wish(min_importance="high")]
    assert owed([NATO_DEAL], asked, matched=(), weigh=weighed("low")) == ()
    (alert,) = owed([NATO_DEAL], asked, matched=(), weigh=weighed("high"))
    assert alert.reasons == ("asked for high importance or more; this is high",)


def test_a_story_of_unknown_importance_counts_as_low() -> None:
    assert match(NATO_DEAL, wish(min_importance="low")).wanted
    assert not match(NATO_DEAL, wish(min_importance="notable")).wanted
