"""Bodies and headers that are made to cost: each ends in time, in little memory, and as one sentence, with the real
client on loopback."""

import asyncio
import gzip
import ipaddress
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.errors import FeedError
from bot.fetch import Fetched, Fetcher, Limits
from tests.site import Site, open_site

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
QUICK = Limits(total=0.8, connect=0.4, read=0.3, body=100_000)
Said = Callable[[], AsyncIterator[bytes]]


async def ended(said: Said | bytes, limits: Limits = QUICK) -> tuple[Fetched | str, float]:
    """What a fetch from a server that says `said` gives or tells, and the seconds that it took."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if isinstance(said, bytes):
                writer.write(said)
            else:
                async for piece in said():
                    writer.write(piece)
                    await writer.drain()
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    began = time.monotonic()
    async with (
        Fetcher(allowed_networks=LOOPBACK, limits=limits) as fetcher,
        await asyncio.start_server(speak, "127.0.0.1", 0) as server,
    ):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed"
        try:
            answer = await fetcher.fetch(url)
        except FeedError as error:
            assert str(error).endswith(".") and "\n" not in str(error)
            return str(error), time.monotonic() - began
        assert isinstance(answer, Fetched)
        return answer, time.monotonic() - began


# -- headers


async def a_million_headers() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for thousand in range(1000):
        yield b"".join(b"X-%d: 1\r\n" % (thousand * 1000 + one) for one in range(1000))
    yield b"\r\n<rss/>"


async def endless_headers() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X: 1\r\n" * 1000


async def a_header_of_thirty_megabytes() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX: "
    for _ in range(300):
        yield b"a" * 100_000
    yield b"\r\n\r\n<rss/>"


async def a_header_without_an_end() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"a" * 100_000


async def a_reason_without_an_end() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 "
    while True:
        yield b"a" * 100_000


async def endless_early_hints() -> AsyncIterator[bytes]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        await asyncio.sleep(0.01)


async def endless_trailers() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    while True:
        yield b"X: 1\r\n" * 1000


async def an_extension_of_a_chunk_without_an_end() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    while True:
        yield b"a" * 100_000
        await asyncio.sleep(0.01)


async def one_letter_a_chunk() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"1\r\nx\r\n" * 1000


async def drip_of_a_header() -> AsyncIterator[bytes]:
    """Never slow enough for the time-out of one read."""
    yield b"HTTP/1.1 200 OK\r\nX: "
    while True:
        yield b"a"
        await asyncio.sleep(0.1)


async def drip_of_a_compressed_body() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    for byte in gzip.compress(b"<rss/>" * 10_000) * 100:
        yield bytes([byte])
        await asyncio.sleep(0.1)


async def silence() -> AsyncIterator[bytes]:
    await asyncio.sleep(60)
    yield b""


@pytest.mark.parametrize(
    "said",
    [
        a_million_headers, endless_headers, a_header_of_thirty_megabytes, a_header_without_an_end,
        a_reason_without_an_end, endless_early_hints, endless_trailers, an_extension_of_a_chunk_without_an_end,
        one_letter_a_chunk, drip_of_a_header, drip_of_a_compressed_body, silence,
    ],
)  # fmt: skip
async def test_what_never_ends_is_ended(said: Said) -> None:
    sentence, seconds = await ended(said)
    assert isinstance(sentence, str)
    assert seconds < 10, "however busy the machine is"


async def test_a_server_that_falls_silent_is_not_waited_for_until_the_end() -> None:
    sentence, seconds = await ended(silence, Limits(total=30, connect=10, read=0.3))
    assert "too long" in str(sentence)
    assert seconds < 10


async def test_a_server_that_takes_no_connection_is_not_waited_for_until_the_end() -> None:
    with socket.socket() as deaf, ExitStack() as waiting:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):  # the queue is full, and the system answers nobody any more
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        began = time.monotonic()
        async with Fetcher(allowed_networks=LOOPBACK, limits=Limits(total=30, connect=0.3, read=20)) as fetcher:
            with pytest.raises(FeedError, match="too long"):
                await fetcher.fetch(f"http://127.0.0.1:{deaf.getsockname()[1]}/feed")
        assert time.monotonic() - began < 10


async def test_redirects_that_drip_share_one_limit_of_time() -> None:
    """Five slow hops are no longer than one."""

    async def slow() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.9)
        yield b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % time.monotonic_ns()

    sentence, seconds = await ended(slow, Limits(total=2, connect=1, read=1.8))
    assert "too long" in str(sentence)
    assert seconds < 5 * 0.9


# -- compression


def zipped(body: bytes, *encodings: str) -> bytes:
    for encoding in encodings:
        body = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    return body


@pytest.mark.parametrize("encodings", [("deflate", "deflate"), ("gzip", "deflate"), ("gzip", "gzip"), ("deflate",) * 5])
async def test_a_compression_within_another_is_refused(encodings: tuple[str, ...]) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {', '.join(encodings)}\r\nConnection: close\r\n\r\n"
    sentence, _ = await ended(head.encode() + zipped(b"<rss/>", *encodings))
    assert "not asked for" in str(sentence)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "x-compress", "lzma", "exi", "bzip2", "gzip;q=1", "*"])
async def test_only_gzip_and_deflate_are_taken(encoding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nConnection: close\r\n\r\n"
    sentence, _ = await ended(head.encode() + b"<rss/>")
    assert isinstance(sentence, str)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
async def test_a_bomb_costs_little_memory(compress: Callable[[bytes], bytes]) -> None:
    """A quarter of a gigabyte of nothing, in a quarter of a megabyte."""
    once = compress(bytes(2**20))
    name = "gzip" if compress is gzip.compress else "deflate"
    if name == "gzip":
        body = once * 256  # members, one behind the other
    else:
        packer = zlib.compressobj()
        body = b"".join(packer.compress(bytes(2**20)) for _ in range(256)) + packer.flush()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    tracemalloc.start()
    try:
        sentence, _ = await ended(head + body, Limits())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "larger than 5 MB" in str(sentence)
    assert peak < 80 * 2**20


async def test_a_length_that_lies_is_no_body_longer_or_shorter() -> None:
    assert isinstance((await ended(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n<rss/>"))[0], str)
    answer, _ = await ended(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>HTTP/1.1 200 OK\r\n\r\nmore")
    assert isinstance(answer, Fetched)
    assert answer.body == b"<rss/>"


async def test_a_length_beyond_all_numbers_is_a_sentence() -> None:
    for length in (b"9" * 400, b"-1", b"0x10", b"1e9", b"5, 5", b"\xd9\xa3"):
        answer, _ = await ended(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n<rss/>")
        assert isinstance(answer, str)


# -- anything at all

heads = st.lists(
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 304 Not Modified\r\n", b"HTTP/1.1 429 Slow\r\n", b"HTTP/2 200\r\n",
            b"HTTP/1.1 301 Moved\r\n", b"HTTP/1.1 999 Odd\r\n", b"HTTP/1.1 101 Switching\r\n", b"ICY 200 OK\r\n",
            b"Location: /x\r\n", b"Location: \xff\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip\r\n", b"Content-Encoding: gzip\r\n", b"Content-Encoding: gzip\x00\r\n",
            b"Retry-After: 99999999999999999999\r\n", b"Retry-After: Fri, 99 Foo 99999 99:99:99 +9999\r\n",
            b"ETag: \x01\r\n", b"Last-Modified: " + b"9" * 2000 + b"\r\n", b"Cache-Control: max-age=-1\r\n",
            b"Cache-Control: max-age=999999999\r\n", b"Set-Cookie: a=b\r\n", b"Content-Type: \xf0\x9f\r\n",
            b"Content-Type: a/b;charset=\"\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b" folded\r\n", b"\r\n",
        ]
    )
    | st.binary(max_size=12),
    max_size=8,
).map(b"".join)  # fmt: skip


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heads, st.binary(max_size=60))
@example(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", b"\x1f\x8b\x08\x00")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ffffffffffffffffffff\r\n")
async def test_any_bytes_at_all_are_a_body_or_one_sentence(head: bytes, body: bytes) -> None:
    await ended(head + b"\r\n" + body, Limits(total=0.5, connect=0.2, read=0.2))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as site:
        yield site


async def test_one_hostile_host_holds_up_no_other(site: Site) -> None:
    """While fifty hosts drip, a fifty-first is answered at once, and the loop is never held."""

    async def never(_request: object) -> object:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits that long")

    site.paths["/drip"] = never  # type: ignore[assignment]
    site.at("/feed", body=b"<rss/>")
    limits = Limits(total=4, connect=4, read=3)
    async with Fetcher(allowed_networks=LOOPBACK, at_once=60, limits=limits) as fetcher:
        slow = [asyncio.create_task(fetcher.fetch(site.url("/drip", f"127.0.1.{host}"))) for host in range(50)]
        while site.at_once < 50:
            await asyncio.sleep(0.005)
        assert isinstance(await fetcher.fetch(site.url("/feed", "127.0.2.1")), Fetched)
        assert not any(each.done() for each in slow)
        assert all(isinstance(each, FeedError) for each in await asyncio.gather(*slow, return_exceptions=True))
