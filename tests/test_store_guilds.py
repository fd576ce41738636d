"""A server's settings and watch list on a real SQLite file; nothing crosses from one server to another."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import Store, guilds
from bot.store.guilds import GuildSettings, Watch
from tests.builders import NOON

DAY = timedelta(days=1)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


def a_watch(words: str, **changes: object) -> Watch:
    watch = Watch(guild_id=10, kind="watch", words=words, until=None, set_by=1, set_at=NOON)
    return replace(watch, **changes)  # type: ignore[arg-type]


async def test_a_server_that_has_set_nothing_has_the_defaults(store: Store) -> None:
    assert await store.read(guilds.settings, 10) == GuildSettings(10)


async def test_settings_are_kept_for_their_server_alone(store: Store) -> None:
    mine = GuildSettings(10, timezone="Europe/Oslo", ops_channel_id=5, manager_role_id=6, threshold=0.05)
    await store.write(guilds.save, mine)
    await store.write(guilds.save, replace(mine, timezone="Asia/Tokyo"))
    assert await store.read(guilds.settings, 10) == replace(mine, timezone="Asia/Tokyo")
    assert await store.read(guilds.settings, 11) == GuildSettings(11)


async def test_servers_that_the_bot_left_long_ago_are_known(store: Store) -> None:
    await store.write(guilds.save, GuildSettings(10, left_at=NOON))
    await store.write(guilds.save, GuildSettings(11, left_at=NOON + 40 * DAY))
    await store.write(guilds.save, GuildSettings(12))
    assert await store.read(guilds.left, NOON + DAY) == [10]


async def test_a_watch_ends_by_itself_and_is_seen_by_its_server_alone(store: Store) -> None:
    forever, short = a_watch("Helsing"), a_watch("blog.example", kind="mute", until=NOON + DAY)
    other = a_watch("Helsing", guild_id=11)
    for watch in (forever, short, other):
        await store.write(guilds.add_watch, watch)
    assert await store.read(guilds.listed_watches, NOON, 10) == [short, forever]
    assert await store.read(guilds.listed_watches, NOON + DAY, 10) == [forever]
    assert await store.read(guilds.listed_watches, NOON) == [short, forever, other]


async def test_the_same_words_again_get_the_new_end(store: Store) -> None:
    await store.write(guilds.add_watch, a_watch("Helsing"))
    await store.write(guilds.add_watch, a_watch("Helsing", until=NOON + DAY, set_by=2))
    assert await store.read(guilds.listed_watches, NOON, 10) == [a_watch("Helsing", until=NOON + DAY, set_by=2)]


async def test_words_come_off_the_list_of_their_server_alone(store: Store) -> None:
    await store.write(guilds.add_watch, a_watch("Helsing"))
    assert not await store.write(guilds.remove_watch, 11, "watch", "Helsing")
    assert not await store.write(guilds.remove_watch, 10, "mute", "Helsing")
    assert await store.write(guilds.remove_watch, 10, "watch", "Helsing")
    assert await store.read(guilds.listed_watches, NOON, 10) == []
