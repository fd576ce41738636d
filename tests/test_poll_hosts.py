"""The poll tick beside many hosts: turns, rest, slow ones, and how long it goes on beginning feeds."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from aiohttp import web
from sqlalchemy import Connection

from bot.core.feed import FeedState, StoredFeed
from bot.fetch import Fetcher
from bot.language import Language
from bot.store import Store, feeds
from handlers import poll as poll_module
from handlers.poll import PollReport, PollRules, poll
from tests.builders import a_feed
from tests.site import Site, open_site

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BODY = b"<rss version='2.0'><channel><title>One</title></channel></rss>"


class Farm:
    """A store, a fetcher, workers and a server of many hosts."""

    def __init__(self, site: Site, store: Store, language: Language) -> None:
        self.site, self.store, self.language = site, store, language

    async def poll(
        self, now: datetime = NOW, *, at_once: int = 50, everything: bool = False, begin_within: float | None = None
    ) -> PollReport:
        async with Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]) as fetcher:  # a program that was just started
            return await poll(
                now,
                store=self.store,
                fetcher=fetcher,
                language=self.language,
                rules=PollRules(at_once=at_once),
                everything=everything,
                begin_within=begin_within,
            )

    async def list_feeds(self, *urls: str) -> None:
        await self.store.write(feeds.sync_catalogue, [a_feed(url, name=url) for url in urls], NOW)

    async def feeds(self) -> list[StoredFeed]:
        return await self.store.read(feeds.listed)

    def slow(self, path: str, seconds: float, host: str = "127.0.0.1") -> str:
        async def answer(_: web.Request) -> web.Response:
            await asyncio.sleep(seconds)
            return web.Response(body=BODY)

        self.site.paths[path] = answer
        return self.site.url(path, host)

    def good(self, path: str, host: str = "127.0.0.1") -> str:
        return self.slow(path, 0, host)


@pytest.fixture
async def farm(database_url: str) -> AsyncIterator[Farm]:
    async with (
        open_site() as site,
        Store.open(database_url) as store,
        Language() as language,
    ):
        yield Farm(site, store, language)


@pytest.mark.parametrize("resting_first", [True, False])
async def test_a_host_that_wants_rest_gets_it_from_all_its_feeds_and_after_a_restart(
    farm: Farm, resting_first: bool
) -> None:
    wants_rest = farm.site.at("/busy", status=429, Retry_After="1800")
    others = [farm.good("/a"), farm.good("/b")]
    await farm.list_feeds(*([wants_rest, *others] if resting_first else [*others, wants_rest]))
    await farm.list_feeds(*(each.feed.url for each in await farm.feeds()), farm.good("/c", "127.0.0.2"))
    await farm.poll()
    due = {each.feed.url: each.state.due_at for each in await farm.feeds()}
    away = farm.site.url("/c", "127.0.0.2")
    assert all(at and at >= NOW + 30 * MINUTE for url, at in due.items() if url != away)
    assert due[away] is not None
    assert due[away] < NOW + 30 * MINUTE
    asked = len(farm.site.asked)
    assert (await farm.poll(NOW + 29 * MINUTE)).feeds == 1
    assert len(farm.site.asked) == asked + 1


async def test_a_feed_that_was_not_asked_because_its_host_rests_is_not_at_fault(farm: Farm) -> None:
    await farm.list_feeds(farm.site.at("/busy", status=503, Retry_After="600"), farm.good("/a"))
    report = await farm.poll()
    assert (report.feeds, report.failed) == (2, 2)
    busy, other = await farm.feeds()
    assert (busy.state.failures, other.state.failures) == (1, 0)
    assert other.state.error is None
    assert other.state.last_polled_at is None
    assert other.state.due_at == NOW + 10 * MINUTE


async def test_a_host_with_many_feeds_leaves_slots_to_others(farm: Farm) -> None:
    many = [farm.slow(f"/{number}", 0.2) for number in range(6)]
    await farm.list_feeds(*many, farm.good("/other", "127.0.0.2"))
    await farm.poll(at_once=2)
    asked = [request.path for request in farm.site.asked]
    assert asked.index("/other") < 3


async def test_a_slow_feed_does_not_hold_back_the_commits_of_those_after_it(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll_module, "GRACE", 0.2)
    settled = remember_commits(monkeypatch)
    hosts = [f"127.0.0.{number}" for number in range(2, 6)]
    await farm.list_feeds(farm.slow("/slow", 1.5), *(farm.good(f"/{host}", host) for host in hosts))
    await farm.poll()
    assert settled == [2, 3, 4, 5, 1]


async def test_feeds_that_answer_soon_are_settled_in_the_order_in_which_they_were_due(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = remember_commits(monkeypatch)
    hosts = [f"127.0.0.{number}" for number in range(2, 8)]
    await farm.list_feeds(*(farm.slow(f"/{host}", 0.3 - 0.05 * n, host) for n, host in enumerate(hosts)))
    await farm.poll()
    assert settled == [1, 2, 3, 4, 5, 6]


async def test_feeds_that_could_not_be_begun_in_time_stay_due(farm: Farm) -> None:
    await farm.list_feeds(*(farm.slow(f"/{number}", 0.15) for number in range(6)))
    first = await farm.poll(begin_within=0.2)
    assert 0 < first.feeds < 6
    rest = await farm.poll(NOW + MINUTE)
    assert first.feeds + rest.feeds == 6
    assert len(farm.site.asked) == 6


def remember_commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The row ids of the feeds, in the order in which their states are written from now on."""
    settled: list[int] = []
    saved = feeds.save_states

    def save(c: Connection, states: Mapping[int, FeedState]) -> None:
        settled.extend(states)
        saved(c, states)

    monkeypatch.setattr(feeds, "save_states", save)
    return settled
