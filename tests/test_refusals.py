"""What Discord refused is counted by all who work on one database, and a block of one is a rest for all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from bot.app.clock import now_utc
from bot.app.refusals import exchange_through
from bot.client import Budget, DiscordSender, open_rest_sender, run_client
from bot.client.budget import BLOCK, SLOW, STOP
from bot.errors import BlockedError, RateLimitedError, StoreError
from bot.store import Store, refusals
from tests import stage
from tests.builders import MINUTE, NOON
from tests.discord_fake import CREATE, CREATE_POST, FakeDiscord, Fault, point_client
from tests.discord_fake.world import FORUM, Channel, Guild
from tests.stage import ALERT, a_client

fake = stage.fake
guild = stage.guild
channel = stage.channel

SECOND = timedelta(seconds=1)
OFTEN = 0.05


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


def at() -> float:
    return asyncio.get_running_loop().time()


# -- in the database


async def test_refusals_of_all_are_counted_for_ten_minutes(store: Store) -> None:
    for moment, refused in ((NOON, 3), (NOON + 30 * SECOND, 4), (NOON + 5 * MINUTE, 10)):
        await store.write(refusals.tell, moment, refused=refused, rest=timedelta(0))
    assert (await store.read(refusals.standing, NOON + 6 * MINUTE))[0] == 17
    assert (await store.read(refusals.standing, NOON + 11 * MINUTE))[0] == 10
    assert (await store.read(refusals.standing, NOON + 16 * MINUTE))[0] == 0


async def test_the_longest_rest_stands_and_ends(store: Store) -> None:
    await store.write(refusals.tell, NOON, refused=0, rest=10 * MINUTE)
    await store.write(refusals.tell, NOON + MINUTE, refused=0, rest=MINUTE)
    assert (await store.read(refusals.standing, NOON + 4 * MINUTE))[1] == 6 * MINUTE
    assert (await store.read(refusals.standing, NOON + 11 * MINUTE))[1] == timedelta(0)


async def test_counts_of_yesterday_are_forgotten(store: Store) -> None:
    for day in range(3):
        await store.write(refusals.tell, NOON + timedelta(days=day), refused=1, rest=timedelta(0))
    assert (await store.read(refusals.standing, NOON))[0] == 0


# -- shared


@pytest.fixture
async def two(store: Store) -> AsyncIterator[tuple[Budget, Budget]]:
    """The budgets of two programs on one database."""
    async with AsyncExitStack() as stack:
        budgets = Budget(), Budget()
        for budget in budgets:
            await stack.enter_async_context(budget.shared(exchange_through(store, now_utc), every=OFTEN))
        yield budgets


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_one_is_refused_the_other_counts_too_and_neither_counts_twice(two: tuple[Budget, Budget]) -> None:
    one, other = two
    for _ in range(SLOW):
        one.note(403, at())
    other.note(429, at())
    await until(lambda: other.spent(at()) == one.spent(at()) == SLOW + 1)
    await asyncio.sleep(3 * OFTEN)
    assert (one.spent(at()), other.spent(at())) == (SLOW + 1, SLOW + 1)


async def test_what_was_refused_before_a_restart_counts_still(store: Store) -> None:
    first = Budget()
    async with first.shared(exchange_through(store, now_utc)):
        for _ in range(5):
            first.note(401, at())
    again = Budget()
    async with again.shared(exchange_through(store, now_utc)):
        assert again.spent(at()) == 5


async def test_a_rest_of_one_is_a_rest_of_all_at_once_and_after_a_restart(
    store: Store, two: tuple[Budget, Budget]
) -> None:
    one, other = two
    one.rest(at())
    await until(lambda: other.rests(at()))
    assert BLOCK - 10 < other.rests(at()) <= BLOCK
    third = Budget()
    async with third.shared(exchange_through(store, now_utc)):
        assert third.rests(at())


async def test_a_rest_is_told_at_once(store: Store) -> None:
    budget = Budget()
    async with budget.shared(exchange_through(store, now_utc), every=3600):
        budget.rest(at())
        async with asyncio.timeout(30):
            while not (await store.read(refusals.standing, now_utc()))[1]:
                await asyncio.sleep(0.01)


async def test_while_the_database_is_away_a_budget_counts_for_itself_and_tells_later() -> None:
    told: list[tuple[int, float]] = []
    away = True

    async def exchange(refused: int, rest: float) -> tuple[int, float]:
        if away:
            raise StoreError("away")
        told.append((refused, rest))
        return refused, 0.0

    budget = Budget()
    async with budget.shared(exchange, every=OFTEN):
        for _ in range(7):
            budget.note(403, at())
        budget.rest(at())
        await asyncio.sleep(3 * OFTEN)
        assert budget.spent(at()) == 7
        away = False
        await until(lambda: told)
    assert told[0][0] == 7 and told[0][1] > BLOCK - 10
    assert {refused for refused, _ in told[1:]} <= {0}


async def test_many_sends_ask_the_database_no_oftener_than_few() -> None:
    asked = 0

    async def exchange(refused: int, rest: float) -> tuple[int, float]:
        nonlocal asked
        asked += 1
        return 0, 0.0

    budget = Budget()
    async with budget.shared(exchange, every=3600):
        for _ in range(1000):
            budget.note(403, at())
            budget.spent(at())
        assert asked == 1


# -- on the wire


async def test_cloudflare_met_by_one_deliverer_stops_the_other(
    fake: FakeDiscord, channel: Channel, two: tuple[Budget, Budget]
) -> None:
    """Fault 19, with two deliverers."""
    with point_client(fake):
        async with AsyncExitStack() as stack:
            senders = [
                await stack.enter_async_context(open_rest_sender(fake.token, fatal=stop, budget=budget))
                for budget in two
            ]
            fake.faults.add(Fault("html", status=403, route=CREATE))
            with pytest.raises(BlockedError):
                await senders[0].create(channel.id, ALERT, nonce="1")
            await until(lambda: two[1].rests(at()))
            asked = len(fake.requests)
            with pytest.raises(BlockedError, match="rest"):
                await senders[1].create(channel.id, ALERT, nonce="2")
    assert len(fake.requests) == asked
    assert not fake.messages(channel)


async def test_once_the_budget_of_all_is_spent_no_client_asks_anything(fake: FakeDiscord, store: Store) -> None:
    """Neither a sender nor the gateway's client: Discord would ban the address for both."""
    await store.write(refusals.tell, now_utc(), refused=STOP, rest=timedelta(0))
    client, naps = a_client(), list[float]()

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise asyncio.CancelledError

    async with client.budget.shared(exchange_through(store, now_utc)):
        with point_client(fake), pytest.raises(asyncio.CancelledError):
            await run_client(client, fake.token, sleep=nap)
    assert naps == [1.0, 2.0]
    assert not fake.requests


async def test_a_sender_stops_when_the_refusals_of_all_are_too_many(fake: FakeDiscord, channel: Channel) -> None:
    async def exchange(_refused: int, _rest: float) -> tuple[int, float]:
        return STOP, 0.0

    client = a_client()
    with point_client(fake):
        async with client:
            await client.login(fake.token)
            async with client.budget.shared(exchange):
                with pytest.raises(BlockedError, match="5000 refused requests"):
                    await DiscordSender(client, budget=client.budget).create(channel.id, ALERT, nonce="n")
    assert not fake.messages(channel)


# -- a rate limit on what must not be repeated


async def test_a_post_that_met_a_rate_limit_is_made_after_it(fake: FakeDiscord, guild: Guild) -> None:
    forum = fake.add_channel(guild, "stories", type=FORUM)
    limited = fake.faults.add(Fault("ratelimit", retry_after=0.1, route=CREATE_POST))
    with point_client(fake):
        async with open_rest_sender(fake.token, fatal=stop) as sender:
            post = await sender.create_post(forum.id, ALERT, name="A story")
    assert limited.hits == 1
    assert [thread.id for thread in fake.world.threads(guild.id)] == [post]


async def test_a_long_rate_limit_of_posts_is_told_as_one(fake: FakeDiscord, guild: Guild) -> None:
    forum = fake.add_channel(guild, "stories", type=FORUM)
    fake.faults.add(Fault("ratelimit", retry_after=65, scope="shared", route=CREATE_POST))
    with point_client(fake):
        async with open_rest_sender(fake.token, fatal=stop) as sender:
            with pytest.raises(RateLimitedError) as raised:
                await sender.create_post(forum.id, ALERT, name="A story")
    assert raised.value.retry_after == 65


def stop(error: Exception) -> None:
    pytest.fail(str(error))
