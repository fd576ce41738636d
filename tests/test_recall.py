"""After a backup was put back: what was said since it was made is found in the channels and not said again."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.client import DiscordSender
from bot.core.alert import Habits
from bot.core.hours import DigestPlan
from bot.core.recalling import Said, Unsaid, recalled
from bot.core.story import Source, Story
from bot.errors import RateLimitedError
from bot.store import Store, aftermath, alerts, feeds, stories, subscriptions
from bot.store.backup import back_up
from bot.store.copying import copy
from bot.store.restoring import restore
from handlers.deliver import DeliverReport, deliver
from handlers.digest import digest
from handlers.recall import Recall
from tests import stage
from tests.builders import MINUTE, a_feed, a_story, a_subscription, an_alert
from tests.discord_fake import CREATE, FakeDiscord, Fault
from tests.discord_fake.world import FORUM, Channel, Guild
from tests.test_integrity import found
from tests.test_run import Stage, call, publish, sample_steps, set_the_stage, tocsin
from tests.test_run import stage as whole_stage

fake, guild, channel, client, sender = stage.fake, stage.guild, stage.channel, stage.client, stage.sender
HOUR = timedelta(hours=1)


def told_of(number: int, id: str = "", **changes: object) -> Story:
    """A story that has its links and its title, whatever its id."""
    link, title = f"https://news.example/{number}?a=1", f"NATO signs contract number {number} with *OpenAI*"
    now = datetime.now(UTC)
    source = Source("news.example", title, link, now)
    fields = {"title": title, "link": link, "sources": (source,), "first_seen": now, "last_seen": now} | changes
    return a_story(id or f"story-{number}", **fields)


class Scene:
    """A database, Discord, and a clock that stands where it was put."""

    def __init__(self, url: str, folder: Path, sender: DiscordSender) -> None:
        self.url, self.folder, self.sender = url, folder, sender
        self.now = datetime.now(UTC)

    async def owe(self, store: Store, *told: Story, **changes: object) -> None:
        await store.write(stories.save, told)
        await store.write(alerts.owe, [an_alert(1, each.id, **changes) for each in told], self.now)

    async def tell(self, store: Store, *, later: timedelta = timedelta()) -> DeliverReport:
        return await deliver(self.now + later, store=store, sender=self.sender)

    def back_up(self) -> None:
        if self.url.startswith("sqlite"):
            back_up(self.url, self.folder / "copy.db")
        else:
            copy(self.url, f"sqlite:///{self.folder / 'copy.db'}", now=self.now, beside=True)

    def restore(self) -> None:
        restore(self.url, self.folder / "copy.db", now=datetime.now(UTC))


@pytest.fixture
async def scene(
    database_url: str, tmp_path: Path, sender: DiscordSender, guild: Guild, channel: Channel
) -> AsyncIterator[Scene]:
    """A story that was told, one that waits, and a backup of that; then the second and a third are told."""
    scene = Scene(database_url, tmp_path, sender)
    async with Store.open(scene.url) as store:
        await store.write(feeds.add, a_feed(), scene.now)
        await store.write(subscriptions.add, a_subscription(channel.id, guild.id))
        await scene.owe(store, told_of(1))
        await scene.tell(store)
        await scene.owe(store, told_of(2))
        scene.back_up()
        await scene.owe(store, told_of(3))
        await scene.tell(store)
    yield scene


def titles(fake: FakeDiscord, channel: Channel) -> list[str]:
    return [message["embeds"][0]["title"] for message in fake.messages(channel)]


async def test_what_was_told_since_the_backup_is_found_and_only_the_rest_is_told(
    scene: Scene, fake: FakeDiscord, channel: Channel
) -> None:
    """Fault 28: yesterday's backup restored."""
    before = fake.messages(channel)
    assert len(before) == 3
    scene.restore()
    async with Store.open(scene.url) as store:
        await scene.owe(store, told_of(3, "anew"), told_of(4), held="long stop")
        assert await Recall(store).recall(scene.now, scene.sender)
        assert await store.read(alerts.state_of, 2) == ("sent", aftermath.STOOD)
        assert await store.read(alerts.state_of, 3) == ("sent", aftermath.STOOD)
        assert await store.read(alerts.state_of, 4) == ("owed", None)
        await digest(scene.now + HOUR, store=store)
        report = await scene.tell(store, later=HOUR)
        assert (report.sent, report.edited) == (1, 2)
        assert (await store.read(alerts.counts))["sent"] == 4
    after = fake.messages(channel)
    assert [message["id"] for message in after[:3]] == [message["id"] for message in before]
    assert len(after) == 4
    assert not [each for each in found(scene.url) if each.count]


async def test_without_a_look_what_waited_in_the_backup_is_found_by_its_mark(
    scene: Scene, fake: FakeDiscord, channel: Channel
) -> None:
    """Fault 28: yesterday's backup restored, the row's own nonce long forgotten by Discord."""
    fake.clock.advance(600)
    scene.restore()
    async with Store.open(scene.url) as store:
        report = await scene.tell(store, later=timedelta(minutes=10))
    assert (report.sent, report.found) == (1, 1)
    assert len(fake.messages(channel)) == 3


async def test_a_story_in_a_list_since_the_backup_is_in_no_list_again(
    scene: Scene, fake: FakeDiscord, channel: Channel
) -> None:
    async with Store.open(scene.url) as store:
        plan = Habits(digest=DigestPlan(8))
        await store.write(subscriptions.edit, replace((await store.read(subscriptions.listed))[0], habits=plan))
        await scene.owe(store, told_of(5), told_of(6), held="quiet hours", not_before=scene.now)
        await store.write(subscriptions.edit, replace((await store.read(subscriptions.listed))[0], habits=Habits()))
        await digest(scene.now, store=store)
        await scene.tell(store)
    assert len(fake.messages(channel)) == 4
    scene.restore()
    async with Store.open(scene.url) as store:
        await scene.owe(store, told_of(5, "new-5"), told_of(6, "new-6"), told_of(7), held="long stop")
        await Recall(store).recall(scene.now, scene.sender)
        assert [await store.read(alerts.state_of, row) for row in (3, 4)] == [("digested", aftermath.LISTED)] * 2
        assert await store.read(alerts.state_of, 5) == ("owed", None)


async def test_nothing_is_told_while_discord_cannot_be_asked_and_a_closed_channel_keeps_nobody(
    scene: Scene, fake: FakeDiscord, guild: Guild
) -> None:
    scene.restore()
    async with Store.open(scene.url) as store:
        recall = Recall(store)
        fake.faults.add(Fault("status", status=502, method="GET", route=CREATE, times=20))
        assert not await recall.recall(scene.now, Unwell())
        fake.faults.clear()
        hidden = fake.add_channel(guild, name="hidden")
        await store.write(subscriptions.add, a_subscription(hidden.id + 1, guild.id))
        await store.write(alerts.owe, [an_alert(2, "story-2")], scene.now)
        assert await recall.recall(scene.now, scene.sender)
        assert await store.read(alerts.state_of, 2) == ("sent", aftermath.STOOD)
        assert await store.read(alerts.state_of, 3) == ("owed", None)


@pytest.mark.parametrize("kind", [0, 14])
async def test_a_channel_that_discord_never_shows_keeps_nobody_from_being_told(
    scene: Scene, fake: FakeDiscord, guild: Guild, kind: int
) -> None:
    """It is of a kind that discord.py does not know (a directory), or the request is refused."""
    odd = fake.add_channel(guild, name="odd", type=kind)
    scene.restore()
    async with Store.open(scene.url) as store:
        await store.write(subscriptions.add, a_subscription(odd.id, guild.id))
        await store.write(alerts.owe, [an_alert(2, "story-2")], scene.now)
        fake.faults.add(Fault("error", status=400, method="GET", channel=odd.id, route=CREATE))
        assert await Recall(store).recall(scene.now, scene.sender)
        assert await store.read(alerts.state_of, 2) == ("sent", aftermath.STOOD)


class Unwell:
    """A Discord that has to be waited for."""

    async def said(self, channel_id: int, *, after: datetime, before: datetime) -> list[Said]:
        raise RateLimitedError("Discord is not connected yet", retry_after=5.0)


async def test_a_row_is_compared_again_when_its_story_has_grown(scene: Scene, fake: FakeDiscord) -> None:
    scene.restore()
    async with Store.open(scene.url) as store:
        recall = Recall(store)
        await scene.owe(store, told_of(30, "anew"), held="long stop")
        assert await recall.recall(scene.now, scene.sender)
        assert await store.read(alerts.state_of, 3) == ("owed", None)
        read = len([each for each in fake.requests if each.method == "GET"])
        grown = told_of(30, "anew", sources=(*told_of(30).sources, *told_of(3).sources))
        await store.write(stories.save, [grown])
        assert await recall.recall(scene.now, scene.sender)
        assert await store.read(alerts.state_of, 3) == ("sent", aftermath.STOOD)
        assert len([each for each in fake.requests if each.method == "GET"]) == read  # heard once, remembered


async def test_a_feed_may_bring_old_news_until_it_was_read_again_and_for_a_day_at_most(scene: Scene) -> None:
    async with Store.open(scene.url) as store:
        assert not await store.read(aftermath.may_be_old, None, scene.now)
        assert not await Recall(store).is_needed(scene.now)
    scene.restore()
    async with Store.open(scene.url) as store:
        later, day = datetime.now(UTC) + 2 * MINUTE, timedelta(days=1)
        for read, old in ((None, True), (scene.now, True), (later, False)):
            assert await store.read(aftermath.may_be_old, read, later) == old
            assert not await store.read(aftermath.may_be_old, read, later + day)
        assert await Recall(store).is_needed(later)  # what was read then waits still
        assert not await Recall(store).is_needed(later + day)
        assert await Recall(store).recall(later + day, Unwell())


async def test_a_forum_is_recalled_by_its_posts(
    database_url: str, tmp_path: Path, fake: FakeDiscord, guild: Guild, sender: DiscordSender
) -> None:
    forum = fake.add_channel(guild, "forum", type=FORUM)
    scene = Scene(database_url, tmp_path, sender)
    async with Store.open(scene.url) as store:
        await store.write(feeds.add, a_feed(), scene.now)
        await store.write(subscriptions.add, a_subscription(forum.id, guild.id))
        await scene.owe(store, told_of(1))
        scene.back_up()
        await scene.owe(store, told_of(2))
        await scene.tell(store)
    scene.restore()
    async with Store.open(scene.url) as store:
        await scene.owe(store, told_of(2, "anew"), held="long stop")
        assert await Recall(store).recall(scene.now, scene.sender)
        assert (await store.read(alerts.counts))["sent"] == 2


# -- The rule


def waiting(id: int, story: Story, kind: str = "alert") -> Unsaid:
    return Unsaid(id, 20, kind, story)


def said(number: int, **changes: object) -> Said:
    return replace(Said(number, frozenset({f"https://news.example/{number}?a=1"})), **changes)  # type: ignore[arg-type]


def pairs(rows: list[Unsaid], messages: list[Said]) -> list[tuple[int, int]]:
    return [(each.alert_id, each.said.message_id) for each in recalled(rows, messages)]


def test_a_message_of_one_story_stands_for_one_row_and_a_list_for_many() -> None:
    rows = [waiting(1, told_of(5)), waiting(2, told_of(5))]
    assert pairs(rows, [said(5)]) == [(1, 5)]
    assert pairs(rows, [said(5), said(5, message_id=6)]) == [(1, 5), (2, 6)]
    assert pairs(rows, [said(5, is_list=True)]) == [(1, 5), (2, 5)]
    assert pairs(rows, [said(5, is_list=True), said(5, message_id=6)]) == [(1, 6), (2, 5)]


def test_an_update_is_told_by_an_update_alone() -> None:
    assert pairs([waiting(1, told_of(5), "update")], [said(5)]) == []
    assert pairs([waiting(1, told_of(5))], [said(5, is_update=True)]) == []
    assert pairs([waiting(1, told_of(5), "update")], [said(5), said(5, message_id=6, is_update=True)]) == [(1, 6)]


def test_a_title_tells_where_no_link_does_if_it_is_long_enough() -> None:
    message = Said(1, texts=(r"NATO signs contract number 5 with \*OpenAI\*",))
    assert pairs([waiting(1, told_of(5, link=None, sources=()))], [message]) == [(1, 1)]
    assert pairs([waiting(1, told_of(6))], [message]) == []
    assert pairs([waiting(1, told_of(6, title="NATO signs"))], [replace(message, texts=("NATO signs",))]) == []


# -- The whole program


@pytest.mark.timeout(150)
async def test_a_bot_that_goes_on_from_yesterdays_backup_repeats_nothing(tmp_path: Path) -> None:
    """Fault 28: yesterday's backup restored, with the real program, feeds and Discord.

    What comes in one body may be placed otherwise than what came in several, so a story that was an update may wait as
    one of its own. None waits whose message stands in the channel.
    """
    async with whole_stage(tmp_path) as scene:
        steps = sample_steps()
        set_the_stage(scene, steps)
        async with tocsin(scene, end=signal.SIGTERM):
            await publish(scene, steps[0])
            assert call(scene, "db", "backup", str(tmp_path / "copy.db")).returncode == 0
            await publish(scene, steps[2])
        before = [message["id"] for message in scene.messages()]
        assert call(scene, "db", "restore", str(tmp_path / "copy.db")).returncode == 0
        async with tocsin(scene, end=signal.SIGTERM), asyncio.timeout(60):
            scene.feeds.answers.clear()
            while scene.feeds.answers[304] < len(steps[2]) or waiting_though_told(scene):
                await asyncio.sleep(0.2)
        assert [message["id"] for message in scene.messages()] == before
        settled = scene.rows("SELECT message_id FROM alerts WHERE state = 'sent'")
        assert len(settled) >= len(before) - 4 > 5
        assert {str(id) for (id,) in settled} <= set(before)
        assert set(scene.rows("SELECT state, held FROM alerts")) <= {("sent", "long stop"), ("owed", "long stop")}


def waiting_though_told(scene: Stage) -> set[str]:
    """The links of stories that wait, or were not yet owed, which messages lead to."""
    kept = scene.rows("SELECT content FROM stories JOIN alerts ON story_id = stories.id WHERE state = 'owed'")
    waiting = {source["link"] for (content,) in kept for source in json.loads(content)["sources"]}
    return waiting & {message["embeds"][0].get("url") for message in scene.messages()}
