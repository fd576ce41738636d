"""How fast articles are understood: the gate, the whole analysis, merging, all of it over a realistic mix, and memory.

The yardstick is the language model with all its parts, plainly, on the same texts. Only what the documents say counts:
it makes no feed of them and stores nothing.
"""

import asyncio
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from random import Random

import spacy

from bot.core.analysis import Analysis, analyse
from bot.core.article import Article
from bot.core.clauses import make_lexicon
from bot.core.joining import begin
from bot.core.merging import OpenStories
from bot.core.organisations import Mention
from bot.core.profile import Profile, extend
from bot.core.story import Report, Story
from bot.core.traits import describe
from bot.language import Language
from bot.language.worker import Analyst
from bot.settings import Settings
from tests.bench.figure import Figure, timed
from tests.bench.texts import NOW, labelled, shuffled

RELEVANT = 200
MIX = 600
SHARE = 0.05
"""How much of a mix is relevant; a tenth of the rest is noise that comes near."""
OPEN_STORIES = (100, 10_000)
PLACED = 200
DAYS = 300
PLAIN = "the model, all parts"


def understanding(settings: Settings, analyst: Analyst) -> Iterator[Figure]:
    """The gate, the whole pass and the whole path, each beside the model with all its parts on the same texts."""
    everything = spacy.load(settings.language.model)
    relevant = labelled("relevant", "relevant", "industry", "power")
    general, noise = labelled("not_relevant", "general"), labelled("not_relevant", "noise")
    yield _beside("text that the gate refuses", _refused([*general, *noise], analyst), analyst, everything, times=3)
    yield _beside("text that is relevant, with every fact", _told(relevant, analyst)[:RELEVANT], analyst, everything)
    yield _whole_path(mix(relevant, general, noise), settings, analyst, everything)


def mix(relevant: Sequence[Article], general: Sequence[Article], noise: Sequence[Article]) -> list[Article]:
    """`MIX` articles in an order of chance: `SHARE` relevant ones, of the others nine in ten general news."""
    chance, wanted = Random(3), round(MIX * SHARE)
    others = [chance.choice(noise if n % 10 == 0 else general) for n in range(MIX - wanted)]
    return chance.sample([*chance.sample(relevant, wanted), *others], MIX)


def _refused(articles: Sequence[Article], analyst: Analyst) -> list[Article]:
    found = zip(articles, analyse(articles, analyst.tools), strict=True)
    return [article for article, analysis in found if analysis.relevance.score == 0]


def _told(articles: Sequence[Article], analyst: Analyst) -> list[Article]:
    found = zip(articles, analyse(articles, analyst.tools), strict=True)
    return [article for article, analysis in found if analysis.relevance.relevant]


def _beside(
    name: str, articles: Sequence[Article], analyst: Analyst, everything: spacy.Language, *, times: int = 1
) -> Figure:
    ours = timed(lambda: analyse(articles, analyst.tools), times=times)
    return Figure(name, len(articles), ours, _plain(articles, everything))


def _plain(articles: Sequence[Article], everything: spacy.Language) -> Figure:
    texts = [f"{article.title}\n{article.text}" for article in articles]
    return Figure(PLAIN, len(texts), timed(lambda: list(everything.pipe(texts, batch_size=32))))


def _whole_path(
    articles: Sequence[Article], settings: Settings, analyst: Analyst, everything: spacy.Language
) -> Figure:
    """Gate, analysis and merging over a realistic mix."""

    def path() -> None:
        place_all(OpenStories(rules=settings.merging), reports_of(articles, analyse(articles, analyst.tools)))

    name = f"whole path, {SHARE:.0%} of the texts relevant"
    return Figure(name, len(articles), timed(path, times=2), _plain(articles, everything))


def merging(settings: Settings, analyst: Analyst) -> Iterator[Figure]:
    """One report placed among very many stories, beside the same among few."""
    articles = labelled("relevant", "relevant", "industry", "power")
    reports = reports_of(articles, analyse(articles, analyst.tools))
    first: Figure | None = None
    for wanted in OPEN_STORIES:
        stories = OpenStories(made_stories(reports, wanted, settings), settings.merging)
        new = [replace(report, article=replace(report.article, first_seen=NOW)) for report in reports[:PLACED]]
        figure = Figure(f"report among {wanted:,} open stories", len(new), _placing(stories, new), first)
        first = first or figure
        yield figure


def _placing(stories: OpenStories, new: Sequence[Report]) -> float:
    return timed(lambda: place_all(stories, new))


def made_stories(reports: Sequence[Report], number: int, settings: Settings) -> Iterator[Story]:
    """Stories of one report each over `DAYS` days: a labelled title, sentences of others, names drawn by chance."""
    chance, lexicon = Random(4), make_lexicon(settings.merging)
    by_title = {report.article.title: report.analysis for report in reports}
    names = [organisation.name for organisation in settings.knowledge.organisations]
    made = shuffled([report.article for report in reports], number, seed=5)
    for place, article in enumerate(made):
        seen = NOW - timedelta(days=DAYS * (1 - place / number))
        analysis = by_title[article.title.rpartition(": ")[0]]
        report = Report(replace(article, first_seen=seen), _renamed(analysis, article, chance.sample(names, 2)))
        traits = describe(report, lexicon)
        yield begin(report, traits, extend(Profile(), traits), story_id=f"made-{place}", follows=None)


def _renamed(analysis: Analysis, article: Article, names: Sequence[str]) -> Analysis:
    """What another text says: its own words, the first of the organisations named before, and other ones."""
    terms = {word.strip(".,").lower(): 1 for word in f"{article.title} {article.text}".split()}
    mentions = [Mention(name, name, 0, 1) for name in names]
    return replace(analysis, terms=terms, organisations=(*analysis.organisations[:1], *mentions))


def reports_of(articles: Iterable[Article], analyses: Iterable[Analysis]) -> list[Report]:
    found = zip(articles, analyses, strict=True)
    return [Report(article, analysis) for article, analysis in found if analysis.relevance.relevant]


def place_all(stories: OpenStories, reports: Iterable[Report]) -> None:
    numbers = count()
    for report in reports:
        stories.place(report, now=report.article.first_seen, new_id=lambda: f"new-{next(numbers)}")


def memory(settings: Settings) -> float:
    """Megabytes that one worker with the model takes at most; it has to be the first process that is started."""
    asyncio.run(_in_a_worker(settings, labelled("relevant", "relevant")))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


async def _in_a_worker(settings: Settings, articles: Sequence[Article]) -> None:
    async with Language(knowledge=settings.knowledge, model=settings.language.model, workers=1) as language:
        await language.analyse(articles)
