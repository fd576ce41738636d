"""What a digest holds and in what order; clocks that jump lose and repeat nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.core.digest import Digest, compose
from bot.core.event import EVENT_TYPES
from bot.core.hours import MOST_SHOWN, DigestPlan, is_due, period
from bot.core.importance import Importance
from bot.core.story import Story
from tests.builders import NOON, a_story
from tests.test_hours import ANY_MOMENT, PLANS, ZONES, utc

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def weighed(id: str, score: float = 1.0, **changes: Any) -> tuple[Story, Importance]:
    return a_story(id, **changes), Importance("notable", score)


def listed(digest: Digest) -> list[list[str]]:
    return [[ranked.story.id for ranked in group.stories] for group in digest.groups]


def test_stories_stand_by_type_of_event_the_most_important_first() -> None:
    stories = [
        weighed("a", 1.0),
        weighed("b", 3.0, event="policy"),
        weighed("c", 2.0),
        weighed("d", 0.5, event="policy"),
    ]
    digest = compose(stories, DigestPlan(8), period="p")
    assert [group.event for group in digest.groups] == ["policy", "contract"]
    assert listed(digest) == [["b", "d"], ["c", "a"]]
    assert digest.left_out_count == 0


def test_the_most_important_are_listed_and_the_rest_is_counted_and_settled_too() -> None:
    stories = [weighed(f"s{n}", float(n)) for n in range(7)]
    digest = compose(stories, DigestPlan(8, top=3), period="p")
    assert listed(digest) == [["s6", "s5", "s4"]]
    assert digest.left_out == ("s3", "s2", "s1", "s0")
    assert digest.left_out_count == 4
    assert sorted(digest.members) == sorted(story.id for story, _ in stories)


def test_of_two_that_weigh_the_same_later_news_comes_first_then_the_smaller_id() -> None:
    later = NOON + HOUR
    stories = [weighed("b"), weighed("c", last_seen=later), weighed("a")]
    assert listed(compose(stories, DigestPlan(8), period="p")) == [["c", "a", "b"]]


def test_a_story_given_twice_is_listed_once_where_it_weighs_most() -> None:
    stories = [weighed("a", 1.0), weighed("b", 2.0), weighed("a", 3.0)]
    assert listed(compose(stories, DigestPlan(8), period="p")) == [["a", "b"]]


def test_without_stories_there_is_nothing_to_send() -> None:
    assert compose([], DigestPlan(8), period="p") == Digest("p")


WEIGHED = st.lists(
    st.builds(
        weighed,
        st.integers(0, 40).map(lambda n: f"s{n:02}"),
        st.sampled_from([-0.4, 0.0, 1.0, 1.5, 4.2]),
        event=st.sampled_from(EVENT_TYPES),
        last_seen=st.integers(0, 5).map(lambda hours: NOON + hours * HOUR),
    ),
    max_size=40,
    unique_by=lambda pair: pair[0].id,
)


@given(WEIGHED, st.integers(1, MOST_SHOWN), st.randoms(use_true_random=False))
def test_a_digest_is_the_same_in_whatever_order_its_stories_come(
    stories: list[tuple[Story, Importance]], top: int, random: Any
) -> None:
    plan = DigestPlan(8, top=top)
    digest = compose(stories, plan, period="p")
    shuffled = random.sample(stories, len(stories))
    assert compose(shuffled, plan, period="p") == digest
    assert sorted(digest.members) == sorted(story.id for story, _ in stories)
    assert sum(map(len, listed(digest))) == min(top, len(stories))
    scores = {story.id: weight.score for story, weight in stories}
    shown = [scores[id] for group in listed(digest) for id in group]
    assert not shown or min(shown) >= max((scores[id] for id in digest.left_out), default=-1.0)
    assert len({group.event for group in digest.groups}) == len(digest.groups)


@given(PLANS, ANY_MOMENT, st.lists(st.tuples(st.integers(-5000, 5000), ZONES | st.none()), max_size=25))
def test_a_clock_that_jumps_repeats_no_period_and_loses_no_story(
    plan: DigestPlan, start: datetime, jumps: list[tuple[int, str | None]]
) -> None:
    """A small subscription, told by a clock that leaps to and fro while its zone is changed: a story comes in at each
    step, and whatever is not told yet goes into the digest that is due."""
    keys = [period(plan, start, ZoneInfo(plan.timezone))]
    since, clock, untold, settled = 0, start, [], []  # type: ignore[var-annotated]
    for number, (minutes, zone) in enumerate(jumps):
        clock += timedelta(minutes=minutes)
        if zone:
            plan, since = replace(plan, timezone=zone), len(keys)
            keys.append(period(plan, clock, ZoneInfo(zone)))
        untold.append(weighed(f"s{number}"))
        if is_due(plan, keys[since:], clock, ZoneInfo(plan.timezone)):
            digest = compose(untold, plan, period=period(plan, clock, ZoneInfo(plan.timezone)))
            assert digest.period not in keys[since:]
            keys.append(digest.period)
            settled += digest.members
            untold.clear()
    end = max(utc(key.removesuffix("Z")) for key in keys) + 40 * DAY
    assert is_due(plan, keys[since:], end, ZoneInfo(plan.timezone))
    assert sorted([*settled, *(story.id for story, _ in untold)]) == sorted(f"s{n}" for n in range(len(jumps)))
