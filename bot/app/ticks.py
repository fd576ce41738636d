"""The ticks with what they need: what the clock and the command line call."""

import asyncio
from datetime import datetime, timedelta

from bot.app.resources import Resources
from bot.core.alert import TERMINAL, Subscription
from bot.settings.files import feed_rules
from bot.store import Store, feeds, subscriptions
from handlers.deliver import DeliverReport, DeliverRules, Sender, deliver
from handlers.poll import PollReport, PollRules, Shelf, poll

LONG_STOP = timedelta(hours=6)
"""While the bot runs, some feed is polled every few minutes."""

TERMINAL_PAUSED = "A Discord token is set, so nothing is delivered to the terminal."


async def poll_tick(
    resources: Resources,
    *,
    now: datetime,
    everything: bool = False,
    shelf: Shelf | None = None,
    runner: str | None = None,
    begin_within: float | None = None,
    long_stop: bool = False,
) -> PollReport:
    """One round over the feeds that are due, or over all of them; see `poll`."""
    settings = resources.settings
    rules = PollRules(
        feeds=feed_rules(settings.poll),
        merging=settings.merging,
        stale_after=timedelta(days=settings.poll.stale_after),
        at_once=settings.poll.at_once,
        lease=timedelta(seconds=settings.poll.lease),
        importance=settings.importance,
        kinds={each.name: each.kind for each in settings.knowledge.organisations},
        thresholds={topic.id: topic.threshold for topic in settings.knowledge.topics},
        topics={topic.id: topic.name for topic in settings.knowledge.topics},
    )
    return await poll(
        now,
        store=resources.store,
        fetcher=resources.fetcher,
        language=resources.language,
        rules=rules,
        everything=everything,
        shelf=shelf,
        runner=runner,
        begin_within=begin_within,
        long_stop=long_stop,
    )


async def was_stopped_long(store: Store, now: datetime) -> bool:
    """Whether nothing was polled for so long that what has come in meanwhile is best told in one message."""
    last = await store.read(feeds.last_polled)
    return last is not None and now - last > LONG_STOP


async def deliver_tick(
    resources: Resources, sender: Sender, *, now: datetime, stop: asyncio.Event | None = None
) -> DeliverReport:
    """Sends what is owed and edits what has grown. Raises TokenRefusedError."""
    chosen = resources.settings.deliver
    rules = DeliverRules(
        lease=timedelta(seconds=chosen.lease),
        debounce=timedelta(seconds=chosen.debounce),
        attempts=chosen.attempts,
    )
    return await deliver(now, store=resources.store, sender=sender, rules=rules, stop=stop)


async def subscribe_terminal(store: Store, *, now: datetime) -> None:
    """Lets the terminal take everything, from now on or again."""
    there = await store.read(subscriptions.listed, TERMINAL.guild_id)
    for subscription in there:
        await store.write(subscriptions.resume, subscription.id)
    if not there:
        wanted = Subscription(id=0, guild_id=TERMINAL.guild_id, channel_id=TERMINAL.channel_id, created_at=now)
        await store.write(subscriptions.add, wanted)


async def silence_terminal(store: Store) -> None:
    """Pauses the terminal's subscription, if there is one: Discord takes its place."""
    for subscription in await store.read(subscriptions.listed, TERMINAL.guild_id):
        await store.write(subscriptions.pause, subscription.id, TERMINAL_PAUSED)
