"""What everyone wants just now: subscriptions, what whole servers watch and mute, and who is to be left in peace.

Read anew for each commit, so that a change by a person counts at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.alert import QUIET, Subscription
from bot.core.hours import quiet_until
from bot.core.owing import Hold, Server
from bot.settings.zones import zone
from bot.store import Connection, guilds, subscriptions
from bot.store.guilds import GuildSettings, Watch

GATHERING = timedelta(minutes=5)
"""After a long stop what comes in is gathered for so long before it is told in one message."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Subscriptions, what each server wants (by its id), and why a subscription's alerts wait (by its id)."""

    subscriptions: Sequence[Subscription]
    servers: Mapping[int, Server]
    holds: Mapping[int, Hold]


def wishes(c: Connection, now: datetime, *, long_stop: bool = False) -> Wishes:
    """What is wanted at `now`; after a long stop everything that is owed is held for one catch-up message each."""
    wanted = subscriptions.listed(c)
    watches = guilds.listed_watches(c, now)
    settings = guilds.all_settings(c)
    holds = {each.id: hold for each in wanted if (hold := hold_of(each, now, long_stop=long_stop))}
    return Wishes(wanted, servers(watches, settings), holds)


def hold_of(subscription: Subscription, now: datetime, *, long_stop: bool) -> Hold | None:
    """Why what the subscription is owed at `now` has to wait, if it has to."""
    quiet = subscription.habits.quiet
    until = quiet_until(quiet, now, zone(quiet.timezone)) if quiet else None
    if quiet and until:
        return Hold(QUIET, until, quiet.critical_override)
    return Hold("long stop", now + GATHERING) if long_stop else None


def servers(watches: Sequence[Watch], settings: Sequence[GuildSettings]) -> dict[int, Server]:
    """What each server wants, by its id."""
    words: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for watch in watches:
        words[watch.guild_id, watch.kind].append(watch.words)
    stricter = {each.guild_id: each.threshold for each in settings}
    return {
        id: Server(tuple(words[id, "watch"]), tuple(words[id, "mute"]), stricter.get(id, 0.0))
        for id in {guild for guild, _ in words} | stricter.keys()
    }
