"""A server with a feed of its own beside the catalogue's, and a look at what it reads."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from bot.core.feed import Feed
from bot.core.feedlist import ServerFeed
from bot.core.newfeed import FeedLimits, NewFeed, Sorted
from bot.store import feeds, guild_feeds
from tests.builders import NOON, a_feed
from tests.people import Town, a_town

LISTED = a_feed("https://listed.example/feed", name="Listed Times")
SECRET = "https://secret.example/feed?token=4711"
OPML = b"""<opml version="2.0"><body>
  <outline text="News"><outline text="New *one*" xmlUrl="HTTPS://one.example/feed"/></outline>
  <outline text="Known" xmlUrl="https://www.listed.example/feed/"/>
  <outline text="Ours" xmlUrl="https://secret.example/feed?token=4711"/>
  <outline text="Old" xmlUrl="ftp://old.example/feed"/>
  <outline text="Inside" xmlUrl="http://10.0.0.1/feed"/>
  <outline text="Locked" xmlUrl="https://me:swordfish@locked.example/feed"/>
  <outline title="Second" text="x" xmlUrl="https://two.example/feed"/>
</body></opml>"""
"""What a manager may hand in: feeds that are new, known, the server's own, and refused."""


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """A server with one feed of its own (number 2) beside the catalogue's (number 1)."""
    async with a_town(tmp_path, limits=FeedLimits(per_server=4, adds_an_hour=3)) as town:
        await town.store.write(feeds.sync_catalogue, [LISTED], NOON)
        await have(town, town.guild.id, SECRET, "Hidden Wire")
        yield town


async def have(town: Town, guild: int, url: str, name: str, *, own_name: str = "The Wire") -> None:
    """Makes a feed one that the server has added."""

    def admit(_seen: Sequence[ServerFeed], _lately: Sequence[datetime]) -> Sorted:
        return Sorted((NewFeed(Feed(url=url, name=own_name), name),))

    await town.store.write(guild_feeds.add, guild, by=1, now=NOON, admit=admit)
    await town.refresh()


async def seen(town: Town) -> list[str]:
    return [each.feed.name for each in await town.store.read(guild_feeds.visible, town.guild.id)]
