"""Charts as pictures."""

import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from bot import charts
from bot.charts import png_of, with_chart
from bot.core.chart import PAIR, Chart, Daily, Series, by_event, period_of
from bot.core.event import EVENT_TYPES
from bot.core.message import Message
from tests.builders import NOON

LARGEST = 100_000  # bytes
WEEK = period_of(7, NOON)


def busy(days: int, stories: int = 3) -> Chart:
    period = period_of(days, NOON)
    found = [
        Daily(period.starts[place], event, stories + (place * number) % 7)
        for place in range(len(period.starts))
        for number, event in enumerate(EVENT_TYPES)
    ]
    return Chart(f"Stories by kind of event, last {period.words}", period, by_event(found, period))


def beside(one: str, other: str, counts: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)) -> Chart:
    names = zip((one, other), PAIR, strict=True)
    series = tuple(Series(name, colour, counts) for name, colour in names)
    return Chart("Stories a day", WEEK, series, stacked=False)


def image(png: bytes) -> Image.Image:
    found = Image.open(BytesIO(png))
    found.load()
    return found.convert("RGB")


@pytest.mark.parametrize(
    "chart",
    [
        busy(7), busy(30), busy(84), busy(364), busy(7, 90_000), beside("NATO", "Acme"),
        beside("NATO", "Acme", (0,) * 7), Chart("Nothing", WEEK, ()),
        Chart("One", WEEK, (Series("contract", 0, (0, 0, 0, 0, 0, 0, 1)),)),
    ],
)  # fmt: skip
def test_a_chart_is_a_small_picture_on_its_own_ground(chart: Chart) -> None:
    png = png_of(chart)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png) <= LARGEST
    drawn = image(png)
    assert drawn.size == (800, 460)
    corners = {drawn.getpixel(place) for place in ((0, 0), (799, 0), (0, 459), (799, 459))}
    assert corners == {(0x23, 0x26, 0x2B)}


@pytest.mark.parametrize(
    "name", ["$x^2$", "$", "\\frac{", "人工智能 🛰️", "الذكاء", "a\nb", "_" * 300, "", "\udfff", "<svg>"]
)
def test_no_name_breaks_a_chart_or_is_read_as_a_formula(name: str) -> None:
    chart = beside(name, "NATO")
    assert image(png_of(Chart(name, chart.period, chart.series, stacked=False))).size == (800, 460)
    assert image(png_of(Chart(name, chart.period, chart.series))).size == (800, 460)


def test_the_same_chart_is_the_same_picture() -> None:
    assert png_of(busy(30)) == png_of(busy(30))


async def test_a_message_gets_its_chart_with_the_figures_in_words() -> None:
    message = await with_chart(Message(title="Trends"), busy(7), name="trends.png")
    assert message.picture is not None
    assert message.picture.name == "trends.png"
    assert "partnership: 42" in message.picture.alt


async def test_a_chart_that_cannot_be_drawn_leaves_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_chart: Chart) -> bytes:
        raise OSError("no font")

    monkeypatch.setattr(charts, "png_of", broken)
    assert await with_chart(Message(title="Trends"), busy(7), name="trends.png") == Message(title="Trends")


def test_matplotlib_is_loaded_with_the_first_chart_only() -> None:
    code = "import sys, bot.app.commands; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
