"""What Discord does to single sends, by the numbers of the faults: a real store, the real client, the fake Discord.

Where the whole program has to be killed or stopped, see `test_faults_program`; everything at random is in `test_soak`.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.client import DiscordSender
from bot.errors import TokenRefusedError
from bot.store import Store, alerts, stories, subscriptions
from handlers.deliver import DeliverReport, deliver
from tests import test_deliver
from tests.builders import NOON, a_story, a_subscription, an_alert
from tests.discord_fake import CREATE, Fault, QuickClient, RemoteDiscord, point_client
from tests.test_deliver import RULES, Post, forget_nonces, numbered

post = test_deliver.post
no_pauses = test_deliver.no_pauses
HOUR = timedelta(hours=1)


def creates(post: Post) -> list[dict[str, Any]]:
    """The bodies of every request to create a message."""
    return [each.json for each in post.fake.requests if each.route == CREATE and each.method == "POST"]


async def check(post: Post, channel: int, titles: list[str]) -> None:
    """Each row has ended as sent, and its message stands once, in order."""
    counts = await post.store.read(alerts.counts)
    assert (counts["sent"], sum(counts.values())) == (len(titles), len(titles))
    assert post.titles(channel) == titles


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("status", [500, 502, 503, 504, 524])
async def test_a_server_error_after_the_create_makes_no_second_message(post: Post, status: int) -> None:
    """Fault 13: 500 after the create; the nonce brings back the message that stands there."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("status", "after", status=status, route=CREATE))
    await post.tick()
    await post.tick(timedelta(seconds=10))
    assert {body["nonce"] for body in creates(post)} == {creates(post)[0]["nonce"]}
    assert len(creates(post)) == 2
    await check(post, channel, ["Story 1"])


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("when", ["before", "after"])
async def test_502_five_times_costs_one_attempt_and_tells_the_story_once(post: Post, when: Any) -> None:
    """Fault 14: 502 to all five tries of discord.py, before the message was made or each time after it."""
    channel = await post.channel()
    [row] = await post.owe(numbered(1), channel=channel)
    fault = post.fake.faults.add(Fault("status", when, status=502, route=CREATE, times=5))
    assert await post.tick() == DeliverReport(retried=1)
    assert fault.hits == 5
    assert await post.state(row) == ("owed", "Discord is in trouble (502)")
    assert await post.tick(timedelta(seconds=10)) == DeliverReport(sent=1)
    await check(post, channel, ["Story 1"])


CLEAR = [
    Fault("ratelimit", retry_after=65, route=CREATE),
    Fault("html", status=403, route=CREATE),
    Fault("error", status=403, code=50013, message="Missing Permissions", route=CREATE),
    Fault("status", status=401, route=CREATE),
]


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("clear", CLEAR, ids=lambda fault: f"{fault.do} {fault.status} {fault.code}")
async def test_a_clear_answer_does_not_hide_that_the_try_before_it_had_none(post: Post, clear: Fault) -> None:
    """Fault 13: discord.py asks again after a 500 and tells of the last answer alone, but the message stands."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.sender._client.http.max_ratelimit_timeout = 30.0
    post.fake.faults.add(Fault("status", "after", status=500, route=CREATE))
    refused = post.fake.faults.add(replace(clear))
    with suppress(TokenRefusedError):
        await post.tick()
    assert refused.hits == 1
    await post.store.write(alerts.resume_channel, channel)
    forget_nonces(post.fake)
    assert (await post.tick(HOUR, sender=DiscordSender(post.sender._client))).found == 1
    await check(post, channel, ["Story 1"])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stopped", [timedelta(seconds=10), HOUR])
async def test_a_create_without_an_answer_is_tried_again_and_tells_the_story_once(
    post: Post, when: Any, stopped: timedelta
) -> None:
    """Fault 15: time-out after the create; tried again while Discord knows the nonce, and long after."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("hang", when, route=CREATE))
    quick = DiscordSender(post.sender._client, timeout=0.3)
    assert await post.tick(sender=quick) == DeliverReport(retried=1)
    if stopped == HOUR:
        forget_nonces(post.fake)
    report = await post.tick(stopped)
    assert report == DeliverReport(sent=1, found=int(stopped == HOUR and when == "after"))
    await check(post, channel, ["Story 1"])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("do", ["reset", "drop"])
@pytest.mark.parametrize("stopped", [timedelta(seconds=10), HOUR])
async def test_a_broken_connection_is_tried_again_and_tells_the_story_once(
    post: Post, do: Any, when: Any, stopped: timedelta
) -> None:
    """Fault 16: reset after the create, or before it; tried again soon, and after Discord has forgotten the nonce."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault(do, when, route=CREATE))
    assert await post.tick() == DeliverReport(retried=1)
    if stopped == HOUR:
        forget_nonces(post.fake)
    assert (await post.tick(stopped)).sent == 1
    await check(post, channel, ["Story 1"])


@pytest.mark.parametrize(
    "spoiled",
    [
        Fault("cut", route=CREATE),
        Fault("html", "after", status=200, route=CREATE),
        Fault("html", "after", status=520, route=CREATE),
    ],
    ids=["half a reply", "a page instead of it", "a page of a proxy"],
)
@pytest.mark.parametrize("stopped", [timedelta(seconds=10), HOUR])
async def test_a_reply_that_cannot_be_read_makes_no_second_message(
    post: Post, spoiled: Fault, stopped: timedelta
) -> None:
    """Fault 17: the reply is cut or HTML, though the message stands."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    fault = post.fake.faults.add(Fault(spoiled.do, spoiled.when, status=spoiled.status, route=CREATE))
    assert await post.tick() == DeliverReport(retried=1)
    assert fault.hits == 1
    if stopped == HOUR:
        forget_nonces(post.fake)
    assert (await post.tick(stopped)).sent == 1
    await check(post, channel, ["Story 1"])


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_a_long_rate_limit_of_any_kind_is_no_attempt_and_is_waited_out(post: Post, scope: Any) -> None:
    """Fault 18: 429 of the route, of everything and of the channel for 65 s."""
    channel = await post.channel()
    await post.owe(numbered(1), numbered(2), channel=channel)
    post.sender._client.http.max_ratelimit_timeout = 30.0
    post.fake.faults.add(Fault("ratelimit", retry_after=65, scope=scope, route=CREATE))
    once = replace(RULES, attempts=1)
    assert await post.tick(rules=once) == DeliverReport(retried=1)
    assert await post.tick(timedelta(seconds=30), rules=once) == DeliverReport()
    assert (await post.tick(timedelta(seconds=60), rules=once)).sent == 2
    await check(post, channel, ["Story 1", "Story 2"])


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_a_short_rate_limit_is_waited_for_in_place(post: Post, scope: Any) -> None:
    """Fault 18: what discord.py waits for by itself costs nothing but time."""
    channel = await post.channel()
    await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("ratelimit", retry_after=0.1, scope=scope, route=CREATE, times=2))
    assert await post.tick() == DeliverReport(sent=1)
    await check(post, channel, ["Story 1"])


@pytest.mark.parametrize("fault", [Fault("html", status=403), Fault("html", status=429), Fault("ratelimit", via=False)])
async def test_after_cloudflare_answered_nothing_is_sent_for_ten_minutes(post: Post, fault: Fault) -> None:
    """Fault 19: a page of Cloudflare's, or a 429 that did not pass through Discord: every channel rests."""
    channels = [await post.channel() for _ in range(3)]
    for number, channel in enumerate(channels):
        await post.owe(numbered(number), channel=channel)
    post.fake.faults.add(Fault(fault.do, status=fault.status, via=fault.via, route=CREATE))
    alone = replace(RULES, at_once=1)
    await post.tick(rules=alone)
    assert len(creates(post)) == 1
    fresh = DiscordSender(post.sender._client)  # its rest is over
    assert (await post.tick(timedelta(minutes=11), sender=fresh)).sent == 3
    assert [post.titles(channel) for channel in channels] == [["Story 0"], ["Story 1"], ["Story 2"]]


async def test_a_channel_deleted_between_claim_and_send_ends_its_rows_and_nobody_else_s(post: Post) -> None:
    """Fault 43: the request is under way when the channel is deleted."""
    gone, there = await post.channel(), await post.channel()
    rows = await post.owe(numbered(1), numbered(2), channel=gone)
    await post.owe(numbered(3), channel=there)
    post.fake.faults.add(Fault("slow", seconds=0.3, channel=gone, route=CREATE))
    ticking = asyncio.create_task(post.tick())
    await post.fake.until(lambda: [body for body in creates(post) if "Story 1" in str(body)])
    post.fake.delete_channel(gone)
    report = await ticking
    assert (report.dead, report.sent) == (2, 1)
    assert [(await post.state(row))[0] for row in rows] == ["dead", "dead"]
    assert post.titles(there) == ["Story 3"]


@pytest.mark.parametrize("code", [200000, 240000])
@pytest.mark.parametrize("status", [400, 403])
async def test_a_blocked_word_or_link_is_tried_as_minimal_text_and_then_ends(
    post: Post, code: int, status: int
) -> None:
    """Fault 46: AutoMod 200000, harmful link 240000: never the same body again, and the next one goes out."""
    channel = await post.channel()
    poison, _ = await post.owe(numbered(1), numbered(2), channel=channel)
    refused = Fault("error", status=status, code=code, message="blocked", contains="Story 1", times=None)
    post.fake.faults.add(refused)
    report = await post.tick()
    assert (report.dead, report.sent, report.paused) == (1, 1, 0)
    assert refused.hits == 2
    bodies = [body for body in creates(post) if "Story 1" in str(body)]
    assert [bool(body.get("embeds")) for body in bodies] == [True, False]
    assert str(code) in str((await post.state(poison))[1])
    assert post.titles(channel) == ["Story 2"]


@pytest.mark.parametrize("spoiled", [50035, 50006])
async def test_one_poison_embed_in_twenty_costs_no_other(post: Post, spoiled: int) -> None:
    """Fault 47: the nineteen others arrive in order, and the poison one as minimal text in its place."""
    channel = await post.channel()
    rows = await post.owe(*(numbered(n) for n in range(100, 120)), channel=channel)
    poison = Fault("error", status=400, code=spoiled, message="Invalid Form Body", contains='"title": "Story 107"')
    post.fake.faults.add(poison)
    report = await post.tick()
    assert (report.sent, report.dead, poison.hits) == (20, 0, 1)
    assert [(await post.state(row))[0] for row in rows] == ["sent"] * 20
    shown = post.titles(channel)
    assert [title for title in shown if title.startswith("Story")] == [
        f"Story {n}" for n in range(100, 120) if n != 107
    ]
    assert "Story 107" in shown[7]


FAMILY = "👩‍👩‍👧‍👦"
"""One character to a person, seven code points and eleven UTF-16 units."""


@pytest.mark.parametrize("shift", range(8))
async def test_six_thousand_and_one_characters_are_cut_and_no_emoji_is_torn(post: Post, shift: int) -> None:
    """Fault 48: 6,001 characters, and an emoji of several code points at whatever place the cut falls."""
    channel = await post.channel()
    flood = "x" * shift + FAMILY * 900
    assert len(flood) > 6_001
    long = a_story("story-1", title=f"Story {flood}", key_points=tuple(f"{number} {flood}" for number in range(6)))
    await post.owe(long, channel=channel)
    assert await post.tick() == DeliverReport(sent=1), "Discord takes it at the first try"
    [message] = post.fake.messages(channel)
    embed = message["embeds"][0]
    for text in (embed["title"], embed["description"]):
        assert FAMILY in text
        assert not set(text.replace(FAMILY, "")) & set(FAMILY), "a torn family"


@pytest.mark.parametrize("forgotten", [False, True], ids=["soon", "after Discord has forgotten"])
async def test_a_message_deleted_between_two_tries(post: Post, forgotten: bool) -> None:
    """Fault 49: Discord says 10008 while it knows the nonce: delivered and deleted. Later nobody can know, and the
    story is told once more rather than not at all."""
    channel = await post.channel()
    [row] = await post.owe(numbered(1), channel=channel)
    post.fake.faults.add(Fault("drop", "after", route=CREATE))
    await post.tick()
    post.fake.delete_message(channel, int(post.fake.messages(channel)[0]["id"]))
    if forgotten:
        forget_nonces(post.fake)
    assert (await post.tick(HOUR if forgotten else timedelta(seconds=10))).sent == 1
    assert (await post.state(row))[0] == "sent"
    assert post.titles(channel) == (["Story 1"] if forgotten else [])


@pytest.mark.usefixtures("no_pauses")
async def test_six_hours_without_discord_cost_time_and_nothing_else(post: Post) -> None:
    """Fault 22: every request fails for six hours, half of them after they were carried out."""
    channels = [await post.channel() for _ in range(3)]
    for number, channel in enumerate(channels):
        await post.owe(numbered(10 * number), numbered(10 * number + 1), channel=channel)
    down = [
        post.fake.faults.add(Fault("status", "after", status=503, times=None, channel=channels[0])),
        post.fake.faults.add(Fault("reset", times=None, channel=channels[1])),
        post.fake.faults.add(Fault("status", status=502, times=None)),
    ]
    for _ in range(36):
        await post.tick(timedelta(minutes=10))
        post.fake.clock.advance(600)
    for fault in down:
        fault.times = 0
    await post.tick(timedelta(minutes=10))
    await post.tick(timedelta(minutes=10))
    for number, channel in enumerate(channels):
        assert post.titles(channel) == [f"Story {10 * number}", f"Story {10 * number + 1}"]


async def test_a_loop_blocked_for_five_seconds_repeats_nothing(tmp_path: Path) -> None:
    """Fault 62: the event loop is blocked for 5 s in the midst of a send, so that its time is over before the answer,
    which is there, is read."""
    async with RemoteDiscord() as fake, Store.open(f"sqlite:///{tmp_path / 'blocked.db'}") as store:
        guild = await fake.add_guild()
        channel = await fake.add_channel(guild)
        number = await store.write(subscriptions.add, a_subscription(channel.id, guild.id))
        for title in ("first", "second"):
            await store.write(stories.save, [a_story(title, title=title)])
            await store.write(alerts.owe, [an_alert(number, title)], NOON)
        client = QuickClient()
        with point_client(fake):
            async with client:
                await client.login(fake.token)
                sender = DiscordSender(client, timeout=2)
                await fake.faults.add(Fault("slow", "after", seconds=0.2, route=CREATE))
                ticking = asyncio.create_task(deliver(NOON, store=store, sender=sender, rules=RULES))
                while not await fake.messages(channel):
                    await asyncio.sleep(0.01)
                time.sleep(5)  # noqa: ASYNC251 - what a hostile text might do, were it parsed here
                await ticking
                await deliver(NOON + timedelta(minutes=2), store=store, sender=sender, rules=RULES)
        titles = [message["embeds"][0]["title"] for message in await fake.messages(channel)]
        assert titles == ["first", "second"]
        assert (await store.read(alerts.counts))["sent"] == 2
