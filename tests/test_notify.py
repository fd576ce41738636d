"""The ops channel hears once of what goes wrong and once of what works again; nobody else hears of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.core.bulletin import Content
from bot.core.conditions import SHOWN, Condition, changes, database_condition, storm_content, told_so_far
from bot.core.feed import FeedState
from bot.store import Store, alerts, bulletins, feeds, guilds, polls, subscriptions
from bot.store.dialect import insert
from bot.store.guilds import GuildSettings
from bot.store.schema import bulletins as table
from bot.store.schema import guild_feeds
from handlers.notify import notify
from tests.builders import NOON, a_feed, a_subscription

MINUTE = timedelta(minutes=1)
BROKEN = FeedState(failures=5, error="The server answers 404.", last_success_at=NOON)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        await store.write(guilds.save, GuildSettings(10, ops_channel_id=99))
        yield store


async def told(store: Store) -> list[str]:
    """Every line that any ops channel is owed or was told, without markup of the list."""

    def lines(c: Connection) -> list[Any]:
        return list(c.execute(select(table.c.channel_id, table.c.content).order_by(table.c.id)))

    return [f"{channel}: {line[2:]}" for channel, content in await store.read(lines) for line in content["lines"]]


async def a_feed_with(store: Store, state: FeedState, url: str = "https://a.example/feed") -> int:
    id = await store.write(feeds.add, a_feed(url, name="Alpha"), NOON)
    await store.write(feeds.save_state, id, state)
    return id


async def test_a_feed_that_fails_for_long_is_told_once_and_so_is_its_healing(store: Store) -> None:
    id = await a_feed_with(store, BROKEN)
    assert await notify(NOON, store=store) == 1
    assert await notify(NOON + MINUTE, store=store) == 0
    await store.write(feeds.save_state, id, replace(BROKEN, failures=9))
    assert await notify(NOON + 2 * MINUTE, store=store) == 0
    await store.write(feeds.save_state, id, FeedState(last_success_at=NOON))
    assert await notify(NOON + 3 * MINUTE, store=store) == 1
    await store.write(feeds.save_state, id, BROKEN)
    assert await notify(NOON + 4 * MINUTE, store=store) == 1
    first, second, third = await told(store)
    assert first.startswith("99: The feed **Alpha** fails, last read <t:")
    assert "The server answers 404. It is tried again by itself." in first
    assert second == "99: The feed **Alpha** works again."
    assert third == first


async def test_a_feed_that_fails_now_and_then_is_nobodys_news(store: Store) -> None:
    await a_feed_with(store, replace(BROKEN, failures=4))
    assert await notify(NOON, store=store) == 0


async def test_a_channel_that_cannot_be_written_into_is_told_until_it_can(store: Store) -> None:
    await store.write(subscriptions.add, a_subscription(20, 10))
    await store.write(alerts.pause_channel, 20, reason="the bot lacks Send Messages", now=NOON)
    await store.write(alerts.pause_channel, 21, reason="another server's", now=NOON)
    assert await notify(NOON, store=store) == 1
    await store.write(alerts.resume_channel, 20)
    assert await notify(NOON + MINUTE, store=store) == 1
    first, second = await told(store)
    assert "Nothing can be sent to <#20>" in first
    assert "the bot lacks Send Messages. What is owed there waits." in first
    assert second == "99: <#20> gets its alerts again."


async def test_a_feed_that_another_server_added_is_never_named(store: Store) -> None:
    await store.write(guilds.save, GuildSettings(11, ops_channel_id=98))
    id = await a_feed_with(store, BROKEN)
    row = {"guild_id": 11, "feed_id": id, "name": "Alpha", "added_by": 1, "added_at": NOON}
    await store.write(lambda c: c.execute(insert(c, guild_feeds).values(**row)))
    assert await notify(NOON, store=store) == 1
    assert all(line.startswith("98:") for line in await told(store))


async def test_a_server_without_an_ops_channel_or_without_the_bot_is_told_nothing(store: Store) -> None:
    await store.write(guilds.save, GuildSettings(10))
    await store.write(guilds.save, GuildSettings(11, ops_channel_id=98, left_at=NOON))
    await a_feed_with(store, BROKEN)
    assert await notify(NOON, store=store) == 0


async def test_a_notice_reaches_the_ops_channel_as_any_other_message(store: Store) -> None:
    await a_feed_with(store, BROKEN)
    await notify(NOON, store=store)
    (claimed,) = await store.write(bulletins.claim, now=NOON, lease=MINUTE, limit=5)
    assert (claimed.bulletin.kind, claimed.bulletin.channel_id) == ("notice", 99)


async def test_trouble_of_tocsin_itself_is_told_to_every_ops_channel_and_so_is_its_end(store: Store) -> None:
    await store.write(guilds.save, GuildSettings(11, ops_channel_id=98))
    broken = [database_condition("The disk is full")]
    assert await notify(NOON, store=store, troubles=broken) == 2
    assert await notify(NOON + MINUTE, store=store, troubles=broken) == 0
    assert await notify(NOON + 2 * MINUTE, store=store) == 2
    assert [line.partition(": ")[2] for line in await told(store)] == [
        "The database could not be used: The disk is full. Nothing is lost; what was given up is done again.",
        "The database could not be used: The disk is full. Nothing is lost; what was given up is done again.",
        "The database can be used again.",
        "The database can be used again.",
    ]


def test_many_changes_at_once_are_one_short_message_and_all_count_as_told() -> None:
    broken = [Condition(f"feed:{n}", f"{n} fails", f"{n} works") for n in range(30)]
    content = changes(broken, {})
    assert content is not None
    assert len(content.lines) == SHOWN + 1
    assert "20 changes more" in content.lines[-1]
    assert changes(broken, told_so_far([content])) is None


def test_a_server_that_was_told_nothing_has_nothing_to_hear_of() -> None:
    assert changes([], told_so_far([Content()])) is None


async def pending(store: Store) -> list[tuple[int, str]]:
    """Where each notice goes, and its state."""

    def found(c: Connection) -> list[tuple[int, str]]:
        return [(row.channel_id, row.state) for row in c.execute(select(table).order_by(table.c.id))]

    return await store.read(found)


async def test_a_storm_in_a_feed_of_another_server_is_nobody_elses_business(store: Store) -> None:
    await store.write(guilds.save, GuildSettings(11, ops_channel_id=98))
    id = await a_feed_with(store, FeedState())
    row = {"guild_id": 11, "feed_id": id, "name": "Alpha", "added_by": 1, "added_at": NOON}
    await store.write(lambda c: c.execute(insert(c, guild_feeds).values(**row)))
    await store.write(polls.commit, polls.Outcome(id, FeedState(), notice=storm_content("Alpha", 30)), NOON)
    assert [line.split(":")[0] for line in await told(store)] == ["98"]


async def test_what_was_never_sent_is_told_in_the_next_ops_channel(store: Store) -> None:
    await a_feed_with(store, BROKEN)
    assert await notify(NOON, store=store) == 1
    await store.write(alerts.close_channel, 99, reason="the channel no longer exists", now=NOON)
    assert await store.write(bulletins.claim, now=NOON, lease=MINUTE, limit=5) == []
    assert await notify(NOON + MINUTE, store=store) == 0
    await store.write(guilds.save, GuildSettings(10, ops_channel_id=97))
    assert await notify(NOON + 2 * MINUTE, store=store) == 1
    assert await notify(NOON + 3 * MINUTE, store=store) == 0
    assert await pending(store) == [(99, "dead"), (97, "owed")]


async def test_what_waits_for_a_former_ops_channel_comes_to_the_new_one(store: Store) -> None:
    await a_feed_with(store, BROKEN)
    await notify(NOON, store=store)
    await store.write(guilds.save, GuildSettings(10, ops_channel_id=97))
    assert await notify(NOON + MINUTE, store=store) == 0
    assert await pending(store) == [(97, "owed")]


async def test_what_is_no_longer_looked_at_is_not_said_to_work_again(store: Store) -> None:
    await a_feed_with(store, BROKEN)
    wanted = await store.write(subscriptions.add, a_subscription(20, 10))
    await store.write(alerts.close_channel, 20, reason="the channel no longer exists", now=NOON)
    assert await notify(NOON, store=store) == 1
    await store.write(subscriptions.remove, wanted)
    await store.write(feeds.remove, "https://a.example/feed")
    for minute in (1, 2):
        assert await notify(NOON + minute * MINUTE, store=store) == 0
    feed, channel = await told(store)
    assert "fails" in feed
    assert channel.endswith(
        "What is owed there is not told any more; remove its subscriptions or give them another channel."
    )
    await store.write(subscriptions.add, a_subscription(20, 10))
    assert await notify(NOON + 3 * MINUTE, store=store) == 1


async def test_a_feed_that_somebody_paused_is_not_broken(store: Store) -> None:
    await a_feed_with(store, replace(BROKEN, status="paused"))
    assert await notify(NOON, store=store) == 0
