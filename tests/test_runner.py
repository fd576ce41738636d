"""A runner among others: its roles, and which of several is the gateway."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, select, table

from bot.app.runner import GATEWAY_LEASE, PRESENCE, ROLES, Me, leave, read_roles, take_the_seat, wait_for_the_seat
from bot.store import Store, feeds, runners
from tests.builders import MINUTE, NOON, a_feed

ALL = frozenset(ROLES)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store.open(database_url) as store:
        yield store


def a_runner(*roles: str) -> Me:
    return Me(frozenset(roles or ROLES), NOON)


def test_without_roles_a_runner_has_all_of_them() -> None:
    assert read_roles([]) == read_roles([""]) == ALL


@given(st.lists(st.sampled_from(ROLES), min_size=1))
def test_roles_are_read_however_they_are_listed(roles: list[str]) -> None:
    assert read_roles(roles) == read_roles([",".join(roles)]) == read_roles([" , ".join(roles).upper()]) == set(roles)


def test_a_role_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no role 'pol'; choose among poll, deliver, gateway"):
        read_roles(["pol,deliver"])


async def test_one_of_several_runners_is_the_gateway_for_as_long_as_it_says_so(store: Store) -> None:
    first, second = a_runner(), a_runner()
    assert await take_the_seat(store, first, NOON)
    assert not await take_the_seat(store, second, NOON)
    later = NOON + GATEWAY_LEASE - timedelta(seconds=1)
    assert await take_the_seat(store, first, later)
    assert not await take_the_seat(store, second, later + timedelta(seconds=2))
    assert await take_the_seat(store, second, later + GATEWAY_LEASE)
    assert not await take_the_seat(store, first, later + GATEWAY_LEASE)


async def test_a_gateway_that_stops_makes_room_at_once(store: Store) -> None:
    first, second = a_runner(), a_runner()
    await take_the_seat(store, first, NOON)
    await leave(store, first)
    assert await take_the_seat(store, second, NOON)


async def test_a_poll_that_gives_its_hosts_back_stays_the_gateway(store: Store) -> None:
    first, second = a_runner(), a_runner()
    await take_the_seat(store, first, NOON)
    await store.write(feeds.end_claims, runner=first.id)
    assert not await take_the_seat(store, second, NOON)


async def test_a_runner_that_stands_by_can_be_stopped_and_takes_over_when_the_seat_is_free(store: Store) -> None:
    first, second, stop = a_runner(), a_runner(), asyncio.Event()
    await take_the_seat(store, first, NOON)
    times = iter([NOON, NOON + MINUTE])

    async def ask() -> bool:
        return await take_the_seat(store, second, next(times))

    assert await wait_for_the_seat(ask, stop)
    stop.set()
    assert not await wait_for_the_seat(ask, stop)


async def test_who_leaves_is_listed_no_more_and_holds_nothing(store: Store) -> None:
    me = a_runner("poll", "deliver")
    await store.write(feeds.sync_catalogue, [a_feed()], NOON)
    await store.write(runners.put, me.row(NOON, {"lag": 0.1}))
    await store.write(feeds.claim, runner=me.id, now=NOON, until=NOON + MINUTE)
    (there,) = await store.read(runners.listed, NOON)
    assert (there.roles, there.facts) == ("poll,deliver", {"lag": 0.1})
    await leave(store, me)
    assert await store.read(runners.listed, NOON) == []
    assert len(await store.write(feeds.claim, runner="other", now=NOON, until=NOON + MINUTE)) == 1


async def test_who_is_frozen_within_a_transaction_costs_nobody_else_the_gateway(postgres_url: str) -> None:
    """Fault 34: a program has one writer, which may wait for the lock of the frozen one and renews the seat as well."""
    async with Store.open(postgres_url) as store:
        shown = select(column("setting")).select_from(table("pg_settings"))
        wanted = shown.where(column("name") == "idle_in_transaction_session_timeout")
        longest = timedelta(milliseconds=int(await store.read(lambda c: c.scalar(wanted)) or 0))
    assert timedelta(0) < longest < GATEWAY_LEASE - PRESENCE


async def test_a_runner_not_seen_for_a_while_is_not_listed(store: Store) -> None:
    await store.write(runners.put, a_runner().row(NOON, {}))
    assert await store.read(runners.listed, NOON + MINUTE) == []
