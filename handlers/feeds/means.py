"""What the commands of `/feeds` work with, and the first steps that they share. It holds no command."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from discord import app_commands

from bot.client.drafts import Drafts
from bot.client.index import Index, choices
from bot.client.replies import Interaction, RefusedError, defer
from bot.client.rights import is_manager, require_manager
from bot.core.escape import escape
from bot.core.feedlist import ServerFeed, name_of, names_of
from bot.core.message import joined, relative
from bot.core.newfeed import FeedLimits, NewFeed, Sorted, key_of
from bot.fetch import Fetcher
from bot.language import Language
from bot.store import Store, guild_feeds

HOUR = timedelta(hours=1)
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Looks:
    """When each server had addresses looked at, so that nobody makes the bot knock on doors all day. A restart
    forgets it."""

    most: int
    _times: dict[int, deque[datetime]] = field(default_factory=dict)

    def count(self, guild_id: int, now: datetime) -> None:
        """Counts one. Raises RefusedError where the server has had as many as it may within an hour."""
        times = self._times.setdefault(guild_id, deque())
        while times and times[0] <= now - HOUR:
            times.popleft()
        if len(times) >= self.most:
            raise RefusedError(
                f"This server had {self.most} addresses looked at within an hour, as many as it may. "
                f"Go on {relative(times[0] + HOUR)}."
            )
        times.append(now)


@dataclass(frozen=True, slots=True)
class Means:
    """The store, what autocomplete offers, the present, the edges that fetch, parse and judge, and what people are
    about to save."""

    store: Store
    index: Index
    clock: Clock
    fetcher: Fetcher
    language: Language
    limits: FeedLimits
    looks: Looks
    drafts: Drafts[Sorted]


def means_of(
    *, store: Store, index: Index, clock: Clock, fetcher: Fetcher, language: Language, limits: FeedLimits
) -> Means:
    """The means of a running bot, with no draft and no look yet."""
    drafts: Drafts[Sorted] = Drafts("`/feeds add` or `/feeds import`")
    return Means(store, index, clock, fetcher, language, limits, Looks(limits.looks_an_hour), drafts)


async def entered(interaction: Interaction, means: Means) -> int:
    """Defers and gives the server's id. Raises RefusedError for people who may not manage it."""
    await defer(interaction)
    return require_manager(interaction, means.index)


async def visible(means: Means, guild_id: int) -> list[ServerFeed]:
    """The feeds that the server may know of."""
    return await means.store.read(guild_feeds.visible, guild_id)


async def chosen(means: Means, guild_id: int, typed: str) -> ServerFeed:
    """The feed that was chosen or named, among those that the server may know of. Raises RefusedError without one."""
    wanted = typed.strip().casefold()
    if wanted.isdecimal() and (found := await means.store.read(guild_feeds.find, guild_id, int(wanted[:18]))):
        return found
    seen = await visible(means, guild_id)
    labels = dict(names_of(seen))
    exact = [
        each
        for each in seen
        if wanted in (each.feed.name.casefold(), labels[str(each.id)].casefold())
        or key_of(typed.strip()) == key_of(each.feed.url)
    ]
    near = exact or [each for each in seen if wanted and wanted in labels[str(each.id)].casefold()]
    if not near:
        raise RefusedError(f"This server reads no feed called “{escape(typed, 100)}”; see `/feeds list`.")
    if len(near) > 1:
        named = joined([name_of(each) for each in near[:5]], ", ", 600)
        raise RefusedError(f"Several feeds hold “{escape(typed, 100)}”: {named}. Choose one from the list.")
    return near[0]


async def own(means: Means, guild_id: int, typed: str, verb: str) -> ServerFeed:
    """The same, if the server added it. Raises RefusedError for what is nobody's, or everybody's."""
    found = await chosen(means, guild_id, typed)
    if not found.own:
        raise RefusedError(
            f"**{name_of(found)}** belongs to the catalogue that every server reads, so no server can {verb} it. "
            "To hear nothing of an outlet, use `/alerts mute`."
        )
    return found


def already(seen: Sequence[ServerFeed], new: NewFeed) -> ServerFeed | None:
    """The feed at that address, if the server reads it already."""
    key = key_of(new.feed.url)
    return next((each for each in seen if key_of(each.feed.url) == key), None)


async def refresh(means: Means, guild_id: int) -> None:
    """Makes autocomplete know the server's feeds as they stand now."""
    means.index.own_feeds[guild_id] = names_of([each for each in await visible(means, guild_id) if each.own])


def offer_feeds(
    interaction: Interaction, means: Means, typed: str, *, own_only: bool
) -> list[app_commands.Choice[str]]:
    """This server's feeds for its managers, and unless `own_only` those that every server reads."""
    if not is_manager(interaction, means.index):
        return []
    added = means.index.own_feeds.get(interaction.guild_id or 0, ())
    return choices([*added, *(() if own_only else means.index.feeds)], typed)
