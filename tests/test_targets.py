"""Alerts in forums, threads and announcement channels, the roles that they call, and their two layouts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.client import DiscordSender
from bot.client.once import guard_repeats
from bot.core.alert import Habits
from bot.core.importance import Importance, Level
from bot.core.story import Story
from bot.store import Store, alerts, stories, subscriptions
from handlers.deliver import DeliverReport, DeliverRules, deliver
from tests.builders import NOON, a_story, a_subscription, an_alert
from tests.discord_fake import FakeDiscord, Fault, QuickClient, running
from tests.discord_fake.faults import CREATE_POST
from tests.discord_fake.openapi import at_hand
from tests.discord_fake.world import ANNOUNCEMENT, FORUM

RULES = DeliverRules(look_again=0.02)
HOUR = timedelta(hours=1)


@dataclass
class Post:
    """A store, a fake Discord and a connected client between them."""

    store: Store
    fake: FakeDiscord
    client: QuickClient
    guild_id: int
    now: datetime = NOON
    wishes: dict[int, int] = field(default_factory=dict)

    async def place(self, habits: Habits = Habits(), *, min_importance: Level = "low", **options: Any) -> int:  # noqa: B008
        """A new channel with a subscription, known to the client."""
        channel = self.fake.add_channel(self.guild_id, **options).id
        wanted = a_subscription(channel, self.guild_id, habits=habits, min_importance=min_importance)
        self.wishes[channel] = await self.store.write(subscriptions.add, wanted)
        await self.fake.until(lambda: self.client.get_channel(channel))
        return channel

    async def owe(self, story: Story, channel: int, *, level: Level = "low", **changes: Any) -> None:
        await self.store.write(stories.save, [story], {story.id: Importance(level, 1.0)})
        await self.store.write(alerts.owe, [an_alert(self.wishes[channel], story.id, **changes)], self.now)

    async def tick(self, after: timedelta = timedelta(0)) -> DeliverReport:
        self.now += after
        sender = DiscordSender(self.client, timeout=2)
        return await deliver(self.now, store=self.store, sender=sender, rules=RULES, jitter=lambda: 1.0)

    def called_role(self) -> int:
        """A role with one member."""
        role = self.fake.add_role(self.guild_id, "defence", mentionable=True)
        self.fake.give_role(self.guild_id, self.fake.add_user(self.guild_id, "ann"), role)
        return role.id

    def posts(self, forum: int) -> list[Any]:
        return sorted(self.fake.world.threads(self.guild_id, parent=forum), key=lambda each: each.id)


@pytest.fixture
async def post(database_url: str) -> AsyncIterator[Post]:
    async with FakeDiscord(openapi=at_hand()) as fake, Store.open(database_url) as store:
        client = QuickClient(http_trace=guard_repeats(aiohttp.TraceConfig()))
        guild = fake.add_guild().id
        async with running(fake, client):
            await fake.until(client.is_ready)
            yield Post(store, fake, client, guild)
        assert not fake.unknown
        assert not fake.violations


async def test_each_story_has_a_post_of_its_own_in_a_forum_with_the_tag_of_its_event(post: Post) -> None:
    forum = await post.place(type=FORUM, tags=["Funding", "Contract"])
    await post.owe(a_story(title="A deal"), forum)
    assert (await post.tick()).sent == 1
    (made,) = post.posts(forum)
    assert made.name == "A deal"
    channel = post.client.get_channel(forum)
    assert [tag.name for tag in channel.available_tags if tag.id in made.thread.tags] == ["Contract"]  # type: ignore[union-attr]
    assert post.fake.messages(made.id)[0]["embeds"][0]["title"] == "A deal"


async def test_a_forum_that_asks_for_a_tag_gets_one(post: Post) -> None:
    forum = await post.place(type=FORUM, tags=["News"], require_tag=True)
    await post.owe(a_story(), forum)
    assert (await post.tick()).sent == 1


async def test_a_story_in_a_forum_is_edited_and_updated_in_its_own_post(post: Post) -> None:
    forum = await post.place(type=FORUM)
    await post.owe(a_story(), forum)
    await post.tick()
    grown = a_story(title="A bigger deal", revision=2)
    await post.owe(grown, forum, kind="update", revision=2, reasons=("the amount is another now",))
    report = await post.tick(timedelta(hours=20))
    assert (report.sent, report.edited) == (1, 1)
    (made,) = post.posts(forum)
    first, second = post.fake.messages(made.id)
    assert first["embeds"][0]["title"] == "A bigger deal"
    assert second["embeds"][0]["author"]["name"].startswith("UPDATE")
    assert second["embeds"][0]["fields"][-1] == {
        "name": "What changed", "value": "the amount is another now", "inline": False,
    }  # fmt: skip


async def test_a_follow_up_in_a_forum_is_a_post_that_links_to_the_earlier_one(post: Post) -> None:
    forum = await post.place(type=FORUM)
    await post.owe(a_story("talks"), forum)
    await post.tick()
    await post.owe(a_story("signed", follows="talks"), forum)
    await post.tick()
    earlier, later = post.posts(forum)
    link = f"https://discord.com/channels/{post.guild_id}/{earlier.id}/{earlier.id}"
    assert link in post.fake.messages(later.id)[0]["embeds"][0]["description"]


@pytest.mark.parametrize("do", ["drop", "reset", "status", "cut"])
async def test_a_post_whose_answer_was_lost_is_looked_for_before_it_is_made_again(post: Post, do: Any) -> None:
    forum = await post.place(type=FORUM)
    await post.owe(a_story(), forum)
    post.fake.faults.add(Fault(do, when="after", route=CREATE_POST))
    assert (await post.tick()).retried == 1
    assert (await post.tick(timedelta(seconds=20))).found == 1
    assert len(post.posts(forum)) == 1


async def test_an_archived_post_is_found_again_too(post: Post) -> None:
    forum = await post.place(type=FORUM)
    await post.owe(a_story(), forum)
    post.fake.faults.add(Fault("drop", when="after", route=CREATE_POST))
    await post.tick()
    post.fake.threads.archive(post.posts(forum)[0].id)
    assert (await post.tick(timedelta(hours=30))).found == 1
    assert len(post.posts(forum)) == 1


async def test_a_thread_is_opened_under_an_alert_and_its_updates_stand_there(post: Post) -> None:
    channel = await post.place(Habits(thread=True))
    await post.owe(a_story(title="A deal"), channel)
    await post.tick()
    (thread,) = post.posts(channel)
    assert thread.name == "A deal"
    grown = a_story(title="A bigger deal", revision=2)
    await post.owe(grown, channel, kind="update", revision=2)
    assert (await post.tick()).sent == 1
    assert post.fake.messages(thread.id)[-1]["embeds"][0]["title"] == "A bigger deal"
    assert (await post.tick(timedelta(hours=20))).edited == 1
    assert post.fake.messages(channel)[0]["embeds"][0]["title"] == "A bigger deal"


async def test_an_alert_stands_though_no_thread_can_be_opened_under_it(post: Post) -> None:
    channel = await post.place(Habits(thread=True))
    await post.owe(a_story(), channel)
    post.fake.faults.add(
        Fault("error", status=403, code=50013, route="/channels/{channel_id}/messages/{message_id}/threads")
    )
    assert await post.tick() == DeliverReport(sent=1)
    assert len(post.fake.messages(channel)) == 1


@pytest.mark.parametrize(("publish", "crossposted"), [(True, 1), (False, 0)])
async def test_an_announcement_is_published_where_that_is_wished(post: Post, publish: bool, crossposted: int) -> None:
    channel = await post.place(Habits(publish=publish), type=ANNOUNCEMENT)
    await post.owe(a_story(), channel)
    assert (await post.tick()).sent == 1
    assert post.fake.messages(channel)[0].get("flags", 0) & 1 == crossposted


async def test_a_role_is_called_for_what_matters_enough_and_not_again_within_the_hour(post: Post) -> None:
    role = post.called_role()
    channel = await post.place(Habits(role_id=role))
    for number, level in enumerate(("notable", "high", "critical")):
        await post.owe(a_story(f"s{number}"), channel, level=level)  # type: ignore[arg-type]
        await post.tick(timedelta(minutes=1))
    await post.owe(a_story("later"), channel, level="high")
    await post.tick(HOUR)
    said = [message["content"] for message in post.fake.messages(channel)]
    assert said == ["", f"<@&{role}>", "", f"<@&{role}>"]
    assert len(post.fake.pings) == 2


async def test_an_edit_leaves_the_call_where_it_stands_and_calls_nobody_again(post: Post) -> None:
    role = post.called_role()
    channel = await post.place(Habits(role_id=role), min_importance="notable")
    await post.owe(a_story(), channel, level="notable")
    await post.tick()
    calls = len(post.fake.pings)
    await post.store.write(stories.save, [a_story(title="Grown", revision=2)])
    assert (await post.tick(timedelta(hours=20))).edited == 1
    assert post.fake.messages(channel)[0]["content"] == f"<@&{role}>"
    assert len(post.fake.pings) == calls == 1


async def test_a_compact_alert_has_one_key_point_and_one_line_of_facts(post: Post) -> None:
    channel = await post.place(Habits(layout="compact"))
    await post.owe(replace(a_story(), key_points=("First.", "Second.")), channel)
    await post.tick()
    (embed,) = post.fake.messages(channel)[0]["embeds"]
    assert not embed.get("fields")
    assert embed["description"].startswith("First.\n")
    assert "Second" not in embed["description"]


async def told_elsewhere(post: Post, channel: int) -> None:
    """Whether the channel as a whole still takes alerts, after an update of the story of `a_story`."""
    await post.owe(a_story(title="Grown", revision=2), channel, kind="update", revision=2)
    await post.owe(a_story("another", title="Another"), channel)
    report = await post.tick(timedelta(hours=20))
    assert (report.sent, report.dead, report.paused) == (2, 0, 0)
    assert not await post.store.read(alerts.shut_channels)


@pytest.mark.parametrize("what", ["deleted", "locked"])
async def test_an_update_whose_thread_is_gone_or_locked_answers_in_the_channel(post: Post, what: str) -> None:
    channel = await post.place(Habits(thread=True))
    await post.owe(a_story(), channel)
    await post.tick()
    shut(post, post.posts(channel)[0].id, what)
    await told_elsewhere(post, channel)
    first, update, _ = [each for each in post.fake.messages(channel) if each["embeds"]]
    assert update["embeds"][0]["author"]["name"].startswith("UPDATE")
    assert update["message_reference"]["message_id"] == first["id"]


@pytest.mark.parametrize("what", ["deleted", "locked"])
async def test_a_forum_post_that_is_gone_or_locked_says_nothing_about_its_forum(post: Post, what: str) -> None:
    forum = await post.place(type=FORUM)
    await post.owe(a_story(), forum)
    await post.tick()
    shut(post, post.posts(forum)[0].id, what)
    await told_elsewhere(post, forum)
    assert [each.name for each in post.posts(forum)][-2:] == ["Grown", "Another"]
    assert await post.store.read(alerts.due_edits, now=post.now, debounce=timedelta(0), limit=9) == []


def shut(post: Post, place: int, what: str) -> None:
    """Somebody deletes the thread, or locks it."""
    if what == "deleted":
        post.fake.delete_channel(place)
    else:
        post.fake.threads.set_state(post.fake.world.channel(place), locked=True)


async def test_a_thread_is_opened_though_the_alert_cannot_be_published(post: Post) -> None:
    channel = await post.place(Habits(publish=True, thread=True), type=ANNOUNCEMENT)
    await post.owe(a_story(), channel)
    route = "/channels/{channel_id}/messages/{message_id}/crosspost"
    post.fake.faults.add(Fault("error", status=400, code=40033, route=route))
    assert (await post.tick()).sent == 1
    assert len(post.posts(channel)) == 1


async def test_a_forum_that_asks_for_a_tag_and_has_none_waits_and_says_so(post: Post) -> None:
    forum = await post.place(type=FORUM, require_tag=True)
    await post.owe(a_story(), forum)
    report = await post.tick()
    assert (report.paused, report.dead) == (1, 0)
    assert "add a tag" in (await post.store.read(alerts.paused_channels))[forum][0]
