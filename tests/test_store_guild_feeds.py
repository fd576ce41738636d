"""Which feeds a server may see and change, on a real SQLite file; nothing crosses from one server to another."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.feed import Feed, FeedState
from bot.core.feedlist import Figures, ServerFeed
from bot.core.newfeed import NewFeed, Sorted
from bot.store import Store, feeds, guild_feeds, polls
from bot.store.polls import Outcome
from tests.builders import NOON, a_feed, an_analysis, an_article, an_entry

A, B = 10, 11
LISTED = a_feed("https://listed.example/feed", name="Listed")
SECRET = a_feed("https://secret.example/feed?token=1", name="Secret")
DAY = timedelta(days=1)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        await store.write(feeds.sync_catalogue, [LISTED], NOON)
        yield store


async def add(store: Store, guild: int, feed: Feed = SECRET, name: str = "Ours", now: datetime = NOON) -> None:
    def admit(_seen: Sequence[ServerFeed], _lately: Sequence[datetime]) -> Sorted:
        return Sorted((NewFeed(feed, name),))

    await store.write(guild_feeds.add, guild, by=1, now=now, admit=admit)


async def names(store: Store, guild: int) -> list[tuple[str, bool]]:
    return [(each.feed.name, each.own) for each in await store.read(guild_feeds.visible, guild)]


async def rows(store: Store) -> list[tuple[str, FeedState]]:
    return [(each.feed.url, each.state) for each in await store.read(feeds.listed)]


async def test_a_server_sees_the_catalogue_and_its_own_feeds_under_its_own_names(store: Store) -> None:
    await add(store, A)
    assert await names(store, A) == [("Listed", False), ("Ours", True)]
    assert await names(store, B) == [("Listed", False)]
    assert await store.read(guild_feeds.find, B, 2) is None
    assert await store.read(guild_feeds.feeds_of_others, B) == {2}
    assert await store.read(guild_feeds.feeds_of_others, A) == set()
    assert [each.id for each in (await store.read(guild_feeds.added))[A]] == [2]


async def test_a_feed_that_nobody_reads_any_more_stays_hidden_from_the_others(store: Store) -> None:
    await add(store, A)
    await store.write(guild_feeds.remove, A, 2, NOON)
    assert await store.read(guild_feeds.feeds_of_others, B) == {2}


async def test_what_the_operator_added_is_seen_by_every_server(store: Store) -> None:
    await store.write(feeds.add, a_feed("https://operator.example/feed", name="Operator's"), NOON)
    assert await names(store, B) == [("Listed", False), ("Operator's", False)]


async def test_a_feed_of_two_servers_is_one_row_and_goes_with_the_last(store: Store) -> None:
    await add(store, A, name="Ours")
    await add(store, B, name="Theirs")
    assert len(await rows(store)) == 2
    assert await names(store, B) == [("Listed", False), ("Theirs", True)]
    assert await store.write(guild_feeds.remove, A, 2, NOON)
    assert await names(store, A) == [("Listed", False)]
    assert len(await rows(store)) == 2
    assert await store.write(guild_feeds.remove, B, 2, NOON)
    assert [url for url, _ in await rows(store)] == [LISTED.url]


async def test_no_server_removes_or_pauses_what_it_did_not_add(store: Store) -> None:
    await add(store, A)
    for guild, feed in ((B, 2), (A, 1), (B, 1), (A, 99)):
        assert not await store.write(guild_feeds.remove, guild, feed, NOON)
        assert not await store.write(guild_feeds.set_paused, guild, feed, True, NOON)
    assert {state.status for _, state in await rows(store)} == {"active"}


async def test_a_pause_holds_for_one_server_and_the_feed_rests_when_all_paused_it(store: Store) -> None:
    await add(store, A)
    await add(store, B)
    await store.write(guild_feeds.set_paused, A, 2, True, NOON)
    assert (await store.read(guild_feeds.find, A, 2)).state.status == "paused"  # type: ignore[union-attr]
    assert (await store.read(guild_feeds.find, B, 2)).state.status == "active"  # type: ignore[union-attr]
    assert dict(await rows(store))[SECRET.url].status == "active"
    await store.write(guild_feeds.set_paused, B, 2, True, NOON)
    assert dict(await rows(store))[SECRET.url].status == "paused"
    await store.write(guild_feeds.set_paused, A, 2, False, NOON)
    assert dict(await rows(store))[SECRET.url].status == "active"
    await store.write(guild_feeds.remove, A, 2, NOON)
    assert dict(await rows(store))[SECRET.url].status == "paused"


async def test_who_adds_a_feed_that_another_server_paused_gets_it_read(store: Store) -> None:
    await add(store, A)
    await store.write(guild_feeds.set_paused, A, 2, True, NOON)
    await add(store, B)
    assert dict(await rows(store))[SECRET.url].status == "active"


async def test_resuming_asks_a_feed_that_was_given_up_once_more(store: Store) -> None:
    await add(store, A)
    await store.write(feeds.save_state, 2, FeedState(status="gone", failures=3, error="It is gone."))
    await store.write(guild_feeds.set_paused, A, 2, False, NOON)
    assert dict(await rows(store))[SECRET.url] == FeedState(due_at=NOON)


async def test_a_feed_that_nobody_read_any_more_begins_anew_and_silently(store: Store) -> None:
    await add(store, A)
    known = FeedState(etag='"1"', first_polled_at=NOON, last_success_at=NOON, due_at=NOON, status="paused")
    await store.write(feeds.save_state, 2, known)
    await store.write(guild_feeds.remove, A, 2, NOON)
    await add(store, B, replace(SECRET, name="Its publisher's name"))
    assert dict(await rows(store))[SECRET.url] == FeedState()
    assert (await store.read(feeds.listed))[1].feed.name == "Its publisher's name"
    assert await names(store, A) == [("Listed", False)]


async def test_a_feed_that_leaves_the_catalogue_stays_with_the_server_that_added_it(store: Store) -> None:
    await add(store, A)
    await store.write(feeds.sync_catalogue, [LISTED, SECRET], NOON)
    assert await names(store, B) == [("Listed", False), ("Secret", False)]
    await store.write(feeds.sync_catalogue, [LISTED], NOON)
    assert await names(store, A) == [("Listed", False), ("Ours", True)]
    assert await names(store, B) == [("Listed", False)]


async def test_what_the_operator_removes_is_removed_for_every_server(store: Store) -> None:
    await add(store, A)
    assert await store.write(feeds.remove, SECRET.url)
    await add(store, B)
    assert await names(store, A) == [("Listed", False)]


async def test_adds_of_the_last_hour_are_counted_for_each_server(store: Store) -> None:
    await add(store, A)
    await add(store, B, a_feed("https://b.example/f"))
    assert await store.read(guild_feeds.added_lately, A, NOON + timedelta(minutes=59)) == [NOON]
    assert await store.read(guild_feeds.added_lately, A, NOON + timedelta(hours=1)) == []


async def test_a_server_that_is_forgotten_loses_its_feeds_alone(store: Store) -> None:
    await add(store, A)
    await add(store, B)
    await add(store, A, a_feed("https://a.example/f"))
    assert await store.write(guild_feeds.forget, A, NOON) == 2
    assert await names(store, A) == [("Listed", False)]
    assert [url for url, _ in await rows(store)] == [LISTED.url, SECRET.url]


async def test_figures_count_what_was_judged_and_tell_the_first_poll_apart(store: Store) -> None:
    assert await store.read(guild_feeds.figures, 1, NOON) == Figures()
    state = FeedState(first_polled_at=NOON)
    for number, when in ((1, NOON), (2, NOON + DAY), (3, NOON + 2 * DAY)):
        judged = polls.Judged(an_entry(number), an_article(number), an_analysis())
        await store.write(polls.commit, Outcome(1, state, (judged,)), when)
    hits = 3 if an_analysis().relevance.relevant else 0
    assert await store.read(guild_feeds.figures, 1, NOON - DAY) == Figures(3, hits, 2, NOON)
    assert (await store.read(guild_feeds.figures, 1, NOON + DAY)).entries == 2
