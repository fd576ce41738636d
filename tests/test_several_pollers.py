"""Several pollers on one PostgreSQL: they share the feeds, make one story of one development, and take over from each
other.

Each has a store, a fetcher and the poll tick of its own; only the database and the workers' process are shared.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from structlog.testing import capture_logs

from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.entry import ParsedFeed
from bot.fetch import Fetcher
from bot.language import Language
from bot.settings.knowledge import read_knowledge
from bot.store import Store, alerts, entries, feeds, stories, subscriptions
from handlers.poll import PollReport, PollRules, Shelf, poll
from tests.builders import a_feed, a_subscription
from tests.site import Site, open_site

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = Path(__file__).resolve().parents[1] / "config"
CAKE = ("Ten cakes for spring", "Lemon, almond and rhubarb: our ten favourite cakes for the season.")
BUYERS = ("NATO", "The Royal Navy", "The Bundeswehr", "The US Army", "The Ukrainian Air Force", "The Italian Navy")
SELLERS = ("OpenAI", "Palantir", "Helsing", "Anduril", "Shield AI", "Leonardo")


@dataclass
class Poller:
    """One of several: a store and a fetcher of its own, and stories in memory that only it sees."""

    name: str
    store: Store
    fetcher: Fetcher
    language: Language
    shelf: Shelf
    rules: PollRules

    async def poll(self, now: datetime) -> PollReport:
        return await poll(
            now,
            store=self.store,
            fetcher=self.fetcher,
            language=self.language,
            rules=self.rules,
            shelf=self.shelf,
            runner=self.name,
        )


@dataclass
class Room:
    """Two pollers, and the site whose feeds they read."""

    one: Poller
    two: Poller
    site: Site

    async def both(self, now: datetime) -> tuple[PollReport, PollReport]:
        return await asyncio.gather(self.one.poll(now), self.two.poll(now))

    async def list_feeds(self, count: int, *, of_host: int = 1) -> list[str]:
        urls = [self.site.url(f"/{number}", f"127.0.1.{1 + number // of_host}") for number in range(count)]
        await self.one.store.write(feeds.sync_catalogue, [a_feed(url) for url in urls], NOW)
        return urls

    def publish(self, number: int, told: Sequence[tuple[str, str]], now: datetime, *, slow: float = 0.0) -> None:
        written = "".join(
            f"<item><guid isPermaLink='false'>{number}-{place}</guid><title>{title}</title>"
            f"<link>https://outlet{number}.example/{place}</link><description>{text}</description>"
            f"<pubDate>{format_datetime(now)}</pubDate></item>"
            for place, (title, text) in reversed(list(enumerate(reversed(told))))
        )
        body = f"<rss version='2.0'><channel><title>{number}</title>{written}</channel></rss>".encode()

        async def answer(_: web.Request) -> web.Response:
            await asyncio.sleep(slow)
            return web.Response(body=body, content_type="application/rss+xml")

        self.site.paths[f"/{number}"] = answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def language() -> AsyncIterator[Language]:
    async with Language(knowledge=read_knowledge(CONFIG.joinpath)) as language:
        yield language


@pytest_asyncio.fixture(loop_scope="module")
async def room(postgres_url: str, language: Language) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:

        async def poller(name: str) -> Poller:
            store = await stack.enter_async_context(Store.open(postgres_url))
            fetcher = await stack.enter_async_context(Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]))
            rules = PollRules(at_once=2)
            return Poller(name, store, fetcher, language, Shelf(rules.merging), rules)

        site = await stack.enter_async_context(open_site())
        yield Room(await poller("one"), await poller("two"), site)


def asked(site: Site) -> Counter[tuple[str, str]]:
    """How often each feed was asked."""
    return Counter((request.host, request.path) for request in site.asked)


async def test_two_pollers_share_the_feeds_and_read_none_twice(room: Room) -> None:
    urls = await room.list_feeds(40)
    for number in range(40):
        room.publish(number, [CAKE], NOW, slow=0.05)
    one, two = await room.both(NOW)
    assert one.feeds + two.feeds == len(urls)
    assert min(one.feeds, two.feeds) >= 10
    assert set(asked(room.site).values()) == {1}
    assert await room.one.store.read(entries.count) == 40


async def test_two_pollers_ask_a_host_one_after_the_other(room: Room) -> None:
    await room.list_feeds(12, of_host=12)
    for number in range(12):
        room.publish(number, [CAKE], NOW, slow=0.02)
    one, two = await room.both(NOW)
    assert sorted([one.feeds, two.feeds]) == [0, 12]
    assert room.site.most_at_once == 1


async def test_a_host_that_one_poller_was_asked_to_leave_in_peace_is_left_in_peace_by_the_other(room: Room) -> None:
    await room.list_feeds(2, of_host=2)
    room.site.at("/0", status=429, Retry_After="7200")
    room.publish(1, [CAKE], NOW)
    await room.one.poll(NOW)
    room.site.asked.clear()
    assert (await room.two.poll(NOW + HOUR)).feeds == 0
    assert room.site.asked == []
    assert (await room.two.poll(NOW + 3 * HOUR)).feeds == 2


def told(number: int, way: int) -> tuple[str, str]:
    """One development of several, told in one of two ways."""
    buyer, seller = BUYERS[number], SELLERS[number]
    if way:
        return (
            f"{seller} wins artificial intelligence contract from {buyer}",
            f"{seller} has won a contract worth ${number + 3}7 million from {buyer} for artificial intelligence "
            f"software that plans missions, the company said on Friday. Deliveries to {buyer} begin next year.",
        )
    return (
        f"{buyer} awards {seller} ${number + 3}7 million contract for AI mission planning",
        f"{buyer} has awarded {seller} a contract worth ${number + 3}7 million for artificial intelligence software "
        "that plans missions. Deliveries begin next year, officials said.",
    )


async def test_two_reports_of_one_story_that_two_pollers_see_at_once_make_one_story_and_one_alert(room: Room) -> None:
    """Fault 33, the pollers' half: both place at once what belongs together."""
    store, count = room.one.store, len(BUYERS)
    await store.write(subscriptions.add, a_subscription())
    await room.list_feeds(2 * count)
    for number in range(2 * count):
        room.publish(number, [CAKE], NOW)
    await room.both(NOW)
    later = NOW + HOUR
    for number in range(2 * count):
        room.publish(number, [told(number // 2, number % 2), CAKE], later, slow=0.02)
    one, two = await room.both(later)
    assert one.entries_new + two.entries_new == 2 * count
    assert min(one.relevant, two.relevant) > 0
    found = await store.read(stories.latest, limit=50)
    assert sorted(len(story.sources) for story in found) == [2] * count
    assert (await store.read(alerts.counts))["owed"] == count


async def test_a_poller_takes_the_stories_of_the_other_into_account_in_later_polls(room: Room) -> None:
    await room.list_feeds(2)
    for number in range(2):
        room.publish(number, [CAKE], NOW)
    await room.both(NOW)
    for step, who in enumerate((room.one, room.two, room.one), 1):
        now = NOW + step * HOUR
        room.publish(step % 2, [(f"{told(0, step % 2)[0]}{' again' * (step > 2)}", told(0, step % 2)[1]), CAKE], now)
        await who.poll(now)
    (story,) = await room.one.store.read(stories.latest)
    assert len(story.sources) == 2
    assert story.revision > 1


async def test_what_a_poller_read_before_it_was_held_up_past_its_lease_does_not_count(room: Room) -> None:
    """Fault 34, the pollers' half: another took the feed over meanwhile."""
    await room.list_feeds(1)
    room.publish(0, [CAKE], NOW)
    held_up, reading = asyncio.Event(), asyncio.Event()

    class Held(Language):
        async def analyse(self, articles: Sequence[Article]) -> list[Analysis]:
            reading.set()
            await held_up.wait()
            return await room.two.language.analyse(articles)

        async def parse(self, *args: Any, **kwargs: Any) -> ParsedFeed:
            return await room.two.language.parse(*args, **kwargs)

    room.one.language = Held()
    slow = asyncio.create_task(room.one.poll(NOW))
    await reading.wait()
    later = NOW + timedelta(minutes=5)
    assert (await room.two.poll(later)).entries_new == 1
    held_up.set()
    with capture_logs() as lines:
        assert (await slow).entries_new == 0
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["feed.abandoned"]
    (feed,) = await room.one.store.read(feeds.listed)
    assert feed.state.last_success_at == later
    assert await room.one.store.read(entries.count) == 1


async def test_feeds_of_a_poller_that_died_are_read_by_another_once_the_lease_has_run_out(room: Room) -> None:
    await room.list_feeds(3)
    for number in range(3):
        room.publish(number, [CAKE], NOW)
    claimed = await room.one.store.write(feeds.claim, runner="dead", now=NOW, until=NOW + timedelta(minutes=1), limit=2)
    assert len(claimed) == 2
    assert (await room.two.poll(NOW)).feeds == 1
    assert (await room.two.poll(NOW + timedelta(minutes=2))).feeds == 2
