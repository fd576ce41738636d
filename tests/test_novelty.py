"""Novelty: new and renamed entries, reused guids, storms."""

from collections.abc import Collection
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.entry import Entry
from bot.core.novelty import STORM, Known, Sifted, calm, is_storm, like_titles, sift
from tests.builders import NOON, an_entry

DAY = timedelta(days=1)
YESTERDAY = NOON - DAY


def test_an_entry_with_no_known_name_is_new() -> None:
    assert sift([an_entry(1)], {}).new == (an_entry(1),)


def test_an_entry_with_a_known_guid_is_not_new_whatever_its_title() -> None:
    known = {"guid:1": Known(7, "Something else"), "link:news.example/1": Known(7, "Something else")}
    assert sift([an_entry(1)], known).new == ()


def test_a_known_link_with_a_like_title_under_a_new_guid_is_the_same_entry() -> None:
    found = sift([an_entry(1)], {"link:news.example/1": Known(7, "Entry, number 1 (updated)")})
    assert found.new == ()
    assert found.renamed == ((7, "guid:1"),)


def test_a_known_link_with_another_title_under_a_new_guid_is_new() -> None:
    known = {"link:news.example/1": Known(7, "Yesterday's photo of the day")}
    assert sift([an_entry(1)], known).new == (an_entry(1),)


def test_an_entry_without_guid_is_known_by_its_link_even_if_its_title_was_changed() -> None:
    entry = an_entry(1, aliases=("link:news.example/1",), guid=None)
    assert sift([entry], {"link:news.example/1": Known(7, "Quite different")}).new == ()


def test_a_known_text_under_a_new_guid_and_link_is_the_same_entry() -> None:
    entry = an_entry(1, aliases=("guid:9", "link:other.example/9", "text:abc"))
    found = sift([entry], {"text:abc": Known(7, "Any")})
    assert found.renamed == ((7, "guid:9"), (7, "link:other.example/9"))


def test_a_guid_that_stood_on_something_else_before_names_nothing_new() -> None:
    first = Known(7, "Daily brief: budgets", "https://news.example/monday", YESTERDAY)
    reused = an_entry(1, aliases=("guid:1", "link:news.example/1"), title="Palantir wins contract", published=NOON)
    found = sift([reused], {"guid:1": first})
    assert [entry.aliases for entry in found.new] == [("link:news.example/1",)]
    known = {"guid:1": first, "link:news.example/1": Known(8, "Palantir wins contract", reused.link, NOON)}
    assert sift([reused], known).is_nothing


def test_a_guid_that_came_again_on_something_else_is_told_and_then_no_guid_counts() -> None:
    first = Known(7, "Daily brief: budgets", "https://news.example/monday", YESTERDAY)
    reused = an_entry(1, aliases=("guid:1", "link:news.example/1"), title="Palantir wins contract", published=NOON)
    other = an_entry(2, aliases=("guid:2", "link:news.example/2"), title="Daily brief: tanks", published=NOON)
    found = sift([reused, other], {"guid:1": first, "guid:2": first})
    assert found.reuses_guids
    assert [entry.identity for entry in found.new] == ["link:news.example/1", "link:news.example/2"]
    later = sift([other], {"guid:2": first}, reuses_guids=True)
    assert (later.reuses_guids, [entry.identity for entry in later.new]) == (True, ["link:news.example/2"])


def test_a_guid_that_is_reused_still_names_what_has_no_other_name() -> None:
    bare = an_entry(1, aliases=("guid:1",), link=None)
    assert sift([bare], {"guid:1": Known(7, bare.title)}, reuses_guids=True).is_nothing


def test_an_entry_without_guid_reuses_none_not_even_that_of_a_program_that_writes_none() -> None:
    known = {"guid:None": Known(7, "Ten cakes for spring", "https://news.example/cakes", YESTERDAY)}
    bare = an_entry(1, aliases=("link:news.example/1",), guid=None, published=NOON)
    assert not sift([bare], known).reuses_guids


def test_entries_that_only_reused_guids_tell_apart_are_one() -> None:
    copies = [an_entry(1, aliases=(f"guid:{place}", "link:news.example/1")) for place in (3, 7)]
    assert [entry.aliases for entry in sift(copies, {}, reuses_guids=True).new] == [("link:news.example/1",)]


def test_a_guid_on_something_else_without_any_link_is_reused() -> None:
    first = Known(7, "Daily brief: budgets", None, YESTERDAY)
    entry = an_entry(1, aliases=("guid:1", "text:abc"), link=None, title="Palantir wins contract", published=NOON)
    assert [each.identity for each in sift([entry], {"guid:1": first}).new] == ["text:abc"]


@pytest.mark.parametrize(
    "first",
    [
        Known(7, "Palantir wins big contract", "https://news.example/monday", YESTERDAY),
        Known(7, "Daily brief: budgets", "https://news.example/1?", YESTERDAY),
        Known(7, "Daily brief: budgets", None, YESTERDAY),
        Known(7, "Daily brief: budgets", "https://news.example/monday", NOON),
    ],
    ids=["like title", "same link", "no link", "no later date"],
)
def test_an_entry_that_was_edited_keeps_its_guid(first: Known) -> None:
    assert sift([an_entry(1, title="Palantir wins contract", published=NOON)], {"guid:1": first}).new == ()


def storm(age: timedelta | None = 2 * DAY) -> list[Entry]:
    return [an_entry(number, published=NOON - age if age else None) for number in range(STORM + 1)]


def calmed(entries: list[Entry], known: dict[str, Known] | None = None, titles: Collection[str] = ()) -> Sifted:
    """What is left of new `entries` after a storm, polled last at noon."""
    sifted = sift(entries, known or {})
    assert is_storm(sifted.new, in_body=len(entries), last_polled=NOON)
    return calm(sifted, known or {}, titles, last_polled=NOON)


def test_in_a_storm_entries_with_known_titles_are_adopted_with_the_reason() -> None:
    found = calmed(storm(), titles=[entry.title.upper() for entry in storm()])
    assert (found.new, found.swept) == ((), ())
    assert [entry for entry, _ in found.adopted] == storm()
    assert all("changed its ids" in why for _, why in found.adopted)


def test_in_a_storm_entries_with_known_links_are_adopted_whatever_their_titles() -> None:
    known = {f"link:news.example/{number}": Known(number, "Quite different") for number in range(STORM + 1)}
    assert [entry for entry, _ in calmed(storm(), known).adopted] == storm()


def test_in_a_storm_unknown_entries_of_long_ago_are_kept_without_an_alert() -> None:
    found = calmed(storm())
    assert (found.new, found.adopted) == ((), ())
    assert [entry for entry, _ in found.swept] == storm()


def test_a_busy_feed_that_dates_by_the_day_is_not_silenced() -> None:
    assert calmed(storm(age=timedelta(hours=20))).new == tuple(storm(age=timedelta(hours=20)))


def test_a_busy_feed_without_dates_is_not_silenced() -> None:
    assert calmed(storm(age=None)).new == tuple(storm(age=None))


def test_what_is_dated_after_the_last_poll_stays_new_in_a_storm() -> None:
    fresh = an_entry(999, published=NOON + timedelta(minutes=5), title="Entry number 1")
    assert calmed([fresh, *storm()], titles=[entry.title for entry in storm()]).new == (fresh,)


def test_the_first_body_of_a_feed_is_no_storm() -> None:
    assert not is_storm(storm(), in_body=STORM + 1, last_polled=None)


def test_many_new_entries_dated_after_the_last_poll_are_no_storm() -> None:
    assert not is_storm([an_entry(number) for number in range(100)], in_body=100, last_polled=YESTERDAY)


def test_a_few_old_entries_in_a_large_body_are_no_storm() -> None:
    assert not is_storm(storm(), in_body=2 * STORM + 2, last_polled=NOON)


def test_an_empty_title_is_like_any() -> None:
    assert like_titles("", "NATO signs")


@given(
    st.lists(st.integers(0, 60), unique=True),
    st.sets(st.integers(0, 60)),
    st.sets(st.integers(0, 60)),
    st.integers(0, 72),
)
def test_every_entry_is_new_known_adopted_or_swept_and_only_one_of_them(
    numbers: list[int], known_numbers: set[int], told: set[int], hours: int
) -> None:
    body = [an_entry(number, published=NOON - timedelta(hours=hours)) for number in numbers]
    known = {f"guid:{number}": Known(number, "") for number in known_numbers}
    sifted = sift(body, known)
    found = calm(sifted, known, [f"Entry number {number}" for number in told], last_polled=NOON)
    apart = [*found.new, *(entry for entry, _ in (*found.adopted, *found.swept))]
    assert sorted(entry.identity for entry in apart) == sorted(entry.identity for entry in sifted.new)
    assert set(sifted.new) == {entry for entry in body if int(entry.guid or 0) not in known_numbers}
