"""`/help`: the commands that a person may use, read from the command tree itself, so that none can be missing."""

from collections.abc import Iterable

import discord
from discord import AppCommandType, app_commands

from bot.client import TocsinClient
from bot.client.index import Index
from bot.client.replies import Interaction, reply
from bot.client.rights import MANAGERS_ONLY, is_manager
from bot.core.pages import Section, help_message

MANAGERS = " (managers)"
Tree = app_commands.CommandTree[discord.Client]
Root = app_commands.Command | app_commands.Group  # type: ignore[type-arg]


def commands(*, index: Index) -> list[app_commands.Command]:  # type: ignore[type-arg]
    """The command `/help`."""

    @app_commands.command(name="help", description="What you can do with Tocsin here: every command in a line")
    @app_commands.guild_only()
    async def help_command(interaction: Interaction) -> None:
        client = interaction.client
        if isinstance(client, TocsinClient):
            manages = is_manager(interaction, index)
            others = () if manages else [each.name for each in _roots(client.tree) if is_for_managers(each)]
            await reply(
                interaction, help_message(sections(client.tree, managers=manages), menu(client.tree), others=others)
            )

    return [help_command]


def sections(tree: Tree, *, managers: bool = True) -> list[Section]:
    """What is there for everybody, then (if `managers`) what is there for managers: each group by itself, under the
    words that it says of itself, and last what stands alone."""
    found = []
    for theirs in (False, True) if managers else (False,):
        who = MANAGERS if theirs else ""
        roots = [each for each in _roots(tree) if is_for_managers(each) == theirs]
        groups = [each for each in roots if isinstance(each, app_commands.Group)]
        alone = [each for each in roots if isinstance(each, app_commands.Command)]
        found += [Section(f"/{each.name}{who} · {each.description}", _lines(each.walk_commands())) for each in groups]
        found += [Section(f"Tocsin itself{who}", _lines(alone))] if alone else []
    return found


def menu(tree: Tree) -> list[str]:
    """The entries of a message's menu."""
    return [each.name for each in tree.get_commands(type=AppCommandType.message)]


def is_for_managers(root: Root) -> bool:
    """Whether a group, or a command that stands alone, says that only managers may use it."""
    return bool(root.extras.get(MANAGERS_ONLY))


def _roots(tree: Tree) -> list[Root]:
    return tree.get_commands(type=AppCommandType.chat_input)


def _lines(found: Iterable[Root]) -> list[tuple[str, str]]:
    leaves = [each for each in found if isinstance(each, app_commands.Command)]
    return sorted((leaf.qualified_name, leaf.description) for leaf in leaves)
