"""Pool: worker processes that can be killed, behind one awaitable call.

It starts with the first call, replaces workers that hang or die, and starts anew if the pool itself breaks. It knows
nothing of feeds and articles.
"""

import asyncio
import multiprocessing
import pickle
from collections import Counter
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.shared_memory import SharedMemory
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from bot.errors import LanguageError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

START_ALLOWANCE = 60.0
"""Seconds beyond the limit after which a call that never came to a worker means that the pool is stuck."""

NO_WORKER = "No language worker starts: look at the log lines before this one, and restart Tocsin."

CALLS_PER_WORKER = 1000
"""Calls after which a worker is replaced: parsers and vocabularies grow with every stranger's words."""


class WorkerHungError(LanguageError):
    """The call ran over its time limit and its worker was killed."""


class WorkerDiedError(LanguageError):
    """The worker died on the call: out of memory, or a crash in C."""


class NoWorkerError(LanguageError):
    """No worker can be had, whatever the call: nothing is known of what it was to find out."""


class Pool:
    """`workers` processes, each started by `initializer(*initargs)`.

    `losses` counts those that were replaced before their time: "hung", "died", or "broken" with the pool itself.
    """

    def __init__(self, *, workers: int, initializer: Callable[..., None], initargs: tuple[object, ...]) -> None:
        self._workers = workers
        self._initializer = initializer
        self._initargs = initargs
        self._slots = asyncio.Semaphore(workers)
        self._pool: ProcessPool | None = None
        self._handed: SharedMemory | None = None
        self._calls: dict[asyncio.Future[Any], ProcessPool] = {}
        self._starting = asyncio.Lock()
        self._closed = False
        self.losses: Counter[str] = Counter()

    async def run(
        self, limit: float, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """`function(…)` in a worker, for at most `limit` seconds of its time; what it raises is raised here.

        Raises WorkerHungError, WorkerDiedError, or NoWorkerError.
        """
        call = partial(function, *args, **kwargs)
        async with self._slots:
            for _ in range(2):  # a broken pool is no fault of this call: once more in a new one
                pool = await self._running()
                if (ended := await self._attempt(pool, limit, call)) is not None:
                    return self._outcome(ended, limit)
                self.losses["broken"] += 1
                await self._discard(pool)
        raise NoWorkerError(NO_WORKER)

    async def close(self) -> None:
        """Ends all workers, whatever they are doing; calls that wait for them raise NoWorkerError."""
        self._closed = True
        async with self._starting:
            if self._pool is not None:
                await self._discard(self._pool)
            if self._handed is not None:
                self._handed.close()
                self._handed.unlink()
                self._handed = None

    async def _attempt(
        self, pool: ProcessPool, limit: float, call: Callable[[], Result]
    ) -> "asyncio.Future[Result] | None":
        """The call as it ended in a worker of `pool`; None where the pool broke before or under it."""
        try:
            future = asyncio.wrap_future(pool.schedule(call, timeout=limit))
        except RuntimeError:
            return None
        self._calls[future] = pool
        try:
            await asyncio.wait({future}, timeout=limit + START_ALLOWANCE)
            return future if future.done() and not _is_broken(future) else None
        finally:
            del self._calls[future]
            future.cancel()  # kills the worker if nobody waits for it any more

    def _outcome(self, future: "asyncio.Future[Result]", limit: float) -> Result:
        try:
            return future.result()
        except TimeoutError as error:
            self.losses["hung"] += 1
            raise WorkerHungError(f"It took longer than {limit:g} seconds and was cut off.") from error
        except ProcessExpired as error:
            self.losses["died"] += 1
            raise WorkerDiedError("Its worker ran out of memory or crashed.") from error

    async def _running(self) -> ProcessPool:
        """The pool, started if there is none or it is broken."""
        async with self._starting:
            if self._closed:
                raise NoWorkerError("The language workers are being stopped: try again when Tocsin runs.")
            if self._pool is not None and not self._pool.active:
                await self._discard(self._pool)
            return self._pool or await self._started()

    async def _started(self) -> ProcessPool:
        try:
            if self._handed is None:
                self._handed = await asyncio.to_thread(_hand_over, (self._initializer, self._initargs))
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=CALLS_PER_WORKER,
                initializer=_begin,
                initargs=(self._handed.name,),
                context=multiprocessing.get_context("spawn"),  # a fork would copy the locks of our threads
            )
            await asyncio.to_thread(_start, self._pool)
        except (OSError, RuntimeError) as error:  # no process, pipe or memory to be had
            if self._pool is not None:
                await self._discard(self._pool)
            raise NoWorkerError(NO_WORKER) from error
        return self._pool

    async def _discard(self, pool: ProcessPool) -> None:
        if pool is not self._pool:
            return  # another call has ended it, and a pool ends only once
        self._pool = None
        for future, owner in list(self._calls.items()):
            if owner is pool:  # or it would wait for a worker that is no more
                future.cancel()
        await asyncio.to_thread(_end, pool)


def _is_broken(future: "asyncio.Future[Result]") -> bool:
    """Whether the pool ended under the call."""
    return future.cancelled() or isinstance(future.exception(), BrokenProcessPool)


def _hand_over(start: tuple[Callable[..., None], tuple[object, ...]]) -> SharedMemory:
    """How workers start, where each of them reads it. Through the pipe that Python starts processes with, whoever
    starts one waits until it has read all, and for ever if it dies before that."""
    content = pickle.dumps(start)
    memory = SharedMemory(create=True, size=len(content))
    memory.buf[: len(content)] = content  # type: ignore[index]
    return memory


def _begin(name: str) -> None:
    """The initializer of every worker: does what was handed over."""
    memory = SharedMemory(name)
    initializer, initargs = pickle.loads(bytes(memory.buf or b""))  # noqa: S301 our own, from our own process
    memory.close()
    initializer(*initargs)


def _start(pool: ProcessPool) -> None:
    """Starts the workers, for which a busy machine may take a second: not in the event loop. The thread has to live as
    long as they do, because they die with it (see worker); those of asyncio live as long as the loop."""
    _ = pool.active  # pebble starts a pool when it is asked for the first time


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
