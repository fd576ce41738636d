"""What a fetch gives: a body, the word that nothing changed, or one sentence on why there is neither.

It reads the headers that matter to polling; it reads no body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from bot.errors import FeedError

LONGEST_VALIDATOR = 1024
"""Characters of an ETag or Last-Modified that are kept; longer ones are not sent back."""

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_UNCACHED = re.compile(r"(?:^|[,\s])no-(?:cache|store)\b", re.IGNORECASE)
_REST = {
    401: "asks for a login, which Tocsin cannot give: use a feed that is open to everyone",
    403: "refuses Tocsin: ask its publisher to let feed readers in",
    404: "has nothing at this address: check it",
    410: "says that this feed is gone for good: remove it or find its new address",
    429: "asks Tocsin to come less often: it waits as long as it was told",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body with what its server says of it.

    `url` is the address that answered, `body` is decompressed. `moved_to` is where permanent redirects (301, 308)
    led before any other kind of redirect, None without one. `max_age` is the server's wish for the interval. `etag`
    and `last_modified` are for the next fetch.
    """

    url: str
    body: bytes
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    max_age: timedelta | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304: the body is the one that the validators came with."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    max_age: timedelta | None = None
    status: int = 304


class FetchError(FeedError):
    """No body came. `status` is the HTTP status if there was an answer; `retry_after` how long `host` wants rest."""

    def __init__(
        self, text: str, *, status: int | None = None, retry_after: timedelta | None = None, host: str = ""
    ) -> None:
        self.status = status
        self.retry_after = retry_after
        self.host = host
        super().__init__(text)


class HostRestsError(FetchError):
    """Nothing was asked: the host wants rest, as it told another feed. No fault of this one."""


def refused(host: str, status: int, headers: Mapping[str, str], now: datetime) -> FetchError:
    """The error for an answer that is neither a body nor a 304."""
    if status in _REST:
        what = _REST[status]
    elif status >= 500:
        what = "is in trouble: it is asked again later"
    else:
        what = "gave no feed: check the address"
    wait = retry_after(headers, now) if status in (429, 503) else None
    return FetchError(f"{host} answered {status} and {what}.", status=status, retry_after=wait, host=host)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The rest that a server asks for, in seconds or as a date; at most a day, None where it says nothing sensible."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 86_400))
    try:
        moment = parsedate_to_datetime(value)
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), timedelta(days=1))


def max_age(headers: Mapping[str, str]) -> timedelta | None:
    """How long the answer stays fresh by its Cache-Control; None where it says nothing."""
    value = headers.get("Cache-Control", "")[:LONGEST_VALIDATOR]
    match = None if _UNCACHED.search(value) else _MAX_AGE.search(value)
    return timedelta(seconds=int(match[1])) if match else None


def validator(headers: Mapping[str, str], name: str) -> str | None:
    """The header `name` if it can be sent back."""
    value = headers.get(name, "").strip()
    return value if value and len(value) <= LONGEST_VALIDATOR and value.isprintable() else None


def reason(error: Exception) -> str:
    """What went wrong on the wire, as the rest of a sentence that begins with the host."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "shows a certificate that cannot be trusted: ask its publisher to renew it"
        case aiohttp.ClientSSLError():
            return "does not speak TLS at this address: check whether it begins with http:// instead"
        case aiohttp.ClientConnectorDNSError():
            return "is not known to the name server: check its spelling"
        case TimeoutError():
            return "took too long to answer: it is asked again later"
        case aiohttp.ClientConnectorError():
            return f"cannot be reached ({error.os_error.strerror or 'no connection'}): it is asked again later"
        case aiohttp.ClientPayloadError():
            return "broke off, or garbled, its answer: it is asked again later"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            return "closed the connection without an answer: it is asked again later"
        case _:
            return "gave an answer that is not proper HTTP: check the address in a browser"
