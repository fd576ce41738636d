"""The demo's feed server answers as a publisher's would."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.demo.edition import Edition
from bot.demo.server import FeedServer, feed_server

BODY = Edition(b"<rss/>", "application/rss+xml; charset=utf-8")


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with feed_server() as running:
        running.publish({"/a.xml": BODY})
        yield running


async def test_a_feed_comes_with_its_type_and_a_validator(server: FeedServer) -> None:
    async with aiohttp.ClientSession() as session, session.get(server.base + "/a.xml") as answer:
        assert answer.status == 200
        assert await answer.read() == BODY.body
        assert answer.headers["Content-Type"] == BODY.content_type
        assert answer.headers["ETag"].startswith('"')


async def test_a_reader_with_the_validator_gets_304_until_the_feed_changes(server: FeedServer) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(server.base + "/a.xml") as answer:
            known = {"If-None-Match": answer.headers["ETag"]}
        async with session.get(server.base + "/a.xml", headers=known) as answer:
            assert answer.status == 304
        server.publish({"/a.xml": Edition(b"<rss></rss>", BODY.content_type)})
        async with session.get(server.base + "/a.xml", headers=known) as answer:
            assert answer.status == 200
    assert server.answers == {200: 2, 304: 1}


async def test_an_unknown_path_is_no_feed(server: FeedServer) -> None:
    async with aiohttp.ClientSession() as session, session.get(server.base + "/b.xml") as answer:
        assert answer.status == 404


async def test_the_server_is_gone_after_its_block() -> None:
    async with feed_server() as running:
        base = running.base
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(base + "/a.xml")


async def test_a_server_whose_port_is_taken_finds_another() -> None:
    async with feed_server() as first, feed_server(int(first.base.rpartition(":")[2])) as second:
        assert second.base != first.base
