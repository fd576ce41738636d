"""What the program works with: the store, the HTTP edge, the workers, opened as the operator set them up."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bot.app.clock import Clock
from bot.fetch import Fetcher
from bot.language import Language
from bot.settings import Settings
from bot.store import Store, feeds


@dataclass(frozen=True, slots=True)
class Resources:
    """What the ticks work with, open for as long as the program runs."""

    settings: Settings
    store: Store
    fetcher: Fetcher
    language: Language
    clock: Clock = field(default_factory=Clock)


@asynccontextmanager
async def open_resources(
    settings: Settings, *, clock: Clock | None = None, lists: bool = True
) -> AsyncIterator[Resources]:
    """Everything that the ticks need, with a clock that was set; with the operator's feeds in the store where it
    `lists` them, which is for those alone who poll: what others were not given would be taken from those who were.
    Raises StoreError."""
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_url.get_secret_value()))
        await clock.set_by(store)
        if not store.shared:
            await store.write(feeds.release)
        if lists:
            await store.write(feeds.sync_catalogue, settings.feeds, clock())
        fetcher = await stack.enter_async_context(open_fetcher(settings))
        language = await stack.enter_async_context(open_language(settings))
        yield Resources(settings, store, fetcher, language, clock)


def open_fetcher(settings: Settings) -> Fetcher:
    """The HTTP edge."""
    rules = settings.poll
    return Fetcher(allowed_networks=rules.allowed_networks, at_once=rules.at_once, contact=rules.contact)


def open_language(settings: Settings) -> Language:
    """The workers that parse feeds and analyse articles."""
    rules = settings.language
    return Language(
        knowledge=settings.knowledge,
        model=rules.model,
        workers=rules.workers,
        time_limit=rules.time_limit,
        memory_limit=rules.memory_limit,
    )


def open_parser(settings: Settings) -> Language:
    """Workers that only parse feeds: they hold no knowledge and load no model until they are asked to analyse."""
    rules = settings.language
    return Language(workers=rules.workers, time_limit=rules.time_limit, memory_limit=rules.memory_limit)
