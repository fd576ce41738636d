"""Which feeds a runner reads, and that nobody else reads them meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.feed import FeedState, StoredFeed
from bot.store import Store, feeds, hosts
from tests.builders import MINUTE, NOON, a_feed

SOON = NOON + 2 * MINUTE


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(f"sqlite:///{tmp_path / 'tocsin.db'}") as store:
        yield store


async def listed(store: Store, *urls: str) -> None:
    await store.write(feeds.sync_catalogue, [a_feed(url) for url in urls], NOON)


async def claim(store: Store, runner: str = "one", *, now: object = NOON, **how: object) -> list[str]:
    claimed = await store.write(feeds.claim, runner=runner, now=now, until=now + 2 * MINUTE, **how)  # type: ignore
    return [each.feed.url for each in claimed]


async def due_at(store: Store, url: str) -> object:
    return next(each.state.due_at for each in await store.read(feeds.listed) if each.feed.url == url)


async def test_due_feeds_are_claimed_the_longest_waiting_first(store: Store) -> None:
    await listed(store, *(f"https://{name}.example/feed" for name in ("later", "never", "paused", "soon")))
    await store.write(feeds.save_state, 1, FeedState(due_at=NOON + MINUTE))
    await store.write(feeds.save_state, 3, FeedState(due_at=NOON, status="paused"))
    await store.write(feeds.save_state, 4, FeedState(due_at=NOON))
    assert await claim(store) == ["https://never.example/feed", "https://soon.example/feed"]
    assert await claim(store, everything=True) == ["https://later.example/feed"]


async def test_a_claimed_feed_is_nobody_elses_until_its_lease_runs_out(store: Store) -> None:
    await listed(store, "https://a.example/1")
    assert await claim(store, "one") == ["https://a.example/1"]
    assert await claim(store, "two") == await claim(store, "one") == []
    assert await claim(store, "two", now=SOON) == ["https://a.example/1"]


async def test_a_claim_lasts_as_long_as_its_holder_renews_it(store: Store) -> None:
    await listed(store, "https://a.example/1")
    await claim(store, "one")
    await store.write(feeds.keep_claims, runner="one", until=SOON + 2 * MINUTE)
    assert await claim(store, "two", now=SOON) == []


async def test_a_host_is_asked_by_one_runner_at_a_time(store: Store) -> None:
    await listed(store, "https://a.example/1", "https://a.example/2", "https://b.example/1")
    assert await claim(store, "one", limit=1) == ["https://a.example/1"]
    assert await claim(store, "two") == ["https://b.example/1"]
    assert await claim(store, "one") == ["https://a.example/2"]
    await store.write(feeds.end_claims, runner="one")
    assert await claim(store, "two") == ["https://a.example/1", "https://a.example/2"]


async def test_a_host_with_many_feeds_leaves_room_for_others(store: Store) -> None:
    await listed(store, *(f"https://a.example/{number}" for number in range(5)), "https://b.example/1")
    assert await claim(store, of_host=2) == ["https://a.example/0", "https://a.example/1", "https://b.example/1"]


async def test_nobody_asks_a_host_that_wants_rest(store: Store) -> None:
    await listed(store, "https://a.example/1", "https://b.example/1")
    await store.write(feeds.let_rest, "a.example", SOON)
    assert await due_at(store, "https://a.example/1") == SOON
    await store.write(feeds.let_rest, "a.example", NOON + MINUTE)
    assert await store.read(hosts.rests_until, "a.example") == SOON
    assert await claim(store, everything=True) == ["https://b.example/1"]
    await store.write(feeds.keep_claims, runner="one", until=SOON + MINUTE)
    assert await claim(store, now=SOON) == ["https://a.example/1"]


async def test_what_was_read_counts_only_while_the_feed_is_claimed(store: Store) -> None:
    await listed(store, "https://a.example/1")
    await claim(store, "one")
    assert await claim(store, "two", now=SOON)
    assert not await store.write(feeds.hold, 1, runner="one")
    await store.write(feeds.settle, {1: FeedState(failures=7)}, runner="one")
    assert (await stored(store)).state.failures == 0
    assert await store.write(feeds.hold, 1, runner="two")
    await store.write(feeds.settle, {1: FeedState(failures=2)}, runner="two")
    assert (await stored(store)).state.failures == 2
    assert not await store.write(feeds.hold, 1, runner="two")


async def test_what_a_person_changes_while_a_feed_is_read_stands(store: Store) -> None:
    await listed(store, "https://a.example/1")
    await claim(store, "one")
    await store.write(feeds.save_state, 1, FeedState(status="paused"))
    await store.write(feeds.settle, {1: FeedState(status="active")}, runner="one")
    assert (await stored(store)).state.status == "paused"


async def test_what_was_read_of_a_feed_counts_no_more_once_it_is_removed(store: Store) -> None:
    await listed(store, "https://a.example/1")
    await claim(store, "one")
    assert await store.write(feeds.remove, "https://a.example/1")
    assert not await store.write(feeds.hold, 1, runner="one")


async def test_a_feed_that_moved_is_asked_and_rests_at_its_new_host(store: Store) -> None:
    await listed(store, "https://old.example/1", "https://new.example/2")
    moved = FeedState(moved_to="https://new.example/1", moved_times=3, due_at=NOON)
    await store.write(feeds.save_state, 1, moved)
    await store.write(feeds.let_rest, "new.example", SOON)
    assert await due_at(store, "https://old.example/1") == SOON
    await store.write(feeds.save_state, 1, FeedState(due_at=NOON))
    assert await claim(store) == ["https://old.example/1"]


async def test_a_pause_shorter_than_the_rest_of_a_host_does_not_bring_a_feed_forward(store: Store) -> None:
    await listed(store, "https://a.example/1")
    await store.write(feeds.save_state, 1, FeedState(due_at=NOON + timedelta(hours=3)))
    await store.write(feeds.let_rest, "a.example", SOON)
    assert await due_at(store, "https://a.example/1") == NOON + timedelta(hours=3)


async def stored(store: Store) -> StoredFeed:
    return (await store.read(feeds.listed))[0]
