"""The moments at which a program is killed: by the fake Discord in the midst of a request, or by somebody who watches.

Each is made by `ambush`, which is told what is there to be met; one that never comes ends as a kill at random.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from bot.demo.server import FeedServer
from bot.store.schema import alerts
from tests.discord_fake import CREATE, CREATE_POST, FakeDiscord, Fault
from tests.discord_fake.faults import holder
from tests.discord_fake.world import FORUM
from tests.soak.books import Books
from tests.soak.crew import Crew
from tests.soak.town import Town

MESSAGE = "/channels/{channel_id}/messages/{message_id}"
BULLETIN = '"bulletin:'
HISTORY, POSTS, DIGEST = "in a look into a channel's history", "in a look for a forum post", "in a digest"
LONG = 120.0
"""Seconds after which Tocsin looks into a channel's history before it sends again."""
PATIENCE = 120.0
"""Seconds within which a moment that has to come does so, on a machine with other work too."""
LOOK = 0.004
"""Seconds between two looks of somebody who waits for something in the database."""

BY_DISCORD: dict[str, tuple[Fault, ...]] = {
    "before a create": (Fault("kill", method="POST", route=CREATE),),
    "after a create, before its reply": (Fault("kill", "after", method="POST", route=CREATE),),
    "after the reply, before it is settled": (Fault("kill", "replied", method="POST", route=CREATE),),
    HISTORY: (Fault("kill", method="GET", route=CREATE),),
    "in an edit": (
        Fault("kill", method="PATCH", route=MESSAGE),
        Fault("kill", "after", method="PATCH", route=MESSAGE),
    ),
    DIGEST: (
        Fault("kill", method="POST", route=CREATE, contains=BULLETIN),
        Fault("kill", "after", method="POST", route=CREATE, contains=BULLETIN),
        Fault("kill", "replied", method="POST", route=CREATE, contains=BULLETIN),
    ),
    "in the create of a forum post": (
        Fault("kill", method="POST", route=CREATE_POST),
        Fault("kill", "after", method="POST", route=CREATE_POST),
        Fault("kill", "replied", method="POST", route=CREATE_POST),
    ),
    POSTS: (
        Fault("kill", method="GET", route="/guilds/{guild_id}/threads/active"),
        Fault("kill", method="GET", route=CREATE_POST + "/archived/public"),
    ),
    "in opening a thread": (
        Fault("kill", method="POST", route=MESSAGE + "/threads"),
        Fault("kill", "after", method="POST", route=MESSAGE + "/threads"),
    ),
}
IN_TRANSACTION = {
    "inside the transaction of a poll": ("articles", "INSERT"),
    "inside the transaction of a claim": ("deliveries", "INSERT"),
    "inside the transaction of a settlement": ("deliveries", "UPDATE"),
}
WATCHED = (
    "while it starts",
    "while it reads a feed",
    "after the commit of a poll",
    "after a claim",
    "at random",
)
MOMENTS = (*BY_DISCORD, *IN_TRANSACTION, *WATCHED)


@dataclass(frozen=True, slots=True)
class Scene:
    """What an ambush takes place in."""

    discord: FakeDiscord
    books: Books
    feeds: FeedServer
    crew: Crew
    random: Random


def possible(scene: Scene, town: Town, *, news: bool, digest: bool) -> set[str]:
    """The moments that can be met in this cycle."""
    found = set(MOMENTS) - {HISTORY, POSTS, DIGEST}
    found = found if news else {each for each in found if "poll" not in each and "feed" not in each}
    forums = {channel.id for channel in town.there() if channel.type == FORUM}
    speaking = {channel.id for channel in town.there()} - town.muted
    found |= {DIGEST} if digest else set()
    found |= {HISTORY} if scene.books.unclear(speaking - forums) else set()
    return found | ({POSTS} if scene.books.unclear(speaking & forums) else set())


@asynccontextmanager
async def ambush(scene: Scene, moment: str) -> AsyncIterator[asyncio.Task[None] | None]:
    """Lies in wait for `moment`; gives the task of the one who watches, if it is not the fake itself."""
    slow = IN_TRANSACTION.get(moment)
    if moment in BY_DISCORD:
        fault = scene.random.choice(BY_DISCORD[moment])
        scene.discord.faults.add(_anew(fault, scene.random))
        yield None
        return
    if slow:
        await asyncio.to_thread(scene.books.slow_down, *slow)
    watching = asyncio.create_task(_watcher(scene, moment))
    try:
        yield watching
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        if slow:
            await asyncio.to_thread(scene.books.speed_up, slow[0])


async def death(scene: Scene, watching: asyncio.Task[None] | None) -> list[str]:
    """Who was met, once they are dead. Raises what the watcher raises, AssertionError where a program ended otherwise,
    and TimeoutError where the moment does not come."""
    async with asyncio.timeout(PATIENCE):
        while not scene.crew.dead:
            if watching is not None and watching.done():
                watching.result()
            await asyncio.sleep(0.01)
    return await scene.crew.bury()


def _anew(fault: Fault, chance: Random) -> Fault:
    """The fault for one more time; what comes often is not always met the first time."""
    often = fault.route == CREATE and fault.method == "POST" and fault.contains is None
    return Fault(
        fault.do, fault.when, method=fault.method, route=fault.route, contains=fault.contains,
        nth=chance.randint(1, 4) if often else 1, seconds=chance.choice((0.0, 0.01, 0.05)),
    )  # fmt: skip


async def _watcher(scene: Scene, moment: str) -> None:
    watchers: dict[str, Callable[[Scene], Awaitable[int | None]]] = {
        "while it starts": _starting,
        "while it reads a feed": _reading,
        "after the commit of a poll": _committed,
        "after a claim": _claimed,
        "at random": _whenever,
    }
    victim = await watchers.get(moment, _in_transaction)(scene)
    scene.crew.kill(victim or scene.random.choice(scene.crew.pids_of(_role(moment))))


def _role(moment: str) -> str:
    """Who is met at that moment, where there are several."""
    if "poll" in moment or "feed" in moment:
        return "poll"
    return "deliver" if "claim" in moment or "settlement" in moment else ""


async def _starting(scene: Scene) -> None:
    await asyncio.sleep(scene.random.uniform(0, 2))


async def _whenever(scene: Scene) -> None:
    await asyncio.sleep(scene.random.uniform(0.5, 6))


async def _reading(scene: Scene) -> None:
    """A body was answered: it is parsed, judged, placed or committed by now."""
    before = scene.feeds.answers[200]
    while scene.feeds.answers[200] == before:
        await asyncio.sleep(LOOK)
    await asyncio.sleep(scene.random.choice((0.0, scene.random.uniform(0, 0.1), scene.random.uniform(0, 3))))


async def _committed(scene: Scene) -> None:
    before = scene.books.count(alerts)
    while scene.books.count(alerts) <= before:
        await asyncio.sleep(LOOK)


async def _claimed(scene: Scene) -> None:
    before = scene.books.attempts()
    while not scene.books.attempts() - before:
        await asyncio.sleep(LOOK)


async def _in_transaction(scene: Scene) -> int | None:
    while (port := scene.books.slow_writer()) is None:
        await asyncio.sleep(LOOK)
    await asyncio.sleep(scene.random.uniform(0, 0.2))
    return holder(port) if port else None
