"""The fake as a process of its own: `python -m tests.discord_fake [--port 0] [--token …]`.

Prints one line of JSON, `{api_base, gateway_url, control, token}`, and serves until SIGTERM, SIGINT, or the end of its
standard input.
"""

import argparse
import asyncio
import json
import signal
import sys

from tests.discord_fake.control import ControlledDiscord


async def serve(port: int, token: str) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with ControlledDiscord(port=port, token=token) as fake:
        where = {
            "api_base": fake.api_base,
            "gateway_url": fake.gateway_url,
            "control": fake.control,
            "token": fake.token,
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        watching = asyncio.create_task(_end_of_input(stopping))
        await stopping.wait()
        watching.cancel()


async def _end_of_input(stopping: asyncio.Event) -> None:
    """A test that dies closes the pipe, and nothing is left running."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(1024):
            continue
        stopping.set()
    finally:
        transport.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.discord_fake", description="A small Discord on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.token))


if __name__ == "__main__":
    main()
