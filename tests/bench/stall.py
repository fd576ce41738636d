"""`python -m tests.bench.stall`: how long the event loop is held while feeds are polled, some of them hostile.

Fifty feeds, each on a host of its own, are polled with none, one and ten hostile ones among them; then one that brings
500 articles on the topic at once. The server is a process of its own, so that only the poller's loop counts. The first
row is the yardstick: how late a loop that has nothing to do is on this machine just now. It judges nothing, but the
longest stall must stay under 250 ms where that is small: Discord's heartbeat and every answer to a person wait for it.
"""

import asyncio
import gzip
import sys
from collections.abc import Iterator
from html import escape
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.table import Table

from bot.cli.options import results
from bot.core.feed import Feed
from bot.fetch import Fetcher
from bot.language import Language
from bot.logs import set_up_logs
from bot.settings import load_settings
from bot.store import Store, feeds
from handlers.poll import PollReport, PollRules, poll
from tests.beats import Beats, beats
from tests.bench.texts import NOW, sample_articles, shuffled
from tests.hostile import MB, bodies
from tests.site import Site, open_site

FEEDS, ENTRIES, MANY = 50, 30, 500
IDLE = 10.0  # seconds
HOSTILE = (
    "an author of ats", "an itunes author", "attributes without quotes", "a run of open comments", "deep entries",
    "five megabytes of brackets", "a million entries", "json of many entries", "five megabytes of text",
)  # fmt: skip


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_serve())
    else:
        asyncio.run(_measure())


async def _serve() -> None:
    """Serves every body at its path until standard input ends; says its port first."""
    async with open_site() as site:
        for number, body in enumerate(_good(FEEDS)):
            site.at(f"/good/{number}", body=body)
        site.at("/many", body=next(_written(MANY, MANY)))
        for name in HOSTILE:
            site.at(f"/{HOSTILE.index(name)}", body=bodies()[name]())
        site.at(f"/{len(HOSTILE)}", body=gzip.compress(bytes(200 * MB), mtime=0), Content_Encoding="gzip")
        print(site.port, flush=True)  # noqa: T201 - for the process that measures
        await asyncio.to_thread(sys.stdin.read)


def _good(count: int) -> Iterator[bytes]:
    return _written(count * ENTRIES, ENTRIES)


def _written(count: int, each: int) -> Iterator[bytes]:
    articles = list(shuffled(sample_articles(), count))
    for start in range(0, count, each):
        entries = "".join(
            f"<item><guid>{start}-{number}</guid><title>{escape(article.title)}</title><link>{article.link}</link>"
            f"<description>{escape(article.text)}</description></item>"
            for number, article in enumerate(articles[start : start + each])
        )
        yield f"<rss version='2.0'><channel><title>Good</title>{entries}</channel></rss>".encode()


async def _measure() -> None:
    set_up_logs(level="CRITICAL")
    console, table = results(), Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("polled", "longest stall ms", "of it at work ms", "seconds", "fetched", "failed", "new entries"):
        table.add_column(head, justify="left" if head == "polled" else "right")
    serving = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.stall",
        "serve",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert serving.stdin is not None
    assert serving.stdout is not None
    site = Site()
    site.port = int(await serving.stdout.readline())
    with console.status("polling"):
        table.add_row("nothing", *await _idle())
        for hostile in (0, 1, len(HOSTILE) + 1):
            table.add_row(f"{FEEDS} feeds, {hostile} hostile", *await _polled(_urls(site, hostile)))
        table.add_row(f"1 feed with {MANY} entries on the topic", *await _polled([site.url("/many")]))
    serving.stdin.close()
    await serving.wait()
    console.print(table)


async def _idle() -> list[str]:
    async with beats() as found:
        await asyncio.sleep(IDLE)
    return _cells(found, PollReport(seconds=IDLE))


def _urls(site: Site, hostile: int) -> list[str]:
    paths = [f"/{number}" for number in range(hostile)] + [f"/good/{number}" for number in range(FEEDS - hostile)]
    return [site.url(path, f"127.0.1.{number + 1}") for number, path in enumerate(paths)]


async def _polled(urls: list[str]) -> list[str]:
    """The cells of one row."""
    settings = load_settings()
    with TemporaryDirectory() as folder:
        async with (
            Store.open(f"sqlite:///{Path(folder) / 'tocsin.db'}") as store,
            Fetcher(allowed_networks=[ip_network("127.0.0.0/8")]) as fetcher,
            Language(knowledge=settings.knowledge, model=settings.language.model) as language,
        ):
            await language.model()  # workers that are there already, as in a bot that runs
            await store.write(feeds.sync_catalogue, [Feed(url, url) for url in urls], NOW)
            async with beats() as found:
                report = await poll(NOW, store=store, fetcher=fetcher, language=language, rules=PollRules())
    return _cells(found, report)


def _cells(found: Beats, report: PollReport) -> list[str]:
    figures = (1000 * found.late, 1000 * found.busy, report.seconds, report.fetched, report.failed, report.entries_new)
    return [f"{figure:.0f}" for figure in figures]


if __name__ == "__main__":
    main()
