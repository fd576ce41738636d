"""A blocking source, such as standard input, as batches for asynchronous work."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

Value = TypeVar("Value")
AT_MOST = 32


async def in_batches(values: Iterable[Value], *, at_most: int = AT_MOST) -> AsyncIterator[list[Value]]:
    """`values` in order, whatever is there at a time, so that a slow writer gets each answer at once.

    The source is read in a thread that dies with the program, since a read of a terminal cannot be called off. What
    it raises is raised here, after the values before it.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[Value | _End] = asyncio.Queue()
    room = threading.BoundedSemaphore(4 * at_most)

    def pump() -> None:
        end = _End()
        try:
            for value in values:
                room.acquire()
                loop.call_soon_threadsafe(arrived.put_nowait, value)
        except Exception as error:
            end = _End(error)
        loop.call_soon_threadsafe(arrived.put_nowait, end)

    threading.Thread(target=pump, name="feeding", daemon=True).start()
    end: _End | None = None
    while end is None:
        batch: list[Value] = []
        while end is None and len(batch) < at_most and (not batch or not arrived.empty()):
            value = await arrived.get()
            if isinstance(value, _End):
                end = value
            else:
                room.release()
                batch.append(value)
        if batch:
            yield batch
    if end.error is not None:
        raise end.error


class _End:
    """The end of the source, and the error that ended it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
