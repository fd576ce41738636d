"""The database: whether it can be used, how old it is, how much room is left, and who works with it.

Whether all rows fit together is another matter, and takes longer: `tocsin db check`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.core.alert import Subscription
from bot.core.feed import StoredFeed
from bot.core.message import counted
from bot.core.vitals import spoken
from bot.doctor.finding import Finding
from bot.errors import StoreError
from bot.settings import Settings
from bot.store import feeds, subscriptions
from bot.store.look import Look, glance, look
from bot.store.pulse import work

ABOUT = "database"
MB = 1_000_000
NO_ROOM, LITTLE_ROOM = 100 * MB, 1_000 * MB
"""Bytes: below the first nothing can be written soon; below the second, or twice the database, a backup may not fit."""

CLOCKS_APART = 5.0
"""Seconds by which a server's clock may differ from ours. A running Tocsin goes by the server's, so that
one has to be right."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What was seen of the database; `problem` says why nothing could be. Without a database, or in one of another
    version, there are no rows to see."""

    look: Look | None = None
    problem: str = ""
    subscriptions: Sequence[Subscription] = ()
    feeds: Sequence[StoredFeed] = ()
    runners: dict[str, int] = field(default_factory=dict)


def look_at(settings: Settings) -> Archive:
    """Looks, in the calling thread. Raises nothing for what a database may hold."""
    url = settings.database_url.get_secret_value()
    try:
        seen = look(url)
        if not seen.present or seen.present != seen.newest:
            return Archive(seen)
        now = datetime.now(UTC) + timedelta(seconds=seen.ahead)  # what whoever works with it takes for the present
        return Archive(
            seen,
            subscriptions=glance(url, subscriptions.listed),
            feeds=glance(url, feeds.listed),
            runners=dict(glance(url, work, now).runners),
        )
    except StoreError as error:
        return Archive(problem=str(error))


async def check(archive: Archive) -> Sequence[Finding]:
    """What is right and wrong with it."""
    seen = archive.look
    if seen is None:
        return [Finding(ABOUT, "wrong", archive.problem)]
    found = [_state(seen), *_room(seen)]
    if abs(seen.ahead) > CLOCKS_APART:
        apart = f"{spoken(abs(seen.ahead))} {'ahead of' if seen.ahead > 0 else 'behind'}"
        says = f"The database's clock is {apart} this machine's: let both take their time from the network."
        found.append(Finding(ABOUT, "warning", says))
    if seen.present:
        found.append(Finding(ABOUT, "ok", _at_work(archive, seen)))
    return found


def _state(seen: Look) -> Finding:
    if not seen.present:
        return Finding(ABOUT, "ok", f"There is no database at {seen.name} yet; the first run makes it.")
    if seen.present == seen.newest:
        size = f" ({seen.size / MB:.1f} MB)" if seen.size is not None else ""
        return Finding(ABOUT, "ok", f"The database {seen.name}{size} can be read and is of this version.")
    if seen.present < seen.newest:
        says = f"The database {seen.name} is of an older version: the next run, or `tocsin db upgrade`, changes it."
        return Finding(ABOUT, "warning", says)
    says = f"The database {seen.name} was written by a newer Tocsin: install that version, or name another database."
    return Finding(ABOUT, "wrong", says)


def _room(seen: Look) -> list[Finding]:
    if seen.free is None:
        return []
    left = f"{seen.free / MB:,.0f} MB are free on its disk"
    if seen.free < NO_ROOM:
        return [Finding(ABOUT, "wrong", f"Only {left}: make room before it is full.")]
    if seen.free < max(LITTLE_ROOM, 2 * (seen.size or 0)):
        return [Finding(ABOUT, "warning", f"Only {left}: a backup may not fit; make room.")]
    return [Finding(ABOUT, "ok", f"{left}.")]


def _at_work(archive: Archive, seen: Look) -> str:
    """Who works with it just now."""
    roles = [f"{role} ({number})" if number > 1 else role for role, number in sorted(archive.runners.items())]
    if roles:
        return f"At work on it: {', '.join(roles)}; {counted(len(archive.subscriptions), 'subscription')}."
    return f"{'A' if seen.held else 'No'} Tocsin works with it just now."
