"""A small bot that answers: two commands, a view with buttons and selects, and a modal; and who uses them.

The fixtures stand on those of `tests.stage`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import discord
import pytest
from discord import app_commands

from tests.discord_fake import FakeDiscord, Permission, QuickClient, running
from tests.discord_fake.world import Channel, User

Body = Callable[[discord.Interaction], Awaitable[None]]


class Bot(QuickClient):
    """A client with a command tree; `answer` is what /run does."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = app_commands.CommandTree(self)
        self.failures: list[Exception] = []
        self.answer: Body = _pong
        self.tree.error(self._fail)
        self.tree.add_command(run)
        self.tree.add_command(alerts)

    async def _fail(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.failures.append(getattr(error, "original", error))

    async def setup_hook(self) -> None:
        await self.tree.sync()
        self.add_view(Persistent())


async def _pong(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("pong")


@app_commands.command(description="Runs what the test wants")
async def run(interaction: discord.Interaction) -> None:
    assert isinstance(interaction.client, Bot)
    await interaction.client.answer(interaction)


alerts = app_commands.Group(
    name="alerts", description="Alerts", default_permissions=discord.Permissions(manage_guild=True)
)


@alerts.command(name="add", description="Adds one")
async def add(
    interaction: discord.Interaction,
    topic: str,
    level: Literal["low", "high"] = "low",
    count: app_commands.Range[int, 1, 5] = 1,
    where: discord.TextChannel | None = None,
    who: discord.Member | None = None,
    role: discord.Role | None = None,
) -> None:
    named = [thing and thing.name for thing in (where, who, role)]
    await interaction.response.send_message(f"{topic} {level} {count} {named}", ephemeral=True)


@add.autocomplete("topic")
async def _topics(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    count = 26 if typed == "many" else 2
    return [app_commands.Choice(name=f"{typed}{number}", value=str(number)) for number in range(count)]


class Persistent(discord.ui.View):
    """Buttons that work for ever, by their custom ids."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_message("details", ephemeral=True)

    @discord.ui.button(label="Done", custom_id="done")
    async def done(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.edit_message(content="done", view=None)

    @discord.ui.button(label="Slow", custom_id="slow")
    async def slow(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="slowly done")

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_modal(Question())

    @discord.ui.select(custom_id="choose", options=[discord.SelectOption(label=x) for x in "abc"], max_values=2)
    async def choose(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(" ".join(select.values))

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="place")
    async def place(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect[Any]) -> None:
        await interaction.response.send_message(str(select.values[0].name))


class Question(discord.ui.Modal, title="Question"):
    words = discord.ui.TextInput[Any](label="Words", custom_id="words", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"asked {self.words.value}")


@pytest.fixture
def user(fake: FakeDiscord, channel: Channel) -> User:
    return fake.add_user(channel.guild_id, "reader")


@pytest.fixture
def editor(fake: FakeDiscord, channel: Channel) -> User:
    return fake.add_user(channel.guild_id, "editor", permissions=Permission.ADMINISTRATOR)


@pytest.fixture
async def bot(fake: FakeDiscord, channel: Channel) -> AsyncIterator[Bot]:
    client = Bot()
    async with running(fake, client):
        yield client


@pytest.fixture
async def posted(bot: Bot, channel: Channel) -> discord.Message:
    return await bot.get_partial_messageable(channel.id).send("story", view=Persistent())
