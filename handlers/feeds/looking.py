"""Finding the feed at or behind an address, and judging its newest entries. It saves nothing.

A page costs one fetch, at most three more for feeds that it names, and four for the usual places if it names none.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.client.replies import RefusedError
from bot.core.article import read_entry
from bot.core.body import is_web_page
from bot.core.discovery import FeedLink, Page, common_addresses
from bot.core.entry import Entry, ParsedFeed
from bot.core.escape import escape
from bot.core.link import host_of
from bot.core.newfeed import Look, Verdict, new_feed, verdict
from bot.errors import FeedError
from bot.fetch import Fetched, Fetcher
from bot.language import Language
from bot.settings.files import check_feed_url

LONGEST = 60.0
"""Seconds for all that finding a feed takes; a single fetch has limits of its own."""

NAMED_TRIED = 3
JUDGED = 16
LONGEST_ADDRESS = 2048


@dataclass(frozen=True, slots=True)
class Found:
    """A feed: the address to keep, what is in it, and the other feeds that its page names."""

    url: str
    parsed: ParsedFeed
    others: tuple[FeedLink, ...] = ()


def address_given(typed: str, fetcher: Fetcher) -> str:
    """What was typed as an address to ask for; "example.com" is a page as well. Raises RefusedError."""
    address = typed.strip().strip("<>")
    if "://" not in address and not address.lower().startswith(("javascript:", "data:", "file:", "mailto:")):
        address = f"https://{address}"
    try:
        return checked_address(address, fetcher)
    except ValueError as error:
        raise RefusedError(_sentence(str(error))) from error


def checked_address(address: str, fetcher: Fetcher) -> str:
    """The address as it is kept; raises ValueError with the reason where no feed may live there."""
    if len(address) > LONGEST_ADDRESS:
        raise ValueError(f"a feed's address has at most {LONGEST_ADDRESS} characters")
    url = check_feed_url(address)
    try:
        fetcher.check(url)
    except FeedError as error:
        raise ValueError(str(error)) from error
    return url


async def look_at(url: str, *, name: str | None, fetcher: Fetcher, language: Language, now: datetime) -> Look:
    """The feed at or behind `url`, with verdicts on its newest entries. Raises RefusedError where there is none."""
    try:
        async with asyncio.timeout(LONGEST):
            found = await _find(url, fetcher=fetcher, language=language, now=now)
    except TimeoutError as error:
        raise RefusedError(f"{escape(host_of(url), 100)} took too long to answer. Try again later.") from error
    except FeedError as error:
        raise RefusedError(_sentence(escape(str(error), 500))) from error
    new = new_feed(found.url, name=name, title=found.parsed.title)
    newest = _newest(found.parsed.entries)
    articles = [read_entry(entry, feed=new.feed, first_seen=now) for entry in newest]
    analyses = await language.analyse(articles) if articles else []
    verdicts: tuple[Verdict, ...] = tuple(map(verdict, articles, analyses))
    return Look(
        new=new,
        asked=url,
        format=found.parsed.format,
        entries=len(found.parsed.entries),
        newest=max((entry.published for entry in newest if entry.published), default=None),
        verdicts=verdicts,
        others=found.others,
    )


async def _find(url: str, *, fetcher: Fetcher, language: Language, now: datetime) -> Found:
    """Raises FeedError."""
    answer = await _fetch(url, fetcher)
    try:
        return await _parsed(answer, url, language, now)
    except FeedError:
        page = await language.page(answer.body, url=answer.url, content_type=answer.content_type)
        if not (page.links or is_web_page(answer.body) or "html" in (answer.content_type or "").lower()):
            raise
    faults: list[FeedError] = []
    for link in _candidates(page, answer.url):
        try:
            found = await _parsed(await _fetch(link, fetcher), link, language, now)
        except FeedError as error:
            faults.append(error)
        else:
            others = tuple(each for each in page.links if each.url != link)
            return Found(found.url, found.parsed, others)
    raise _nothing(host_of(answer.url), page, faults)


def _candidates(page: Page, url: str) -> Iterable[str]:
    """What the page names; the usual places where it names nothing."""
    return [link.url for link in page.links[:NAMED_TRIED]] or common_addresses(url)


async def _fetch(url: str, fetcher: Fetcher) -> Fetched:
    answer = await fetcher.fetch(url)
    if not isinstance(answer, Fetched):
        raise FeedError(f"{host_of(url)} answered that nothing has changed although nothing was known of it.")
    return answer


async def _parsed(answer: Fetched, url: str, language: Language, now: datetime) -> Found:
    """The feed in the answer; where permanent redirects led, it is kept under its new address."""
    parsed = await language.parse(answer.body, url=answer.url, content_type=answer.content_type, now=now)
    return Found(answer.moved_to or url, parsed)


def _newest(entries: Iterable[Entry]) -> list[Entry]:
    """The entries to be judged, the newest first; those without a date keep their order and come last."""
    return sorted(entries, key=lambda entry: -entry.published.timestamp() if entry.published else 0.0)[:JUDGED]


def _nothing(host: str, page: Page, faults: list[FeedError]) -> FeedError:
    """Why no feed was found, and what to do."""
    if page.links:
        return FeedError(f"The page at {host} names a feed that cannot be used: {faults[0]}")
    if page.asks_login:
        return FeedError(
            f"The page at {host} asks for a login and names no feed: Tocsin reads only feeds that are open to everyone."
        )
    return FeedError(
        f"The page at {host} names no feed, and none stands at the usual addresses: look for its RSS link in a "
        "browser and give that address."
    )


def _sentence(text: str) -> str:
    """A reason as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
