"""Where alerts go: only to servers that the operator serves."""

import pytest

from bot.app.outlet import NOT_SERVED, serve_only
from bot.store import Store, subscriptions
from tests.builders import a_subscription


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
