"""Who may use `/alerts`, and which rights it needs in a channel."""

import re
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.client import Index
from bot.store import Store, guilds, subscriptions
from bot.store.guilds import GuildSettings
from tests import managing
from tests.builders import NOON
from tests.discord_fake import FakeDiscord, Permission, running
from tests.discord_fake.permissions import USER_DEFAULT
from tests.managing import deny, kept, seen
from tests.people import Town, a_client, a_town, labels, owner_of, said

town = managing.town

COMMANDS = ("alerts add", "alerts list", "alerts edit", "alerts pause", "alerts resume", "alerts remove")
RIGHTS = {
    "View Channel": "view_channel",
    "Send Messages": "send_messages",
    "Embed Links": "embed_links",
    "Read Message History": "read_message_history",
    "Create Public Threads": "create_public_threads",
    "Send Messages in Threads": "send_messages_in_threads",
}


# -- people


def needed(command: str, town: Town) -> dict[str, Any]:
    """What the command has to be given."""
    if command == "alerts add":
        return {"channel": town.channel}
    edited = {"events": "contract"} if command == "alerts edit" else {}
    return {} if command == "alerts list" else {"subscription": 1} | edited


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


async def test_a_server_that_the_operator_did_not_allow_is_told_so(tmp_path: Path) -> None:
    async with a_town(tmp_path, allowed=()) as town:
        result = await town.manager.slash(town.channel, "alerts add", channel=town.channel)
        assert f"the server's id is {town.guild.id}" in said(result)
        assert await town.manager.autocomplete(town.channel, "alerts add", "topic", "") == []
        assert await town.store.read(subscriptions.listed) == []


async def test_a_manager_by_role_in_one_channel_only_is_a_reader_elsewhere(town: Town) -> None:
    helper = owner_of(town.env, town.guild, "hal", manage_messages=True)
    assert "Manage Server" in said(await helper.slash(town.channel, "alerts list"))


async def test_a_channel_of_another_server_cannot_be_subscribed(database_url: str) -> None:
    """On the wire, where a person's client may send whatever it likes."""
    async with Store.open(database_url) as store, FakeDiscord() as fake:
        here, there = fake.add_guild(), fake.add_guild()
        own, foreign = fake.add_channel(here), fake.add_channel(there)
        manager = fake.add_user(here, permissions=USER_DEFAULT | Permission.MANAGE_GUILD)
        client = a_client(store, Index(), clock=lambda: NOON)
        async with running(fake, client):
            await fake.until(lambda: fake.commands.registered() and client.get_channel(foreign.id))
            answer = await fake.slash(manager, own, "/alerts add", channel=foreign)
            answer = await fake.wait_for_follow_up(answer)
        assert "Tocsin does not see" in str(answer.message)
        assert await store.read(subscriptions.listed) == []


# -- channels


@pytest.mark.parametrize("name", RIGHTS)
async def test_each_right_that_the_bot_lacks_is_named_and_checked_again(town: Town, name: str) -> None:
    closed = town.guild.create_text_channel(
        "closed", overwrites={town.env.bot.user: discord.PermissionOverwrite(**{RIGHTS[name]: False})}
    )
    drafted = await town.manager.slash(town.channel, "alerts add", channel=closed, thread=True)
    if name == "View Channel":
        assert "Tocsin does not see “" in said(drafted) or f"❌ {name}" in said(drafted)
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
