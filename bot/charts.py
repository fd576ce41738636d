"""Charts: counts over time to PNG bytes. The only home of matplotlib.

A picture has a dark card of its own, so that it reads the same on Discord's dark and light themes. It holds no global
state (no pyplot), is drawn in a thread, and matplotlib is loaded with the first one: starting takes no longer for it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.core.chart import Chart, Series, alt_text
from bot.core.message import Message, Picture

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

SIZE, DOTS = (8.0, 4.6), 100  # inches, dots an inch: 800 × 460, of which Discord shows about two thirds
CARD, GRID, WORDS, QUIET = "#23262b", "#3a3f47", "#f2f3f5", "#b5bac1"
LARGE, SMALL = 16, 12
COLUMNS = 3
BAR = 0.82  # of the room for one step
MOST_LABELS = 7
LONGEST_LABEL = 34
_LIGHTER = 0.38
"""How far a colour goes towards white: those of the event types are made for a light ground as well."""


async def with_chart(message: Message, chart: Chart, *, name: str) -> Message:
    """The message with the chart as its picture; as it was where the chart cannot be drawn, since it says the same in
    words. `name` is a file name in plain letters."""
    try:
        png = await asyncio.to_thread(png_of, chart)
    except Exception:
        log.exception("chart.not_drawn", name=name)
        return message
    return replace(message, picture=Picture(name, png, alt_text(chart)))


def png_of(chart: Chart) -> bytes:
    """The chart as PNG. Slow: call it in a thread."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS, facecolor=CARD)
    canvas = FigureCanvasAgg(figure)
    font = _font()
    axes = _axes(figure, chart, font)
    (_stack if chart.stacked else _lines)(axes, chart)
    _label_steps(axes, chart.period.starts, font)
    _legend(figure, axes, chart, font)
    made = BytesIO()
    canvas.print_png(  # type: ignore[no-untyped-call]
        made, metadata={"Software": None}, pil_kwargs={"optimize": False, "compress_level": 6}
    )
    return made.getvalue()


def _font() -> "FontProperties":
    """The font that comes with matplotlib, whatever else the machine has."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size=SMALL)


def _axes(figure: "Figure", chart: Chart, font: "FontProperties") -> "Axes":
    """The plot with its title, a quiet grid and whole numbers on the left."""
    from matplotlib.ticker import MaxNLocator

    top = 0.85 - 0.062 * -(-len(chart.series) // COLUMNS)  # what title and legend leave
    axes = figure.add_axes((0.08, 0.1, 0.87, top - 0.1), facecolor=CARD)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=QUIET, pad=6)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    large = font.copy()
    large.set_size(LARGE)
    title = _drawable(chart.title, font, 70)
    figure.text(0.03, 0.915, title, color=WORDS, fontproperties=large, parse_math=False)
    return axes


def _stack(axes: "Axes", chart: Chart) -> None:
    """Bars on top of each other, the most frequent kind at the bottom, with a seam between two of like colours.

    All bars of a kind are one object: hundreds of single ones take most of a second.
    """
    from matplotlib.collections import PolyCollection

    below = [0] * len(chart.period.starts)
    for series in chart.series:
        tops = [one + other for one, other in zip(below, series.counts, strict=True)]
        bars = [_bar(place, low, top) for place, (low, top) in enumerate(zip(below, tops, strict=True)) if top > low]
        axes.add_collection(PolyCollection(bars, facecolors=[_shown(series.colour)], edgecolors=CARD, linewidths=0.7))
        below = tops
    axes.set_ylim(0, max(*below, 1) * 1.06)
    axes.set_xlim(-0.6, len(below) - 0.4)


def _bar(place: int, low: int, top: int) -> list[tuple[float, float]]:
    left, right = place - BAR / 2, place + BAR / 2
    return [(left, low), (left, top), (right, top), (right, low)]


def _lines(axes: "Axes", chart: Chart) -> None:
    """One line for each row, told apart by colour and by mark."""
    places = list(range(len(chart.period.starts)))
    for series, mark in zip(chart.series, "os^Dv", strict=False):
        axes.plot(
            places,
            series.counts,
            color=_shown(series.colour),
            marker=mark,
            linewidth=2.4,
            markersize=5.5,
            clip_on=False,
        )
    axes.set_ylim(0, max(max(series.counts) for series in chart.series) * 1.08 or 1)
    axes.set_xlim(-0.4, len(places) - 0.6)


def _label_steps(axes: "Axes", starts: Sequence[date], font: "FontProperties") -> None:
    """The first days of some steps, evenly apart and counted back from the last."""
    apart = max(-(-len(starts) // MOST_LABELS), 1)
    places = list(range(len(starts) - 1, -1, -apart))[::-1]
    axes.set_xticks(places, [f"{starts[place].day} {starts[place]:%b}" for place in places])
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font)


def _legend(figure: "Figure", axes: "Axes", chart: Chart, font: "FontProperties") -> None:
    """Each row with its colour and its sum, above the plot."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(color=_shown(series.colour))
        if chart.stacked
        else Line2D([], [], color=_shown(series.colour), marker=mark, linewidth=2.4)
        for series, mark in zip(chart.series, "os^Dv" * 3, strict=False)
    ]
    legend = figure.legend(
        handles,
        [_label(series, font) for series in chart.series],
        loc="upper left",
        bbox_to_anchor=(0.02, 0.9),
        ncols=COLUMNS,
        prop=font,
        labelcolor=WORDS,
        frameon=False,
        handlelength=1.0 if chart.stacked else 1.6,
        handleheight=0.9,
        handletextpad=0.5,
        columnspacing=1.2,
        labelspacing=0.35,
        borderaxespad=0.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _label(series: Series, font: "FontProperties") -> str:
    return f"{_drawable(series.label, font, LONGEST_LABEL)}  {series.total:,}"


def _drawable(text: str, font: "FontProperties", longest: int) -> str:
    """`text` as far as the font has letters for it; others are boxes that say nothing, so a mark stands for them."""
    from matplotlib.font_manager import get_font

    known = get_font(str(font.get_file())).get_charmap()
    shown = "".join(character if ord(character) in known else "?" for character in text)
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"


def _shown(colour: int) -> tuple[float, float, float]:
    """A colour of the event types as it stands on the dark card."""
    parts = ((colour >> shift & 0xFF) / 255 for shift in (16, 8, 0))
    red, green, blue = (part + (1 - part) * _LIGHTER for part in parts)
    return red, green, blue
