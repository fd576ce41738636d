"""The soak itself: cycles of news, troubles and a kill; after some of them calm, in which the oracle is asked.

A cycle ends with the death of one program; the next begins by starting it again, after a while that may be longer than
Discord remembers nonces.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bot.core.alert import Habits
from bot.demo.server import feed_server
from bot.opml import write_opml
from bot.store import Store
from tests.discord_fake import FakeDiscord
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.world import TEXT
from tests.hurry import SETTINGS
from tests.soak.books import Books
from tests.soak.crew import Crew
from tests.soak.moments import HISTORY, LONG, MOMENTS, Scene, ambush, possible
from tests.soak.oracle import Verdict, judge
from tests.soak.press import Press
from tests.soak.town import Town
from tests.soak.troubles import DELETED, gateway_trouble, people_act, request_faults

PATIENCE = 25.0
"""Seconds after which a program whose moment does not come is killed where it stands; sooner where all work is done."""
BACKLOG = 5
"""Rows under way from which on a cycle may do without news."""
PAUSES = (0.0, 0.0, 5.0, 60.0, 120.0, 200.0, 600.0)
"""Seconds between a death and the next start; Discord remembers nonces for some minutes, Tocsin relies on 90 s."""
CALM = 240.0
"""Seconds within which everything has to be told once nothing goes wrong any more."""
NOT_MET = "where it stood: its moment did not come"
WITH_ALL = "with all others, wherever they stood"
ALONE: Mapping[str, Sequence[str]] = {"tocsin": ()}
APART: Mapping[str, Sequence[str]] = {
    f"{role} {number}": ("--role", role)
    for role, numbers in (("poll", (1, 2)), ("deliver", (1, 2)), ("gateway", (1,)))
    for number in numbers
}


@dataclass
class Tally:
    """What happened so far. `recovered` is the longest time from the last start to the end of all work, in seconds."""

    seed: int
    cycles: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    recovered: float = 0.0
    stopped: float = 0.0
    seconds: float = 0.0


class Soak:
    """One run; `cycle` and `calm` may be called in turn."""

    def __init__(self, scene: Scene, town: Town, press: Press, tally: Tally) -> None:
        self.scene, self.town, self.press, self.tally = scene, town, press, tally
        self._chance = scene.random
        self._deck: list[str] = []

    async def cycle(self) -> None:
        """News and troubles, and a kill in the midst of them."""
        scene, chance = self.scene, self._chance
        self._note(people_act(self.town, scene.books, chance))
        if chance.random() < 0.5:
            self.town.unmute()
        digest = scene.books.waiting() > 0 and chance.random() < 0.4
        if digest:
            scene.books.let_a_day_pass()
        news = len(scene.books.unfinished()) < BACKLOG or chance.random() < 0.3
        moment = self._draw(possible(scene, self.town, news=news, digest=digest))
        if not scene.crew.pids:
            self._pass_time(chance.choice([pause for pause in PAUSES if moment != HISTORY or pause >= LONG]))
        faults = request_faults(self.town, chance)
        if news:
            self.press.report(chance.randint(1, 3), again=chance.randint(0, 2))
        async with ambush(scene, moment) as watching:
            await scene.crew.start()
            met = await self._until_somebody_dies(watching)
        self.tally.kills[moment if met else NOT_MET] += len(await scene.crew.bury())
        self.tally.missed[moment] += not met
        if scene.crew.pids and chance.random() < 0.3:
            await self._black_out()
        self._note(name for name, fault in faults if fault.hits)
        scene.discord.faults.clear()
        self.tally.cycles += 1

    async def _black_out(self) -> None:
        """Kills whatever runs still. Only then may time pass: no sender stands still for longer than nonces live."""
        await self.scene.crew.kill_all()
        self.tally.kills[WITH_ALL] += len(await self.scene.crew.bury())

    def _draw(self, possible: Collection[str]) -> str:
        """The next moment of a shuffled deck that can be met now, so that each comes as often as it can."""
        for _ in range(2):
            for moment in self._deck:
                if moment in possible:
                    self._deck.remove(moment)
                    return moment
            self._deck += self._chance.sample(MOMENTS, len(MOMENTS))
        raise AssertionError("no moment can be met")

    def _pass_time(self, seconds: float) -> None:
        self.scene.books.let_pass(seconds)
        self.scene.discord.message_routes.age(seconds)

    async def _until_somebody_dies(self, watching: asyncio.Task[None] | None) -> bool:
        """True if the moment came; where it does not, somebody is killed without it. Raises what the watcher raises."""
        crew, began = self.scene.crew, time.monotonic()
        trouble = asyncio.create_task(self._trouble())
        answered = self._answered()
        try:
            while not crew.dead and time.monotonic() < began + PATIENCE and not (answered() and self._is_idle()):
                await asyncio.sleep(0.1)
                if watching is not None and watching.done():
                    watching.result()
        finally:
            trouble.cancel()
        met = bool(crew.dead)
        if not met:
            crew.kill(self._chance.choice(crew.pids))
        async with asyncio.timeout(30):
            while not crew.dead:
                await asyncio.sleep(0.01)
        return met

    async def _trouble(self) -> None:
        await asyncio.sleep(self._chance.uniform(1, 8))
        self._note([await gateway_trouble(self.town, self._chance)])

    def _answered(self) -> Callable[[], bool]:
        """Whether every feed was asked twice since: what was published before is committed by then."""
        counts = self.scene.feeds.answers
        before = counts[304]
        return lambda: counts[304] >= before + 2 * len(self.press.written)

    def _all_is_told(self, *, digests: bool = False) -> bool:
        """Everything that was published is read, and nothing is under way; with `digests`, nothing waits for one."""
        books = self.scene.books
        there = self.press.guids <= set(books.guids())
        return there and not books.unfinished() and not (digests and books.waiting())

    def _is_idle(self) -> bool:
        """Everything that was published is read, and nothing moves soon."""
        return self.press.guids <= set(self.scene.books.guids()) and not self.scene.books.busy(3)

    async def calm(self, *, last: bool = False) -> Verdict:
        """Nothing goes wrong any more: everything has to be told in time, and everything is asked for. What waits for
        a digest may go on waiting, but for the `last` time."""
        scene = self.scene
        self.town.unmute()
        await self._black_out()
        self._pass_time(600)
        for digests in (False, True)[: 1 + last]:
            scene.books.let_a_day_pass()
            began, answered = time.monotonic(), self._answered()
            await scene.crew.start()
            await self._until_all_is_told(answered, digests=digests)
            self.tally.recovered = max(self.tally.recovered, time.monotonic() - began)
            self.tally.stopped = max(self.tally.stopped, await scene.crew.stop())
        verdict = judge(self.town, scene.books, self.press, last=last)
        self.tally.lost += verdict.lost
        self.tally.twice += verdict.twice
        self.tally.sent = verdict.sent
        return verdict

    async def _until_all_is_told(self, answered: Callable[[], bool], *, digests: bool) -> None:
        """Raises nothing where it takes too long: the oracle says what is missing."""
        try:
            async with asyncio.timeout(CALM):
                while not (answered() and self._all_is_told(digests=digests)):
                    self.scene.crew.check()
                    await asyncio.sleep(0.2)
        except TimeoutError:
            late = [f"{each}, after {CALM:g} s of calm" for each in self.scene.books.unfinished()]
            self.tally.lost += late or [f"digests wait after {CALM:g} s of calm"]

    async def lose_a_channel(self, store_url: str) -> None:
        """A channel is deleted with whatever is on its way to it; a new one takes its place."""
        channel = self._chance.choice([each for each in self.town.there() if each.type == TEXT])
        async with Store.open(store_url, alone=False) as store:
            await self.town.add(store, channel.guild_id, TEXT, "alerts", Habits())
        self.town.delete(channel)
        self._note([DELETED])

    def _note(self, names: Iterable[str | None]) -> None:
        self.tally.troubles.update(name for name in names if name)


@asynccontextmanager
async def soak(folder: Path, *, seed: int, database: str = "", feeds: int = 3) -> AsyncIterator[Soak]:
    """A town, a press and a crew that has polled every feed once and been stopped; see `Soak`.

    On PostgreSQL the crew are two pollers, two deliverers and a gateway, on SQLite it is one program.
    """
    url, chance = database or f"sqlite:///{folder / 'tocsin.db'}", Random(seed)
    parts = ALONE if url.startswith("sqlite") else APART
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(feed_server())
        discord = await stack.enter_async_context(FakeDiscord(openapi=at_hand()))
        press, town = Press(server, chance, feeds=feeds), Town(discord, chance)
        (folder / "feeds.opml").write_bytes(write_opml(press.catalogue()))
        async with Store.open(url, alone=False) as store:
            await town.build(store)
        books = Books(url)
        stack.callback(books.close)
        crew = Crew(parts, _words(folder), _environment(discord, url), folder / "log.txt")
        stack.push_async_callback(crew.end)
        await crew.start()
        await _polled(books, crew, len(press.written))
        await crew.stop()
        yield Soak(Scene(discord, books, server, crew, chance), town, press, Tally(seed))
        if discord.unknown or discord.violations:
            raise AssertionError(f"asked of Discord: {discord.unknown[:3]}, {discord.violations[:3]}")


async def _polled(books: Books, crew: Crew, count: int) -> None:
    async with asyncio.timeout(CALM):
        while books.polled() < count:
            crew.check()
            await asyncio.sleep(0.1)


def _words(folder: Path) -> list[str]:
    return ["--config", str(folder), "--feeds", str(folder / "feeds.opml")]


def _environment(discord: FakeDiscord, url: str) -> dict[str, str]:
    return {
        "TOCSIN_DATABASE_URL": url,
        "TOCSIN_DISCORD_TOKEN": discord.token,
        "TOCSIN_DISCORD_API_BASE": discord.api_base,
        "TOCSIN_DISCORD_GATEWAY_URL": discord.gateway_url,
        "TOCSIN_ALLOWED_GUILDS": "*",
        "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
