"""What follows when the bot is removed from a server, comes back, or finds out later."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.client import Index
from bot.core.alert import Place
from bot.core.bulletin import Bulletin
from bot.store import Store, alerts, bulletins, guilds, places, servers, stories, subscriptions
from handlers.membership import Membership
from tests.builders import MINUTE, NOON, a_story, a_subscription, an_alert
from tests.people import Town, a_town

HERE, ELSEWHERE = 10, 11


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        await store.write(stories.save, [a_story()])
        for guild, channel in ((HERE, 20), (ELSEWHERE, 21)):
            await store.write(subscriptions.add, a_subscription(channel, guild))
        yield store


def membership(store: Store) -> Membership:
    return Membership(store, Index(), lambda: NOON)


async def due(store: Store) -> set[int]:
    claimed = await store.write(alerts.claim, now=NOON, lease=MINUTE, limit=9)
    return {each.subscription.guild_id for each in claimed}


async def test_nothing_is_sent_to_a_server_that_the_bot_left_and_all_of_it_waits(store: Store) -> None:
    await membership(store).left(HERE)
    await store.write(alerts.owe, [an_alert(1), an_alert(2)], NOON)
    assert await due(store) == {ELSEWHERE}
    assert (await store.read(guilds.settings, HERE)).left_at == NOON
    assert (await store.read(alerts.counts))["owed"] == 1


async def test_the_channels_of_a_server_that_the_bot_left_are_known_no_more(store: Store) -> None:
    found = [Place(20, HERE, "text"), Place(21, ELSEWHERE, "text")]
    await store.write(places.seen, found, NOON)
    await membership(store).left(HERE)
    assert await store.read(places.known, 20, NOON) is None
    assert await store.read(places.known, 21, NOON) == found[1]


async def test_coming_back_restores_everything(store: Store) -> None:
    await store.write(alerts.owe, [an_alert(1)], NOON)
    await store.write(servers.change, HERE, timezone="Asia/Tokyo")
    await membership(store).left(HERE)
    await store.write(alerts.close_channel, 20, reason="the server no longer exists", now=NOON)
    await membership(store).joined(HERE)
    known = await store.read(guilds.settings, HERE)
    assert (known.left_at, known.timezone) == (None, "Asia/Tokyo")
    [subscription] = await store.read(subscriptions.listed, HERE)
    assert subscription.paused is None


async def test_a_pause_of_a_manager_outlives_leaving_and_coming_back(store: Store) -> None:
    await store.write(subscriptions.pause, 1, "on holiday")
    await membership(store).left(HERE)
    await membership(store).joined(HERE)
    assert [each.paused for each in await store.read(subscriptions.listed, HERE)] == ["on holiday"]


async def test_servers_found_missing_with_a_new_session_are_left_and_those_found_again_are_back(store: Store) -> None:
    await membership(store).present([ELSEWHERE])
    assert (await store.read(guilds.settings, HERE)).left_at == NOON
    assert (await store.read(guilds.settings, ELSEWHERE)).left_at is None
    await membership(store).present([HERE, ELSEWHERE])
    assert (await store.read(guilds.settings, HERE)).left_at is None


async def test_a_second_removal_does_not_put_the_end_off(store: Store) -> None:
    await membership(store).left(HERE)
    later = Membership(store, Index(), lambda: NOON + timedelta(days=20))
    await later.present([ELSEWHERE])
    assert (await store.read(guilds.settings, HERE)).left_at == NOON


async def test_the_terminal_is_no_server_that_can_be_left(store: Store) -> None:
    await store.write(subscriptions.add, a_subscription(0, 0))
    await membership(store).present([HERE, ELSEWHERE])
    assert [each.paused for each in await store.read(subscriptions.listed, 0)] == [None]


async def test_a_server_of_which_nothing_is_kept_leaves_no_trace(store: Store) -> None:
    await membership(store).left(99)
    assert [each.guild_id for each in await store.read(guilds.all_settings)] == []


async def test_what_the_ops_channel_was_owed_is_not_sent(store: Store) -> None:
    await store.write(bulletins.make, Bulletin(HERE, 20, "notice", "key"), NOON)
    await membership(store).left(HERE)
    assert await store.write(bulletins.claim, now=NOON, lease=MINUTE, limit=9) == []


async def test_a_return_is_followed_by_a_look_at_who_is_served(store: Store) -> None:
    called = []

    async def returned() -> None:
        called.append(True)

    there = Membership(store, Index(), lambda: NOON, returned)
    await there.left(HERE)
    await there.joined(ELSEWHERE)
    assert called == []
    await there.joined(HERE)
    assert called == [True]


async def test_the_client_tells_of_removal_and_return(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await town.subscribe()
        await remove_bot(town)
        assert (await town.store.read(guilds.settings, town.guild.id)).left_at == town.now


async def remove_bot(town: Town) -> None:
    guild = town.env.bot.get_guild(town.guild.id)
    await guild.leave()
    await town.env.settle()
