"""The poll tick with the real fetcher, workers and store; only the feeds are written for the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, func, select
from structlog.testing import capture_logs

from bot.core.feed import FeedRules, FeedState
from bot.demo.edition import Edition
from bot.demo.server import FeedServer, feed_server
from bot.errors import StoreError
from bot.fetch import Fetched, Fetcher, NotModified
from bot.language import Language
from bot.settings.knowledge import read_knowledge
from bot.store import Store, alerts, articles, bulletins, entries, feeds, polls, stories, subscriptions
from bot.store.codec import encode
from bot.store.schema import articles as article_table
from bot.store.schema import entries as entry_table
from handlers.poll import OURS, PollReport, PollRules, Shelf, poll
from tests.builders import MINUTE, a_feed, a_subscription

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIG = Path(__file__).resolve().parents[1] / "config"
RULES = PollRules(feeds=FeedRules())

NATO = (
    "OpenAI in talks with NATO over AI models for unclassified networks",
    "OpenAI is in talks with NATO about a contract to use its artificial intelligence models on the alliance's "
    "unclassified networks. The talks are at an early stage, two people said.",
)
NATO_TOO = (
    "NATO weighs OpenAI contract for its unclassified networks",
    "NATO is weighing a contract with OpenAI for artificial intelligence models on its unclassified networks, "
    "officials said. The talks with OpenAI are at an early stage.",
)
CAKE = ("Ten cakes for spring", "Lemon, almond and rhubarb: our ten favourite cakes for the season.")


@dataclass
class Desk:
    """A store, a fetcher and workers, and a server whose feeds a test writes."""

    store: Store
    fetcher: Fetcher
    language: Language
    server: FeedServer
    now: datetime = NOW
    bodies: dict[str, str] = field(default_factory=dict)

    async def poll(self, *, later: timedelta = HOUR, shelf: Shelf | None = None) -> PollReport:
        self.now += later
        return await poll(
            self.now,
            store=self.store,
            fetcher=self.fetcher,
            language=self.language,
            rules=RULES,
            shelf=shelf,
        )

    async def list_feeds(self, *paths: str) -> None:
        listed = [a_feed(self.url(path), name=path) for path in paths]
        await self.store.write(feeds.sync_catalogue, listed, NOW)

    def url(self, path: str) -> str:
        return f"{self.server.base}/{path}"

    def publish(self, path: str, *told: tuple[str, str], age: timedelta = timedelta(0), prefix: str = "") -> None:
        """The feed at `path` with these (title, text), the newest first, each named by `prefix` and its place."""
        written = "".join(
            f"<item><guid isPermaLink='false'>{prefix}{path}-{number}</guid><title>{title}</title>"
            f"<link>https://{path}.example/{prefix}{number}</link><description>{words}</description>"
            f"<pubDate>{format_datetime(self.now - age)}</pubDate></item>"
            for number, (title, words) in reversed(list(enumerate(told)))
        )
        self.put(path, f"<rss version='2.0'><channel><title>{path}</title>{written}</channel></rss>")

    def put(self, path: str, body: str) -> None:
        self.bodies[f"/{path}"] = body
        self.server.publish(
            {where: Edition(text.encode(), "application/rss+xml") for where, text in self.bodies.items()}
        )

    async def state(self, path: str) -> FeedState:
        (state,) = [each.state for each in await self.store.read(feeds.listed) if each.feed.url == self.url(path)]
        return state

    async def owed(self) -> int:
        return (await self.store.read(alerts.counts))["owed"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def language() -> AsyncIterator[Language]:
    async with Language(knowledge=read_knowledge(CONFIG.joinpath)) as language:
        yield language


@pytest_asyncio.fixture(loop_scope="module")
async def desk(database_url: str, language: Language) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(database_url))
        fetcher = await stack.enter_async_context(Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]))
        server = await stack.enter_async_context(feed_server())
        await store.write(subscriptions.add, a_subscription())
        yield Desk(store, fetcher, language, server)


def counts(report: PollReport) -> dict[str, int]:
    """What is not zero, without the time that it took."""
    names = PollReport.__slots__
    return {name: getattr(report, name) for name in names if name != "seconds" and getattr(report, name)}


async def test_the_first_poll_finds_stories_but_owes_nothing(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE, NATO)
    assert counts(await desk.poll()) == {"feeds": 1, "fetched": 1, "entries_new": 2, "relevant": 1, "stories_new": 1}
    assert await desk.owed() == 0


async def test_a_story_found_in_silence_is_owed_with_its_next_report(desk: Desk) -> None:
    await desk.list_feeds("one", "two")
    desk.publish("one", NATO)
    desk.publish("two", CAKE)
    await desk.poll()
    desk.publish("two", CAKE, NATO_TOO)
    report = await desk.poll()
    assert counts(report) == {
        "feeds": 2, "fetched": 1, "not_modified": 1, "entries_new": 1, "relevant": 1, "stories_grown": 1, "alerts": 1,
    }  # fmt: skip
    (story,) = await desk.store.read(stories.latest)
    assert story.outlets == ("one.example", "two.example")


async def test_a_story_is_owed_once_and_then_only_grows(desk: Desk) -> None:
    await desk.list_feeds("one", "two")
    desk.publish("one", CAKE)
    desk.publish("two", CAKE)
    await desk.poll()
    desk.publish("one", CAKE, NATO)
    assert (await desk.poll()).alerts == 1
    desk.publish("two", CAKE, NATO_TOO)
    report = await desk.poll()
    assert (report.stories_grown, report.alerts) == (1, 0)
    assert await desk.owed() == 1


@pytest.mark.parametrize("listed", [("early", "late"), ("late", "early")])
async def test_the_report_published_first_begins_the_story_whichever_feed_comes_first(
    desk: Desk, listed: tuple[str, str]
) -> None:
    await desk.list_feeds(*listed)
    desk.publish("early", NATO, age=2 * HOUR)
    desk.publish("late", NATO_TOO, age=HOUR)
    await desk.poll()
    (story,) = await desk.store.read(stories.latest)
    assert story.title == NATO[0]
    assert story.outlets == ("early.example", "late.example")


async def test_every_article_is_kept_with_its_verdict_and_its_place(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE, NATO)
    await desk.poll()
    (cake,) = await desk.store.read(articles.by_link, "https://one.example/0")
    assert cake.story_id is None
    assert not cake.report.analysis.relevance.relevant
    (story,) = await desk.store.read(stories.latest)
    why = await desk.store.read(stories.why, story.id)
    assert why is not None
    assert [placed.report.article.title for placed in why.reports] == [NATO[0]]
    assert why.because


async def test_an_unchanged_body_costs_no_parsing(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)
    await desk.poll()
    etag = (await desk.state("one")).etag
    unasked = FeedState(**{**state_fields(await desk.state("one")), "etag": None})
    await desk.store.write(feeds.save_state, 1, unasked)
    assert counts(await desk.poll()) == {"feeds": 1, "fetched": 1}
    assert (await desk.state("one")).etag == etag


async def test_a_failing_feed_is_counted_on_the_feed_and_stops_no_other(desk: Desk) -> None:
    await desk.list_feeds("missing", "page", "one")
    desk.put("page", "<html><body>No feed here</body></html>")
    desk.publish("one", CAKE)
    report = await desk.poll()
    assert (report.feeds, report.failed, report.fetched, report.entries_new) == (3, 2, 1, 1)
    missing, page = await desk.state("missing"), await desk.state("page")
    assert (missing.failures, page.failures) == (1, 1)
    assert "404" in (missing.error or "")
    assert "web page" in (page.error or "")


async def test_a_feed_that_failed_keeps_its_validators_and_heals(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)
    await desk.poll()
    before = await desk.state("one")
    body = desk.bodies.pop("/one")
    desk.put("other", body)
    assert (await desk.poll()).failed == 1
    desk.put("one", body)
    assert counts(await desk.poll()) == {"feeds": 1, "not_modified": 1}
    after = await desk.state("one")
    assert (after.etag, after.failures, after.error) == (before.etag, 0, None)


async def test_what_a_cut_body_lacked_comes_with_the_next_poll(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", NATO_TOO, CAKE, NATO)
    whole = desk.bodies["/one"]
    desk.put("one", whole[: whole.index("</item>") + len("</item>")])
    assert counts(await desk.poll())["entries_new"] == 1
    assert (await desk.state("one")).etag is None
    desk.put("one", whole)
    assert counts(await desk.poll())["entries_new"] == 2


async def test_entries_under_new_guids_are_neither_new_nor_owed(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", NATO, CAKE)
    await desk.poll()
    body = desk.bodies["/one"].replace("'false'>one-", "'false'>renamed-")
    desk.put("one", body)
    assert counts(await desk.poll()) == {"feeds": 1, "fetched": 1}


def parts(count: int) -> list[tuple[str, str]]:
    return [(f"{NATO[0]}, part {number}", f"Part {number}. {NATO[1]}") for number in range(count)]


async def test_a_storm_of_known_titles_at_new_addresses_is_adopted_and_told(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", *parts(25), age=2 * HOUR)
    await desk.poll()
    desk.publish(
        "one", *((title, f"Now told at length. {words}") for title, words in parts(25)), age=3 * HOUR, prefix="x"
    )
    with capture_logs() as logs:
        report = await desk.poll()
    assert counts(report) == {"feeds": 1, "fetched": 1, "entries_new": 25}
    (told,) = [log for log in logs if log["event"] == "feed.stormed"]
    assert (told["adopted"], told["swept"], told["new"]) == (25, 0, 0)
    assert counts(await desk.poll()) == {"feeds": 1, "not_modified": 1}


async def test_what_a_storm_of_unknown_old_entries_swept_in_waits_to_be_listed_in_one_message(desk: Desk) -> None:
    await desk.list_feeds("one", "two")
    desk.publish("one", CAKE)
    desk.publish("two", CAKE)
    await desk.poll()
    desk.publish("one", *parts(25), age=timedelta(days=3), prefix="storm-")
    report = await desk.poll()
    assert (report.entries_new, report.relevant, report.alerts) == (25, 25, 1)
    assert all("flood" in why for why in await desk.store.read(reasons_of_silence))
    assert await desk.store.write(alerts.claim, now=desk.now, lease=MINUTE, limit=5) == []
    (backlog,) = await desk.store.read(bulletins.backlogs)
    assert [each.held for each in backlog.waiting] == ["storm of entries"]
    desk.publish("two", CAKE, NATO_TOO)
    assert (await desk.poll()).alerts == 0


async def test_a_busy_feed_is_told_of_after_a_week_without_polls(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)
    await desk.poll()
    desk.now += timedelta(days=7)
    desk.publish("one", *parts(25), age=timedelta(days=6), prefix="week-")
    report = await desk.poll()
    assert (report.entries_new, report.relevant) == (25, 25)
    assert report.alerts == report.stories_new > 0


async def test_a_guid_that_is_used_again_for_something_else_is_news(desk: Desk) -> None:
    await desk.list_feeds("one")
    for number, (title, words) in enumerate((CAKE, NATO, NATO)):
        desk.put(
            "one",
            f"<rss version='2.0'><channel><item><guid isPermaLink='false'>latest</guid><title>{title}</title>"
            f"<link>https://one.example/{min(number, 1)}</link><description>{words}</description></item>"
            f"<ttl>{number}</ttl></channel></rss>",
        )
        report = await desk.poll()
        assert counts(report).get("entries_new", 0) == (0 if number == 2 else 1)
        assert report.alerts == (number == 1)


async def test_an_entry_that_its_publisher_dates_long_ago_is_kept_but_owes_nothing(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)
    await desk.poll()
    desk.publish("one", NATO, age=timedelta(days=15), prefix="late-")
    report = await desk.poll()
    assert (report.stories_new, report.alerts) == (1, 0)


async def test_a_feed_is_not_polled_before_it_is_due(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)
    await desk.poll()
    assert (await desk.poll(later=timedelta(seconds=30))).feeds == 0


async def test_everything_polls_feeds_that_are_not_due(desk: Desk) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)
    await desk.poll()
    report = await poll(
        desk.now, store=desk.store, fetcher=desk.fetcher, language=desk.language, rules=RULES, everything=True
    )
    assert report.feeds == 1


class Stumbling(Fetcher):
    """A fetcher with a bug at one address."""

    async def fetch(
        self, address: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Fetched | NotModified:
        if address.endswith("/bug"):
            raise ZeroDivisionError("a bug of ours")
        return await super().fetch(address, etag=etag, last_modified=last_modified)


async def test_a_bug_in_one_feed_is_logged_and_spaced_and_the_next_feeds_run(desk: Desk) -> None:
    await desk.list_feeds("bug", "one")
    desk.publish("one", CAKE)
    async with Stumbling(allowed_networks=[ip_network("127.0.0.0/8")]) as desk.fetcher:
        with capture_logs() as logs:
            report = await desk.poll()
    assert (report.feeds, report.failed, report.fetched) == (2, 1, 1)
    assert [log["event"] for log in logs if log.get("exc_info")] == ["feed.abandoned"]
    state = await desk.state("bug")
    assert state.error == OURS
    assert state.due_at is not None
    assert state.due_at >= desk.now + timedelta(minutes=5)


async def test_stories_of_an_abandoned_transaction_are_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.list_feeds("one", "two")
    desk.publish("one", CAKE)
    desk.publish("two", CAKE)
    await desk.poll()
    desk.publish("one", CAKE, NATO)
    shelf = Shelf(RULES.merging)
    await desk.poll(shelf=shelf)
    (before,) = shelf.stories

    def fail(c: Connection, outcome: polls.Outcome, now: datetime) -> polls.Committed:
        result = committed(c, outcome, now)
        if outcome.stories:
            raise ZeroDivisionError("a bug of ours")
        return result

    committed = polls.commit
    desk.publish("two", CAKE, NATO_TOO)
    monkeypatch.setattr(polls, "commit", fail)
    await desk.poll(shelf=shelf)
    monkeypatch.undo()
    assert list(shelf.stories) == [before]
    assert encode(await desk.store.read(stories.latest)) == encode([before])
    assert await desk.store.read(entries.count) == 3
    report = await desk.poll(later=24 * HOUR, shelf=shelf)
    assert (report.entries_new, report.stories_grown) == (1, 1)


async def test_an_unusable_database_ends_the_tick_and_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.list_feeds("one")
    desk.publish("one", CAKE)

    def locked(c: Connection, outcome: polls.Outcome, now: datetime) -> polls.Committed:
        raise StoreError("The database is locked by another program; close it and try again.")

    monkeypatch.setattr(polls, "commit", locked)
    with pytest.raises(StoreError):
        await desk.poll()
    monkeypatch.undo()
    assert counts(await desk.poll()) == {"feeds": 1, "fetched": 1, "entries_new": 1}


async def test_stories_kept_between_ticks_equal_those_of_the_store(desk: Desk) -> None:
    await desk.list_feeds("one", "two")
    desk.publish("one", NATO)
    desk.publish("two", CAKE)
    kept = Shelf(RULES.merging)
    await desk.poll(shelf=kept)
    desk.publish("two", CAKE, NATO_TOO)
    await desk.poll(shelf=kept)
    anew = Shelf(RULES.merging)
    await anew.load(desk.store, desk.now)
    assert encode(tuple(kept.stories)) == encode(tuple(anew.stories))


async def test_a_poll_stopped_half_way_loses_nothing(desk: Desk) -> None:
    await desk.list_feeds("one", "two")
    desk.publish("one", CAKE)
    desk.publish("two", NATO)
    polling = asyncio.create_task(desk.poll())
    while not desk.server.answers[200]:
        await asyncio.sleep(0)
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling
    await desk.poll()
    assert await desk.store.read(entries.count) == 2
    assert await desk.store.read(article_count) == 2


def article_count(c: Connection) -> int:
    return c.scalar(select(func.count()).select_from(article_table)) or 0


def reasons_of_silence(c: Connection) -> list[str]:
    return list(c.scalars(select(entry_table.c.adopted).where(entry_table.c.adopted.is_not(None))))


def state_fields(state: FeedState) -> dict[str, object]:
    return {name: getattr(state, name) for name in FeedState.__slots__}
