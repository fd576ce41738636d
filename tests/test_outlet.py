"""Where alerts go: only to servers that the operator serves, and again to channels that are open again."""

from datetime import timedelta

import pytest

from bot.app.outlet import NOT_SERVED, serve_only, try_paused
from bot.client import open_rest_sender
from bot.store import Store, alerts, runners, subscriptions
from bot.store.runners import Runner
from tests import stage
from tests.builders import NOON, a_subscription
from tests.discord_fake import FakeDiscord, Permission, point_client
from tests.discord_fake.world import Channel, Guild

fake, guild, channel = stage.judged_fake, stage.guild, stage.channel


@pytest.mark.parametrize(
    ("allowed", "waiting"), [(("*",), []), (("10",), [20]), (("10", "20"), []), ((), [10, 20])]
)  # fmt: skip
async def test_what_is_owed_to_servers_that_are_not_served_waits(
    database_url: str, allowed: tuple[str, ...], waiting: list[int]
) -> None:
    async with Store.open(database_url) as store:
        for guild in (10, 20):
            await store.write(subscriptions.add, a_subscription(guild_id=guild))
        await serve_only(store, ())
        await serve_only(store, allowed)
        listed = await store.read(subscriptions.listed)
        assert [each.guild_id for each in listed if each.paused == NOT_SERVED] == waiting


@pytest.mark.parametrize("gateway", [False, True])
async def test_without_a_gateway_discord_is_asked_whether_paused_channels_are_open_again(
    database_url: str, fake: FakeDiscord, guild: Guild, channel: Channel, gateway: bool
) -> None:
    """Where one is, it hears of that by itself."""
    shut = fake.add_channel(guild, name="shut")
    fake.set_permissions(shut, deny=Permission.SEND_MESSAGES)
    async with Store.open(database_url) as store:
        for each in (channel.id, shut.id, shut.id + 1):
            await store.write(alerts.pause_channel, each, reason="no right", now=NOON)
        roles = "deliver,gateway" if gateway else "poll,deliver"
        await store.write(runners.put, Runner("a1", roles, "here", 1, "1", NOON, NOON))
        with point_client(fake):
            async with open_rest_sender(fake.token, fatal=lambda error: None) as sender:
                await try_paused(store, sender, NOON + timedelta(seconds=5))
        paused = {channel.id, shut.id, shut.id + 1} if gateway else {shut.id, shut.id + 1}
        assert set(await store.read(alerts.paused_channels)) == paused
