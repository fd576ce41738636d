"""What digests, catch-ups and notices look like, whatever the titles and addresses of their stories are."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.bulletin import Bulletin, BulletinKind, Content, Dispatch, bulletin_message, minimal_bulletin
from bot.core.digest import Ranked
from bot.core.importance import Importance
from bot.core.message import LIMITS, excess, mark_of
from tests.builders import NOON, a_story


def a_dispatch(stories: list[Ranked], kind: BulletinKind = "digest", **content: Any) -> Dispatch:
    told = Content(stories=tuple(each.story.id for each in stories), **content)
    return Dispatch(7, Bulletin(10, 20, kind, "1@x", told), tuple(stories), "mark", 1, NOON)


def ranked(number: int, *, score: float = 1.0, link: str = "https://news.example/1", **changes: Any) -> Ranked:
    return Ranked(a_story(f"s{number}", title=f"Story {number}", link=link, **changes), Importance("notable", score))


LONG = "https://news.example/" + "a" * 370


def test_stories_of_one_kind_with_long_addresses_are_listed_as_far_as_there_is_room() -> None:
    message = bulletin_message(a_dispatch([ranked(number, link=LONG) for number in range(25)]))
    shown = message.description.count("\n- [Story")
    assert 8 <= shown < 25
    assert message.description.endswith(f"… and {25 - shown} more of less importance")


def test_what_finds_no_room_is_what_matters_least() -> None:
    lesser = [ranked(number, link=LONG, score=1.0) for number in range(12)]
    message = bulletin_message(a_dispatch([*lesser, ranked(99, link=LONG, score=9.0, event="policy")]))
    assert "[Story 99]" in message.description
    assert "[Story 11]" not in message.description


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=300), st.integers(0, 390), st.sampled_from(["contract", "policy"])), max_size=30
    )
)
def test_every_list_keeps_discords_limits_and_says_how_much_it_leaves_out(found: list[tuple[str, int, Any]]) -> None:
    stories = [
        Ranked(a_story(f"s{n}", title=title, link=f"https://x.example/{'a' * long}", event=event), Importance("low", n))
        for n, (title, long, event) in enumerate(found)
    ]
    message = bulletin_message(a_dispatch(stories))
    assert not excess(message)
    assert not stories or message.description.count("\n- ") > 0


@pytest.mark.parametrize(
    ("kind", "label"), [("digest", "Whole list"), ("catch_up", "Whole list"), ("notice", "Status")]
)
def test_the_short_form_carries_the_same_button_as_the_full_one(kind: BulletinKind, label: str) -> None:
    dispatch = a_dispatch([ranked(1)], kind, lines=("- The feed fails.",) if kind == "notice" else ())
    full, short = bulletin_message(dispatch), minimal_bulletin(dispatch)
    assert full.buttons == short.buttons
    assert [button.label for button in short.buttons] == [label]
    assert mark_of(short.buttons[0].custom_id) == "mark"
    assert len(short.content) <= LIMITS["content"]
