"""This runner: which roles it has, and who it is to the others that work on the same database.

It does none of the work.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version

import structlog

from bot.errors import StoreError, TocsinError
from bot.store import Connection, Store, feeds, hosts, runners
from bot.store.runners import Runner

log = structlog.get_logger(__name__)

POLL, DELIVER, GATEWAY = ROLES = ("poll", "deliver", "gateway")
"""Reading feeds into stories and owed alerts; sending what is owed; the connection to Discord with its commands."""

PRESENCE = timedelta(seconds=5)
"""How often a runner says that it is there."""

GATEWAY_LEASE = 4 * PRESENCE
"""For how long the gateway is a runner's after it last said so."""

SEAT = "gateway"
"""The name under which the turn to be the gateway is kept among those of hosts: no host is called so."""


STANDING_BY = "another runner is the gateway; to share the work instead, start this one with --role poll,deliver"


@dataclass(frozen=True, slots=True)
class Me:
    """A runner's own name, unlike any other, and what it does."""

    roles: frozenset[str]
    started_at: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(4))

    def has(self, *roles: str) -> bool:
        """Whether it has any of the roles."""
        return bool(self.roles & set(roles))

    @property
    def seat(self) -> str:
        """In whose name it is the gateway: a poll gives back what it holds in the runner's own."""
        return f"{self.id}/{SEAT}"

    @property
    def named_roles(self) -> str:
        """The roles, comma-separated, in their usual order."""
        return ",".join(role for role in ROLES if role in self.roles)

    def row(self, now: datetime, facts: dict[str, object]) -> Runner:
        """What others are told of it."""
        return Runner(
            id=self.id,
            roles=self.named_roles,
            machine=socket.gethostname(),
            pid=os.getpid(),
            version=version("tocsin"),
            started_at=self.started_at,
            seen_at=now,
            facts=facts,
        )


def read_roles(texts: Iterable[str]) -> frozenset[str]:
    """Roles as people write them, "poll,deliver"; all of them where nothing is written. Raises ValueError."""
    named = {name.strip().lower() for text in texts for name in text.split(",") if name.strip()}
    if unknown := sorted(named - set(ROLES)):
        raise ValueError(f"there is no role {unknown[0]!r}; choose among {', '.join(ROLES)}")
    return frozenset(named or ROLES)


async def take_the_seat(store: Store, me: Me, now: datetime) -> bool:
    """Makes this runner the gateway for the next while, or for longer; False where another one is."""
    turns = await store.write(hosts.take_turns, [SEAT], runner=me.seat, now=now, until=now + GATEWAY_LEASE)
    return SEAT in turns


async def wait_for_the_seat(ask: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> bool:
    """Stands by until the answer of `ask` is that this runner is the gateway; False where it was told to stop
    meanwhile."""
    told = False
    while not stop.is_set():
        try:
            if await ask():
                return True
        except StoreError as error:  # it may come back, and then somebody has to be there
            log.warning("gateway.standing_by", why=str(error))
            told = True
        if not told:
            log.warning("gateway.standing_by", why=STANDING_BY)
            told = True
        await _pause(stop, PRESENCE)
    return False


async def _pause(stop: asyncio.Event, pause: timedelta) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), pause.total_seconds())


async def leave(store: Store, me: Me) -> None:
    """Gives back everything that the runner holds, so that others need not wait for its leases to run out; they have to
    where the database is away."""

    def give_back(c: Connection) -> None:
        feeds.end_claims(c, runner=me.id)
        hosts.end_turns(c, runner=me.seat)
        runners.leave(c, me.id)

    try:
        await store.write(give_back)
    except StoreError as error:
        log.warning("runner.leases_left", why=str(error), then="what it held is free once its leases have run out")


def lost_seat(roles: Collection[str]) -> TocsinError:
    """Why a gateway has to stop that was out of reach of the database for too long."""
    kept = ",".join(sorted(set(roles) - {GATEWAY}))
    hint = f", or with --role {kept}" if kept else ""
    return TocsinError(f"Another runner has become the gateway meanwhile; start this one again to stand by{hint}.")
