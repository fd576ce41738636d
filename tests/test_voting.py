"""What votes change, whatever their order, and what people read after one."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.message import excess
from bot.core.voting import (
    MOST,
    STEP,
    Counted,
    Judged,
    Tally,
    is_near,
    not_relevant_message,
    stricter,
    taken_back_message,
)
from tests.builders import a_story

LEAST = {"ai-defence": 0.5}
judged = st.builds(
    Judged,
    relevance=st.floats(0, 1),
    topic=st.sampled_from(["ai-defence", "gone"]),
    against=st.integers(-5, 5),
)


def near(against: int) -> Judged:
    return Judged(0.55, "ai-defence", against)


def test_each_vote_against_a_story_near_the_threshold_asks_for_a_little_more() -> None:
    assert stricter([near(1)], LEAST) == STEP
    assert stricter([near(1), near(2)], LEAST) == 3 * STEP


def test_votes_for_take_back_what_votes_against_added_and_no_more() -> None:
    assert stricter([near(2), near(-1)], LEAST) == STEP
    assert stricter([near(-4)], LEAST) == 0.0


def test_a_story_that_the_strictest_server_would_be_told_moves_nothing() -> None:
    assert stricter([Judged(0.95, "ai-defence", 3)], LEAST) == 0.0
    assert not is_near(0.5 + MOST, 0.5)


@given(st.lists(judged, max_size=30), st.randoms())
def test_the_order_of_votes_does_not_matter_and_the_bounds_hold(votes: list[Judged], random: object) -> None:
    added = stricter(votes, LEAST)
    random.shuffle(votes)  # type: ignore[attr-defined]
    assert stricter(votes, LEAST) == added
    assert 0.0 <= added <= MOST


def test_a_reader_is_thanked_and_told_whose_votes_count() -> None:
    message = not_relevant_message(a_story(), Counted(True, Tally(readers_against=3)), manager=False, threshold=0.5)
    assert "3 people here" in message.description
    assert "Managers' votes change what comes" in message.description
    assert message.buttons == ()


def test_a_manager_reads_what_moved_within_which_bounds_and_may_undo() -> None:
    vote = Counted(True, Tally(managers_against=1), before=0.02, after=0.04)
    message = not_relevant_message(a_story(relevance=0.55), vote, manager=True, threshold=0.5)
    assert "rises from 52 to 54 of 100" in message.description
    assert "add up to 20" in message.description
    assert [button.custom_id for button in message.buttons] == ["vote:undo:story-1"]


def test_a_manager_reads_why_nothing_moved_and_what_helps() -> None:
    vote = Counted(True, Tally(managers_against=1))
    message = not_relevant_message(a_story(relevance=0.9), vote, manager=True, threshold=0.5)
    assert "scores 90 of 100 where 50 are needed" in message.description
    assert "/alerts mute" in message.description


def test_a_vote_given_before_is_said_to_be_there() -> None:
    for manager in (True, False):
        vote = Counted(False, Tally(managers_against=1))
        message = not_relevant_message(a_story(), vote, manager=manager, threshold=0.5)
        assert "You have said so before: 1 person" in message.description


def test_taking_back_says_what_is_needed_now() -> None:
    message = taken_back_message(a_story(), Counted(True, Tally(), before=0.02, after=0.0), threshold=0.5)
    assert "Stories need 50 of 100 in this server, as everywhere" in message.description
    none = taken_back_message(a_story(), Counted(False, Tally()), threshold=0.5)
    assert "no vote of yours" in none.description


def test_no_title_breaks_a_limit() -> None:
    story = a_story("x" * 60, title="*" * 1000)
    message = not_relevant_message(story, Counted(True, Tally()), manager=True, threshold=0.5)
    assert excess(message) == []
