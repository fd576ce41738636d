"""Names of hosts to addresses, in threads of their own.

A name server that hangs holds up only these threads, not those that the store works in. Nothing is remembered, so
that an address is always the one that was judged when it was dialled.
"""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from aiohttp.abc import AbstractResolver, ResolveResult

_THREADS = 16


class Resolver(AbstractResolver):
    """Looks names up in threads of their own: a name server that hangs must not hold up the program's other threads."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`, numeric."""
        rows = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=found,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found, protocol, address in rows
        ]

    async def close(self) -> None:
        """Nothing to close: the threads belong to the Fetcher."""


@contextmanager
def name_threads() -> Iterator[ThreadPoolExecutor]:
    """The threads that look names up; those that still wait for a name server are not waited for at the end."""
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[tuple[int, int, str]]:
    """Family, protocol and numeric address of each answer."""
    rows = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [(int(found), protocol, str(address[0])) for found, _, protocol, _, address in rows]
