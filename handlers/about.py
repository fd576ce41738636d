"""`/about`: what Tocsin is, what it keeps of a server and for how long, and where its news come from."""

from discord import app_commands

from bot.client.replies import SHARE, Interaction, defer, reply
from bot.core.about import about_message
from bot.store import Store, guild_feeds


def commands(*, store: Store, version: str, keep_days: int, contact: str = "") -> list[app_commands.Command]:  # type: ignore[type-arg]
    """The command `/about`. `keep_days` is how long articles are kept."""

    @app_commands.command(name="about", description="What Tocsin keeps of this server and for how long, its sources")
    @app_commands.describe(share=SHARE)
    @app_commands.guild_only()
    async def about(interaction: Interaction, share: bool = False) -> None:
        await defer(interaction, share=share)
        read = await store.read(guild_feeds.visible, interaction.guild_id or 0)
        message = about_message(version=version, keep_days=keep_days, feeds=len(read), contact=contact)
        await reply(interaction, message, share=share)

    return [about]
