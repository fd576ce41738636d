"""The rights that Discord grants, in its own words."""

import discord

from bot.client.rights import missing_rights


def test_missing_rights_are_named_as_discord_names_them() -> None:
    some = discord.Permissions(view_channel=True, embed_links=True, read_message_history=True)
    assert missing_rights(some) == ["Send Messages"]
    assert missing_rights(some, thread=True) == ["Send Messages in Threads"]
    assert missing_rights(discord.Permissions.all()) == []
