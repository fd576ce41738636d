"""The sample news of the demo: `news.toml`, read and checked into outlets and their articles.

It makes no feeds of them (see edition), and Tocsin never sees which story an article was written for.
"""

from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Literal

from bot.core.feed import Feed, FeedKind
from bot.settings.toml import Table, read_toml

Format = Literal["rss", "atom", "json"]
Markup = Literal["plain", "html", "full"]
POLLS = 3
"""How many polls the sample news is spread over."""


class OutletTable(Table):
    """One [[outlet]] of `news.toml`."""

    slug: str
    name: str
    host: str
    format: Format
    markup: Markup
    kind: FeedKind
    country: str


class EntryTable(Table):
    """One [[entry]] of `news.toml`."""

    outlet: str
    poll: Literal[1, 2, 3]
    minutes: int
    title: str
    text: str
    story: str | None = None


class NewsFile(Table):
    """`news.toml`."""

    outlet: tuple[OutletTable, ...]
    entry: tuple[EntryTable, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample article: there from poll number `poll` (from 1) on, dated `age` before it. `number` tells it apart
    within its outlet; `story` is the writer's own label, None for noise, and leaves the newsroom only for tests."""

    number: int
    poll: int
    age: timedelta
    title: str
    paragraphs: tuple[str, ...]
    story: str | None


@dataclass(frozen=True, slots=True)
class Outlet:
    """A sample outlet with everything that it will publish, in the order of the file."""

    slug: str
    name: str
    host: str
    format: Format
    markup: Markup
    kind: FeedKind
    country: str
    samples: tuple[Sample, ...]

    @property
    def path(self) -> str:
        """Where its feed is served."""
        return f"/{self.slug}.{'json' if self.format == 'json' else 'xml'}"

    def feed(self, base: str) -> Feed:
        """The outlet as a feed at the server `base` ("http://127.0.0.1:8000")."""
        return Feed(url=base + self.path, name=self.name, kind=self.kind, country=self.country)


def read_newsroom() -> tuple[Outlet, ...]:
    """The outlets of the sample news that travels with the package. Raises ConfigurationError if it was spoilt."""
    with resources.as_file(resources.files("bot.demo") / "news.toml") as path:
        file = read_toml(path, NewsFile)
    return tuple(_outlet(table, file.entry) for table in file.outlet)


def _outlet(table: OutletTable, entries: tuple[EntryTable, ...]) -> Outlet:
    own = [entry for entry in entries if entry.outlet == table.slug]
    samples = tuple(_sample(number, entry) for number, entry in enumerate(own, start=1))
    return Outlet(**table.model_dump(), samples=samples)


def _sample(number: int, entry: EntryTable) -> Sample:
    return Sample(
        number=number,
        poll=entry.poll,
        age=timedelta(minutes=entry.minutes),
        title=entry.title,
        paragraphs=tuple(line.strip() for line in entry.text.splitlines() if line.strip()),
        story=entry.story,
    )
