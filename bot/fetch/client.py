"""Fetcher: asks for feeds, one request at a time for each host, within limits of time and size.

It follows redirects by hand, so that each is checked. It keeps no cookies, no DNS answers and no state on disk, and
it takes no proxy from the environment.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import metadata
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from bot.core.body import LONGEST_BODY
from bot.errors import AddressRefusedError, FeedError
from bot.fetch.answer import Fetched, FetchError, HostRestsError, NotModified, max_age, reason, refused, validator
from bot.fetch.guard import DialRefusedError, Guard, Network, checked_url, refusal
from bot.fetch.names import Resolver, name_threads

_BODIES = frozenset({200, 203})
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost: `total`, `connect` and `read` in seconds, `body` in decompressed bytes."""

    total: float = 30
    connect: float = 5
    read: float = 10
    body: int = LONGEST_BODY
    redirects: int = 5


@dataclass(slots=True)
class _Host:
    """One host's turn: who holds it and waits for it, and until when (monotonic) the host wants rest."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    rest_until: float = 0.0
    users: int = 0


@dataclass(frozen=True, slots=True)
class _Hop:
    """One answer on the way: a redirect's target, or the end of it."""

    target: URL | None
    permanent: bool
    answer: Fetched | NotModified | None


class Fetcher:
    """Asks for feeds; an async context manager. Many fetches may run at once, `at_once` of them on the wire.

    `allowed_networks` are those that feeds may live on besides public addresses, on any port. `contact` stands in the
    User-Agent, so that a publisher knows whom to write to.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[Network] = (),
        at_once: int = 50,
        contact: str = "",
        limits: Limits = Limits(),
    ) -> None:
        self._guard = Guard(tuple(allowed_networks))
        self._limits = limits
        self._slots = asyncio.Semaphore(at_once)
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._agent = user_agent(contact)
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0,  # `at_once` limits, and counts only what is on the wire
            use_dns_cache=False,
            resolver=Resolver(self._stack.enter_context(name_threads())),
            socket_factory=self._guard.open_socket,
        )
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=2 * self._limits.connect,  # the name's look-up as well
                    sock_connect=self._limits.connect,
                    sock_read=self._limits.read,
                ),
                headers={"User-Agent": self._agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"},
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def check(self, address: str) -> None:
        """Raises AddressRefusedError for an address that, as it stands, can never be asked for; what a name leads to
        shows only when it is dialled."""
        url = checked_url(address)
        if not self._guard.may_permit(url):
            raise refusal(url.host or "")

    async def fetch(
        self, address: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Fetched | NotModified:
        """The body at `address`, or NotModified where it is still the one that the validators came with.

        Raises AddressRefusedError for an address that must not be dialled, FetchError (with `status` and
        `retry_after`) for every other reason that no body came; each is one plain sentence.
        """
        conditions = _conditions(etag, last_modified)
        url, seen, left = checked_url(address), set[URL](), self._limits.total
        moved_to, permanent = None, True
        for _ in range(self._limits.redirects + 1):
            seen.add(url)
            hop, took = await self._hop(url, conditions, moved_to=moved_to, left=left)
            if hop.answer is not None:
                return hop.answer
            if hop.target is None or hop.target in seen:
                raise FetchError(f"{url.host} redirects in a circle: check the address in a browser.")
            url, left, permanent = hop.target, left - took, permanent and hop.permanent
            moved_to = str(url) if permanent else moved_to
        raise FetchError(f"{url.host} redirects more than {self._limits.redirects} times: check the address.")

    async def _hop(
        self, url: URL, conditions: dict[str, str], *, moved_to: str | None, left: float
    ) -> tuple[_Hop, float]:
        """One request, when its host's turn and a slot are free; and the seconds it took. Waiting does not count."""
        host = url.raw_host or ""
        async with self._turn(host), self._slots:
            began = time.monotonic()
            try:
                async with asyncio.timeout(left):
                    hop = await self._ask(url, conditions, moved_to)
            except FeedError:
                raise
            except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
                raise self._in_words(host, error) from error
            return hop, time.monotonic() - began

    async def _ask(self, url: URL, conditions: dict[str, str], moved_to: str | None) -> _Hop:
        assert self._session is not None, "a Fetcher is used inside `async with`"  # noqa: S101
        async with self._session.get(url, headers=conditions, allow_redirects=False) as response:
            headers, status, host = response.headers, response.status, url.raw_host or ""
            if status in _REDIRECTS and "Location" in headers:
                return _Hop(_target(url, headers["Location"]), status in _PERMANENT, None)
            if status == 304 and conditions:
                return _Hop(None, False, _not_modified(url, headers, moved_to))
            if status not in _BODIES:
                error = refused(host, status, headers, datetime.now(UTC))
                self._let_rest(host, error.retry_after)
                raise error
            body = await self._body(response, host)
            return _Hop(None, False, _fetched(url, headers, body, moved_to))

    async def _body(self, response: aiohttp.ClientResponse, host: str) -> bytes:
        """The decompressed body, read as a stream and no further than the limit."""
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _ENCODINGS:
            raise FetchError(f"{host} compressed the feed in a way that it was not asked for ({encoding[:20]}).")
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._limits.body:
                response.close()
                raise FetchError(f"The feed is larger than {self._limits.body / 2**20:.0f} MB: use a shorter one.")
        return bytes(body)

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        """Holds the host's turn; raises HostRestsError while the host wants rest."""
        host = self._hosts[name]
        host.users += 1
        try:
            async with host.turn:
                if (rest := host.rest_until - time.monotonic()) > 0:
                    raise HostRestsError(
                        f"{name} asked for a rest, which has not passed: it is asked again later.",
                        status=429,
                        retry_after=timedelta(seconds=rest),
                        host=name,
                    )
                yield
        finally:
            host.users -= 1
            if not host.users and host.rest_until <= time.monotonic():
                self._hosts.pop(name, None)

    def _let_rest(self, host: str, rest: timedelta | None) -> None:
        if rest is not None:
            self._hosts[host].rest_until = time.monotonic() + rest.total_seconds()

    def _in_words(self, host: str, error: Exception) -> FeedError:
        """What went wrong on the wire, in one sentence."""
        if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, DialRefusedError):
            return refusal(host)
        if isinstance(error, aiohttp.InvalidURL):  # numbers that only look like a name, such as 2130706433
            return AddressRefusedError(f"{host} is no proper name or number of a host: correct the address.")
        return FetchError(f"{host} {reason(error)}.")


def user_agent(contact: str = "") -> str:
    """ "Tocsin/1.2.3 (news alerts; +CONTACT)": who asks, and whom to write to."""
    about = f"news alerts; +{contact}" if contact else "news alerts"
    return f"Tocsin/{metadata.version('tocsin')} ({about})"


def _conditions(etag: str | None, last_modified: str | None) -> dict[str, str]:
    """The headers that ask for a body only if it changed."""
    asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    return {name: value for name, value in asked.items() if value}


def _target(url: URL, location: str) -> URL:
    """Where a redirect from `url` leads, checked as every address is.

    A step from https down to http is taken over https: what was asked for securely is never read in the open.
    """
    target = checked_url(str(url.join(_parsed(location))))
    if url.scheme == "https" and target.scheme == "http":
        return target.with_scheme("https").with_port(None if target.is_default_port() else target.port)
    return target


def _parsed(location: str) -> URL:
    try:
        return URL(location)
    except ValueError as error:
        raise FetchError("The feed redirects to something that is no address: check it in a browser.") from error


def _fetched(url: URL, headers: Mapping[str, str], body: bytes, moved_to: str | None) -> Fetched:
    return Fetched(
        url=str(url),
        body=body,
        content_type=headers.get("Content-Type"),
        etag=validator(headers, "ETag"),
        last_modified=validator(headers, "Last-Modified"),
        moved_to=moved_to,
        max_age=max_age(headers),
    )


def _not_modified(url: URL, headers: Mapping[str, str], moved_to: str | None) -> NotModified:
    return NotModified(
        url=str(url),
        etag=validator(headers, "ETag"),
        last_modified=validator(headers, "Last-Modified"),
        moved_to=moved_to,
        max_age=max_age(headers),
    )
