"""What runs inside a worker process: the guard rails, the reading of feeds, and the analysis of articles.

A worker that only parses never imports spaCy. Nothing here is called in the program's own process.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from multiprocessing import connection, parent_process
from typing import TYPE_CHECKING, TypeVar

from bot.core.analysis import Analysis, Knowledge, analyse, prepare
from bot.core.article import Article
from bot.core.discovery import Page, read_page
from bot.core.entry import ParsedFeed, parse_feed

if TYPE_CHECKING:
    from spacy.language import Language as Model

    from bot.core.analysis import Tools

Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# The analysis finds sentences itself; the parser alone would take a third of the time.
_UNUSED = ("parser", "senter")
OUT_OF_MEMORY = 77
"""The exit code of a worker that ran into its memory limit: what it holds by then is not worth keeping."""

# The one thing that lives on between two calls in a worker; set once, by its initializer.
_analyst: list["Analyst"] = []


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use: `memory` in megabytes of address space."""

    memory: int


class Analyst:
    """A language model and the tools made with it, loaded once. `warning` is None if it is the configured one."""

    def __init__(self, knowledge: Knowledge, model: str) -> None:
        self._knowledge = knowledge
        nlp, self.warning = _load(model)
        self.model = "rules only" if self.warning else f"{model} {nlp.meta['version']}"
        self.tools = prepare(knowledge, nlp)

    @cached_property
    def rules(self) -> "Tools":
        """Tools without a language model, for texts that are too much for one."""
        return self.tools if self.warning else prepare(self._knowledge, _blank())


def start(limits: Limits) -> None:
    """The initializer of a worker that parses: it dies with its parent and keeps within its memory."""
    die_with_parent()
    limit_memory(limits.memory)


def start_analyst(limits: Limits, knowledge: Knowledge, model: str) -> None:
    """The initializer of a worker that analyses."""
    start(limits)
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # a worker is one of several: one thread each
    _analyst.append(Analyst(knowledge, model))


def parse(body: bytes, *, url: str, content_type: str | None, now: datetime) -> ParsedFeed:
    """See `bot.core.entry.parse_feed`."""
    return _within_memory(lambda: parse_feed(body, url=url, content_type=content_type, now=now))


def page(body: bytes, *, url: str, content_type: str | None) -> Page:
    """See `bot.core.discovery.read_page`."""
    return _within_memory(lambda: read_page(body, url=url, content_type=content_type))


def analyse_articles(articles: Sequence[Article], *, by_rules: bool) -> tuple[list[Analysis], str | None]:
    """The analyses (see `bot.core.analysis.analyse`) and the warning; `by_rules` leaves the language model out.

    Where there is no language model, what is relevant carries that as its problem.
    """
    analyst = _analyst[0]
    found = _within_memory(lambda: analyse(articles, analyst.rules if by_rules else analyst.tools))
    if analyst.warning:
        found = [replace(each, problem=analyst.warning) if each.relevance.relevant else each for each in found]
    return found, analyst.warning


def describe() -> tuple[str, str | None]:
    """The model in use, and the warning if it is not the configured one."""
    return _analyst[0].model, _analyst[0].warning


def die_with_parent() -> None:
    """Ends this process as soon as its parent does, however that ends (SIGKILL runs no handler).

    On Linux the kernel does it, even while this process is deep in C; elsewhere a thread waits for the parent.
    """
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent.pid:  # it ended before the line above
            os._exit(1)
    else:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def limit_memory(megabytes: int) -> None:
    """Makes allocations beyond `megabytes` of address space fail, where the system can (not on Windows)."""
    try:
        import resource  # absent on Windows
    except ImportError:
        return
    limit = megabytes * 2**20
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _exit_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _within_memory(work: Callable[[], Result]) -> Result:
    """`work()`; a worker that runs out of memory ends at once, and a fresh one takes its place."""
    try:
        return work()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _load(model: str) -> tuple["Model", str | None]:
    """The language model called `model` and nothing else; without it, English rules alone and a warning."""
    import spacy  # here, so that workers that parse do without it

    try:
        if not spacy.util.is_package(model):
            raise OSError("not installed")
        return spacy.util.load_model_from_package(model, exclude=_UNUSED), None
    except Exception as error:  # whatever is wrong with a model, the bot goes on without one
        return _blank(), (
            f"The language model {model} cannot be loaded ({_first_line(error)}): unknown organisations are not found "
            f"and facts are fewer. Install it with: pip install {model.replace('_', '-')}"
        )


def _blank() -> "Model":
    import spacy

    return spacy.blank("en")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
