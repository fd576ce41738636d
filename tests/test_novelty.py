"""Novelty: new, renamed and swept-in entries."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.novelty import STORM, Known, like_titles, sift
from tests.builders import NOON, an_entry

YESTERDAY = NOON - timedelta(days=1)


def test_an_entry_with_no_known_name_is_new() -> None:
    assert sift([an_entry(1)], {}, last_polled=NOON).new == (an_entry(1),)


def test_an_entry_with_a_known_guid_is_not_new_whatever_its_title() -> None:
    known = {"guid:1": Known(7, "Something else"), "link:news.example/1": Known(7, "Something else")}
    assert sift([an_entry(1)], known, last_polled=NOON).new == ()


def test_a_known_link_with_a_like_title_under_a_new_guid_is_the_same_entry() -> None:
    found = sift([an_entry(1)], {"link:news.example/1": Known(7, "Entry, number 1 (updated)")}, last_polled=NOON)
    assert found.new == ()
    assert found.renamed == ((7, "guid:1"),)


def test_a_known_link_with_another_title_under_a_new_guid_is_new() -> None:
    known = {"link:news.example/1": Known(7, "Yesterday's photo of the day")}
    assert sift([an_entry(1)], known, last_polled=NOON).new == (an_entry(1),)


def test_an_entry_without_guid_is_known_by_its_link_even_if_its_title_was_changed() -> None:
    entry = an_entry(1, aliases=("link:news.example/1",), guid=None)
    assert sift([entry], {"link:news.example/1": Known(7, "Quite different")}, last_polled=NOON).new == ()


def test_a_known_text_under_a_new_guid_and_link_is_the_same_entry() -> None:
    entry = an_entry(1, aliases=("guid:9", "link:other.example/9", "text:abc"))
    found = sift([entry], {"text:abc": Known(7, "Any")}, last_polled=NOON)
    assert found.renamed == ((7, "guid:9"), (7, "link:other.example/9"))


def test_a_body_full_of_old_entries_under_new_names_is_adopted_with_the_reason() -> None:
    storm = [an_entry(number, published=YESTERDAY) for number in range(STORM + 1)]
    found = sift(storm, {}, last_polled=NOON)
    assert found.new == ()
    assert [entry for entry, _ in found.adopted] == storm
    assert all("changed its ids" in why for _, why in found.adopted)


def test_what_is_dated_after_the_last_poll_stays_new_in_a_storm() -> None:
    fresh = an_entry(999, published=NOON + timedelta(minutes=5))
    storm = [an_entry(number, published=YESTERDAY) for number in range(STORM + 1)]
    assert sift([fresh, *storm], {}, last_polled=NOON).new == (fresh,)


def test_the_first_body_of_a_feed_is_no_storm() -> None:
    first = [an_entry(number, published=YESTERDAY) for number in range(STORM + 1)]
    assert sift(first, {}, last_polled=None).new == tuple(first)


def test_many_new_entries_dated_after_the_last_poll_are_no_storm() -> None:
    busy = [an_entry(number, published=NOON) for number in range(100)]
    assert sift(busy, {}, last_polled=YESTERDAY).new == tuple(busy)


def test_an_empty_title_is_like_any() -> None:
    assert like_titles("", "NATO signs")


@given(st.lists(st.integers(0, 60), unique=True), st.sets(st.integers(0, 60)), st.booleans())
def test_every_entry_is_new_known_or_adopted_and_only_one_of_them(
    numbers: list[int], known_numbers: set[int], first: bool
) -> None:
    body = [an_entry(number, published=YESTERDAY) for number in numbers]
    known = {f"guid:{number}": Known(number, "") for number in known_numbers}
    found = sift(body, known, last_polled=None if first else NOON)
    adopted = [entry for entry, _ in found.adopted]
    assert {*found.new, *adopted} == {entry for entry in body if int(entry.guid or 0) not in known_numbers}
    assert not set(found.new) & set(adopted)
