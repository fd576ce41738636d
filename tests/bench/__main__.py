"""`python -m tests.bench`: times the dear steps and prints each beside its yardstick from the same run.

Only ratios within one run mean something: machines differ, and so does what else they do. It judges nothing.
"""

from collections.abc import Iterable
from io import BytesIO

import feedparser

from bot.cli.options import results
from bot.core.entry import parse_feed
from bot.language.worker import Analyst
from bot.settings import load_settings
from tests.bench.figure import Figure, table, timed
from tests.bench.texts import NOW, big_feeds, sample_articles
from tests.bench.understanding import memory, merging, understanding

ENTRIES = 300


def main() -> None:
    settings, console = load_settings(), results()
    with console.status("a worker reading"):
        megabytes = memory(settings)
    with console.status("loading the language model"):
        analyst = Analyst(settings.knowledge, settings.language.model)
    figures = list(parsing())
    with console.status("reading"):
        figures += understanding(settings, analyst)
    with console.status("merging"):
        figures += merging(settings, analyst)
    console.print(table(figures))
    console.print(f"One worker with the language model takes {megabytes:.0f} MB at most.")


def parsing() -> Iterable[Figure]:
    """Feeds to entries, beside feedparser alone on the same bodies."""
    for form, body in big_feeds(sample_articles(), ENTRIES):
        seconds = timed(lambda body=body: parse_feed(body, url="https://bench.example/feed", now=NOW), times=3)
        beside = None
        if form != "json":
            alone = timed(lambda body=body: feedparser.parse(BytesIO(body)), times=3)
            beside = Figure("feedparser alone", ENTRIES, alone)
        yield Figure(f"entry out of a feed, {form}", ENTRIES, seconds, beside)


if __name__ == "__main__":
    main()
