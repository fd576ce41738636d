"""Messages drawn as what discord.py sends."""

import asyncio

import discord

from bot.client.drawing import to_embed, to_view
from bot.core.message import Button, Message
from tests.stage import ALERT


async def test_a_message_without_an_embed_or_buttons_has_none() -> None:
    assert to_embed(Message(content="x")) is None
    assert to_view(Message(content="x")) is None


async def test_a_view_is_finished_so_that_none_is_kept_for_each_message() -> None:
    view = to_view(ALERT)
    assert view is not None and view.is_finished()
    labels = [item.label for item in view.children if isinstance(item, discord.ui.Button)]
    assert labels == ["Read", "Sources", "Key points", "Why?", "Not relevant"]


def test_a_disabled_button_is_drawn_disabled() -> None:
    async def drawn() -> bool:
        view = to_view(Message(buttons=(Button("x", custom_id="x", disabled=True),)))
        assert view is not None
        return bool(view.children[0].disabled)  # type: ignore[attr-defined]

    assert asyncio.run(drawn())
