"""The crew: the programs that make up one Tocsin, each a process of its own that may be killed at any moment.

On SQLite it is one with every part; on PostgreSQL any list of roles. It knows nothing of what they do.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Program = asyncio.subprocess.Process


@dataclass
class Crew:
    """`parts` are the words after `tocsin run` of each program, by a name of ours; `log` takes what all of them say."""

    parts: Mapping[str, Sequence[str]]
    words: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    running: dict[str, Program] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)

    async def start(self) -> None:
        """Starts every part that does not run."""
        for name, own in self.parts.items():
            if name in self.running and self.running[name].returncode is None:
                continue
            with self.log.open("ab") as log:
                self.running[name] = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bot", "run", *own, *self.words,
                    stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
                )  # fmt: skip
            self.started[name] = time.monotonic()

    @property
    def dead(self) -> list[str]:
        """The parts that were started and have ended."""
        return [name for name, program in self.running.items() if program.returncode is not None]

    @property
    def pids(self) -> list[int]:
        """Of the parts that run."""
        return [program.pid for program in self.running.values() if program.returncode is None]

    def pids_of(self, role: str) -> list[int]:
        """Of the parts with that role in their name; of all where none has one."""
        named = {name: program.pid for name, program in self.running.items() if program.returncode is None}
        return [pid for name, pid in named.items() if role in name] or list(named.values())

    async def kill_all(self) -> None:
        """Ends everything at once, as when the power goes."""
        for pid in self.pids:
            self.kill(pid)
        for program in self.running.values():
            await program.wait()

    def check(self) -> None:
        """Raises AssertionError where a program has ended by itself."""
        for name in self.dead:
            raise AssertionError(f"{name} ended with {self.running[name].returncode}: {self.last_words()}")

    def kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def bury(self) -> list[str]:
        """The parts that have ended since, each by SIGKILL; any other end is a fault of theirs."""
        ended = self.dead
        for name in ended:
            code = await self.running.pop(name).wait()
            if code != -signal.SIGKILL:
                raise AssertionError(f"{name} ended with {code}: {self.last_words()}")
        return ended

    async def stop(self, *, within: float = 10.0) -> float:
        """Asks every part to stop; seconds that it took. Raises AssertionError where one does not do so in time."""
        began = time.monotonic()
        for program in self.running.values():
            with suppress(ProcessLookupError):
                program.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within):
                codes = {name: await program.wait() for name, program in self.running.items()}
        except TimeoutError:
            raise AssertionError(f"a program did not stop within {within:g} s: {self.last_words()}") from None
        self.running.clear()
        if any(codes.values()):
            raise AssertionError(f"stopped with {codes}: {self.last_words()}")
        return time.monotonic() - began

    async def end(self) -> None:
        """Leaves nothing running, whatever happened."""
        for program in self.running.values():
            if program.returncode is None:
                program.kill()
            await program.wait()
        self.running.clear()

    def last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]
