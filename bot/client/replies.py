"""Answers to people: deferring, replying, buttons that outlive a restart.

It draws nothing and knows no commands; a handler calls it once it knows what to say.
"""

import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any, Self, cast

import discord
import structlog

from bot.client.drawing import shown, to_embed, to_view
from bot.core.message import Message
from bot.errors import TocsinError

log = structlog.get_logger(__name__)
ABOUT = ("story", "subscription", "feed", "bulletin")
"""What of a button's pattern the log tells; never who pressed it."""

Interaction = discord.Interaction[discord.Client]
Press = Callable[[Interaction, "re.Match[str]"], Awaitable[None]]
Failure = Callable[[Interaction, Exception], Awaitable[None]]
SHARED = "shared"
SHARE = "Show the answer to everybody in the channel"
"""What the option `share` does, wherever there is one."""

Admission = Callable[[Interaction], Awaitable[bool]]


class RefusedError(TocsinError):
    """A person may not do this, or not so: the sentence says why, and what to do."""


async def defer(interaction: Interaction, *, share: bool = False) -> None:
    """Tells Discord that an answer follows; only the person who asked sees it unless `share`. Raises RefusedError where
    he may not write himself what everybody is to see: Discord lets people use commands in channels that they only
    read."""
    if share and not _may_write(interaction):
        raise RefusedError("You cannot write here yourself, so ask without `share`: then you alone see the answer.")
    interaction.extras[SHARED] = share
    await interaction.response.defer(ephemeral=not share, thinking=True)


def _may_write(interaction: Interaction) -> bool:
    theirs = interaction.permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    return theirs.send_messages_in_threads if in_thread else theirs.send_messages


async def refuse(interaction: Interaction, message: Message) -> None:
    """Answers the person alone, in place of an answer that everybody was to see: whoever may not write in a channel
    writes nothing into it by asking for what there is not."""
    shared = interaction.extras.pop(SHARED, False)
    if shared:  # only what follows a deferral's own answer can be for one person, and only while that one stands
        await interaction.edit_original_response(content="…")
    await reply(interaction, message)
    if shared:
        await interaction.delete_original_response()


async def reply(interaction: Interaction, message: Message, *, share: bool = False) -> None:
    """Answers with `message`, after a deferral or at once."""
    if interaction.response.is_done():
        await interaction.followup.send(message.content, ephemeral=not share, **shown(message))
    else:
        await interaction.response.send_message(message.content or None, ephemeral=not share, **shown(message))


async def reply_file(interaction: Interaction, message: Message, *, name: str, body: bytes) -> None:
    """Answers the person alone with `message` and a file of that name, after a deferral."""
    file = discord.File(BytesIO(body), name)
    await interaction.followup.send(message.content, ephemeral=True, file=file, **shown(message))


async def replace(interaction: Interaction, message: Message) -> None:
    """Makes the message under which a button was pressed show `message`, after a deferral."""
    await interaction.edit_original_response(
        content=message.content or None, embed=to_embed(message), view=to_view(message)
    )


async def turn_to(interaction: Interaction, page: Callable[[], Awaitable[Message]]) -> None:
    """Shows another page where a button was pressed; anybody but who asked for the first gets it for himself alone."""
    own = _asked_by(interaction)
    await (interaction.response.defer() if own else defer(interaction))
    drawn = await page()
    await (replace(interaction, drawn) if own else reply(interaction, drawn))


def _asked_by(interaction: Interaction) -> bool:
    """Whether the one who pressed a button is the one whom its message answers; where Discord does not say, he is."""
    asked = interaction.message.interaction_metadata if interaction.message else None
    return asked is None or asked.user.id == interaction.user.id


class PersistentButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"(?!)"):
    """A button known by the pattern of its custom_id, so that it needs no memory of the message it stands under."""

    def __init__(self, item: discord.ui.Button[discord.ui.View], match: "re.Match[str]") -> None:
        super().__init__(item)
        self.match = match

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: Interaction,
        item: discord.ui.Item[Any],
        match: "re.Match[str]",
        /,
    ) -> Self:
        return cls(cast("discord.ui.Button[discord.ui.View]", item), match)

    async def pressed(self, interaction: Interaction) -> None:
        raise NotImplementedError

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        admits: Admission | None = getattr(interaction.client, "admits", None)
        return admits is None or await admits(interaction)

    async def callback(self, interaction: Interaction) -> None:
        try:
            await self.pressed(interaction)
            about = {name: self.match[name] for name in ABOUT if name in self.match.groupdict()}
            ids = {"guild": interaction.guild_id, "channel": interaction.channel_id, "reference": interaction.id}
            log.info("button.answered", button=":".join(self.custom_id.split(":")[:2]), **about, **ids)
        except Exception as error:
            explain: Failure | None = getattr(interaction.client, "explain", None)
            if explain is None:
                raise
            await explain(interaction, error)


def persistent_button(template: str, press: Press) -> type[PersistentButton]:
    """The button whose custom_id matches `template` as a whole and that calls `press` with the match."""

    class Pressed(PersistentButton, template=template):
        async def pressed(self, interaction: Interaction) -> None:
            await press(interaction, self.match)

    return Pressed
