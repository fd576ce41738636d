"""Figures of a benchmark, each beside the yardstick of the same run, and the table that shows them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich import box
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """`count` entries, texts or reports done in `seconds`; `beside` is the figure that it is compared with."""

    name: str
    count: int
    seconds: float
    beside: "Figure | None" = None

    @property
    def each(self) -> float:
        """Milliseconds."""
        return 1000 * self.seconds / self.count

    @property
    def a_second(self) -> float:
        return self.count / self.seconds


def timed(work: Callable[[], object], *, times: int = 1) -> float:
    """Seconds of this process's own time, whatever else the machine does: the best of `times` runs."""
    return min(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def table(figures: Iterable[Figure]) -> Table:
    heads = ("step", "ms each", "a second", "yardstick", "ms each", "a second", "times as fast")
    shown = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False)
    for figure in figures:
        beside = figure.beside
        yardstick = (beside.name, *_speed(beside), f"{beside.each / figure.each:.2f}") if beside else ("–",) * 4
        shown.add_row(figure.name, *_speed(figure), *yardstick)
    return shown


def _speed(figure: Figure) -> tuple[str, str]:
    return f"{figure.each:.2f}", f"{figure.a_second:,.0f}"
