"""What managers do with `/alerts add · list · edit · pause · resume · remove`, from their side."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.client import Index
from bot.core.alert import Habits, Subscription
from bot.core.hours import DigestPlan
from bot.errors import TocsinError
from bot.store import Store, alerts, bulletins, guilds, subscriptions
from bot.store.guilds import GuildSettings
from handlers.alerts.means import MOST
from handlers.alerts.options import ABOUT, known_events, known_organisations
from tests.builders import NOON, a_story, an_alert
from tests.discord_fake import FakeDiscord, Permission, running
from tests.discord_fake.permissions import USER_DEFAULT
from tests.people import Town, a_client, a_town, labels, owner_of, said, text_of


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


COMMANDS = ("alerts add", "alerts list", "alerts edit", "alerts pause", "alerts resume", "alerts remove")
TYPED = ("topic", "organisations", "events", "languages")


def needed(command: str, town: Town) -> dict[str, Any]:
    """What the command has to be given."""
    if command == "alerts add":
        return {"channel": town.channel}
    edited = {"events": "contract"} if command == "alerts edit" else {}
    return {} if command == "alerts list" else {"subscription": 1} | edited


async def deny(town: Town, channel: Any, **rights: bool) -> None:
    """Takes rights from the bot in a channel."""
    place = seen(town, channel)
    await place.set_permissions(place.guild.me, **rights)


def seen(town: Town, channel: Any) -> Any:
    """A channel as the bot sees it."""
    return town.env.bot.get_channel(channel.id)


async def added(town: Town, **options: Any) -> Any:
    """Adds a subscription of the channel and saves it."""
    drafted = await town.manager.slash(town.channel, "alerts add", **({"channel": town.channel} | options))
    return await town.manager.click(drafted.response, label="Save")


async def kept(town: Town) -> Subscription:
    [subscription] = await town.store.read(subscriptions.listed, town.guild.id)
    return subscription


async def test_a_draft_is_shown_to_the_manager_alone_and_saved_by_a_button(town: Town) -> None:
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel, topic="ai-defence")
    assert drafted.ephemeral
    assert "would get: topic ai-defence" in said(drafted)
    assert "✅ View Channel · ✅ Send Messages · ✅ Embed Links" in said(drafted)
    assert labels(drafted.response) == ["Save", "Preview", "Cancel"]
    assert await town.store.read(subscriptions.listed) == []
    await town.manager.click(drafted.response, label="Save")
    subscription = await kept(town)
    assert (subscription.channel_id, subscription.topic) == (town.channel.id, "ai-defence")
    assert subscription.created_at == town.now


async def test_every_option_of_add_is_kept_and_told(town: Town) -> None:
    role = town.guild.create_role("on call", mentionable=True)
    result = await added(
        town,
        organisations="nato, Anthropic",
        events="contract,Conflict use",
        languages="German, en",
        min_importance="high",
        mode="both",
        max_per_hour=4,
        role=role,
        layout="compact",
        thread=True,
    )
    subscription = await kept(town)
    assert subscription.organisations == ("NATO", "Anthropic")
    assert subscription.events == ("contract", "conflict_use")
    assert subscription.languages == ("de", "en")
    assert (subscription.min_importance, subscription.mode) == ("high", "both")
    habits = subscription.habits
    assert (habits.max_per_hour, habits.role_id, habits.layout, habits.thread) == (4, role.id, "compact", True)
    for words in (
        "every topic · contract, conflict use · in German, English · only NATO, Anthropic · high importance or more",
        "alerts, and a digest of what matters less · digest daily at 08:00 (UTC), at most 10 stories",
        f"at most 4 an hour, the rest together · calls <@&{role.id}> for high importance or more · compact",
        "compact · a thread under each",
        "Digests come every morning at 08:00 (UTC); change that with `/alerts digest`.",
    ):
        assert words in said(result)


async def test_digests_that_nobody_planned_come_at_eight_in_the_zone_of_the_server_from_the_next_on(town: Town) -> None:
    await town.store.write(guilds.save, GuildSettings(town.guild.id, timezone="Europe/Berlin"))
    result = await added(town, mode="digest")
    assert "every morning at 08:00 (Europe/Berlin)" in said(result)
    eight = datetime(2026, 3, 5, 7, tzinfo=UTC)
    assert f"The next digest comes <t:{int(eight.timestamp())}:f>" in said(result)
    assert (await kept(town)).digest_plan == DigestPlan(8, timezone="Europe/Berlin")
    [backlog] = await town.store.read(bulletins.backlogs)
    assert backlog.told == {"2026-03-04T07:00:00Z"}


async def test_a_forecast_counts_what_would_have_been_told(town: Town) -> None:
    old = NOON - timedelta(days=40)
    recent = [
        a_story(f"s{day}", title=f"Story of day {day}", first_seen=NOON - timedelta(days=day, hours=1))
        for day in range(20)
    ]
    await town.keep(a_story("old", first_seen=old, last_seen=old), *recent, a_story("other", event="policy"))
    drafted = said(await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="contract"))
    assert "About 1 alert a day, going by the last 30 days." in drafted
    assert drafted.count("Story of day") == 3
    none = await town.manager.slash(
        town.channel, "alerts add", channel=town.channel, events="contract", min_importance="high"
    )
    assert "No alert, going by the last 30 days. Ask for less to hear more." in said(none)


async def test_a_draft_is_previewed_without_being_saved(town: Town) -> None:
    await town.keep(a_story("a", title="Anduril wins"), a_story("b", title="New policy", event="policy"))
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="policy")
    shown = await town.manager.click(drafted.response, label="Preview")
    assert "New policy" in said(shown) and "Anduril" not in said(shown)
    assert "nothing was sent" in said(shown)
    assert "Subscription 1 added" in said(await town.manager.click(drafted.response, label="Save"))


async def test_a_draft_that_is_cancelled_is_gone(town: Town) -> None:
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
    cancelled = await town.manager.click(drafted.response, label="Cancel")
    assert "Nothing was saved" in said(cancelled)
    assert labels(drafted.response) == []
    assert await town.store.read(subscriptions.listed) == []


async def test_a_draft_is_lost_with_time_and_with_a_restart_and_says_so(town: Town) -> None:
    for lose in (lambda: town.restart_bot(), None):
        drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
        if lose:
            await lose()
        else:
            town.now += timedelta(minutes=15)
        for label in ("Save", "Preview", "Cancel"):
            assert "That draft is gone" in said(await town.manager.click(drafted.response, label=label))
    assert await town.store.read(subscriptions.listed) == []


async def test_a_manager_who_is_one_no_more_saves_nothing(town: Town) -> None:
    role = town.guild.create_role("managers")
    hal = town.guild.add_member(town.env.create_user("hal"), roles=[role])
    await town.store.write(guilds.save, GuildSettings(town.guild.id, manager_role_id=role.id))
    await town.refresh()
    drafted = await hal.slash(town.channel, "alerts add", channel=town.channel)
    town.index.manager_roles.clear()
    for label in ("Save", "Preview", "Cancel"):
        assert "right Manage Server" in said(await hal.click(drafted.response, label=label))
    assert await town.store.read(subscriptions.listed) == []
    town.index.manager_roles[town.guild.id] = role.id
    assert "Subscription 1 added" in said(await hal.click(drafted.response, label="Save"))


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_reader_may_do_nothing(town: Town, command: str) -> None:
    await town.subscribe()
    assert "right Manage Server" in said(await town.reader.slash(town.channel, command, **needed(command, town)))
    [still] = await town.store.read(subscriptions.listed)
    assert still.paused is None


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_manager_by_role_may_do_all_and_is_named_by_the_refusal_of_others(town: Town, command: str) -> None:
    role = town.guild.create_role("managers")
    hal = town.guild.add_member(town.env.create_user("hal"), roles=[role])
    await town.store.write(guilds.save, GuildSettings(town.guild.id, manager_role_id=role.id))
    await town.subscribe(paused="a test" if command == "alerts resume" else None, events=("policy",))
    await town.refresh()
    assert "Manage Server" not in said(await hal.slash(town.channel, command, **needed(command, town)))
    refused = said(await town.reader.slash(town.channel, command, **needed(command, town)))
    assert f"or the role <@&{role.id}>" in refused


@pytest.mark.parametrize("command", COMMANDS[2:])
async def test_a_subscription_of_another_server_does_not_exist(town: Town, command: str) -> None:
    await town.subscribe()
    before = await town.store.read(subscriptions.listed, town.guild.id)
    _, elsewhere, mallory = town.other_server()
    result = await mallory.slash(elsewhere, command, **needed(command, town))
    assert "This server has no subscription 1; see `/alerts list`." in said(result)
    assert await town.store.read(subscriptions.listed, town.guild.id) == before


async def test_a_button_of_another_server_removes_nothing_here(town: Town) -> None:
    await town.subscribe()
    guild, elsewhere, mallory = town.other_server()
    await town.subscribe(guild_id=guild.id, channel_id=elsewhere.id)
    asked = await mallory.slash(elsewhere, "alerts remove", subscription=2)
    await town.store.write(subscriptions.remove, 2)
    assert "no subscription 2" in said(await mallory.click(asked.response, label="Remove"))
    assert len(await town.store.read(subscriptions.listed)) == 1


# -- rights in channels


RIGHTS = {
    "View Channel": "view_channel",
    "Send Messages": "send_messages",
    "Embed Links": "embed_links",
    "Read Message History": "read_message_history",
    "Create Public Threads": "create_public_threads",
    "Send Messages in Threads": "send_messages_in_threads",
}


@pytest.mark.parametrize("name", RIGHTS)
async def test_each_right_that_the_bot_lacks_is_named_and_checked_again(town: Town, name: str) -> None:
    closed = town.guild.create_text_channel(
        "closed", overwrites={town.env.bot.user: discord.PermissionOverwrite(**{RIGHTS[name]: False})}
    )
    drafted = await town.manager.slash(town.channel, "alerts add", channel=closed, thread=True)
    if name == "View Channel":
        assert "Tocsin does not see it" in said(drafted) or f"❌ {name}" in said(drafted)
        return
    assert f"❌ {name}" in said(drafted)
    assert re.search(
        rf"Tocsin lacks .*{name}.* in <#{closed.id}>\. Give it that there, then try again\.", said(drafted)
    )
    assert labels(drafted.response) == ["Check again", "Preview", "Cancel"]
    await town.manager.click(drafted.response, label="Check again")
    assert labels(drafted.response)[0] == "Check again"
    await seen(town, closed).set_permissions(seen(town, closed).guild.me, overwrite=None)
    await town.manager.click(drafted.response, label="Check again")
    await town.manager.click(drafted.response, label="Save")
    assert len(await town.store.read(subscriptions.listed)) == 1


async def test_a_right_that_went_before_saving_is_seen(town: Town) -> None:
    drafted = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
    await deny(town, town.channel, embed_links=False)
    assert "❌ Embed Links" in said(await town.manager.click(drafted.response, label="Save"))
    assert await town.store.read(subscriptions.listed) == []


async def test_a_channel_that_went_before_saving_is_told(town: Town) -> None:
    doomed = town.guild.create_text_channel("doomed")
    drafted = await town.manager.slash(town.channel, "alerts add", channel=doomed)
    await seen(town, doomed).delete()
    assert "it was deleted, or View Channel is missing" in said(
        await town.manager.click(drafted.response, label="Save")
    )


async def test_a_manager_who_cannot_write_in_a_channel_cannot_send_alerts_there(town: Town) -> None:
    silent = town.guild.create_text_channel(
        "silent", overwrites={town.guild.default_role: discord.PermissionOverwrite(send_messages=False)}
    )
    assert "You cannot write in" in said(await town.manager.slash(town.channel, "alerts add", channel=silent))
    await town.subscribe()
    moved = await town.manager.slash(town.channel, "alerts edit", subscription=1, channel=silent)
    assert "You cannot write in" in said(moved)


async def test_a_role_must_be_one_that_both_may_call(town: Town) -> None:
    quiet = town.guild.create_role("quiet")
    refused = await town.manager.slash(town.channel, "alerts add", channel=town.channel, role=quiet)
    assert "You cannot call" in said(refused)
    boss = owner_of(town.env, town.guild, "boss", manage_guild=True, mention_everyone=True)
    await deny(town, town.channel, mention_everyone=False)
    drafted = await boss.slash(town.channel, "alerts add", channel=town.channel, role=quiet)
    assert "❌ Mention @everyone, @here, and All Roles" in said(drafted).replace("\\", "").replace("\u2060", "")
    loud = town.guild.create_role("loud", mentionable=True)
    assert "Save" in labels((await boss.slash(town.channel, "alerts add", channel=town.channel, role=loud)).response)
    everyone = await boss.slash(town.channel, "alerts add", channel=town.channel, role=town.guild.default_role)
    assert "Alerts call no @everyone" in said(everyone)


async def test_a_thread_needs_its_own_rights_and_opens_no_threads(town: Town) -> None:
    await seen(town, town.channel).create_thread(name="deals", type=discord.ChannelType.public_thread)
    [thread] = town.channel.threads
    drafted = await town.manager.slash(town.channel, "alerts add", channel=thread)
    assert "✅ Send Messages in Threads" in said(drafted)
    refused = await town.manager.slash(town.channel, "alerts add", channel=thread, thread=True)
    assert "is a thread itself" in said(refused)


async def test_a_forum_needs_the_rights_of_forums_and_has_posts_already(town: Town) -> None:
    forum = town.guild.create_forum_channel("stories")
    drafted = await town.manager.slash(town.channel, "alerts add", channel=forum)
    assert "✅ Create Posts · ✅ Send Messages in Posts" in said(drafted)
    refused = await town.manager.slash(town.channel, "alerts add", channel=forum, thread=True)
    assert "each story has a post of its own already" in said(refused)
    await deny(town, forum, send_messages_in_threads=False)
    assert "❌ Send Messages in Posts" in said(await town.manager.slash(town.channel, "alerts add", channel=forum))


async def test_only_an_announcement_channel_publishes(town: Town) -> None:
    refused = await town.manager.slash(town.channel, "alerts add", channel=town.channel, publish=True)
    assert "is no announcement channel" in said(refused)
    drafted = await town.manager.slash(
        town.channel, "alerts add", channel=town.guild.create_news_channel("announcements"), publish=True
    )
    await town.manager.click(drafted.response, label="Save")
    assert (await kept(town)).habits.publish


async def test_the_same_subscription_is_not_added_twice(town: Town) -> None:
    await added(town, events="contract")
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel, events="contract")
    assert "has that already: it is subscription 1; change it with `/alerts edit`" in said(result)


async def test_two_drafts_of_the_same_are_saved_once(town: Town) -> None:
    drafts = [await town.manager.slash(town.channel, "alerts add", channel=town.channel) for _ in range(2)]
    await town.manager.click(drafts[0].response, label="Save")
    assert "has that already" in said(await town.manager.click(drafts[1].response, label="Save"))
    assert len(await town.store.read(subscriptions.listed)) == 1


async def test_a_server_has_a_most_of_subscriptions(town: Town) -> None:
    for number in range(MOST):
        await town.subscribe(organisations=(f"Organisation {number}",))
    result = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
    assert "the most there can be" in said(result)


# -- list


async def test_the_list_shows_this_server_alone(town: Town) -> None:
    await town.subscribe(events=("contract",), paused="a test")
    _, elsewhere, mallory = town.other_server()
    here = said(await town.manager.slash(town.channel, "alerts list"))
    there = said(await mallory.slash(elsewhere, "alerts list"))
    assert f"<#{town.channel.id}> · every topic · contract" in here
    assert "paused: a test" in here
    assert "No channel of this server gets alerts yet" in there


async def test_a_long_list_is_turned_by_buttons_after_a_restart_too(town: Town) -> None:
    for number in range(14):
        await town.subscribe(organisations=(f"Organisation {number}",))
    listed = await town.manager.slash(town.channel, "alerts list")
    assert "Page 1 of 3 · 14 subscriptions" in said(listed)
    await town.restart_bot()
    await town.manager.click(listed.response, label="Next")
    assert "Organisation 6" in text_of(listed.response) and "Organisation 5" not in text_of(listed.response)
    assert labels(listed.response) == ["Previous", "Next"]
    await town.manager.click(listed.response, label="Previous")
    assert "Organisation 5" in text_of(listed.response)


async def test_a_page_that_is_no_more_is_the_last(town: Town) -> None:
    for number in range(7):
        await town.subscribe(organisations=(f"Organisation {number}",))
    listed = await town.manager.slash(town.channel, "alerts list")
    await town.store.write(subscriptions.remove, 7)
    await town.manager.click(listed.response, label="Next")
    assert "Organisation 0" in text_of(listed.response) and labels(listed.response) == []


# -- edit


async def test_edit_changes_only_what_is_given(town: Town) -> None:
    await town.subscribe(events=("contract",), organisations=("NATO",), habits=Habits(max_per_hour=3))
    result = await town.manager.slash(town.channel, "alerts edit", subscription=1, min_importance="high")
    assert "Subscription 1 changed" in said(result)
    assert "contract · only NATO · high importance or more" in said(result)
    subscription = await kept(town)
    assert (subscription.events, subscription.organisations) == (("contract",), ("NATO",))
    assert (subscription.min_importance, subscription.habits.max_per_hour) == ("high", 3)


async def test_every_option_of_edit_is_kept_and_none_empties_it(town: Town) -> None:
    role = town.guild.create_role("on call", mentionable=True)
    other = town.guild.create_text_channel("other")
    await town.subscribe()
    before = await kept(town)
    await town.manager.slash(
        town.channel, "alerts edit", subscription=1, channel=other, topic="ai-defence", organisations="NATO",
        events="policy", languages="French", min_importance="critical", mode="digest", max_per_hour=9,
        role="ON CALL", layout="compact", thread=True,
    )  # fmt: skip
    assert await kept(town) == replace(
        before, channel_id=other.id, topic="ai-defence", organisations=("NATO",), events=("policy",),
        languages=("fr",), min_importance="critical", mode="digest",
        habits=Habits("compact", 9, role.id, thread=True, digest=DigestPlan(8)),
    )  # fmt: skip
    await town.manager.slash(
        town.channel, "alerts edit", subscription=1, channel=town.channel, topic="none", organisations="none",
        events="None", languages="none", min_importance="low", mode="alerts", max_per_hour=0, role="none",
        layout="full", thread=False,
    )  # fmt: skip
    assert await kept(town) == before


async def test_edit_without_anything_to_change_says_so(town: Town) -> None:
    await town.subscribe()
    assert "Nothing was given to change" in said(await town.manager.slash(town.channel, "alerts edit", subscription=1))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"topic": "cooking"}, "There is no topic “cooking”"),
        ({"organisations": "NATO, Acme"}, "no organisation “Acme”"),
        ({"events": "party"}, "no kind of event “party”"),
        ({"languages": "Klingon"}, "knows no language “Klingon”"),
        ({"role": "nobody"}, "This server has no role “nobody”"),
        ({"publish": True}, "no announcement channel"),
    ],
)
async def test_edit_refuses_what_could_never_be(town: Town, option: dict[str, Any], words: str) -> None:
    await town.subscribe()
    before = await kept(town)
    assert words in said(await town.manager.slash(town.channel, "alerts edit", subscription=1, **option))
    assert await kept(town) == before


async def test_a_subscription_cannot_be_edited_into_another(town: Town) -> None:
    await town.subscribe(events=("policy",))
    await town.subscribe(events=("contract",))
    result = await town.manager.slash(town.channel, "alerts edit", subscription=2, events="policy")
    assert "has that already: it is subscription 1" in said(result)


async def test_a_subscription_of_a_deleted_channel_moves_to_another(town: Town) -> None:
    await town.subscribe(channel_id=4711)
    lost = said(await town.manager.slash(town.channel, "alerts edit", subscription=1, events="policy"))
    assert "Tocsin does not see <#4711>" in lost
    moved = await town.manager.slash(town.channel, "alerts edit", subscription=1, channel=town.channel)
    assert "Subscription 1 changed" in said(moved)


async def test_edit_is_refused_while_the_bot_lacks_a_right(town: Town) -> None:
    await town.subscribe()
    await deny(town, town.channel, embed_links=False)
    result = await town.manager.slash(town.channel, "alerts edit", subscription=1, events="policy")
    assert "Tocsin lacks Embed Links" in said(result)


async def test_what_waits_for_a_digest_is_settled_when_digests_end(town: Town) -> None:
    await town.subscribe(mode="digest")
    await town.keep(a_story())
    await town.store.write(alerts.owe, [an_alert(1, kind="digest")], NOON)
    await town.manager.slash(town.channel, "alerts edit", subscription=1, mode="alerts")
    assert await town.store.read(alerts.counts) == {
        **dict.fromkeys(await town.store.read(alerts.counts), 0),
        "suppressed": 1,
    }


# -- pause, resume, remove


async def test_pause_and_resume(town: Town) -> None:
    await town.subscribe()
    paused = await town.manager.slash(town.channel, "alerts pause", subscription=1)
    assert "Subscription 1 is paused" in said(paused)
    assert (await kept(town)).paused == "by meg"
    again = await town.manager.slash(town.channel, "alerts pause", subscription=1)
    assert "is paused already" in said(again)
    [choice] = await town.manager.autocomplete(town.channel, "alerts resume", "subscription", "")
    assert choice["name"].endswith("· paused")
    resumed = await town.manager.slash(town.channel, "alerts resume", subscription=1)
    assert "Subscription 1 goes on" in said(resumed)
    assert (await kept(town)).paused is None
    assert "is not paused" in said(await town.manager.slash(town.channel, "alerts resume", subscription=1))


async def test_resume_looks_at_the_rights_first(town: Town) -> None:
    await town.subscribe(paused="a test")
    await deny(town, town.channel, send_messages=False)
    result = await town.manager.slash(town.channel, "alerts resume", subscription=1)
    assert "Tocsin lacks Send Messages" in said(result)
    assert (await kept(town)).paused == "a test"


async def test_resume_opens_a_channel_that_was_paused_for_want_of_a_right(town: Town) -> None:
    await town.subscribe()
    await town.store.write(alerts.pause_channel, town.channel.id, reason="a right is missing", now=NOON)
    assert (await kept(town)).paused == "a right is missing"
    await town.manager.slash(town.channel, "alerts resume", subscription=1)
    assert (await kept(town)).paused is None


async def test_remove_asks_once_more_and_works_after_a_restart(town: Town) -> None:
    await town.subscribe(events=("policy",))
    asked = await town.manager.slash(town.channel, "alerts remove", subscription=1)
    assert "Remove subscription 1?" in said(asked) and "policy" in said(asked)
    assert len(await town.store.read(subscriptions.listed)) == 1
    await town.restart_bot()
    assert "Subscription 1 has ended" in said(await town.manager.click(asked.response, label="Remove"))
    assert labels(asked.response) == []
    assert await town.store.read(subscriptions.listed) == []


async def test_what_is_not_to_be_removed_stays(town: Town) -> None:
    await town.subscribe()
    asked = await town.manager.slash(town.channel, "alerts remove", subscription=1)
    assert "stays as it is" in said(await town.manager.click(asked.response, label="Keep"))
    assert len(await town.store.read(subscriptions.listed)) == 1


async def test_a_number_that_no_subscription_can_have_is_refused(town: Town) -> None:
    for number in (0, -1, 99, 2**53 - 1):
        assert f"no subscription {number}" in said(
            await town.manager.slash(town.channel, "alerts remove", subscription=number)
        )


# -- autocomplete


async def test_a_removed_subscription_is_gone_from_the_choices(town: Town) -> None:
    await town.subscribe()
    await town.refresh()
    offered = await town.manager.autocomplete(town.channel, "alerts remove", "subscription", "")
    assert offered == [{"name": "1 · #news · every topic", "value": 1}]
    asked = await town.manager.slash(town.channel, "alerts remove", subscription=1)
    await town.manager.click(asked.response, label="Remove")
    assert await town.manager.autocomplete(town.channel, "alerts remove", "subscription", "") == []


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *((command, "subscription") for command in COMMANDS[2:]),
        *((command, option) for command in ("alerts add", "alerts edit") for option in ABOUT if option in TYPED),
        ("alerts edit", "role"),
    ],
)
async def test_choices_are_for_managers_of_their_server_only(town: Town, command: str, option: str) -> None:
    await town.subscribe()
    await town.refresh()
    _, elsewhere, mallory = town.other_server()
    assert await town.manager.autocomplete(town.channel, command, option, "")
    assert await town.reader.autocomplete(town.channel, command, option, "") == []
    if option == "subscription":
        assert await mallory.autocomplete(elsewhere, command, option, "") == []


async def test_autocomplete_completes_the_last_of_several_names(town: Town) -> None:
    await town.keep(a_story(organisations=("OpenAI",)))
    for option, typed, whole in (
        ("organisations", "NATO, an", ["NATO, Anthropic", "NATO, Anduril Industries"]),
        ("events", "contract, pol", ["contract, policy"]),
        ("languages", "German, engl", ["German, English"]),
    ):
        offered = await town.manager.autocomplete(town.channel, "alerts add", option, typed)
        assert [choice["value"] for choice in offered] == whole


async def test_edit_offers_none_and_add_does_not(town: Town) -> None:
    for option in (*TYPED, "role"):
        offered = await town.manager.autocomplete(town.channel, "alerts edit", option, "non")
        assert offered[0] == {"name": "none", "value": "none"}
    for option in TYPED:
        offered = await town.manager.autocomplete(town.channel, "alerts add", option, "non")
        assert {"name": "none", "value": "none"} not in offered


async def test_a_server_that_the_operator_did_not_allow_is_told_so(tmp_path: Path) -> None:
    async with a_town(tmp_path, allowed=()) as town:
        result = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
        assert f"the server's id is {town.guild.id}" in said(result)
        assert await town.manager.autocomplete(town.channel, "alerts add", "topic", "") == []
        assert await town.store.read(subscriptions.listed) == []


async def test_a_manager_by_role_in_one_channel_only_is_a_reader_elsewhere(town: Town) -> None:
    helper = owner_of(town.env, town.guild, "hal", manage_messages=True)
    assert "Manage Server" in said(await helper.slash(town.channel, "alerts list"))


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (lambda: known_organisations("NATO, Acme", ["NATO"]), "no organisation “Acme”"),
        (lambda: known_events("contract, party"), "no kind of event “party”"),
    ],
)
def test_what_could_never_match_is_refused_with_what_can(refused: object, words: str) -> None:
    with pytest.raises(TocsinError, match=words):
        refused()  # type: ignore[operator]


async def test_a_topic_may_be_typed_by_its_name(town: Town) -> None:
    await added(town, topic="ai AND defence")
    assert (await kept(town)).topic == "ai-defence"


async def test_a_channel_of_another_server_cannot_be_subscribed(tmp_path: Path) -> None:
    """On the wire, where a person's client may send whatever it likes."""
    async with Store.open(f"sqlite:///{tmp_path / 'town.db'}") as store, FakeDiscord() as fake:
        here, there = fake.add_guild(), fake.add_guild()
        own, foreign = fake.add_channel(here), fake.add_channel(there)
        manager = fake.add_user(here, permissions=USER_DEFAULT | Permission.MANAGE_GUILD)
        client = a_client(store, Index(), clock=lambda: NOON)
        async with running(fake, client):
            await fake.until(lambda: fake.commands.registered() and client.get_channel(foreign.id))
            answer = await fake.slash(manager, own, "/alerts add", channel=foreign)
            answer = await fake.wait_for_follow_up(answer)
        assert "Tocsin does not see it" in str(answer.message)
        assert await store.read(subscriptions.listed) == []
