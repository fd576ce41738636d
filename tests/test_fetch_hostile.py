"""Servers that answer with anything: each is one sentence, soon, and the next feed is read."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network

import pytest

from bot.errors import FeedError
from bot.fetch import Fetched, Fetcher, Limits

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
LIMITS = Limits(total=1.5, read=1)


@asynccontextmanager
async def raw_server(answer: Answer) -> AsyncIterator[str]:
    """A server that reads a request and answers in its own way; its address."""

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        serving.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            await writer.drain()
        if writer.transport.get_write_buffer_size():  # nobody reads on
            writer.transport.abort()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed"
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def once(*pieces: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)

    return answer


def endless(piece: bytes, start: bytes = b"", pause: float = 0.0) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


HOSTILE: dict[str, Answer] = {
    "nothing": once(b""),
    "a line without end": endless(b"a" * 65_536),
    "headers without end": endless(b"X-A: b\r\n" * 1_000, OK),
    "a header of a megabyte": once(OK, b"X-A: ", b"b" * 2**20, b"\r\n\r\n"),
    "thousands of headers": once(OK, b"X-A: b\r\n" * 100_000, b"\r\n"),
    "information without end": endless(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "information now and then": endless(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.05),
    "headers that drip": endless(b"x", OK, pause=0.05),
    "a length below nothing": once(OK, b"Content-Length: -1\r\n\r\nx"),
    "a length of words": once(OK, b"Content-Length: many\r\n\r\nx"),
    "two lengths": once(OK, b"Content-Length: 1\r\nContent-Length: 9\r\n\r\nx"),
    "a length that is not kept": once(OK, b"Content-Length: 99999999999999999999\r\n\r\nx"),
    "a chunk without end": endless(b"a" * 65_536, OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n"),
    "a chunk of nonsense": once(OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "chunks of one byte": endless(b"1\r\na\r\n" * 50, OK + b"Transfer-Encoding: chunked\r\n\r\n", pause=0.01),
    "trailers without end": endless(b"X-A: b\r\n" * 1_000, OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"),
    "zeros in a header": once(OK, b"X-A: \0\0\r\nContent-Length: 1\r\n\r\nx"),
    "a status of letters": once(b"HTTP/1.1 abc OK\r\n\r\n"),
    "a status of many digits": once(b"HTTP/1.1 99999 OK\r\n\r\n"),
    "another protocol": once(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a version from the future": once(b"HTTP/9.9 200 OK\r\n\r\nx"),
    "an upgrade": once(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "a redirect to nonsense": once(b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"),
    "a redirect to bytes": once(b"HTTP/1.1 302 Found\r\nLocation: //\xff\xfe\x80/\r\nContent-Length: 0\r\n\r\n"),
    "a redirect too long": once(b"HTTP/1.1 301 x\r\nLocation: /", b"a" * 4_000, b"\r\nContent-Length: 0\r\n\r\n"),
    "a redirect to a script": once(b"HTTP/1.1 302 x\r\nLocation: javascript:x\r\nContent-Length: 0\r\n\r\n"),
    "a redirect with a body without end": endless(b"a" * 65_536, b"HTTP/1.1 302 x\r\nLocation: http://10.0.0.1/\r\n\r\n"),
    "a refusal with a body without end": endless(b"a" * 65_536, b"HTTP/1.1 404 x\r\n\r\n"),
    "a packed body that is none": once(OK, b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
    "a charset of bytes": once(OK, b"Content-Type: text/xml; charset=\xff\xfe\r\nContent-Length: 9\r\n\r\nx"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
async def test_whatever_a_server_answers_is_a_sentence_soon(kind: str) -> None:
    began = time.monotonic()
    async with (
        raw_server(HOSTILE[kind]) as url,
        raw_server(once(OK, b"Content-Length: 6\r\n\r\n<rss/>")) as good,
        Fetcher(allowed_networks=[ip_network("127.0.0.0/8")], limits=LIMITS) as fetcher,
    ):
        with pytest.raises(FeedError) as refused:
            await fetcher.fetch(url)
        assert str(refused.value).endswith(".")
        assert str(refused.value).isprintable()
        answer = await fetcher.fetch(good)
        assert isinstance(answer, Fetched)
        assert answer.body == b"<rss/>"
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "headers",
    [
        b"ETag: \xff\xfe\r\n", b"ETag: " + b"x" * 4_000 + b"\r\n", b"Last-Modified: \x7f\r\n",
        b"Cache-Control: max-age=" + b"9" * 4_000 + b"\r\n", b"Cache-Control: max-age=-1\r\n", b"Age: x\r\n",
        b"Content-Type: " + b";charset=" * 400 + b"\r\n", b"Set-Cookie: a=b\r\n" * 50, b"Retry-After: 1e9\r\n",
    ],
)  # fmt: skip
async def test_odd_headers_cost_no_body(headers: bytes) -> None:
    async with (
        raw_server(once(OK, headers, b"Content-Length: 6\r\n\r\n<rss/>")) as url,
        Fetcher(allowed_networks=[ip_network("127.0.0.0/8")], limits=LIMITS) as fetcher,
    ):
        answer = await fetcher.fetch(url)
        assert isinstance(answer, Fetched)
        assert answer.body == b"<rss/>"
        for value in (answer.etag, answer.last_modified):
            assert value is None or len(value) <= 1_024
        again = await fetcher.fetch(url, etag=answer.etag, last_modified=answer.last_modified)
        assert isinstance(again, Fetched)
