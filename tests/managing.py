"""A manager at work on the subscriptions of a server: the server itself, and steps that several tests take."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.alert import Subscription
from bot.store import subscriptions
from tests.people import Town, a_town


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


async def deny(town: Town, channel: Any, **rights: bool) -> None:
    """Takes rights from the bot in a channel."""
    place = seen(town, channel)
    await place.set_permissions(place.guild.me, **rights)


def seen(town: Town, channel: Any) -> Any:
    """A channel as the bot sees it."""
    return town.env.bot.get_channel(channel.id)


async def added(town: Town, **options: Any) -> Any:
    """Adds a subscription of the channel and saves it."""
    drafted = await town.manager.slash(town.channel, "alerts add", **({"channel": town.channel} | options))
    return await town.manager.click(drafted.response, label="Save")


async def kept(town: Town) -> Subscription:
    [subscription] = await town.store.read(subscriptions.listed, town.guild.id)
    return subscription
