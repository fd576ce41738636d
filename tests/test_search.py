"""Full-text search, on both engines."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.query import terms_of
from bot.store import Store, prune, search
from bot.store.search import Found
from tests.builders import NOON, a_story
from tests.told import tell

YEAR = timedelta(days=365)
HOSTILE = (
    '"', '""', "'", "nato OR openai", "NEAR(nato openai, 2)", "nato NOT openai", "nato*", "^nato", "title:nato",
    "{title text}:nato", "-nato", "nato AND", "(nato", "a" * 2_000, "nato " * 400, "🙂", "🙂 nato", "\u202eotan", "%",
    "_", "\0", "\udfff", "';DROP TABLE articles;--", "\\", "':*", "!nato", "nato & | !", "<->",
)  # fmt: skip


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        await tell(store, a_story("title", title="Drones for NATO"), "Little is known.")
        await tell(
            store,
            a_story("text", title="Budget agreed", event="policy", organisations=("NATO",)),
            "It speaks of drones and of a loyal wingman.",
            "Drones, drones and drones.",
        )
        await tell(
            store,
            a_story("late", title="Wingman flies", last_seen=NOON + timedelta(days=2), organisations=("Acme",)),
            "A wingman, and a loyal one. Zürich watches its drone.",
        )
        yield store


async def found(store: Store, query: str, **conditions: Any) -> list[str]:
    page = await store.read(search.search, terms_of(query), **conditions)
    assert page.total >= len(page.listed)
    return [each.story.id for each in page.listed]


async def test_the_title_weighs_more_than_the_text(store: Store) -> None:
    assert await found(store, "drones") == ["title", "text"]


async def test_a_story_stands_once_however_many_of_its_reports_match(store: Store) -> None:
    page = await store.read(search.search, terms_of("drones"))
    assert (page.total, page.more) == (2, False)


async def test_a_word_also_finds_longer_ones_and_every_word_has_to_be_there(store: Store) -> None:
    assert set(await found(store, "drone")) == {"title", "text", "late"}
    assert await found(store, "drone budget") == ["text"]
    assert await found(store, "dro") == []


async def test_a_phrase_is_found_side_by_side_only(store: Store) -> None:
    assert set(await found(store, "loyal wingman")) == {"text", "late"}
    assert await found(store, '"loyal wingman"') == ["text"]


async def test_case_and_accents_do_not_matter(store: Store) -> None:
    assert await found(store, "ZURICH") == ["late"]


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("35", True), ("f-35", True), ("F 35", True), ('"f 35s"', False), ("6.2", True), ("-6", True),
        ("nato.int", True), ("int", True), ("u.s", True), ("state-of-the-art", True), ('"of the art"', True),
        ("ΑΘΉΝΑ", True), ("москва", True), ("gpt_4", True), ("о", False), ('"u.s. navy"', True), ('"u.s. army"', False),
    ],
)  # fmt: skip
async def test_words_are_told_apart_by_what_stands_between_them(store: Store, query: str, is_found: bool) -> None:
    text = "The F-35 of the U.S. Navy (nato.int) costs $6.2 with state-of-the-art GPT_4, say Αθήνα and Москва."
    await tell(store, a_story("odd", title="Odd words"), text)
    assert ("odd" in await found(store, query)) is is_found


async def test_a_phrase_does_not_reach_from_the_title_into_the_text(store: Store) -> None:
    await tell(store, a_story("seam", title="Army asks Palantir"), "Anduril helps.")
    assert await found(store, '"palantir anduril"') == []
    assert await found(store, "palantir anduril") == ["seam"]


async def test_a_text_of_megabytes_of_words_is_kept_and_its_beginning_found(store: Store) -> None:
    words = " ".join(f"w{number}x" for number in range(300_000))
    await tell(store, a_story("long", title="Endless"), words, "é" * 300_000)
    assert await found(store, "endless w7x") == ["long"]


async def test_words_far_apart_are_not_a_phrase_however_often_they_stand_there(store: Store) -> None:
    await tell(store, a_story("apart", title="Apart"), "loyal men and a wingman " * 50, "The wingman is loyal.")
    assert await found(store, '"loyal wingman"') == ["text"]


async def test_an_article_that_is_gone_is_found_no_longer(store: Store) -> None:
    assert await store.write(prune.old_articles, NOON + 9 * YEAR, NOON + 9 * YEAR, 50) > 0
    assert await found(store, "drones") == []


async def test_conditions_narrow_what_is_found(store: Store) -> None:
    assert set(await found(store, "drone", organisation="NATO")) == {"title", "text"}
    assert await found(store, "drone", organisation="Acme") == ["late"]
    assert await found(store, "drone", event="policy") == ["text"]
    assert await found(store, "drone", since=NOON + timedelta(days=1)) == ["late"]
    assert await found(store, "drone", event="policy", organisation="Acme") == []


async def test_the_newest_come_first_when_asked(store: Store) -> None:
    assert await found(store, "drone", newest=True) == ["late", "text", "title"]


async def test_the_words_around_what_was_found_are_shown(store: Store) -> None:
    page = await store.read(search.search, terms_of('"loyal wingman"'))
    assert page.listed[0].excerpt == "It speaks of drones and of a loyal wingman."


async def test_pages_follow_each_other_and_one_beyond_the_last_is_the_last(store: Store) -> None:
    pages = [await store.read(search.search, terms_of("drone"), size=2, page=number) for number in (0, 1, 9)]
    assert [page.number for page in pages] == [0, 1, 1]
    seen = [each.story.id for page in pages[:2] for each in page.listed]
    assert sorted(seen) == ["late", "text", "title"]


async def test_where_too_many_match_the_newest_are_ranked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "RANKED", 2)
    page = await store.read(search.search, terms_of("drone"))
    assert (page.more, [each.story.id for each in page.listed]) == (True, ["text", "late"])


async def test_without_a_word_nothing_is_found(store: Store) -> None:
    assert await store.read(search.search, terms_of("🙂")) == Found()


@pytest.mark.parametrize("query", HOSTILE)
async def test_no_query_is_read_as_syntax(store: Store, query: str) -> None:
    await found(store, query)


async def test_words_of_the_syntax_are_words(store: Store) -> None:
    assert await found(store, "drones OR nothing") == []
    assert await found(store, "drones NOT nato") == []


@given(typed=st.text(max_size=60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_text_can_be_searched_for(store: Store, typed: str) -> None:
    await found(store, typed)
