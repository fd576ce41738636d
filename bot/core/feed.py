"""Feed and FeedState: a source that is polled, and what is known of it between polls.

Decides when a feed is due and what follows a fetch. It does not fetch, and it does not read bodies.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

FeedKind = Literal[
    "official", "defence-press", "ai-lab", "company", "technology-press", "think-tank", "research", "press"
]
FeedStatus = Literal["active", "paused", "gone"]

GONE = 410
"""The HTTP status that says a feed will never come back."""

MOVED_ANSWERS = 3
"""Equal permanent redirects, each with a readable feed behind it, after which the new address is asked directly."""

MOVED_FAILURES = 3
"""Failures in a row after which a new address is given up and the configured one asked again."""

_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Feed:
    """A source: `country` is ISO 3166-1 alpha-2, EU or INT; `outlet` is shown where links do not tell it."""

    url: str
    name: str
    kind: FeedKind = "press"
    country: str = "INT"
    language: str = "en"
    outlet: str | None = None


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the last polls left behind. All times are aware UTC; `ttl` is the last body's wish, in minutes.

    `reuses_guids` says that its publisher once put a guid on something else: for good, its guids then name nothing
    that has another name.
    """

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    first_polled_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    status: FeedStatus = "active"
    moved_to: str | None = None
    moved_times: int = 0
    ttl: int | None = None
    reuses_guids: bool = False


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """A feed with its row id and state."""

    id: int
    feed: Feed
    state: FeedState


@dataclass(frozen=True, slots=True)
class FeedRules:
    """How often feeds are polled; every field is a length of time."""

    interval: timedelta = timedelta(minutes=10)
    shortest: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(hours=24)


def is_due(state: FeedState, now: datetime) -> bool:
    """Whether the feed is to be asked at `now`; never while it is paused or gone."""
    return state.status == "active" and (state.due_at is None or state.due_at <= now)


def is_first_poll(state: FeedState) -> bool:
    """Whether no body of this feed was ever read, or but half of one: the entries of its first one owe no alert."""
    return state.first_polled_at is None


def address_of(url: str, state: FeedState) -> str:
    """Where to ask for the feed at `url`: its new address once that is settled, else `url`."""
    return state.moved_to if state.moved_to is not None and state.moved_times >= MOVED_ANSWERS else url


def after_success(
    state: FeedState,
    *,
    url: str,
    now: datetime,
    rules: FeedRules,
    etag: str | None,
    last_modified: str | None,
    body_hash: str,
    max_age: timedelta | None = None,
    ttl: timedelta | None = None,
    moved_to: str | None = None,
    empty: bool = False,
    unfinished: bool = False,
) -> FeedState:
    """The state after a body that was read, or that equals the last one. `url` is the configured address.

    `max_age` and `ttl` are the publisher's wishes (lower bounds); `moved_to` is where permanent redirects led. A body
    that is `empty` of entries or `unfinished` leaves neither validators nor a hash, by which what is missing would pass
    for known; and after an unfinished first one the first poll is still to come, once.
    """
    target, times = _move(state, url, moved_to)
    minutes = state.ttl if body_hash == state.body_hash else _minutes(ttl)
    kept = not (empty or unfinished)
    first = None if unfinished and state.last_success_at is None else now
    return replace(
        state,
        etag=etag if kept else None,
        last_modified=last_modified if kept else None,
        body_hash=body_hash if kept else None,
        first_polled_at=state.first_polled_at or first,
        last_polled_at=now,
        last_success_at=now,
        due_at=now + _pause(url, rules, max_age, minutes),
        failures=0,
        error=None,
        status="active" if state.status == "gone" else state.status,
        moved_to=target,
        moved_times=times,
        ttl=minutes,
    )


def after_not_modified(
    state: FeedState, *, url: str, now: datetime, rules: FeedRules, max_age: timedelta | None = None
) -> FeedState:
    """The state after a 304: validators stay, and a redirect on the way counts neither for nor against a move."""
    return replace(
        state,
        last_polled_at=now,
        last_success_at=now,
        due_at=now + _pause(url, rules, max_age, state.ttl),
        failures=0,
        error=None,
    )


def after_failure(
    state: FeedState,
    *,
    url: str,
    now: datetime,
    rules: FeedRules,
    error: str,
    status: int | None = None,
    retry_after: timedelta | None = None,
) -> FeedState:
    """The state after a feed's fault: back off, longer each time; a 410 ends polling until a person resumes it.

    Validators stay those of the last body that was read. `error` is one sentence; `status` the HTTP status, if any.
    """
    failures = state.failures + 1
    given_up = address_of(url, state) != url and (failures >= MOVED_FAILURES or status == GONE)
    return replace(
        state,
        last_polled_at=now,
        due_at=now + _back_off(url, failures, rules, retry_after),
        failures=failures,
        error=error,
        status="gone" if status == GONE and not given_up else state.status,
        moved_to=None if given_up else state.moved_to,
        moved_times=0 if given_up else state.moved_times,
    )


def postponed(state: FeedState, until: datetime) -> FeedState:
    """The state of a feed whose host asked for rest (Retry-After to another feed of it): not due before `until`."""
    return state if state.due_at is not None and state.due_at >= until else replace(state, due_at=until)


def paused(state: FeedState) -> FeedState:
    """The state after a person's wish to stop polling."""
    return replace(state, status="paused")


def resumed(state: FeedState, now: datetime) -> FeedState:
    """The state after a person's wish to poll again: due at once, failures forgotten."""
    return replace(state, status="active", due_at=now, failures=0, error=None)


def _pause(url: str, rules: FeedRules, max_age: timedelta | None, minutes: int | None) -> timedelta:
    """How long to wait after a good answer: our interval or the longest wish, at least `shortest`."""
    wish = max(max_age or timedelta(0), timedelta(minutes=minutes or 0))
    return _spread(_clamp(max(rules.interval, wish), rules), url, rules)


def _minutes(wish: timedelta | None) -> int | None:
    return None if wish is None else wish // timedelta(minutes=1)


def _back_off(url: str, failures: int, rules: FeedRules, retry_after: timedelta | None) -> timedelta:
    """`shortest`, doubled with each failure, up to `longest`; at least what the server asked for."""
    doublings = min(failures - 1, 20)  # beyond any sensible ratio of longest to shortest
    pause = max(rules.shortest * 2**doublings, retry_after or timedelta(0))
    return _spread(_clamp(pause, rules), f"{url} {failures}", rules)


def _clamp(pause: timedelta, rules: FeedRules) -> timedelta:
    return min(max(pause, rules.shortest), rules.longest)


def _spread(pause: timedelta, seed: str, rules: FeedRules) -> timedelta:
    """`pause` and up to a tenth more, always the same for one seed, so that feeds do not fall due together."""
    fraction = int.from_bytes(hashlib.sha256(seed.encode(errors="replace")).digest()[:4], "big") / 2**32
    return min(pause * (1 + _JITTER * fraction), rules.longest)


def _move(state: FeedState, url: str, target: str | None) -> tuple[str | None, int]:
    """Where the feed moved and how many answers said so, after one more answer that led to `target`."""
    settled = address_of(url, state) != url
    if target is None:
        return (state.moved_to, state.moved_times) if settled else (None, 0)
    if target == url or _is_downgrade(url, target):
        return None, 0
    if target == state.moved_to:
        return target, min(state.moved_times + 1, MOVED_ANSWERS)
    return target, 1


def _is_downgrade(url: str, target: str) -> bool:
    return urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https"
