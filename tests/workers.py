"""The worker processes of a program, so that a test can end them as a machine does (Linux)."""

import os
import time
from pathlib import Path


def workers_of(program: int) -> list[int]:
    """The numbers of the processes that the one with the number `program` has spawned."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_worker(folder, program)]


def until_busy(program: int, *, seconds: float) -> list[int]:
    """Waits until the workers have computed for so long; the numbers of their processes then."""
    began = sum(map(_computed, workers_of(program)))
    while sum(map(_computed, found := workers_of(program))) < began + seconds:
        time.sleep(0.05)
    return found


def _computed(worker: int) -> float:
    """Seconds of a core that it has taken; proc_pid_stat(5), fields 14 and 15."""
    fields = (Path("/proc") / str(worker) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _is_worker(folder: Path, program: int) -> bool:
    try:
        parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        return int(parent) == program and b"spawn_main" in (folder / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return False
