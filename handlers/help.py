"""`/help`: the commands, read from the command tree itself, so that none can be missing."""

import discord
from discord import app_commands

from bot.client import TocsinClient
from bot.client.replies import Interaction, reply
from bot.core.pages import help_message


def commands() -> list[app_commands.Command]:  # type: ignore[type-arg]
    """The command `/help`."""

    @app_commands.command(name="help", description="What Tocsin can do here")
    @app_commands.guild_only()
    async def help_command(interaction: Interaction) -> None:
        client = interaction.client
        tree = client.tree if isinstance(client, TocsinClient) else None
        await reply(interaction, help_message(described(tree) if tree else []))

    return [help_command]


def described(tree: app_commands.CommandTree[discord.Client]) -> list[tuple[str, str]]:
    """(name, description) of every command that can be typed, by name."""
    leaves = [each for each in tree.walk_commands() if isinstance(each, app_commands.Command)]
    return sorted((leaf.qualified_name, leaf.description) for leaf in leaves)
