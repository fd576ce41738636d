"""A Message as discord.py's objects. It changes no text: everything in a Message is escaped and cut already."""

from io import BytesIO
from typing import Any

import discord

from bot.core.message import Button, Message


def to_embed(message: Message) -> discord.Embed | None:
    """The embed of a message, or None where it has nothing to show in one."""
    if not (message.title or message.description or message.fields or message.author or message.picture):
        return None
    embed = discord.Embed(
        title=message.title or None,
        url=message.url if message.title else None,
        description=message.description or None,
        colour=message.colour,
        timestamp=message.timestamp,
    )
    if message.author:
        embed.set_author(name=message.author)
    for field in message.fields:
        embed.add_field(name=field.name, value=field.value, inline=field.inline)
    if message.picture:
        embed.set_image(url=f"attachment://{message.picture.name}")
    if message.footer:
        embed.set_footer(text=message.footer)
    return embed


def to_view(message: Message) -> discord.ui.View | None:
    """The buttons of a message, or None without any.

    The view is finished from the start, so that discord.py keeps no copy of it for each message: presses reach the
    registered dynamic items by their custom_id, before and after a restart alike. Needs a running event loop.
    """
    if not message.buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in message.buttons:
        view.add_item(_button(button))
    view.stop()
    return view


def shown(message: Message) -> dict[str, Any]:
    """The embed, the view, the picture's file and the role to call as keyword arguments, each where there is one."""
    parts = {
        "embed": to_embed(message),
        "view": to_view(message),
        "file": _file(message),
        "allowed_mentions": _calls(message),
    }
    return {name: value for name, value in parts.items() if value is not None}


def _calls(message: Message) -> discord.AllowedMentions | None:
    """Leave to call the one role that the message names; nobody else is ever mentioned."""
    roles = [discord.Object(message.role)] if message.role else []
    return discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False) if roles else None


def _file(message: Message) -> discord.File | None:
    picture = message.picture
    return discord.File(BytesIO(picture.png), picture.name, description=picture.alt) if picture else None


def _button(button: Button) -> discord.ui.Button[discord.ui.View]:
    if button.url:
        return discord.ui.Button(label=button.label, url=button.url)
    return discord.ui.Button(label=button.label, custom_id=button.custom_id, disabled=button.disabled)
