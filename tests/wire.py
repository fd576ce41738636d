"""A wire: feeds on a web server of many hosts whose answers a test writes, polled into a database, with one channel
that wants everything and an outlet that keeps what it was told.

Fetcher, workers, store and ticks are the real ones; `settled` is the oracle of delivery.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, Row, select

from bot.core.feed import FeedRules, FeedState
from bot.core.message import Message
from bot.fetch import Fetcher
from bot.language import Language
from bot.store import Store, feeds, subscriptions
from bot.store.schema import alerts as alert_table
from bot.store.schema import entries as entry_table
from handlers.deliver import deliver
from handlers.digest import digest
from handlers.poll import PollReport, PollRules, poll
from tests.builders import a_feed, a_subscription
from tests.postgres import migrated
from tests.site import Site, open_site

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = PollRules(feeds=FeedRules())
CONFIG = Path(__file__).resolve().parents[1] / "config"

Told = tuple[str, str]

NATO = (
    "OpenAI in talks with NATO over AI models for unclassified networks",
    "OpenAI is in talks with NATO about a contract to use its artificial intelligence models on the alliance's "
    "unclassified networks. The talks are at an early stage, two people said.",
)
NAVY = (
    "Royal Navy takes over four autonomous minehunters",
    "The Royal Navy has taken delivery of four autonomous minehunters. Their artificial intelligence tells mines from "
    "stones on the sea floor, the Ministry of Defence said in Portsmouth.",
)
LAW = (
    "Lawmakers in Brussels vote for a public register of military AI",
    "The European Parliament voted for a register in which armies name the artificial intelligence that they use in "
    "weapons. The vote binds nobody.",
)
CAKE = ("Ten cakes for spring", "Lemon, almond and rhubarb: our ten favourite cakes for the season.")


class Outlet:
    """A sender that delivers everything at once and keeps it."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[str, Message]] = {}
        self._ids = count(1)

    @property
    def titles(self) -> list[str]:
        return [message.title for _, message in self.messages.values()]

    async def create(self, channel_id: int, message: Message, *, nonce: str, **_: Any) -> int:
        number = next(self._ids)
        self.messages[number] = (nonce, message)
        return number

    async def create_post(self, forum_id: int, message: Message, **_: Any) -> int:
        raise AssertionError("there are no forums here")

    async def open_thread(self, channel_id: int, message_id: int, name: str) -> int:
        return message_id

    async def publish(self, channel_id: int, message_id: int) -> None:
        """Nothing: what is here is public."""

    async def is_forum(self, channel_id: int) -> bool:
        return False

    async def edit(self, channel_id: int, message_id: int, message: Message) -> None:
        self.messages[message_id] = (self.messages[message_id][0], message)

    async def find(self, channel_id: int, mark: str, after: datetime) -> int | None:
        return next((number for number, (nonce, _) in self.messages.items() if nonce == mark), None)


@dataclass
class Wire:
    """What a poll works with, and when it is; `bodies` are what `publish` and `put` have put up, by path."""

    site: Site
    store: Store
    fetcher: Fetcher
    language: Language
    outlet: Outlet = field(default_factory=Outlet)
    now: datetime = NOW

    async def read(self, *urls: str) -> None:
        """Makes these the feeds."""
        await self.store.write(feeds.sync_catalogue, [a_feed(url, name=url) for url in urls], NOW)

    async def poll(self, *, later: timedelta = HOUR, **options: Any) -> PollReport:
        self.now += later
        given = {"store": self.store, "fetcher": self.fetcher, "language": self.language, "rules": RULES} | options
        return await poll(self.now, **given)

    def publish(self, path: str, *told: Told, host: str = "127.0.0.1", **changes: Any) -> str:
        """A feed at `path` with these (title, text), the oldest first; its address."""
        return self.put(path, rss(told, path=path, now=self.now, **changes), host=host)

    def put(self, path: str, body: bytes, *, host: str = "127.0.0.1", **headers: str) -> str:
        self.site.at(f"/{path}", body=body, **headers)
        return self.site.url(f"/{path}", host)

    def put_with_validator(self, path: str, body: bytes, etag: str) -> str:
        """The same from a server that answers 304 to who has the body with this ETag."""

        async def answer(request: web.Request) -> web.Response:
            known = request.headers.get("If-None-Match") == etag
            return web.Response(status=304 if known else 200, body=b"" if known else body, headers={"ETag": etag})

        self.site.paths[f"/{path}"] = answer
        return self.site.url(f"/{path}")

    async def state(self, path: str) -> FeedState:
        listed = await self.store.read(feeds.listed)
        (state,) = [each.state for each in listed if each.feed.url.endswith(f"/{path}")]
        return state

    async def entries(self) -> Counter[str]:
        """How often each title is kept."""

        def titles(c: Connection) -> Counter[str]:
            return Counter(c.scalars(select(entry_table.c.title)))

        return await self.store.read(titles)

    async def settled(self) -> list[str]:
        """Sends what is owed; the oracle; and the titles of all that was ever told."""
        await digest(self.now, store=self.store)
        await deliver(self.now, store=self.store, sender=self.outlet)
        rows = await self._rows()
        assert {row.state for row in rows} <= {"sent", "digested", "suppressed", "dead"}
        assert all(row.state_reason for row in rows)
        first = Counter((row.subscription_id, row.story_id) for row in rows if row.kind != "update")
        assert not [each for each, times in first.items() if times > 1]
        sent = {(row.message_id, row.nonce) for row in rows if row.state == "sent"}
        assert sent <= {(number, nonce) for number, (nonce, _) in self.outlet.messages.items()}
        assert len({nonce for nonce, _ in self.outlet.messages.values()}) == len(self.outlet.messages)
        return self.outlet.titles

    async def _rows(self) -> Sequence[Row[Any]]:
        def found(c: Connection) -> Sequence[Row[Any]]:
            return c.execute(select(alert_table)).all()

        return await self.store.read(found)


def rss(
    told: Sequence[Told],
    *,
    path: str = "feed",
    now: datetime = NOW,
    age: timedelta = timedelta(0),
    guid: str | None = "{path}-{number}",
    link: str | None = "https://{path}.example/{number}",
    first: int = 0,
) -> bytes:
    """A feed of these (title, text), the newest first; `first` is the number of the oldest. Guids and links are made
    of `path`, `number` and `slug`, the title as papers write it into links."""
    parts = []
    for number, (title, text) in enumerate(told, start=first):
        names = {"path": path, "number": number, "slug": "-".join(title.lower().split())}
        named = f"<guid isPermaLink='false'>{guid.format(**names)}</guid>" if guid else ""
        linked = f"<link>{link.format(**names)}</link>" if link else ""
        dated = f"<pubDate>{format_datetime(now - age)}</pubDate>"
        parts.append(f"<item>{named}<title>{title}</title>{linked}<description>{text}</description>{dated}</item>")
    about = f"<title>{path}</title><link>https://{path}.example/</link>"
    return f"<rss version='2.0'><channel>{about}{''.join(reversed(parts))}</channel></rss>".encode()


def parts(count: int, *, first: int = 0) -> list[Told]:
    """Reports of one development, each with a title of its own."""
    return [(f"{NATO[0]}, part {number}", f"Part {number}. {NATO[1]}") for number in range(first, first + count)]


def dripping(seconds: float) -> Any:
    """A handler that gives a byte at a time for so long."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(int(seconds / 0.05)):
            await response.write(b"<")
            await asyncio.sleep(0.05)
        return response

    return drip


@asynccontextmanager
async def open_wire(folder: Path, language: Language) -> AsyncIterator[Wire]:
    """A wire with its database in `folder`, closed at the end of the block."""
    async with (
        open_site() as site,
        Store.open(migrated(folder / "tocsin.db")) as store,
        Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]) as fetcher,
    ):
        await store.write(subscriptions.add, a_subscription(created_at=NOW - HOUR))
        yield Wire(site, store, fetcher, language)
