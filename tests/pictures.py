"""Draws a real alert as Discord would show it, into `.github/alert.png`: `python -m tests.pictures [FILE]`.

Needs what no test needs: Debian's chromium and fonts-noto-color-emoji, and from PyPI playwright, pillow,
markdown-it-py, linkify-it-py and regex beside Tocsin's own dependencies and simcord. Run it in an environment of its
own. The story is invented; the message is drawn by the code that draws every alert.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import discord
import playwright.async_api
import simcord
from PIL import Image, ImageChops

from bot.client.drawing import shown
from bot.core.event import Amount, Party
from bot.core.message import alert_message
from bot.core.relevance import Reason
from bot.core.story import Source, Story

TARGET = Path(__file__).parents[1] / ".github" / "alert.png"
SEEN = timedelta(hours=3)
OUTLETS = ("northseapost.example", "defenceledger.example", "gridline.example", "capitalwire.example", "orbit.example")


async def main(target: Path) -> None:
    """One alert in a channel, cut to what is shown."""
    client = discord.Client(intents=discord.Intents(guilds=True, guild_messages=True))
    with chromium_of_this_machine():
        async with simcord.run(client) as env:
            guild = env.create_guild("Newsroom")
            channel = guild.create_text_channel("ai-and-defence")
            reader = guild.add_member(env.create_user("reader"))
            story = the_story(env.now())
            message = alert_message(story, mark="picture")
            place = client.get_channel(channel.id)
            assert isinstance(place, discord.TextChannel)
            await place.guild.me.edit(nick="Tocsin")
            await place.send(**shown(message))
            preview = env.preview(channel, viewers=[reader], layout="message", display="fixed", width=760, height=620)
            async with preview as page:
                picture = target.with_suffix(".full.png")
                await page.screenshot(str(picture), mode="viewport", allow_incomplete=True)
    cut_to_content(picture, target)
    picture.unlink()


def the_story(now: Any) -> Story:
    """An invented story, three hours old, told by five outlets."""
    seen = now - SEEN
    return Story(
        id="picture",
        title="Halcyon AI in talks to put its models on the Northern Alliance's unclassified networks",
        link="https://northseapost.example/halcyon-alliance",
        topic="ai-defence",
        relevance=0.94,
        because=(
            Reason("ai", "AI models", 2.0),
            Reason("ai", "large language model", 1.0),
            Reason("defence", "Northern Alliance", 1.5),
            Reason("defence", "defence ministers", 1.0),
        ),
        event="contract",
        stage="in_talks",
        first_seen=seen,
        last_seen=now - timedelta(minutes=20),
        seller=Party("Halcyon AI", "Halcyon AI"),
        buyer=Party("Northern Alliance", "the alliance's"),
        amounts=(Amount("$200 million"),),
        organisations=("Halcyon AI", "Northern Alliance", "Ministry of Defence", "Meridian Systems"),
        key_points=(
            "Halcyon AI is considering a contract to deploy its large language model on the alliance's unclassified "
            "networks, a person familiar with the matter said.",
            "The agreement could be worth up to $200 million over three years and would need the consent of all "
            "defence ministers.",
            "Talks are at an early stage, and Meridian Systems is also in the running.",
        ),
        sources=tuple(Source(outlet, "Halcyon AI in talks", f"https://{outlet}/1", seen) for outlet in OUTLETS),
    )


@contextmanager
def chromium_of_this_machine() -> Iterator[None]:
    """playwright with the installed chromium: simcord offers no option for its path."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    launch = playwright.async_api.BrowserType.launch

    async def launched(self: playwright.async_api.BrowserType, **options: Any) -> playwright.async_api.Browser:
        return await launch(self, **(options | {"executable_path": path}))

    playwright.async_api.BrowserType.launch = launched  # type: ignore[method-assign]
    try:
        yield
    finally:
        playwright.async_api.BrowserType.launch = launch  # type: ignore[method-assign]


def cut_to_content(picture: Path, target: Path, *, margin: int = 16) -> None:
    """Takes the empty borders off and keeps the colours to a palette, which makes the file small."""
    image = Image.open(BytesIO(picture.read_bytes())).convert("RGB")
    empty = Image.new("RGB", image.size, image.getpixel((image.width - 2, image.height - 2)))
    content = image.crop(ImageChops.difference(image, empty).getbbox())
    framed = Image.new("RGB", (content.width + 2 * margin, content.height + 2 * margin), empty.getpixel((0, 0)))
    framed.paste(content, (margin, margin))
    target.parent.mkdir(exist_ok=True)
    framed.quantize(256).save(target, optimize=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET))
