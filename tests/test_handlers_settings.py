"""What managers do with `/settings`, what everybody reads in `/about`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.store import feeds, guilds, servers
from bot.store.guilds import GuildSettings
from tests.builders import NOON
from tests.own_feeds import LISTED, have
from tests.people import Town, a_town, owner_of, said


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as town:
        yield town


async def kept(town: Town) -> GuildSettings:
    return await town.store.read(guilds.settings, town.guild.id)


async def change(town: Town, **options: Any) -> str:
    return said(await town.manager.slash(town.channel, "settings", **options))


async def test_without_options_the_settings_are_shown_with_what_is_not_set(town: Town) -> None:
    text = await change(town)
    for words in ("UTC, as none is set", "nobody is told when a feed", "Manage Server", "Stories need 50 of 100"):
        assert words in text


async def test_every_setting_is_kept_shown_and_cleared_by_none(town: Town) -> None:
    role = town.guild.create_role("editors")
    options = {"timezone": "europe/berlin", "ops_channel": str(town.channel.id), "manager_role": str(role.id)}
    text = await change(town, **options)
    assert await kept(town) == GuildSettings(town.guild.id, "Europe/Berlin", town.channel.id, role.id)
    for words in ("go by Europe/Berlin", f"told in <#{town.channel.id}>", f"<@&{role.id}> may manage Tocsin"):
        assert words in text
    await town.restart_bot()
    assert f"<#{town.channel.id}>" in await change(town)
    text = await change(town, **dict.fromkeys(options, "none"))
    assert await kept(town) == GuildSettings(town.guild.id)
    assert "Only people with Manage Server" in text


async def test_a_setting_that_is_not_given_stays(town: Town) -> None:
    await town.store.write(servers.change, town.guild.id, threshold=0.04)
    await change(town, timezone="Asia/Tokyo")
    await change(town, ops_channel=f"<#{town.channel.id}>")
    assert await kept(town) == GuildSettings(town.guild.id, "Asia/Tokyo", town.channel.id, threshold=0.04)


async def test_a_manager_role_counts_at_once(town: Town) -> None:
    role = town.guild.create_role("editors")
    editor = town.guild.add_member(town.env.create_user("ed"), roles=[role])
    assert "right Manage Server" in said(await editor.slash(town.channel, "settings"))
    await change(town, manager_role="editors")
    assert "Settings" in said(await editor.slash(town.channel, "settings"))
    assert "people with the right Manage Server" in said(
        await editor.slash(town.channel, "settings", manager_role="none")
    )
    await change(town, manager_role="none")
    assert "right Manage Server" in said(await editor.slash(town.channel, "settings"))


@pytest.mark.parametrize(
    ("option", "typed", "words"),
    [
        ("timezone", "Mars/Olympus", "no time zone"),
        ("timezone", "../../etc/passwd", "no time zone"),
        ("ops_channel", "nowhere", "Tocsin sees no text channel “nowhere”"),
        ("manager_role", "@everyone", "@everyone cannot manage"),
        ("manager_role", "*nobody*", "no role “\\*nobody\\*”"),
    ],
)
async def test_what_cannot_be_set_is_refused_in_a_sentence(town: Town, option: str, typed: str, words: str) -> None:
    assert words in await change(town, **{option: typed})
    assert await kept(town) == GuildSettings(town.guild.id)


@pytest.mark.parametrize(("right", "name"), [("send_messages", "Send Messages"), ("embed_links", "Embed Links")])
async def test_an_ops_channel_has_to_let_the_bot_write(town: Town, right: str, name: str) -> None:
    place = town.env.bot.get_channel(town.channel.id)
    await place.set_permissions(place.guild.me, **{right: False})
    text = await change(town, ops_channel="news")
    assert f"Tocsin lacks {name}" in text
    assert f"in <#{town.channel.id}>" in text
    assert (await kept(town)).ops_channel_id is None


async def test_a_channel_of_another_server_is_not_taken(town: Town) -> None:
    _, elsewhere, _ = town.other_server()
    assert "sees no text channel" in await change(town, ops_channel=str(elsewhere.id))


async def test_a_manager_sets_no_channel_in_which_he_cannot_write_himself(town: Town) -> None:
    secret = town.guild.create_text_channel("secret")
    editor = owner_of(town.env, town.guild, "ed")
    place = town.env.bot.get_channel(secret.id)
    role = next(each for each in place.guild.roles if each.name == "ed's role")
    await place.set_permissions(role, send_messages=False)
    assert "You cannot write in" in said(await editor.slash(town.channel, "settings", ops_channel="secret"))


async def test_a_reader_and_a_manager_elsewhere_change_nothing(town: Town) -> None:
    guild, elsewhere, mallory = town.other_server()
    assert "right Manage Server" in said(await town.reader.slash(town.channel, "settings", timezone="Asia/Tokyo"))
    await mallory.slash(elsewhere, "settings", timezone="Asia/Tokyo")
    assert await kept(town) == GuildSettings(town.guild.id)
    assert (await town.store.read(guilds.settings, guild.id)).timezone == "Asia/Tokyo"


async def test_options_are_offered_to_managers_of_their_own_server(town: Town) -> None:
    town.guild.create_role("editors")
    _, elsewhere, mallory = town.other_server()
    for option, typed, offered in (
        ("timezone", "berl", "Europe/Berlin"), ("ops_channel", "ne", "#news"), ("manager_role", "edit", "editors"),
    ):  # fmt: skip
        assert offered in [
            each["name"] for each in await town.manager.autocomplete(town.channel, "settings", option, typed)
        ]
        assert await town.reader.autocomplete(town.channel, "settings", option, typed) == []
        if option != "timezone":
            names = [each["name"] for each in await mallory.autocomplete(elsewhere, "settings", option, typed)]
            assert offered not in names


async def test_none_is_offered_for_each_option(town: Town) -> None:
    for option in ("timezone", "ops_channel", "manager_role"):
        assert "none" in [
            each["value"] for each in await town.manager.autocomplete(town.channel, "settings", option, "")
        ]


async def test_about_tells_everybody_what_is_kept_and_for_how_long(town: Town) -> None:
    result = await town.reader.slash(town.channel, "about")
    text = said(result)
    for words in ("365 days", "30 days after Tocsin is removed", "forgotten after 30 days", "/admin purge", "1.2.3"):
        assert words in text
    assert result.ephemeral
    assert not (await town.reader.slash(town.channel, "about", share=True)).ephemeral


async def test_about_counts_the_feeds_that_this_server_reads_as_status_does(town: Town) -> None:
    """How many another server has added is nobody else's."""
    await town.store.write(feeds.sync_catalogue, [LISTED], NOON)
    guild, elsewhere, mallory = town.other_server()
    await have(town, guild.id, "https://own.example/feed", "Theirs")
    assert "1 feed of news sites" in said(await town.reader.slash(town.channel, "about"))
    assert "2 feeds of news sites" in said(await mallory.slash(elsewhere, "about"))
