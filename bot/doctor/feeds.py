"""Whether feeds can be reached, asked as a poll asks for them: behind the guard, one request a host, and with the
validators of the last poll, so that most answer without a body. No body is read."""

import asyncio
from collections.abc import Sequence

from bot.app import open_fetcher
from bot.core.escape import plain
from bot.core.feed import Feed, FeedState, StoredFeed, address_of
from bot.core.message import counted
from bot.doctor.database import Archive
from bot.doctor.finding import Finding
from bot.errors import FeedError
from bot.fetch import Fetcher
from bot.settings import Settings

ABOUT = "feeds"
MOST_ASKED = 200
MOST_TOLD = 20
FEW_TOLD = 3
"""Of feeds none of which answers: it is hardly they that are at fault."""

PATIENCE = 60.0
"""Seconds for all of them together."""


async def check(settings: Settings, archive: Archive, *, network: bool) -> Sequence[Finding]:
    """How many answer, and of the others why not."""
    wanted = _wanted(settings.feeds, archive.feeds)
    if not wanted:
        return []
    if not network:
        return [Finding(ABOUT, "ok", f"{counted(len(wanted), 'feed')}, which were not asked.")]
    asked = wanted[:MOST_ASKED]
    async with open_fetcher(settings) as fetcher:
        tasks = {asyncio.create_task(_problem(fetcher, each)): each for each in asked}
        done, late = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    troubles = [(tasks[task].feed.name, task.result()) for task in tasks if task in done and task.result()]
    return _findings(len(done) - len(troubles), len(asked), troubles, late=len(late))


def _wanted(configured: Sequence[Feed], stored: Sequence[StoredFeed]) -> list[StoredFeed]:
    """The active feeds of the database, then those that no run has brought there yet."""
    known = {each.feed.url for each in stored}
    new = [StoredFeed(0, feed, FeedState()) for feed in configured if feed.url not in known]
    return [each for each in stored if each.state.status == "active"] + new


async def _problem(fetcher: Fetcher, stored: StoredFeed) -> str:
    """Why the feed does not answer, in one sentence; "" if it does."""
    state = stored.state
    try:
        await fetcher.fetch(address_of(stored.feed.url, state), etag=state.etag, last_modified=state.last_modified)
    except FeedError as error:
        return str(error)
    return ""


def _findings(well: int, asked: int, troubles: Sequence[tuple[str, str]], *, late: int) -> list[Finding]:
    if not well:
        says = f"None of {counted(asked, 'feed')} answers: check this machine's connection and its name server."
        summary, most = Finding(ABOUT, "wrong", says), FEW_TOLD
    else:
        summary, most = Finding(ABOUT, "ok", f"{well} of {counted(asked, 'feed')} answer."), MOST_TOLD
    told = [Finding(ABOUT, "warning", f"{plain(name)}: {why}") for name, why in troubles[:most]]
    if len(troubles) > most:
        says = f"{len(troubles) - most} more do not answer; `tocsin feeds list` tells what the last polls found."
        told.append(Finding(ABOUT, "warning", says))
    if late:
        told.append(Finding(ABOUT, "warning", f"{counted(late, 'feed')} had no answer within {PATIENCE:.0f} seconds."))
    return [summary, *told]
