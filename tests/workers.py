"""The worker processes of a program, so that a test can end them as a machine does."""

from pathlib import Path


def workers_of(program: int) -> list[int]:
    """The numbers of the processes that the one with the number `program` has spawned (Linux)."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_worker(folder, program)]


def _is_worker(folder: Path, program: int) -> bool:
    try:
        parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        return int(parent) == program and b"spawn_main" in (folder / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return False
