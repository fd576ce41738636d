"""The fetcher against real servers on loopback."""

import asyncio
import gzip
import ipaddress
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from bot.errors import AddressRefusedError, FeedError
from bot.fetch import Fetched, Fetcher, FetchError, Limits, NotModified
from tests.ports import free_port
from tests.site import Site, open_site

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
QUICK = Limits(total=1.5, connect=0.5, read=0.4)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        yield site


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allowed_networks=LOOPBACK, limits=QUICK) as fetcher:
        yield fetcher


async def failure(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_body_comes_with_what_the_server_says_of_it(site: Site, fetcher: Fetcher) -> None:
    url = site.at(
        "/feed", body=b"<rss/>", Content_Type="application/rss+xml", ETag='"a"', Last_Modified="then",
        Cache_Control="public, max-age=900",
    )  # fmt: skip
    assert await fetcher.fetch(url) == Fetched(
        url=url, body=b"<rss/>", content_type="application/rss+xml", etag='"a"', last_modified="then",
        max_age=timedelta(minutes=15),
    )  # fmt: skip


async def test_validators_are_sent_and_a_304_is_no_body(site: Site, fetcher: Fetcher) -> None:
    url = site.at("/feed", status=304, ETag='"b"')
    answer = await fetcher.fetch(url, etag='"a"', last_modified="then")
    assert answer == NotModified(url=url, etag='"b"')
    assert site.asked[0].headers["If-None-Match"] == '"a"'
    assert site.asked[0].headers["If-Modified-Since"] == "then"


async def test_a_304_that_nobody_asked_for_is_a_failure(site: Site, fetcher: Fetcher) -> None:
    assert (await failure(fetcher, site.at("/feed", status=304))).status == 304


async def test_it_says_who_it_is_and_sends_no_cookies(site: Site) -> None:
    url = site.at("/feed", body=b"x", Set_Cookie="a=b")
    async with Fetcher(allowed_networks=LOOPBACK, contact="https://example.org/bot") as fetcher:
        await fetcher.fetch(url)
        await fetcher.fetch(url)
    assert site.asked[1].headers["User-Agent"].startswith("Tocsin/")
    assert site.asked[1].headers["User-Agent"].endswith("(news alerts; +https://example.org/bot)")
    assert site.asked[1].headers["Accept-Encoding"] == "gzip, deflate"
    assert "Cookie" not in site.asked[1].headers


async def test_a_proxy_of_the_environment_is_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch, fetcher: Fetcher
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert isinstance(await fetcher.fetch(site.at("/feed", body=b"x")), Fetched)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 429, 500, 503])
async def test_a_refusal_is_one_sentence_with_its_status(site: Site, fetcher: Fetcher, status: int) -> None:
    error = await failure(fetcher, site.at("/feed", status=status))
    assert error.status == status
    assert str(status) in str(error)


async def test_a_rest_that_a_host_asks_for_holds_for_all_its_feeds(site: Site, fetcher: Fetcher) -> None:
    error = await failure(fetcher, site.at("/one", status=429, Retry_After="120"))
    assert error.retry_after == timedelta(seconds=120)
    other = await failure(fetcher, site.at("/two", body=b"x"))
    assert other.status == 429
    assert other.retry_after is not None
    assert timedelta(seconds=110) < other.retry_after <= timedelta(seconds=120)
    assert len(site.asked) == 1


async def test_gzip_and_deflate_are_unpacked(site: Site, fetcher: Fetcher) -> None:
    for encoding, body in {"gzip": gzip.compress(b"feed"), "deflate": zlib.compress(b"feed")}.items():
        answer = await fetcher.fetch(site.at("/feed", body=body, Content_Encoding=encoding))
        assert isinstance(answer, Fetched)
        assert answer.body == b"feed"


@pytest.mark.parametrize(("encoding", "body"), [("gzip", b"no gzip"), ("br", b"\x0b\x02\x80"), ("zstd", b"x")])
async def test_a_compression_that_cannot_be_read_is_the_feeds_fault(
    site: Site, fetcher: Fetcher, encoding: str, body: bytes
) -> None:
    await failure(fetcher, site.at("/feed", body=body, Content_Encoding=encoding))


async def test_a_gzip_bomb_is_stopped_at_the_limit(site: Site, fetcher: Fetcher) -> None:
    bomb = gzip.compress(bytes(200 * 2**20), 9)
    assert "larger than 5 MB" in str(await failure(fetcher, site.at("/feed", body=bomb, Content_Encoding="gzip")))


async def test_an_endless_body_is_stopped_at_the_limit(site: Site, fetcher: Fetcher) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"<item/>" * 10_000)

    site.paths["/feed"] = endless
    assert "larger than 5 MB" in str(await failure(fetcher, site.url("/feed")))


@pytest.mark.parametrize("pause", [0.1, 0.6])
async def test_a_body_that_drips_is_cut_off(site: Site, fetcher: Fetcher, pause: float) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(pause)

    site.paths["/feed"] = drip
    assert "too long" in str(await failure(fetcher, site.url("/feed")))


async def test_a_server_that_is_not_there_is_one_sentence(fetcher: Fetcher) -> None:
    assert "cannot be reached" in str(await failure(fetcher, f"http://127.0.0.1:{free_port()}/feed"))


async def test_a_name_that_is_not_known_is_one_sentence(fetcher: Fetcher) -> None:
    assert "check its spelling" in str(await failure(fetcher, "http://feed.invalid/"))


async def test_a_server_without_tls_is_one_sentence(site: Site, fetcher: Fetcher) -> None:
    assert "TLS" in str(await failure(fetcher, site.url("/feed").replace("http:", "https:")))


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"])
async def test_an_answer_that_is_no_http_or_breaks_off_is_one_sentence(fetcher: Fetcher, answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        await failure(fetcher, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_and_only_a_permanent_one_is_told(
    site: Site, fetcher: Fetcher, status: int
) -> None:
    target = site.at("/new", body=b"x")
    answer = await fetcher.fetch(site.at("/old", status=status, Location="/new"))
    assert answer.url == target
    assert answer.moved_to == (target if status in (301, 308) else None)


async def test_a_move_ends_where_a_redirect_is_not_permanent(site: Site, fetcher: Fetcher) -> None:
    site.at("/c", body=b"x")
    middle = site.at("/b", status=302, Location="/c")
    assert (await fetcher.fetch(site.at("/a", status=301, Location="/b"))).moved_to == middle


async def test_a_circle_of_redirects_ends(site: Site, fetcher: Fetcher) -> None:
    site.at("/b", status=302, Location="/a")
    assert "circle" in str(await failure(fetcher, site.at("/a", status=302, Location="/b")))


async def test_a_sixth_redirect_is_not_followed(site: Site, fetcher: Fetcher) -> None:
    for number in range(7):
        site.at(f"/{number}", status=302, Location=f"/{number + 1}")
    assert "more than 5 times" in str(await failure(fetcher, site.url("/0")))
    assert len(site.asked) == 6


async def test_a_fifth_redirect_is_followed(site: Site, fetcher: Fetcher) -> None:
    for number in range(5):
        site.at(f"/{number}", status=302, Location=f"/{number + 1}")
    site.at("/5", body=b"x")
    assert isinstance(await fetcher.fetch(site.url("/0")), Fetched)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/", "http://0x0a000001/",
        "file:///etc/passwd", "ftp://example.org/", "http://me:pw@127.0.0.1/", "http://[bad/",
    ],
)  # fmt: skip
async def test_a_redirect_inside_is_refused(site: Site, fetcher: Fetcher, target: str) -> None:
    with pytest.raises(FeedError):
        await fetcher.fetch(site.at("/feed", status=302, Location=target))
    assert len(site.asked) == 1


async def test_a_redirect_with_a_login_is_refused_before_it_is_followed(site: Site, fetcher: Fetcher) -> None:
    site.at("/login", body=b"x")
    target = site.url("/login").replace("http://", "http://me:pw@")
    with pytest.raises(AddressRefusedError, match="password"):
        await fetcher.fetch(site.at("/feed", status=302, Location=target))
    assert [request.path for request in site.asked] == ["/feed"]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
async def test_no_spelling_of_loopback_is_dialled_without_the_operators_leave(site: Site, host: str) -> None:
    site.at("/feed", body=b"x")
    async with Fetcher() as fetcher:
        with pytest.raises(AddressRefusedError):
            await fetcher.fetch(site.url("/feed", host))
    assert not site.asked


@pytest.mark.parametrize(
    "address",
    ["", "feed", "ftp://a.org/", "file:///etc/passwd", "http://u:p@a.org/", "http://u@a.org/", "http://", "http://[::1",
     "http://a.org:99999/", "http://a.org/" + "x" * 2048, "javascript:alert(1)", "http://\ud800.org/"],
)  # fmt: skip
async def test_what_is_no_address_of_a_feed_is_refused_before_any_connection(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(AddressRefusedError):
        await fetcher.fetch(address)


async def test_one_host_sees_one_request_at_a_time(site: Site) -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.02)
        return web.Response(body=b"x")

    site.paths["/feed"] = slow
    async with Fetcher(allowed_networks=LOOPBACK) as fetcher:
        await asyncio.gather(*(fetcher.fetch(site.url("/feed")) for _ in range(5)))
    assert site.most_at_once == 1


async def test_waiting_for_a_turn_does_not_count_as_slowness(site: Site) -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.8)
        return web.Response(body=b"x")

    site.paths["/feed"] = slow
    async with Fetcher(allowed_networks=LOOPBACK, limits=Limits(total=2, connect=2, read=2)) as fetcher:
        assert len(await asyncio.gather(*(fetcher.fetch(site.url("/feed")) for _ in range(3)))) == 3


async def test_hosts_are_asked_side_by_side_up_to_the_limit(site: Site) -> None:
    async def together(_: web.Request) -> web.Response:
        while site.most_at_once < 3:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)  # time for one too many
        return web.Response(body=b"x")

    site.paths["/feed"] = together
    async with Fetcher(allowed_networks=LOOPBACK, at_once=3) as fetcher:
        await asyncio.gather(
            *(fetcher.fetch(site.url("/feed", name)) for name in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"))
        )
    assert site.most_at_once == 3


async def test_two_hosts_that_redirect_to_each_other_do_not_lock_up(site: Site, fetcher: Fetcher) -> None:
    site.at("/end", body=b"x")
    one = site.at("/one", status=302, Location=site.url("/end", "127.0.0.2"))
    site.at("/two", status=302, Location=site.url("/end"))
    answers = await asyncio.gather(*(fetcher.fetch(url) for url in [one, site.url("/two", "127.0.0.2")] * 5))
    assert len(answers) == 10


async def test_a_cancelled_fetch_frees_its_hosts_turn(site: Site, fetcher: Fetcher) -> None:
    async def never(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    site.paths["/hang"] = never
    task = asyncio.create_task(fetcher.fetch(site.url("/hang")))
    while not site.asked:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(await fetcher.fetch(site.at("/feed", body=b"x")), Fetched)
