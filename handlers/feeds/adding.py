"""`/feeds add · check`: what stands at an address, with verdicts, before anything is saved by a button."""

import re
from collections.abc import Sequence
from datetime import datetime

import structlog
from discord import app_commands

from bot.client.drafts import MINUTES
from bot.client.replies import Interaction, PersistentButton, RefusedError, persistent_button, replace, reply
from bot.client.rights import require_manager
from bot.core.feedlist import ServerFeed, name_of, told_message
from bot.core.link import host_of
from bot.core.message import relative
from bot.core.newfeed import DRAFT, LONGEST_NAME, Sorted, added_message, admitted, look_message
from bot.store import guild_feeds
from handlers.feeds.looking import address_given, look_at
from handlers.feeds.means import HOUR, Means, already, entered, refresh, visible

log = structlog.get_logger(__name__)
ADDRESS = "A feed, or a page whose feed is to be found"


def add_to(group: app_commands.Group, means: Means) -> None:
    """Adds the commands to the group."""

    @group.command(name="add", description="Finds the feed behind a page, shows what it holds, then adds it")
    @app_commands.describe(url=ADDRESS, name="How this server calls it; without it, as its publisher does")
    async def add(
        interaction: Interaction, url: str, name: app_commands.Range[str, 1, LONGEST_NAME] | None = None
    ) -> None:
        await _look(interaction, means, url, name, only_new=True)

    @group.command(name="check", description="Finds the feed behind a page and judges its newest entries")
    @app_commands.describe(url=ADDRESS)
    async def check(interaction: Interaction, url: str) -> None:
        await _look(interaction, means, url, None, only_new=False)


def buttons(means: Means) -> list[type[PersistentButton]]:
    """Add or Apply, and Cancel, under a draft."""

    async def press(interaction: Interaction, match: "re.Match[str]") -> None:
        guild_id = require_manager(interaction, means.index)
        token, now = match["token"], means.clock()
        draft = means.drafts.get(token, user_id=interaction.user.id, guild_id=guild_id, now=now)
        await interaction.response.defer()
        means.drafts.drop(token)  # before any wait: two presses must not both add
        if match["asked"] == "cancel":
            again = ["Start again with `/feeds add` or `/feeds import`."]
            await replace(interaction, told_message("Nothing was added", again))
            return
        try:
            done = await save(means, guild_id, draft.wanted, by=interaction.user.id)
        except Exception:
            means.drafts.kept[token] = draft
            raise
        await refresh(means, guild_id)
        await replace(interaction, added_message(done.new, done.refused))

    return [persistent_button(DRAFT, press)]


async def _look(interaction: Interaction, means: Means, url: str, name: str | None, *, only_new: bool) -> None:
    guild_id = await entered(interaction, means)
    now = means.clock()
    address = address_given(url, means.fetcher)
    seen = await visible(means, guild_id)
    means.looks.count(guild_id, now)
    found = await look_at(address, name=name, fetcher=means.fetcher, language=means.language, now=now)
    there = already(seen, found.new)
    if there and only_new:
        raise RefusedError(f"{known_words(there)} See `/feeds health`.")
    notes = [known_words(there)] if there else []
    wanted = Sorted((found.new,))
    token = None if there else means.drafts.keep(wanted, user_id=interaction.user.id, guild_id=guild_id, now=now)
    await reply(interaction, look_message(found, token=token, minutes=MINUTES, notes=notes))


def known_words(there: ServerFeed) -> str:
    """That a feed is there already, and whose it is."""
    if there.own:
        return f"This server has added that feed already, as **{name_of(there)}**."
    return f"Every server reads that feed already: **{name_of(there)}** is in the catalogue."


async def save(means: Means, guild_id: int, wanted: Sorted, *, by: int) -> Sorted:
    """Adds what there is room for. Raises RefusedError where nothing can be added."""
    now = means.clock()

    def admit(seen: Sequence[ServerFeed], lately: Sequence[datetime]) -> Sorted:
        found = admitted(wanted, seen, lately=len(lately), limits=means.limits)
        if not found.new:
            raise RefusedError(_refusal(means, wanted, seen, lately))
        return found

    added = await means.store.write(guild_feeds.add, guild_id, by=by, now=now, admit=admit)
    log.info("feed.added", guild=guild_id, hosts=[host_of(each.feed.url) for each in added.new])
    return added


def _refusal(means: Means, wanted: Sorted, seen: Sequence[ServerFeed], lately: Sequence[datetime]) -> str:
    """Why nothing can be added."""
    limits = means.limits
    there = [found for new in wanted.new if (found := already(seen, new))]
    if len(there) == len(wanted.new) and there:
        return known_words(there[0]) if len(there) == 1 else "This server reads all of these feeds already."
    if sum(each.own for each in seen) >= limits.per_server:
        return f"This server has added {limits.per_server} feeds, the most there can be; `/feeds remove` makes room."
    again = f" Add more {relative(lately[0] + HOUR)}." if lately else ""
    return f"This server has added {limits.adds_an_hour} feeds within an hour, as many as it may.{again}"
