"""A small disk that can be filled and emptied again, for tests of a full one.

A file system of its own where this user may mount one; else, where that will do, a limit on the length of the files
that this process writes.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest


class Disk(Protocol):
    """`folder` is on the disk; `fill` takes all room but `leave` bytes, `free` gives it back."""

    folder: Path

    def fill(self, *, leave: int = 0) -> None: ...

    def free(self) -> None: ...


class Mounted:
    """A file system in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, *, leave: int = 0) -> None:
        free = shutil.disk_usage(self.folder).free
        with (self.folder / "filler").open("ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(free - leave, 1))

    def free(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)


class Limited:
    """A folder in which this process makes no file longer than what is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, *, leave: int = 0) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (leave, self._limits[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


@contextmanager
def small_disk(folder: Path, *, megabytes: int, or_limit: bool = False) -> Iterator[Disk]:
    """Skips the test where there is no way to make one; `or_limit`: a limit on files will do."""
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if mount and os.geteuid() == 0 and not subprocess.run([mount, *options], capture_output=True).returncode:
        try:
            yield Mounted(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    elif or_limit:
        limited = Limited(folder)
        try:
            yield limited
        finally:
            limited.free()
    else:
        pytest.skip("this user may not mount a small file system here")
