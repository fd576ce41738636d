"""What may be added, and how it is shown before."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.discovery import FeedLink
from bot.core.feed import Feed, FeedState
from bot.core.feedlist import ServerFeed
from bot.core.message import excess
from bot.core.newfeed import (
    MOST_LISTED,
    NO_ROOM,
    NOT_NOW,
    FeedLimits,
    Look,
    Sorted,
    Verdict,
    added_message,
    admitted,
    key_of,
    list_message,
    look_message,
    main_reason,
    new_feed,
    sort_list,
)
from bot.core.relevance import Reason, Relevance
from tests.builders import NOON

LIMITS = FeedLimits(per_server=5, adds_an_hour=3)


def listed(*numbers: int) -> list[Feed]:
    return [Feed(url=f"https://{number}.example/feed", name=f"Feed {number}") for number in numbers]


def known(number: int, *, own: bool = True) -> ServerFeed:
    return ServerFeed(number, Feed(url=f"http://www.{number}.example/feed/", name="x"), FeedState(), own)


def no_ftp(url: str) -> str:
    if url.startswith("ftp:"):
        raise ValueError("no ftp")
    return url


def names(found: Sorted) -> list[str]:
    return [new.name for new in found.new]


@pytest.mark.parametrize(
    ("name", "title", "own", "shown"),
    [
        ("Mine", "Theirs", "Theirs", "Mine"),
        (None, "Theirs", "Theirs", "Theirs"),
        (None, "", "a.example", "a.example"),
        ("  ", "\u202e", "a.example", "a.example"),
    ],
)
def test_a_new_feed_is_called_as_the_server_wants_and_as_its_publisher_does(
    name: str | None, title: str, own: str, shown: str
) -> None:
    new = new_feed("https://a.example/feed", name=name, title=title)
    assert (new.feed.name, new.name) == (own, shown)


def test_spellings_of_one_address_share_a_key() -> None:
    assert key_of("http://www.a.example/feed/") == key_of("https://a.example/feed#top")
    assert key_of("https://a.example/feed?token=1") != key_of("https://a.example/feed?token=2")


def test_a_list_is_sorted_into_new_known_and_refused() -> None:
    bad = Feed(url="ftp://old.example/", name="ftp://old.example/")
    found = sort_list([*listed(1, 2, 1), bad, replace(bad, name="Old")], check=no_ftp)
    assert (names(found), found.known) == (["Feed 1", "Feed 2"], 1)
    assert found.refused == (("a feed without a name", "no ftp"), ("Old", "no ftp"))


def test_an_endless_list_is_cut() -> None:
    found = sort_list(listed(*range(MOST_LISTED + 7)), check=no_ftp)
    assert len(found.new) == MOST_LISTED
    assert found.refused == (("7 more", "a list may hold 500 feeds; split it"),)


@pytest.mark.parametrize(
    ("seen", "lately", "taken", "why"),
    [
        ([], 0, [1, 2, 3], NOT_NOW),
        ([known(1, own=False)], 0, [2, 3, 4], NOT_NOW),
        ([known(7), known(8), known(9)], 0, [1, 2], NO_ROOM),
        ([known(6), known(7), known(8), known(9), known(10)], 0, [], NO_ROOM),
        ([], 3, [], NOT_NOW),
        ([], 99, [], NOT_NOW),
    ],
)
def test_a_server_takes_what_it_has_room_for(seen: list[ServerFeed], lately: int, taken: list[int], why: str) -> None:
    found = admitted(sort_list(listed(1, 2, 3, 4), check=no_ftp), seen, lately=lately, limits=LIMITS)
    assert names(found) == [f"Feed {number}" for number in taken]
    assert {reason for _, reason in found.refused} <= {why}
    assert len(found.new) + found.known + len(found.refused) == 4


@pytest.mark.parametrize(
    ("relevant", "reasons", "told"),
    [
        (True, [("the text", "a", 1.0), ("the title", "b", 2.0), ("against", "c", -3.0)], "The title: b"),
        (False, [("the text", "a", 1.0), ("cooking", "c", -0.5)], "Cooking: c"),
        (False, [("gate: defence is named", "Army", 0.0)], "Defence is named: Army"),
        (False, [("input: no date", "", 0.0)], ""),
        (True, [], ""),
    ],
)
def test_the_main_reason_is_the_strongest_for_the_verdict(
    relevant: bool, reasons: list[tuple[str, str, float]], told: str
) -> None:
    assert main_reason(Relevance("t", 0.5, relevant, tuple(Reason(*each) for each in reasons))) == told


@given(st.text(max_size=700), st.text(max_size=700), st.integers(0, 20))
def test_what_is_shown_before_adding_keeps_to_discords_limits(title: str, words: str, number: int) -> None:
    relevance = Relevance("t", 0.5, True, (Reason(words, title, 1.0),))
    url = "https://a.example/" + "ü" * 500
    look = Look(
        new_feed(url, name=None, title=title),
        asked="https://b.example/page",
        format=words,
        entries=number,
        newest=NOON,
        verdicts=(Verdict(title, url, relevance),) * number,
        others=(FeedLink(url, title),) * number,
    )
    refused = tuple((title, words) for _ in range(number))
    new = (look.new,) * number
    for message in (
        look_message(look, token="t" * 40),
        list_message(Sorted(new, 1, refused), token="t" * 40),
        added_message(new, refused),
    ):
        assert excess(message) == []
