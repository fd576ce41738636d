"""`python -m tests.bench.lookups [ARTICLES [URL]]`: every look-up in an archive of 100,000 articles, as one meets it.

Commands and autocomplete go through the whole client, on a Discord that answers in the same process and looks for
choices every 50 ms; search is timed by itself as well. Beside each stands how long it may take. Making the archive anew
takes most of the time. It goes into an SQLite file, or into the empty database at a URL.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bot.charts import png_of
from bot.client import Index
from bot.core.chart import Chart, by_event, period_of
from bot.core.query import terms_of
from bot.store import Store, articles, stories, trends
from bot.store.search import search
from handlers.remember import remember
from tests.bench.archive import KNOWN, NOW, fill
from tests.people import TOPIC, a_client, running, said

ARTICLES = 100_000
SEARCHES, TIMES = 300, 5
ANSWER, QUICK, DRAWN = 3_000.0, 100.0, 500.0  # milliseconds
TYPED = ("", "a", "na", "open", "systems", "baba", "nothing like it")
COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("news latest", {}),
    ("news latest", {"event": "policy", "organisation": "NATO", "since": "7d", "topic": "ai-defence"}),
    ("news search", {"query": "ai"}),
    ("news search", {"query": "navy drones", "sort": "newest", "event": "contract"}),
    ("news search", {"query": '"the old ones" nato', "organisation": "NATO", "since": "52w"}),
    ("news top", {"window": "30d"}),
    ("news digest", {"window": "30d", "topic": "ai-defence"}),
    ("news trends", {"window": "30d"}),
    ("news trends", {"window": "52w"}),
    ("entity info", {"name": "NATO", "window": "52w"}),
    ("entity compare", {"a": "NATO", "b": "OpenAI", "window": "52w"}),
    ("status", {}),
)
OFFERED = (
    ("news latest", "organisation"), ("news latest", "topic"), ("news search", "organisation"),
    ("story view", "story"), ("story timeline", "story"), ("entity info", "name"), ("entity compare", "b"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timed:
    """How long something took, each time, in milliseconds, and how long it may take."""

    name: str
    each: Sequence[float]
    limit: float

    @property
    def p95(self) -> float:
        return sorted(self.each)[max(-(-len(self.each) * 95 // 100) - 1, 0)]


async def main(count: int, url: str | None = None) -> None:
    console = Console()
    with TemporaryDirectory() as folder:
        async with Store.open(url or f"sqlite:///{Path(folder) / 'archive.db'}") as store:
            with console.status(f"making an archive of {count:,} articles"):
                await store.write(fill, count)
            index = Index()
            found = [await timed("names for autocomplete, each minute", lambda: refresh(index, store), limit=ANSWER)]
            with console.status("searching"):
                found.append(await searches(store))
            with console.status("drawing"):
                found.append(await drawing(store))
            with console.status("asking"):
                found += await asking(store, index)
            console.print(table(found))


async def refresh(index: Index, store: Store) -> None:
    await remember(index, store=store, topics=[TOPIC], organisations=KNOWN)


async def searches(store: Store) -> Timed:
    """Words, pairs of words and phrases as they stand in the archive, some of them in every tenth report and some in
    one, with and without conditions."""
    chance = random.Random(3)
    newest = await store.read(stories.latest, limit=200)
    texts = [(await store.read(articles.of_story, story.id))[0].report.article.text for story in newest[:60]]
    each = []
    for number in range(SEARCHES):
        words = chance.choice(texts).split()
        first = chance.randrange(len(words) - 3)
        phrase = " ".join(words[first : first + 3])
        typed = (words[first], " ".join(chance.sample(words, 2)), f'"{phrase}"')[number % 3]
        conditions = ({}, {"organisation": "NATO"}, {"event": "policy"}, {"newest": True})[number % 4]
        began = time.perf_counter()
        await store.read(search, terms_of(typed), **conditions)  # type: ignore[arg-type]
        each.append(1000 * (time.perf_counter() - began))
    return Timed("search by itself", each, QUICK)


async def drawing(store: Store) -> Timed:
    """The largest chart, once the first one has loaded all that is needed."""
    period = period_of(364, NOW)
    days = await store.read(trends.a_day, period.begins)
    chart = Chart("Stories a week", period, by_event(days, period))
    png_of(chart)
    return await timed("chart of a year, drawn", lambda: asyncio.to_thread(png_of, chart), limit=DRAWN)


async def asking(store: Store, index: Index) -> list[Timed]:
    """Every look-up and every autocomplete of one, asked by a person."""
    found = []
    client = a_client(store, index, clock=lambda: NOW)
    async with running(client) as env:
        guild = env.create_guild("Bench")
        channel = guild.create_text_channel("news")
        reader = guild.add_member(env.create_user("reader"))
        some_story = index.stories[len(index.stories) // 2][0]
        chosen = [(name, {"story": some_story}) for name in ("story view", "story sources", "story timeline")]
        for name, options in (*COMMANDS, *chosen):
            label = " ".join(("/" + name, *(f"{key}:{value}" for key, value in options.items())))
            ask = timed(
                label, lambda name=name, options=options: answered(reader, channel, name, options), limit=ANSWER
            )
            found.append(await ask)
        for name, option in OFFERED:
            each = []
            for typed in TYPED:
                began = time.perf_counter()
                await reader.autocomplete(channel, name, option, typed)
                each.append(1000 * (time.perf_counter() - began))
            found.append(Timed(f"autocomplete of /{name} {option}", each, QUICK))
    return found


async def answered(reader: Any, channel: Any, name: str, options: dict[str, Any]) -> None:
    assert said(await reader.slash(channel, name, **options))


async def timed(name: str, work: Callable[[], Awaitable[object]], *, limit: float) -> Timed:
    each = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await work()
        each.append(1000 * (time.perf_counter() - began))
    return Timed(name, each, limit)


def table(found: Sequence[Timed]) -> Table:
    shown = Table("look-up", "times", "median ms", "p95 ms", "may take", "", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in found:
        verdict = "" if each.p95 <= each.limit else "too slow"
        row = (
            str(len(each.each)),
            f"{statistics.median(each.each):.0f}",
            f"{each.p95:.0f}",
            f"{each.limit:.0f}",
            verdict,
        )
        shown.add_row(each.name, *row)
    return shown


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ARTICLES, *sys.argv[2:]))
