"""`python -m tests.bench`: times the dear steps and prints each beside its yardstick from the same run.

Only ratios within one run mean something: machines differ, and so does what else they do. It judges nothing.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import count

import feedparser
import spacy
from rich import box
from rich.console import Console
from rich.table import Table

from bot.core.analysis import analyse
from bot.core.article import Article
from bot.core.entry import parse_feed
from bot.core.merging import OpenStories
from bot.core.story import MergingRules, Report
from bot.language.worker import Analyst
from bot.settings import Settings, load_settings
from tests.bench.texts import NOW, big_feeds, labelled_articles, sample_articles, shuffled

RELEVANT = 150
OPEN_STORIES = (100, 400)
PLACED = 100
ENTRIES = 300


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


def main() -> None:
    settings, console = load_settings(), Console()
    with console.status("loading the language model"):
        analyst = Analyst(settings.knowledge, settings.language.model)
    figures = list(parsing())
    with console.status("reading"):
        figures += reading(settings, analyst)
    with console.status("merging"):
        figures += merging(settings, analyst)
    console.print(table(figures))


def parsing() -> Iterable[Figure]:
    """Feeds to entries, beside feedparser alone on the same bodies."""
    for form, body in big_feeds(sample_articles(), ENTRIES):
        seconds = timed(lambda body=body: parse_feed(body, url="https://bench.example/feed", now=NOW), times=3)
        beside = None
        if form != "json":
            alone = timed(lambda body=body: feedparser.parse(BytesIO(body)), times=3)
            beside = Figure("feedparser alone", ENTRIES * 3, alone)
        yield Figure(f"entry out of a feed, {form}", ENTRIES * 3, seconds, beside)


def reading(settings: Settings, analyst: Analyst) -> Iterable[Figure]:
    """The gate and the whole analysis, beside every component of the model on the same texts."""
    everything = spacy.load(settings.language.model)
    samples = list(shuffled(sample_articles(), RELEVANT * 3))
    for name, articles in (("sample", samples), ("labelled", labelled_articles())):
        verdicts = analyse(articles, analyst.tools)
        relevant = [each for each, found in zip(articles, verdicts, strict=True) if found.relevance.relevant][:RELEVANT]
        silent = [each for each, found in zip(articles, verdicts, strict=True) if not found.relevance.relevant]
        for kind, chosen in ("irrelevant", silent), ("relevant", relevant):
            if chosen:
                yield beside_model(f"{name} {kind}", chosen, analyst, everything)


def beside_model(name: str, articles: list[Article], analyst: Analyst, everything: spacy.Language) -> Figure:
    texts = [f"{article.title}\n{article.text}" for article in articles]
    plain = timed(lambda: list(everything.pipe(texts, batch_size=32)))
    ours = timed(lambda: analyse(articles, analyst.tools))
    number = len(articles)
    return Figure(f"analysis, {name} text", number, ours, Figure("the model, all parts", number, plain))


def merging(settings: Settings, analyst: Analyst) -> Iterable[Figure]:
    """One report placed among many open stories, beside the same among the fewest."""
    articles = list(shuffled(sample_articles(), OPEN_STORIES[-1] * 4, seed=2))
    found = zip(articles, analyse(articles, analyst.tools), strict=True)
    reports = [Report(article, analysis) for article, analysis in found if analysis.relevance.relevant]
    first: Figure | None = None
    for wanted in OPEN_STORIES:
        stories, used = filled(reports, wanted, settings.merging)
        rest = reports[used : used + PLACED]
        numbers = count()
        seconds = timed(lambda stories=stories, rest=rest, numbers=numbers: place_all(stories, rest, numbers))
        figure = Figure(f"report among {wanted} open stories", len(rest), seconds, first)
        first = first or figure
        yield figure


def filled(reports: list[Report], wanted: int, rules: MergingRules) -> tuple[OpenStories, int]:
    """Stories made of reports until there are `wanted`, and how many reports that took."""
    stories = OpenStories(rules=rules)
    for used, report in enumerate(reports):
        if len(stories) >= wanted:
            return stories, used
        stories.place(report, now=report.article.first_seen, new_id=f"open-{used}")
    return stories, max(len(reports) - PLACED, 0)


def place_all(stories: OpenStories, reports: list[Report], numbers: Iterable[int]) -> None:
    for number, report in zip(numbers, reports, strict=False):
        stories.place(report, now=report.article.first_seen, new_id=f"new-{number}")


def timed(work: Callable[[], object], *, times: int = 1) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - began


def table(figures: Iterable[Figure]) -> Table:
    shown = Table("step", "ms each", "yardstick", "ms each", "ratio", box=box.SIMPLE_HEAD, pad_edge=False)
    for figure in figures:
        beside = figure.beside
        yardstick = (beside.name, f"{beside.each:.2f}", f"{beside.each / figure.each:.2f} ×") if beside else ("–",) * 3
        shown.add_row(figure.name, f"{figure.each:.2f}", *yardstick)
    return shown


if __name__ == "__main__":
    main()
