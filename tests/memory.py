"""Where tests keep their files: in memory where the machine has room for that, because on a disk each commit waits for
it, and a power cut is no fault that they hold."""

import shutil
from contextlib import suppress

MEMORY = "/dev/shm"  # noqa: S108 only in tests
ROOM = 4 * 2**30
"""Bytes; servers and databases of a run on several processors need about half of it."""


def roomy_memory() -> str | None:
    """The folder in memory; None where there is none, or too little room in it."""
    with suppress(OSError):
        return MEMORY if shutil.disk_usage(MEMORY).free > ROOM else None
    return None
