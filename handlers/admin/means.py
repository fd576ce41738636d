"""What the commands of `/admin` work with, and the first steps that they share. It holds no command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from discord import app_commands

from bot.client.index import Index, choices, value_chosen
from bot.client.replies import Interaction, RefusedError, defer
from bot.client.rights import is_manager, require_manager
from bot.core.account import Standards
from bot.core.escape import escape
from bot.core.importance import Importance, ImportanceRules, with_watched
from bot.core.link import spellings
from bot.core.owing import Server
from bot.core.story import MergingRules, Story
from bot.store import Store, articles, corrections, stories, traces
from bot.store.corrections import Done, Hand

WHY = "`/admin why` with its address shows why."


def unweighed(_story: Story) -> Importance:
    """The importance of every story where no rules are given."""
    return Importance("low", 0.0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What decisions go by: `standards`, `merging` and `importance` as configured, `weigh` for how much a story matters
    to no server in particular."""

    standards: Standards = field(default_factory=Standards)
    merging: MergingRules = field(default_factory=MergingRules)
    weigh: Callable[[Story], Importance] = unweighed
    importance: ImportanceRules = field(default_factory=ImportanceRules)

    def weigh_for(self, server: Server, story: Story) -> Importance:
        """How much a story matters to a server."""
        return with_watched(self.weigh(story), story, self.importance, watched=server.watched)

    @property
    def thresholds(self) -> dict[str, float]:
        """By topic the score that a story needs."""
        return {topic.id: topic.threshold for topic in self.standards.topics}


@dataclass(frozen=True, slots=True)
class Means:
    """The store, what autocomplete offers, the present, and what decisions go by."""

    store: Store
    index: Index
    clock: Callable[[], datetime]
    judgement: Judgement


async def entered(interaction: Interaction, means: Means) -> int:
    """Defers and gives the server's id. Raises RefusedError for people who may not manage it."""
    await defer(interaction)
    return require_manager(interaction, means.index)


def hand_of(interaction: Interaction, means: Means, guild_id: int) -> Hand:
    """Who corrects, when, and by what rules."""
    judgement = means.judgement
    return Hand(guild_id, interaction.user.id, means.clock(), judgement.merging, judgement.weigh)


async def story_chosen(typed: str, means: Means) -> Story:
    """The story with this id, or the only one whose title holds these words. Raises RefusedError."""
    asked = value_chosen(typed, means.index.stories)
    found = await means.store.read(stories.get, asked)
    if found is None:
        titled = await means.store.read(stories.find, asked, limit=2)
        if len(titled) > 1:
            raise RefusedError(f"Several stories hold “{escape(asked, 200)}”; choose one from the list.")
        found = await means.store.read(stories.get, titled[0][0]) if titled else None
    if found is None:
        raise RefusedError(f"No story is called “{escape(asked, 200)}”; see `/news latest`.")
    return found


async def article_chosen(typed: str, means: Means, *, advice: str = WHY) -> int:
    """The row of a report, given by the list or by its address. Raises RefusedError; `advice` is for an article that is
    in no story."""
    asked = value_chosen(typed, means.index.reports)
    if asked.isdecimal() and len(asked) < 19:
        return int(asked)
    links = spellings(asked)
    found = await means.store.read(articles.ids_of_links, links)
    seen = [] if found else await means.store.read(traces.of_link, links)
    if seen:
        raise RefusedError(f"Tocsin has read this article, but it is in no story, so nobody was told of it. {advice}")
    if not found:
        raise RefusedError(
            f"Tocsin knows no report “{escape(asked, 150)}”. Choose it from the list, or give the address of its page."
        )
    return found[0]


async def refresh(means: Means, guild_id: int, done: Done | None = None) -> None:
    """Makes autocomplete know stories, reports and corrections as they stand now."""
    index = means.index
    index.corrections[guild_id] = await means.store.read(corrections.titles, guild_id)
    if done is not None:
        gone = {*done.gone, *(story.id for story in done.changed)}
        first = [(story.id, story.title) for story in done.changed]
        index.stories = [*first, *(each for each in index.stories if each[0] not in gone)]
        index.reports = await means.store.read(articles.joined_lately)


Choices = list[app_commands.Choice[str]]


def offer_stories(means: Means) -> Callable[[Interaction, str], object]:
    """Autocomplete of an option that takes a story, for managers."""

    async def offer(interaction: Interaction, typed: str) -> Choices:
        return choices(means.index.stories, typed) if is_manager(interaction, means.index) else []

    return offer


def offer_reports(means: Means) -> Callable[[Interaction, str], object]:
    """Autocomplete of an option that takes a report of a story that has several, for managers."""

    async def offer(interaction: Interaction, typed: str) -> Choices:
        return choices(means.index.reports, typed) if is_manager(interaction, means.index) else []

    return offer
