"""Servers and channels that fail, go and come back: nobody else notices, and what was owed is told once or ends."""

import asyncio
import time

import pytest
from sqlalchemy import Connection, insert

from bot.core.alert import Habits
from bot.core.hours import DigestPlan
from bot.store import alerts, guilds, prune, stories, subscriptions
from bot.store.schema import alerts as alert_table
from tests import bureau as bureaus
from tests import stage
from tests.builders import a_story, a_subscription
from tests.bureau import DAY, HOUR, MINUTE, Bureau
from tests.discord_fake import CREATE, Fault, Permission
from tests.discord_fake.world import Channel

bureau = bureaus.bureau_of_both
no_pauses = stage.no_pauses

EIGHT = Habits(digest=DigestPlan(8))


# ---- one of several


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        (Fault("error", status=404, code=10003, times=None), "dead"),
        (Fault("error", status=403, code=50001, times=None), "paused"),
        (Fault("error", status=400, code=50035, times=None), "dead"),
        (Fault("status", status=502, times=None), "waits"),
        (Fault("hang", times=None), "waits"),
    ],
    ids=["deleted", "forbidden", "takes no message", "broken", "mute"],
)
@pytest.mark.usefixtures("no_pauses")
async def test_the_dead_channel_of_one_server_costs_two_others_nothing(
    bureau: Bureau, fault: Fault, ending: str
) -> None:
    """Fault 41: one of three servers' channel is dead."""
    dead, *well = [bureau.place() for _ in range(3)]
    for channel in (dead, *well):
        await bureau.subscribe(channel)
    fault.channel, fault.route, fault.method = dead.id, CREATE, "POST"
    bureau.fake.faults.add(fault)
    for number in range(3):
        await bureau.tell(f"story {number}")
        await bureau.tick(10 * MINUTE)
        assert [len(bureau.shown(channel)) for channel in well] == [number + 1] * 2
    states = {row.state for row in await bureau.rows() if row.channel_id == dead.id}
    assert states == {"dead" if ending == "dead" else "owed"}
    assert (dead.id in await bureau.store.read(alerts.paused_channels)) == (ending == "paused")
    await bureau.settled(waiting=[] if ending == "dead" else [dead])


# ---- a server that goes


async def leave(bureau: Bureau, channel: Channel) -> None:
    """The bot is removed from the channel's server, and knows it."""
    bureau.fake.remove_guild(channel.guild_id)
    while (await bureau.store.read(guilds.settings, channel.guild_id)).left_at is None:
        await bureau.fake.world.pulse.wait(0.01)


async def test_a_server_removed_with_rows_pending_gets_them_once_when_it_is_back(bureau: Bureau) -> None:
    """Fault 42: the bot is removed from a server that is owed something, and added again."""
    channel, other = bureau.place(), bureau.place()
    for each in (channel, other):
        await bureau.subscribe(each)
    digested = await bureau.subscribe(bureau.place(channel.guild_id), mode="digest", habits=EIGHT)
    await bureau.tell("a")
    bureau.fake.faults.add(Fault("drop", when="after", route=CREATE, channel=channel.id))
    await bureau.tick()
    await leave(bureau, channel)
    await bureau.tell("b", "c")
    asked = len(bureau.fake.requests)
    await bureau.live(DAY, step=4 * HOUR)
    assert bureau.shown(other) == ["a", "b", "c"]
    assert [r for r in bureau.fake.requests[asked:] if r.route == CREATE and str(other.id) not in r.path] == []
    bureau.fake.join(channel.guild_id, bureau.fake.world.bot)
    while (await bureau.store.read(guilds.settings, channel.guild_id)).left_at is not None:
        await bureau.fake.world.pulse.wait(0.01)
    await bureau.live(DAY, step=4 * HOUR)
    assert bureau.shown(channel) == ["a", "b", "c"]
    assert [row.state for row in await bureau.rows() if row.subscription_id == digested.id] == ["digested"] * 3
    await bureau.settled()


async def test_a_server_removed_for_good_leaves_nothing_behind_and_takes_nothing_along(bureau: Bureau) -> None:
    """Fault 42: after thirty days all that was kept and owed there is deleted, and nobody else's rows with it."""
    channel, other = bureau.place(), bureau.place()
    for each in (channel, other):
        await bureau.subscribe(each)
    await leave(bureau, channel)
    await bureau.tell("a", "b")
    await bureau.tick()
    await bureau.store.write(prune.silence, channel.guild_id)
    await bureau.tick(MINUTE)  # a delivery between two steps of the deleting
    while await bureau.store.write(prune.server, channel.guild_id, bureau.now, 1):
        await bureau.tick()
    assert not any((await bureau.store.read(prune.kept_of, channel.guild_id)).values())
    assert {row.channel_id for row in await bureau.rows()} == {other.id}
    bureau.matched = {each for each in bureau.matched if each[0] == 2}
    await bureau.settled()


async def test_a_server_that_is_deleted_ends_what_it_was_owed(bureau: Bureau) -> None:
    """Fault 42: the server itself is gone, and nobody told Tocsin: its rows end as Discord says so."""
    channel, other = bureau.place(), bureau.place()
    for each in (channel, other):
        await bureau.subscribe(each)
    await bureau.tell("a", "b")
    for gone in list(bureau.fake.world.channels.values()):
        if gone.guild_id == channel.guild_id:
            del bureau.fake.world.channels[gone.id]  # nobody is told of it
    await bureau.tick()
    assert [row.state for row in await bureau.rows() if row.channel_id == channel.id] == ["dead", "dead"]
    assert bureau.shown(other) == ["a", "b"]
    await bureau.settled()


# ---- a right that goes


@pytest.mark.parametrize("seen_by", ["event", "new session"])
async def test_a_right_that_is_lost_and_back_after_two_hours_brings_one_message_of_what_was_missed(
    bureau: Bureau, seen_by: str
) -> None:
    """Fault 44: the channel pauses at the first refusal, and goes on when the right is back."""
    channel, other = bureau.place(), bureau.place()
    for each in (channel, other):
        await bureau.subscribe(each)
    await bureau.tell("a")
    await bureau.tick()
    bureau.fake.set_permissions(channel, deny=Permission.SEND_MESSAGES)
    await bureau.tell("b")
    await bureau.tick()
    refused = sum(r.route == CREATE and str(channel.id) in r.path for r in bureau.fake.requests)
    for number in range(6):
        await bureau.tell(f"c{number}")
        await bureau.tick(20 * MINUTE)
    assert sum(r.route == CREATE and str(channel.id) in r.path for r in bureau.fake.requests) == refused
    assert len(bureau.shown(other)) == 8
    await bureau.settled(waiting=[channel])
    if seen_by == "new session":
        await bureau.fake.drop_gateway(4009)
    bureau.fake.set_permissions(channel, allow=Permission.SEND_MESSAGES)
    while await bureau.store.read(alerts.paused_channels):
        await bureau.fake.world.pulse.wait(0.01)
    await bureau.live(5 * MINUTE)
    # what was refused comes by itself, in its place; what was never tried comes in one message
    assert bureau.shown(channel) == ["a", "b", "What you missed: 6"]
    await bureau.settled()


# ---- one that fills the outbox

CHANNELS, EACH = 100, 100


async def crowd(bureau: Bureau, state: str) -> None:
    """A server with a hundred channels, each owed a hundred stories: all of them dead, kept back, or due."""
    guild = bureau.fake.add_guild().id
    channels = [bureau.place(guild) for _ in range(CHANNELS)]
    titles = [f"crowd {number}" for number in range(EACH)]
    row = {"kind": "alert", "revision": 1, "reasons": [], "owed_at": bureau.now, "not_before": bureau.now}
    row |= {"state": "dead", "state_reason": "refused", "settled_at": bureau.now} if state == "dead" else {}

    def fill(c: Connection) -> None:
        stories.save(c, [a_story(title, title=title) for title in titles])
        rows = []
        for channel in channels:
            wanted = subscriptions.add(c, a_subscription(channel.id, guild))
            whose = row | {"subscription_id": wanted, "channel_id": channel.id}
            rows += [whose | {"story_id": title, "nonce": f"{wanted} {title}"} for title in titles]
            if state == "paused":
                alerts.pause_channel(c, channel.id, reason="no right", now=bureau.now)
        c.execute(insert(alert_table), rows)

    await bureau.store.write(fill)


async def latency(bureau: Bureau, channel: Channel, *titles: str) -> float:
    """Seconds from the commit of a story to its message, the best of several; deliveries are under way all the time."""
    stop, took = asyncio.Event(), []
    ticking = asyncio.create_task(ticks(bureau, stop))
    for title in titles:
        await bureau.tell(title)
        began = time.perf_counter()
        await bureau.fake.until(lambda title=title: bureau.shown(channel)[-1:] == [title], seconds=20)  # type: ignore[misc]
        took.append(time.perf_counter() - began)
    stop.set()
    await ticking
    return min(took)


async def ticks(bureau: Bureau, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await bureau.tick(stop=stop)


@pytest.mark.parametrize("state", ["dead", "paused", "due"])
async def test_ten_thousand_rows_of_one_server_hardly_delay_another(bureau: Bureau, state: str) -> None:
    """Fault 45: ten thousand rows of a server are dead, wait for a right, or are all due and slow to send."""
    other = bureau.place()
    await bureau.subscribe(other)
    alone = await latency(bureau, other, *"abcd")
    await crowd(bureau, state)
    bureau.fake.faults.add(Fault("slow", seconds=0.2, contains="crowd", times=None))
    beside = await latency(bureau, other, *"efgh")
    assert beside < 4 * alone + 0.5


# ---- a person changes her mind


async def test_what_waits_when_a_wish_changes_is_told_and_later_stories_go_by_the_new_one(bureau: Bureau) -> None:
    """Fault 61: the filter changes with rows pending: what matched when it was owed is told."""
    channel = bureau.place()
    wanted = await bureau.subscribe(channel)
    await bureau.tell("a", "b", event="contract")
    bureau.fake.faults.add(Fault("status", status=503, route=CREATE))
    await bureau.tick()
    await bureau.change(wanted, events=("funding",))
    await bureau.tell("c", event="contract")
    await bureau.tell("d", event="funding")
    await bureau.live(10 * MINUTE)
    assert bureau.shown(channel) == ["a", "b", "d"]
    await bureau.settled()


@pytest.mark.parametrize("answered", [True, False], ids=["not tried", "answer lost"])
async def test_what_waits_when_a_subscription_ends_is_not_sent_but_told_by_another_of_the_channel(
    bureau: Bureau, answered: bool
) -> None:
    """Fault 61: one of two subscriptions of a channel, and the only one of another, end with rows pending."""
    channel, alone = bureau.place(), bureau.place()
    first, second = await bureau.subscribe(channel), await bureau.subscribe(channel)
    only = await bureau.subscribe(alone)
    await bureau.tell("a")
    if not answered:
        for place in (channel, alone):
            bureau.fake.faults.add(Fault("drop", when="after", route=CREATE, channel=place.id))
        await bureau.tick()
    await bureau.tell("b", "c")
    for ended in (first, only):
        assert await bureau.store.write(subscriptions.remove, ended.id)
    await bureau.live(10 * MINUTE)
    assert bureau.shown(channel) == ["a", "b", "c"]
    rows = await bureau.rows()
    assert {row.state for row in rows if row.subscription_id == second.id} == {"sent"}
    assert {row.state for row in rows if row.subscription_id in (first.id, only.id)} == {"suppressed"}
    if answered:
        assert bureau.shown(alone) == []
        await bureau.settled()


async def test_what_waits_for_a_digest_ends_with_its_subscription_and_is_in_nobody_elses(bureau: Bureau) -> None:
    """Fault 61, for what waits in a digest and in a list that was made and not sent."""
    channel, other = bureau.place(), bureau.place()
    wanted = await bureau.subscribe(channel, mode="digest", habits=EIGHT)
    await bureau.subscribe(other, mode="digest", habits=EIGHT)
    await bureau.tell("a", "b")
    outage = bureau.fake.faults.add(Fault("status", status=503, route=CREATE, channel=channel.id, times=None))
    await bureau.live(DAY, step=4 * HOUR)
    assert (bureau.shown(other), outage.hits > 0) == (["Digest: 2"], True)
    await bureau.tell("c")
    assert await bureau.store.write(subscriptions.remove, wanted.id)
    outage.times = 0
    await bureau.live(DAY, step=4 * HOUR)
    assert (bureau.shown(channel), bureau.shown(other)) == ([], ["Digest: 2", "Digest: 1"])
    assert {row.state for row in await bureau.rows() if row.subscription_id == wanted.id} == {"suppressed"}
    assert {each.state for each in await bureau.bulletins() if each.subscription_id == wanted.id} == {"suppressed"}
    await bureau.settled()
