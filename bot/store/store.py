"""Runs plain functions in transactions, in threads: many readers, one writer at a time.

It holds no SQL of its own and decides nothing; what to read or write stands in the modules beside it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, Engine

from bot.errors import InUseError, StoreError
from bot.store import postgresql, sqlite
from bot.store.engine import address, engine_for, file_of, name_of, sentences
from bot.store.transactions import in_transaction, reading, writing
from bot.store.upgrade import refuse_outdated, upgrade

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Store:
    """A database that is ready for use; made by `Store.open`.

    `committed` is told of each transaction that was written, with the seconds for which it had to wait for its turn.
    """

    def __init__(self, *, url: URL, engine: Engine, readers: Executor, writer: Executor, upgraded: bool) -> None:
        self.upgraded = upgraded
        self.committed: Callable[[float], object] = lambda waited: None
        self._url = url
        self._reading = reading(engine)
        self._writing = writing(engine)
        self._readers = readers
        self._writer = writer
        file = file_of(url)
        self._standing = sqlite.Standing.of(file) if file else None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, alone: bool = True, busy: float = 30.0, readers: int = 4) -> AsyncIterator[Self]:
        """The database at `url` (`sqlite:///path` or `postgresql://…`), checked, locked and with its tables up to date.

        One process at a time may hold an SQLite file. `alone` False is for a short look or change: where another
        Tocsin holds the file, it goes beside that one. `busy` is how many seconds to wait for another program's lock.
        Raises StoreError if the database cannot be used.
        """
        where = address(url)
        with (
            ExitStack() as held,
            ThreadPoolExecutor(1, "store-writer") as writer,
            ThreadPoolExecutor(readers, "store-reader") as pool,
        ):
            engine, upgraded = await _finish(writer.submit(_make_ready, where, held, busy, readers + 1, alone))
            yield cls(url=where, engine=engine, readers=pool, writer=writer, upgraded=upgraded)

    @property
    def shared(self) -> bool:
        """Whether several processes may work on it at once."""
        return file_of(self._url) is None

    @property
    def name(self) -> str:
        """The path of the database, or its address without the password."""
        return name_of(self._url)

    async def read(
        self,
        work: Callable[Concatenate[Connection, Parameters], Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """`work(connection, …)` in one transaction that sees one moment. Raises StoreError, and what `work` raises."""
        return await _finish(self._readers.submit(self._run, self._reading, lambda c: work(c, *args, **kwargs)))

    async def write(
        self,
        work: Callable[Concatenate[Connection, Parameters], Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """The same in one transaction that commits when `work` returns and leaves nothing behind when it raises.

        On PostgreSQL `work` may run again (see `in_transaction`): what it changes beside the database has to bear it.
        Cancelled while it waits, it does not begin; cancelled while it runs, it is finished first.
        """
        asked = began = time.monotonic()

        def run(c: Connection) -> Result:
            nonlocal began
            began = time.monotonic()
            return work(c, *args, **kwargs)

        result = await _finish(self._writer.submit(self._run, self._writing, run))
        self.committed(began - asked)
        return result

    def _run(self, engine: Engine, work: Callable[[Connection], Result]) -> Result:
        """What was committed into a file that nobody finds any more was not committed."""
        self._check_standing()
        try:
            with sentences(self._url):
                result = in_transaction(engine, work)
        except StoreError:
            self._check_standing()
            raise
        self._check_standing()
        return result

    def _check_standing(self) -> None:
        if self._standing is not None:
            self._standing.check()


async def _finish(job: Future[Result]) -> Result:
    """The result of a job in a thread. Cancelled, it leaves no job running behind the caller's back."""
    waiting = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        while not job.cancel() and not waiting.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([waiting])
        if waiting.done() and not waiting.cancelled():
            waiting.exception()  # looked at, or asyncio reports it as forgotten
        raise


def _make_ready(url: URL, held: ExitStack, busy: float, connections: int, alone: bool) -> tuple[Engine, bool]:
    """An engine on a locked, checked and upgraded database; `held` closes it and frees the lock."""
    file = file_of(url)
    ours = _lock(file, held, alone) if file else True
    engine = engine_for(url, busy=busy, connections=connections)
    held.callback(engine.dispose)
    with sentences(url):
        if not ours:
            with engine.begin() as connection:
                refuse_outdated(connection, name_of(url))
            return engine, False
        with reading(engine).begin() as connection:
            (sqlite if file else postgresql).check(connection, name_of(url))
        return engine, in_transaction(writing(engine), lambda connection: upgrade(connection, name_of(url)))


def _lock(file: Path, held: ExitStack, alone: bool) -> bool:
    """Takes the file's lock; False if another Tocsin has it and that is no hindrance."""
    sqlite.prepare(file)
    try:
        held.enter_context(sqlite.lock(file))
    except InUseError:
        if alone:
            raise
        return False
    return True
