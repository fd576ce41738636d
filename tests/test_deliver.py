"""What is owed arrives once, in order, and every row ends in one state: real store, real client, fake Discord."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.client import DiscordSender
from bot.client.once import guard_repeats
from bot.core.message import Message
from bot.core.story import Story
from bot.errors import TokenRefusedError, TryAgainError
from bot.store import Store, alerts, stories, subscriptions
from handlers.deliver import DeliverReport, DeliverRules, deliver, pause
from tests.builders import NOON, a_story, a_subscription, an_alert
from tests.discord_fake import CREATE, FakeDiscord, Fault, Permission, QuickClient, point_client
from tests.discord_fake.openapi import at_hand

RULES = DeliverRules(look_again=0.02)


@dataclass
class Post:
    """A store, a fake Discord and a client between them. `now` is what the next tick takes for the present."""

    store: Store
    fake: FakeDiscord
    sender: DiscordSender
    guild_id: int
    now: datetime = NOON
    channels: dict[int, int] = field(default_factory=dict)

    async def channel(self) -> int:
        """A new channel with a subscription."""
        place = self.fake.add_channel(self.guild_id).id
        wanted = a_subscription(place, self.guild_id)
        self.channels[place] = await self.store.write(subscriptions.add, wanted)
        return place

    async def owe(self, *told: Story, channel: int, kind: Any = "alert") -> list[int]:
        """Rows owed to the channel's subscription; their numbers."""
        await self.store.write(stories.save, told)
        owed = [an_alert(self.channels[channel], each.id, kind=kind) for each in told]
        await self.store.write(alerts.owe, owed, self.now)
        total = sum((await self.store.read(alerts.counts)).values())
        return list(range(total - len(told) + 1, total + 1))

    async def tick(self, after: timedelta = timedelta(0), **changes: Any) -> DeliverReport:
        """One tick, so long after the last."""
        self.now += after
        rules = changes.pop("rules", RULES)
        return await deliver(
            self.now,
            store=self.store,
            sender=changes.pop("sender", self.sender),
            rules=rules,
            jitter=lambda: 1.0,
            **changes,
        )

    async def state(self, row: int) -> tuple[Any, str | None]:
        found = await self.store.read(alerts.state_of, row)
        assert found is not None
        return found

    def titles(self, channel: int) -> list[str]:
        shown = self.fake.messages(channel)
        return [message["embeds"][0]["title"] if message["embeds"] else message["content"] for message in shown]


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    async with FakeDiscord(openapi=at_hand()) as fake, Store.open(database_url) as store:
        client = QuickClient(http_trace=guard_repeats(aiohttp.TraceConfig()))
        with point_client(fake):
            async with client:
                await client.login(fake.token)
                yield Post(store, fake, DiscordSender(client, timeout=2), fake.add_guild().id)
        assert not fake.unknown
        assert not fake.violations
        assert await in_order(store, fake)


async def in_order(store: Store, fake: FakeDiscord) -> bool:
    """Nothing is left half-done: no row is still being sent."""
    return (await store.read(alerts.counts))["sending"] == 0


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py pauses between its own tries; here it does not wait."""
    sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda delay, result=None: sleep(0, result))


def numbered(number: int, **changes: Any) -> Story:
    return a_story(f"story-{number}", title=f"Story {number}", **changes)


async def test_what_is_owed_arrives_once_in_order_with_its_mark(post: Post) -> None:
    channel = await post.channel()
    rows = await post.owe(*(numbered(n) for n in range(8)), channel=channel)
    report = await post.tick()
    assert report == DeliverReport(sent=8)
    assert post.titles(channel) == [f"Story {n}" for n in range(8)]
    assert await post.tick() == DeliverReport()
    assert [await post.state(row) for row in rows] == [("sent", "delivered")] * 8
    marks = {message["components"][0]["components"][1]["custom_id"] for message in post.fake.messages(channel)}
    nonces = {request.json["nonce"] for request in post.fake.requests if request.route == CREATE}
    assert {mark.rpartition(":")[2] for mark in marks} == nonces


async def test_a_follow_up_answers_the_earlier_alert(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.tick()
    await post.owe(numbered(2, follows="story-1"), channel=channel)
    await post.tick()
    first, second = post.fake.messages(channel)
    assert second["message_reference"]["message_id"] == first["id"]


def patient(post: Post) -> DiscordSender:
    """A sender that waits for an answer for longer than a test takes."""
    return DiscordSender(post.sender._client, timeout=60)


async def test_a_slow_channel_holds_no_other(post: Post) -> None:
    """Fault 21: one channel takes half a minute, or until the others are told."""
    slow, quick = await post.channel(), await post.channel()
    await post.owe(numbered(1), numbered(2), channel=slow)
    await post.owe(*(numbered(n) for n in range(3, 8)), channel=quick)
    fault = post.fake.faults.add(Fault("slow", seconds=30, channel=slow, route=CREATE))
    ticking = asyncio.create_task(post.tick(sender=patient(post)))
    await post.fake.until(lambda: len(post.fake.messages(quick)) == 5)
    await post.owe(numbered(8), channel=quick)
    await post.fake.until(lambda: len(post.fake.messages(quick)) == 6)
    assert len(post.fake.messages(slow)) == 0
    fault.seconds = 0
    assert (await ticking).sent == 8
    assert post.titles(slow) == ["Story 1", "Story 2"]


@pytest.mark.parametrize("do", ["drop", "reset", "cut"])
async def test_an_answer_lost_after_the_create_makes_no_second_message(post: Post, do: Any) -> None:
    channel = await post.channel()
    [row] = await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault(do, when="after", route=CREATE))
    assert await post.tick() == DeliverReport(retried=1)
    assert (await post.state(row))[0] == "owed"
    assert (await post.tick(timedelta(seconds=6))).sent == 1
    assert post.titles(channel) == ["Story 1"]


async def test_after_a_long_stop_the_message_is_found_before_it_is_sent_again(post: Post) -> None:
    """Discord has forgotten the nonce by then."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("drop", when="after", route=CREATE))
    await post.tick()
    forget_nonces(post.fake)
    report = await post.tick(timedelta(minutes=20))
    assert report == DeliverReport(sent=1, found=1)
    assert post.titles(channel) == ["Story 1"]


async def test_what_did_not_arrive_before_a_long_stop_is_sent_after_it(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("drop", when="before", route=CREATE))
    await post.tick()
    forget_nonces(post.fake)
    assert await post.tick(timedelta(minutes=20)) == DeliverReport(sent=1)
    assert post.titles(channel) == ["Story 1"]


async def test_a_stop_between_send_and_settling_sends_nothing_twice(post: Post) -> None:
    channel = await post.channel()
    [row] = await post.owe(numbered(1), channel=channel)
    [claimed] = await post.store.write(alerts.claim, now=post.now, lease=RULES.lease, limit=5)
    await post.sender.create(channel, Message(content="x"), nonce=claimed.nonce)
    assert (await post.tick(timedelta(seconds=30))) == DeliverReport()
    assert (await post.tick(RULES.lease - timedelta(seconds=45))).sent == 0
    forget = await post.tick(timedelta(seconds=20), rules=replace(RULES, remembered=timedelta(hours=1)))
    assert forget.sent == 1
    assert len(post.fake.messages(channel)) == 1
    assert (await post.state(row))[0] == "sent"


async def test_a_stop_between_claim_and_send_loses_nothing(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.store.write(alerts.claim, now=post.now, lease=RULES.lease, limit=5)
    assert (await post.tick(RULES.lease + timedelta(seconds=1))).sent == 1
    assert post.titles(channel) == ["Story 1"]


async def test_an_unreadable_history_leads_to_a_resend_that_is_counted(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("drop", when="before", route=CREATE))
    await post.tick()
    post.fake.faults.add(Fault("error", status=403, code=50001, method="GET"))
    assert await post.tick(timedelta(minutes=5)) == DeliverReport(sent=1, unread=1)


async def test_a_message_deleted_between_two_tries_counts_as_sent(post: Post) -> None:
    channel = await post.channel()
    [row] = await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("drop", when="after", route=CREATE))
    await post.tick()
    post.fake.delete_message(channel, int(post.fake.messages(channel)[0]["id"]))
    assert (await post.tick(timedelta(seconds=10))).sent == 1
    assert (await post.state(row))[0] == "sent"
    assert post.titles(channel) == []
    await post.store.write(stories.save, [numbered(1, revision=2)])
    assert await post.tick(timedelta(minutes=5)) == DeliverReport()


async def test_a_deleted_channel_ends_all_that_is_owed_to_it_and_nothing_else(post: Post) -> None:
    gone, there = await post.channel(), await post.channel()
    rows = await post.owe(numbered(1), numbered(2), channel=gone)
    await post.owe(numbered(3), channel=there)
    post.fake.delete_channel(gone)
    report = await post.tick()
    assert (report.dead, report.sent) == (2, 1)
    assert [(await post.state(row))[0] for row in rows] == ["dead", "dead"]
    assert "10003" in str(await post.state(rows[0]))


async def test_a_missing_right_pauses_the_channel_until_it_is_back(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), numbered(2), channel=channel)
    post.fake.set_permissions(channel, deny=Permission.SEND_MESSAGES)
    assert await post.tick() == DeliverReport(retried=1, paused=1)
    assert await post.tick(timedelta(hours=2)) == DeliverReport()
    [subscription] = await post.store.read(subscriptions.listed)
    assert "Send Messages" in str(subscription.paused)
    post.fake.set_permissions(channel, allow=Permission.SEND_MESSAGES)
    await post.store.write(alerts.resume_channel, channel)
    assert (await post.tick(timedelta(seconds=1))).sent == 2
    assert post.titles(channel) == ["Story 1", "Story 2"]


async def test_a_refused_body_goes_once_more_as_minimal_text_and_is_never_edited(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("error", status=400, code=50035, message="Invalid", route=CREATE))
    assert await post.tick() == DeliverReport(sent=1, retried=1)
    assert post.titles(channel)[0].startswith("**CONTRACT · in talks** — Story 1")
    await post.store.write(stories.save, [numbered(1, revision=2)])
    assert await post.tick(timedelta(minutes=5)) == DeliverReport()


async def test_a_body_refused_twice_is_dead_and_holds_nobody(post: Post) -> None:
    channel = await post.channel()
    poison, _ = await post.owe(numbered(1), numbered(2), channel=channel)
    post.fake.faults.add(Fault("error", status=400, code=200000, message="AutoMod", contains="Story 1", times=None))
    report = await post.tick()
    assert (report.dead, report.sent) == (1, 1)
    assert "AutoMod (200000)" in str(await post.state(poison))
    assert post.titles(channel) == ["Story 2"]


async def test_a_refused_token_stops_everything_and_loses_nothing(post: Post) -> None:
    """Fault 20: 401 in the midst of a run; that the program then ends with 78 is in `test_kills`."""
    channel = await post.channel()
    rows = await post.owe(numbered(1), numbered(2), channel=channel)
    post.fake.faults.add(Fault("error", status=401, route=CREATE))
    with pytest.raises(TokenRefusedError):
        await post.tick()
    assert [(await post.state(row))[0] for row in rows] == ["owed", "owed"]
    assert (await post.tick(timedelta(seconds=1))).sent == 2


async def test_after_cloudflare_every_send_rests_and_no_attempt_is_counted(post: Post) -> None:
    channel, other = await post.channel(), await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.owe(numbered(2), channel=other)
    post.fake.faults.add(Fault("html", status=403, route=CREATE))
    report = await post.tick(rules=replace(RULES, at_once=1))
    assert report == DeliverReport(retried=1)
    assert len([request for request in post.fake.requests if request.route == CREATE]) == 1
    post.now += timedelta(minutes=5)
    fresh = DiscordSender(post.sender._client)
    assert (await post.tick(sender=fresh)).sent == 1, "the row that was not tried is due"
    assert (await post.tick(timedelta(minutes=6), sender=fresh)).sent == 1


async def test_a_rate_limit_is_waited_for_and_is_no_attempt(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    client: discord.Client = post.sender._client
    client.http.max_ratelimit_timeout = 30.0
    post.fake.faults.add(Fault("ratelimit", retry_after=65, scope="shared", route=CREATE))
    rules = replace(RULES, attempts=1)
    assert await post.tick(rules=rules) == DeliverReport(retried=1)
    assert await post.tick(timedelta(seconds=60), rules=rules) == DeliverReport()
    assert (await post.tick(timedelta(seconds=6), rules=rules)).sent == 1


async def test_a_rate_limit_takes_no_try_from_those_that_are_left(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    client: discord.Client = post.sender._client
    client.http.max_ratelimit_timeout = 30.0
    post.fake.faults.add(Fault("ratelimit", retry_after=65, scope="shared", route=CREATE))
    post.fake.faults.add(Fault("status", status=503, route=CREATE))
    rules = replace(RULES, attempts=2)
    for _ in range(3):
        await post.tick(timedelta(minutes=2), rules=rules)
    assert post.titles(channel) == ["Story 1"]


@pytest.mark.usefixtures("no_pauses")
async def test_an_outage_of_hours_loses_nothing(post: Post) -> None:
    channel = await post.channel()
    await post.owe(*(numbered(n) for n in range(3)), channel=channel)
    outage = post.fake.faults.add(Fault("status", status=503, times=None))
    for _ in range(36):
        await post.tick(timedelta(minutes=10))
    outage.times = 0
    report = await post.tick(timedelta(minutes=10))
    assert report.sent == 3
    assert post.titles(channel) == ["Story 0", "Story 1", "Story 2"]


async def test_a_row_that_never_goes_through_is_given_up_with_its_reason(post: Post) -> None:
    channel = await post.channel()
    [row] = await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("status", status=503, times=None, route=CREATE))
    for _ in range(3):
        await post.tick(timedelta(minutes=10), rules=replace(RULES, attempts=3))
    assert await post.state(row) == ("dead", "Discord is in trouble (503)")


async def test_a_story_that_grew_is_edited_in_silence_once_it_is_quiet(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.tick()
    grown = numbered(1, revision=3, key_points=("More is known.",), last_seen=post.now)
    await post.store.write(stories.save, [grown])
    assert await post.tick(timedelta(seconds=30)) == DeliverReport()
    assert await post.tick(timedelta(seconds=31)) == DeliverReport(edited=1)
    assert await post.tick(timedelta(minutes=5)) == DeliverReport()
    [message] = post.fake.messages(channel)
    assert "More is known." in message["embeds"][0]["description"]
    assert not post.fake.pings


async def test_a_deleted_message_ends_its_edits_quietly(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.tick()
    post.fake.delete_message(channel, int(post.fake.messages(channel)[0]["id"]))
    await post.store.write(stories.save, [numbered(1, revision=2)])
    await post.tick(timedelta(minutes=5))
    edits = [request for request in post.fake.requests if request.method == "PATCH"]
    await post.tick(timedelta(minutes=5))
    assert len(edits) == len([request for request in post.fake.requests if request.method == "PATCH"]) == 1


async def test_an_edit_that_fails_is_tried_again_later(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.tick()
    await post.store.write(stories.save, [numbered(1, revision=2)])
    post.fake.faults.add(Fault("status", status=503, method="PATCH"))
    assert await post.tick(timedelta(minutes=5)) == DeliverReport()
    assert await post.tick(timedelta(seconds=10)) == DeliverReport()
    assert await post.tick(timedelta(minutes=2)) == DeliverReport(edited=1)


async def test_an_update_says_that_it_is_one(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel, kind="update")
    await post.tick()
    assert post.fake.messages(channel)[0]["embeds"][0]["author"]["name"].startswith("UPDATE · ")


async def test_once_it_is_told_to_stop_it_finishes_what_is_under_way_and_claims_nothing_more(post: Post) -> None:
    channel = await post.channel()
    rows = await post.owe(numbered(1), numbered(2), channel=channel)
    post.fake.faults.add(Fault("slow", seconds=0.2, channel=channel))
    stop = asyncio.Event()
    ticking = asyncio.create_task(post.tick(stop=stop))
    await post.fake.until(lambda: [r for r in post.fake.requests if r.route == CREATE])
    stop.set()
    assert (await ticking).sent == 1
    assert [(await post.state(row))[0] for row in rows] == ["sent", "owed"]


async def test_a_tick_that_is_cancelled_leaves_nothing_running_and_the_next_one_sends_once(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("hang", when="after", route=CREATE))
    before = asyncio.all_tasks()
    ticking = asyncio.create_task(post.tick())
    await post.fake.until(lambda: post.fake.messages(channel))
    ticking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ticking
    assert not [task for task in asyncio.all_tasks() - before if "_attempt" in repr(task)]
    assert (await post.tick(RULES.lease + timedelta(seconds=1))).sent == 1
    assert post.titles(channel) == ["Story 1"]


async def test_a_message_that_an_earlier_attempt_made_is_edited_to_what_is_known_since(post: Post) -> None:
    """The repeat brings back the message as it was drawn then."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("drop", when="after", route=CREATE))
    await post.tick()
    await post.store.write(stories.save, [numbered(1, revision=2, key_points=("More is known.",))])
    assert (await post.tick(timedelta(minutes=2))).sent == 1
    await post.tick(timedelta(minutes=2))
    [message] = post.fake.messages(channel)
    assert "More is known." in message["embeds"][0]["description"]


async def test_alerts_do_not_wait_for_edits(post: Post) -> None:
    channel, other = await post.channel(), await post.channel()
    await post.owe(*(numbered(n) for n in range(6)), channel=channel)
    await post.tick()
    await post.store.write(stories.save, [numbered(n, revision=2) for n in range(6)])
    post.now += timedelta(minutes=5)
    slow = post.fake.faults.add(Fault("slow", seconds=30, channel=channel, method="PATCH", times=None))
    ticking = asyncio.create_task(post.tick(sender=patient(post)))
    await post.fake.until(lambda: slow.hits)
    await post.owe(numbered(7), channel=other)
    slow.seconds = 0
    assert await ticking == DeliverReport(sent=1, edited=6)
    order = [
        request.method for request in post.fake.requests if request.method == "PATCH" or request.channel_id == other
    ]
    assert order.index("POST") <= 3


async def test_a_follow_up_stands_alone_where_replies_are_not_allowed(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    await post.tick()
    await post.owe(numbered(2, follows="story-1"), channel=channel)
    post.fake.faults.add(Fault("error", status=400, code=160002, contains="message_reference", times=None))
    assert (await post.tick()).sent == 1
    assert "message_reference" not in post.fake.messages(channel)[1]


async def test_a_story_that_cannot_be_drawn_ends_dead_and_holds_nobody(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await post.channel()
    poison, _ = await post.owe(numbered(1), numbered(2), channel=channel)

    def broken(story: Story, **more: Any) -> Message:
        if story.id == "story-1":
            raise ZeroDivisionError
        return Message(content="drawn")

    monkeypatch.setattr("handlers.deliver.parcel.alert_message", broken)
    monkeypatch.setattr("handlers.deliver.parcel.minimal_message", broken)
    assert await post.tick() == DeliverReport(sent=1, retried=1, dead=1)
    assert "its log says why" in str(await post.state(poison))


async def test_a_server_that_is_left_and_joined_again_gets_what_it_was_owed_meanwhile(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("error", status=403, code=50001, route=CREATE))
    assert await post.tick() == DeliverReport(retried=1, paused=1)
    await post.owe(numbered(2), channel=channel)
    assert await post.tick(timedelta(days=1)) == DeliverReport()
    await post.store.write(alerts.resume_channel, channel)
    assert (await post.tick()).sent == 2
    assert post.titles(channel) == ["Story 1", "Story 2"]


async def test_a_sender_that_raises_something_else_does_not_hide_it(post: Post) -> None:
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)

    class Broken:
        async def create(self, *_: object, **__: object) -> int:
            raise ZeroDivisionError

        async def edit(self, *_: object) -> None: ...

        async def find(self, *_: object) -> int | None: ...

        async def create_post(self, *_: object, **__: object) -> int: ...

        async def open_thread(self, *_: object) -> int: ...

        async def publish(self, *_: object) -> None: ...

        async def is_forum(self, _: int) -> bool:
            return False

    with pytest.raises(ZeroDivisionError):
        await post.tick(sender=Broken())
    assert (await post.tick(RULES.lease + timedelta(seconds=1))).sent == 1


@given(st.integers(min_value=1, max_value=500), st.floats(min_value=0, max_value=1))
def test_pauses_grow_and_end_within_their_bounds(attempt: int, jitter: float) -> None:
    wait = pause(attempt, RULES, jitter)
    assert RULES.first_pause / 2 <= wait <= RULES.longest_pause
    assert pause(attempt + 1, RULES, jitter) >= wait


def test_an_unclear_answer_is_an_error_that_may_be_tried_again() -> None:
    assert TryAgainError("x", retry_after=3).retry_after == 3


def forget_nonces(fake: FakeDiscord) -> None:
    """Discord forgets nonces after some minutes."""
    fake.clock.advance(30 * 60)
