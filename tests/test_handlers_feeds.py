"""What managers do with `/feeds add · check`, from their side, against pages on loopback."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.client.replies import RefusedError
from bot.core.feedlist import ServerFeed
from bot.core.newfeed import FeedLimits
from bot.fetch import Fetcher, Limits
from bot.language import Language
from bot.settings import load_settings
from bot.store import feeds, guild_feeds
from handlers.feeds.looking import look_at
from tests.builders import NOON, a_feed
from tests.people import Town, a_town, labels, said, text_of
from tests.site import Site, open_site

RSS = b"""<rss version="2.0"><channel><title>Wire &amp; *Signal*</title>
<item><title>Old bread</title><guid>1</guid><pubDate>Thu, 05 Mar 2026 08:00:00 GMT</pubDate>
  <description>Flour, water and salt.</description></item>
<item><title>Pentagon signs AI contract with Palantir</title><guid>2</guid><link>https://wire.example/2</link>
  <pubDate>Thu, 05 Mar 2026 11:00:00 GMT</pubDate><description>The U.S. Department of Defense signed a $10 million
  contract with Palantir for artificial intelligence.</description></item>
<item><title>Army buys trucks</title><guid>3</guid><link>https://wire.example/3</link>
  <pubDate>Thu, 05 Mar 2026 10:00:00 GMT</pubDate><description>The US Army bought 300 trucks.</description></item>
</channel></rss>"""
EMPTY = b'<rss version="2.0"><channel><title>Quiet</title></channel></rss>'
NAMING = b'<html><head><link rel="alternate" type="application/rss+xml" href="%s"></head></html>'


@pytest.fixture(scope="module")
def language() -> Iterator[Language]:
    """Real workers with the shipped knowledge, for all tests of this module: they take seconds to start."""
    workers = Language(knowledge=load_settings().knowledge)
    asyncio.run(workers.model())
    asyncio.run(workers.page(b"", url=""))
    yield workers
    asyncio.run(workers.__aexit__(None, None, None))


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    limits = Limits(total=1.0, connect=1.0, read=0.5, redirects=2)
    async with Fetcher(allowed_networks=[ip_network("127.0.0.0/30")], limits=limits) as fetcher:
        yield fetcher


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        yield site


@pytest.fixture
async def town(tmp_path: Path, fetcher: Fetcher, language: Language) -> AsyncIterator[Town]:
    async with a_town(tmp_path, fetcher=fetcher, language=language, limits=FeedLimits(3, 4, 8)) as town:
        yield town


async def looked(town: Town, url: str, command: str = "feeds add", **options: Any) -> str:
    return said(await town.manager.slash(town.channel, command, url=url, **options))


async def own(town: Town, guild: int | None = None) -> list[ServerFeed]:
    found = await town.store.read(guild_feeds.visible, guild or town.guild.id)
    return [each for each in found if each.own]


async def add(town: Town, url: str, person: Any = None, channel: Any = None, **options: Any) -> Any:
    """Looks at an address and presses Add."""
    person, channel = person or town.manager, channel or town.channel
    drafted = await person.slash(channel, "feeds add", url=url, **options)
    return await person.click(drafted.response, label="Add")


async def test_a_feed_is_judged_before_it_is_added(town: Town, site: Site) -> None:
    url = site.at("/feed.xml", body=RSS)
    drafted = await town.manager.slash(town.channel, "feeds add", url=url)
    text = said(drafted)
    assert drafted.ephemeral
    assert "Wire & \\*Signal\\*" in text
    assert "RSS 2.0 · 3 entries, the newest <t:1772708400:R>" in text
    relevant, first, other = text.index("✅ Relevant"), text.index("Pentagon signs"), text.index("Army buys trucks")
    assert relevant < first < other < text.index("Old bread")
    assert "➖ Not relevant · 0 of 100" in text
    assert "Defence is named, but nothing of AI" in text
    assert "Neither AI nor defence is named" in text
    assert "this draft is kept for 15 minutes" in text
    assert labels(drafted.response) == ["Add", "Cancel"]
    assert await own(town) == []
    added = await town.manager.click(drafted.response, label="Add")
    assert "is added" in said(added) or "is added" in text_of(drafted.response)
    [feed] = await own(town)
    assert (feed.feed.url, feed.feed.name, feed.state.first_polled_at) == (url, "Wire & *Signal*", None)


async def test_a_feed_may_be_given_a_name(town: Town, site: Site) -> None:
    await add(town, site.at("/feed.xml", body=EMPTY), name="Our wire")
    assert [each.feed.name for each in await own(town)] == ["Our wire"]
    assert [each.feed.name for each in await town.store.read(feeds.listed)] == ["Quiet"]


async def test_cancel_saves_nothing(town: Town, site: Site) -> None:
    drafted = await town.manager.slash(town.channel, "feeds add", url=site.at("/feed.xml", body=EMPTY))
    await town.manager.click(drafted.response, label="Cancel")
    assert "Nothing was added" in text_of(drafted.response)
    assert await own(town) == []


async def test_the_feed_behind_a_page_is_found(town: Town, site: Site) -> None:
    site.at("/rss", body=EMPTY)
    text = await looked(town, site.at("/page", body=NAMING % b"/rss", Content_Type="text/html"))
    assert f"`{site.url('/rss')}`" in text
    assert "Found behind the page that you gave." in text
    assert "it holds no entry just now" in text


async def test_a_feed_of_another_host_is_told_to_be_one(town: Town, site: Site) -> None:
    site.at("/rss", body=EMPTY)
    there = site.url("/rss", host="127.0.0.2").encode()
    text = await looked(town, site.at("/page", body=NAMING % there))
    assert "The page at 127.0.0.1 names it; it lives at another host, 127.0.0.2." in text


async def test_more_feeds_of_a_page_are_named(town: Town, site: Site) -> None:
    site.at("/rss", body=EMPTY)
    other = b'<link rel=alternate type="application/atom+xml" title="Other [x](y)" href="/other">'
    text = await looked(town, site.at("/page", body=NAMING % b"/rss" + other))
    assert "The page names more feeds" in text
    assert "Other \\[x\\](y)" in text


async def test_the_usual_places_are_tried_where_a_page_names_none(town: Town, site: Site) -> None:
    for path in ("/feed", "/feed.xml", "/atom.xml"):
        site.at(path, status=404)
    site.at("/rss.xml", body=EMPTY)
    assert site.url("/rss.xml") in await looked(
        town, site.at("/", body=b"<!doctype html><p>Hello", Content_Type="text/html")
    )
    assert len(site.asked) == 3


async def test_a_feed_that_moved_for_good_is_kept_under_its_new_address(town: Town, site: Site) -> None:
    new = site.at("/new", body=EMPTY)
    await add(town, site.at("/old", status=301, Location=new))
    assert [each.feed.url for each in await own(town)] == [new]


# -- pages that are no help, or mean harm


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"<p>" * 30_000)
    return response


async def slow(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


@pytest.mark.parametrize(
    ("status", "body", "headers", "told"),
    [
        (200, b"<html><form><input type=password></form>", {}, "asks for a login and names no feed"),
        (200, b"<html><p>Nothing", {}, "names no feed, and none stands at the usual addresses"),
        (200, b"", {}, ""),
        (200, b"\x89PNG\r\n\x1a\n" + bytes(200), {"Content_Type": "image/png"}, ""),
        (401, b"", {}, "asks for a login"),
        (404, b"", {}, "has nothing at this address"),
        (503, b"", {"Retry_After": "60"}, "is in trouble"),
        (302, b"", {"Location": "http://10.0.0.1/feed"}, "not on the public internet"),
        (302, b"", {"Location": "http://127.0.0.9/feed"}, "not on the public internet"),
        (302, b"", {"Location": "file:///etc/passwd"}, "must start with http"),
        (302, b"", {"Location": "/page"}, "in a circle"),
        (200, NAMING % b"http://169.254.169.254/latest", {}, "names a feed that cannot be used"),
        (200, NAMING % b"javascript:alert(1)", {}, "names no feed"),
        (200, NAMING % b"https://me:secret@other.example/feed", {}, "names no feed"),
        (200, NAMING % b"/page", {}, "names a feed that cannot be used"),
    ],
)
async def test_a_page_without_a_usable_feed_ends_with_a_sentence(
    town: Town, site: Site, status: int, body: bytes, headers: dict[str, str], told: str
) -> None:
    for path in ("/feed", "/rss.xml", "/feed.xml", "/atom.xml"):
        site.at(path, status=404)
    answered = await town.manager.slash(
        town.channel, "feeds add", url=site.at("/page", status=status, body=body, **headers)
    )
    assert told in said(answered)
    assert len(said(answered)) > 20
    assert "secret" not in said(answered)
    assert labels(answered.response or answered.followups[0]) == []
    assert await own(town) == []


async def test_an_endless_page_ends_within_the_limits(town: Town, site: Site) -> None:
    site.paths["/page"] = endless
    assert "larger than 5 MB" in await looked(town, site.url("/page"))


async def test_a_slow_page_ends_within_the_limits(fetcher: Fetcher, language: Language, site: Site) -> None:
    site.paths["/page"] = slow
    with pytest.raises(RefusedError, match="took too long to answer"):
        await look_at(site.url("/page"), name=None, fetcher=fetcher, language=language, now=NOON)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("javascript:alert(1)", "starts with http:// or https://"),
        ("file:///etc/passwd", "starts with http:// or https://"),
        ("ftp://old.example/feed", "starts with http:// or https://"),
        ("https://me:secret@locked.example/feed", "no user name and no password"),
        ("http://10.1.2.3/feed", "not on the public internet"),
        ("http://[::1]/feed", "not on the public internet"),
        ("two words", "no blank"),
        ("https://a.example/" + "x" * 2050, "at most 2048 characters"),
        ("https://", "names a host"),
        ("", "names a host"),
    ],
)
@pytest.mark.parametrize("command", ["feeds add", "feeds check"])
async def test_an_address_where_no_feed_may_live_is_refused_unasked(
    town: Town, site: Site, command: str, url: str, told: str
) -> None:
    text = await looked(town, url, command)
    assert told in text
    assert "secret" not in text
    assert site.asked == []


async def test_an_address_may_be_given_as_people_write_it(town: Town, site: Site) -> None:
    text = await looked(town, f"<{site.at('/feed.xml', body=EMPTY)}>")
    assert "Quiet" in text


# -- what is there already, and limits


async def test_a_feed_that_is_there_is_not_added_again_and_can_be_checked(town: Town, site: Site) -> None:
    url = site.at("/feed.xml", body=RSS)
    await add(town, url, name="Our wire")
    assert "This server has added that feed already, as **Our wire**." in await looked(town, url)
    checked = await town.manager.slash(town.channel, "feeds check", url=url)
    assert "added that feed already" in said(checked)
    assert "✅ Relevant" in said(checked)
    assert labels(checked.response) == []


async def test_a_feed_of_the_catalogue_says_so(town: Town, site: Site) -> None:
    url = site.at("/feed.xml", body=EMPTY)
    await town.store.write(feeds.sync_catalogue, [a_feed(url, name="Listed")], NOON)
    assert "Every server reads that feed already: **Listed** is in the catalogue." in await looked(town, url)


async def test_a_feed_of_another_server_looks_like_a_new_one(town: Town, site: Site) -> None:
    guild, elsewhere, mallory = town.other_server()
    url = site.at("/feed.xml", body=EMPTY)
    await add(town, url, mallory, elsewhere, name="Theirs")
    drafted = await town.manager.slash(town.channel, "feeds add", url=url)
    assert "Theirs" not in said(drafted)
    assert labels(drafted.response) == ["Add", "Cancel"]
    await town.manager.click(drafted.response, label="Add")
    assert len(await town.store.read(feeds.listed)) == 1
    assert [each.feed.name for each in await own(town)] == ["Quiet"]
    assert [each.feed.name for each in await own(town, guild.id)] == ["Theirs"]


async def test_a_server_has_room_for_so_many_feeds(town: Town, site: Site) -> None:
    for number in range(3):
        await add(town, site.at(f"/{number}.xml", body=EMPTY))
    refused = await add(town, site.at("/one-more.xml", body=EMPTY))
    assert "This server has added 3 feeds, the most there can be" in said(refused)
    assert len(await own(town)) == 3


async def test_a_server_adds_so_many_feeds_an_hour(town: Town, site: Site) -> None:
    town.reading["limits"] = FeedLimits(per_server=9, adds_an_hour=2)
    await town.restart_bot()
    for number in range(2):
        await add(town, site.at(f"/{number}.xml", body=EMPTY))
    refused = await add(town, site.at("/one-more.xml", body=EMPTY))
    assert "added 2 feeds within an hour, as many as it may. Add more <t:" in said(refused)
    town.now += timedelta(hours=1)
    await add(town, site.url("/one-more.xml"))
    assert len(await own(town)) == 3


async def test_a_server_has_so_many_addresses_looked_at(town: Town, site: Site) -> None:
    url = site.at("/page", status=404)
    for _ in range(8):
        await looked(town, url, "feeds check")
    assert "had 8 addresses looked at within an hour" in await looked(town, url, "feeds check")
    assert len(site.asked) == 8
    town.now += timedelta(hours=1)
    assert "has nothing at this address" in await looked(town, url, "feeds check")


# -- who may press, and what outlives what


async def test_a_draft_is_its_authors_and_is_lost_with_time_and_a_restart(town: Town, site: Site) -> None:
    url = site.at("/feed.xml", body=EMPTY)
    drafted = await town.manager.slash(town.channel, "feeds add", url=url)
    lost = "That draft is gone: it lasts 15 minutes, and no restart. Start again with `/feeds add`"
    for ends in (lambda: setattr(town, "now", town.now + timedelta(minutes=15)), town.restart_bot):
        done = ends()
        if done is not None:
            await done
        assert lost in said(await town.manager.click(drafted.response, label="Add"))
        drafted = await town.manager.slash(town.channel, "feeds add", url=url)
    assert await own(town) == []
