"""The names that tell the items of one feed apart, and the cleaning of their fields."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.draft import Draft, clean_guid, clean_language, named, reuses_guids

DRAFT = Draft(guid="1", link="https://a.org/1", title="One", markup="", text="", published=None, language=None)
HOMES = {"https://a.org/feed", "https://a.org/"}


def names(*drafts: Draft) -> list[tuple[str, ...]]:
    return [aliases for _, aliases in named(drafts, HOMES)]


def test_the_guid_is_the_strongest_name_then_the_link_then_the_text() -> None:
    (aliases,) = names(replace(DRAFT, title="A title of more than five words"))
    assert [alias.partition(":")[0] for alias in aliases] == ["guid", "link", "text"]


def test_a_short_text_is_a_name_only_where_there_is_no_other() -> None:
    assert [alias[:5] for alias in names(DRAFT)[0]] == ["guid:", "link:"]
    assert names(replace(DRAFT, guid=None, link=None))[0][0].startswith("text:")


def test_the_feeds_own_address_names_no_item() -> None:
    for home in HOMES:
        assert names(replace(DRAFT, guid=home, link=home))[0][0].startswith("text:")


def test_a_guid_on_items_of_different_titles_names_none() -> None:
    drafts = [replace(DRAFT, title=f"Title {n}", link=f"https://a.org/{n}") for n in range(3)]
    assert names(*drafts) == [(f"link:a.org/{n}",) for n in range(3)]


def test_a_guid_on_three_titles_is_reused_and_on_two_may_be_an_edit() -> None:
    drafts = [replace(DRAFT, title=f"Title {n}") for n in range(3)]
    assert reuses_guids(drafts)
    assert not reuses_guids([*drafts[:2], drafts[0]])
    assert not reuses_guids(replace(each, guid=None) for each in drafts)


def test_an_item_told_twice_is_one() -> None:
    assert len(names(DRAFT, replace(DRAFT, text="Edited since."))) == 1


def test_an_item_with_nothing_to_know_it_by_is_left_out() -> None:
    assert names(replace(DRAFT, guid=None, link=None, title="", text="")) == []


@pytest.mark.parametrize(
    ("value", "guid"),
    [(" a\n b ", "a b"), ("", None), (None, None), (7, None), ("\u200b", None), ("x" * 512, "x" * 512)],
)
def test_a_guid_is_trimmed(value: object, guid: str | None) -> None:
    assert clean_guid(value) == guid


@pytest.mark.parametrize(
    ("value", "language"),
    [("en-US", "en"), ("DE", "de"), ("pt_BR", "pt"), ("gsw", "gsw"), ("english", None), ("", None), (None, None)],
)
def test_a_language_is_its_first_part(value: object, language: str | None) -> None:
    assert clean_language(value) == language


fields = st.none() | st.sampled_from(["1", "2", "https://a.org/", "https://a.org/x"])
drafts = st.builds(
    Draft, guid=fields, link=fields, title=st.sampled_from(["", "A", "B b b b b b b"]), markup=st.just(""),
    text=st.sampled_from(["", "t"]), published=st.just(datetime(2026, 5, 1, tzinfo=UTC)), language=st.none(),
)  # fmt: skip


@given(st.lists(drafts, max_size=12))
def test_no_two_entries_share_their_identity_and_no_title_is_lost(found: list[Draft]) -> None:
    entries = named(found, HOMES)
    identities = [aliases[0] for _, aliases in entries]
    assert len(set(identities)) == len(identities)
    assert {draft.title for draft, _ in entries if draft.title} == {draft.title for draft in found if draft.title}
