"""Where a thread is in our own code, as another thread sees it: what an event loop that is stuck is busy with.

It stops nothing; it reads the thread's stack.
"""

import sys
import threading
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]


class Watched:
    """The thread that last called `note`."""

    def __init__(self) -> None:
        self._thread: int | None = None

    def note(self) -> None:
        """The calling thread is the one to watch."""
        self._thread = threading.get_ident()

    def place(self) -> str:
        """The innermost line of ours that the thread is at, such as "handlers/prune.py:31 (prune)", else the innermost
        of all; "" if there is no such thread."""
        innermost = frame = sys._current_frames().get(self._thread or 0)
        while frame is not None and not _is_ours(frame):
            frame = frame.f_back
        found = frame or innermost
        return f"{_path(found)}:{found.f_lineno} ({found.f_code.co_name})" if found is not None else ""


def _is_ours(frame: FrameType) -> bool:
    return _path(frame).startswith(("bot/", "handlers/"))


def _path(frame: FrameType) -> str:
    """The file from the root of the program on; of another's, its name and its folder's."""
    file = Path(frame.f_code.co_filename)
    return file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else "/".join(file.parts[-2:])
