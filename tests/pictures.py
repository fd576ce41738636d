"""Draws each kind of message as Discord would show it, into `.github/`: `python -m tests.pictures [FOLDER [NAME …]]`.

Needs what no test needs: Debian's chromium and fonts-noto-color-emoji, and from PyPI playwright, pillow,
markdown-it-py, linkify-it-py and regex beside Tocsin's own dependencies and simcord. Run it in an environment of its
own. The stories are invented (see newsdesk); every message is what Tocsin really sends or answers there.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import discord
import playwright.async_api
from PIL import Image, ImageChops
from simcord.preview import _markdown

from bot.store import guilds
from bot.store.guilds import GuildSettings
from tests.newsdesk import Newsdesk, fill_archive, newsdesk, subscribe_all
from tests.people import text_of

FOLDER = Path(__file__).parents[1] / ".github"
WIDTH, HEIGHT = 640, 2400
LARGEST = 150_000
EMBEDS = ("embed_description", "embed_field_value")
GAPS = ":is(.markdown-paragraph, .markdown-bullet_list, .markdown-blockquote) + .markdown-paragraph"
STYLED = f"""
const sheet = new CSSStyleSheet();
sheet.replaceSync("{GAPS} {{margin-top: 1.1em}}");
document.adoptedStyleSheets = [sheet];
"""
Scene = Callable[[Newsdesk], Awaitable["Shown"]]


async def main(folder: Path, names: Sequence[str]) -> None:
    """The pictures called `names`, or all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with a_likeness_of_discord(), TemporaryDirectory() as scratch:
        async with newsdesk(Path(scratch)) as desk:
            await play(desk)
            for name in names or SCENES:
                await picture(desk, await SCENES[name](desk), folder / f"{name}.png")


async def play(desk: Newsdesk) -> None:
    """Everything that happens before somebody looks: subscriptions, three polls, a digest and a catch-up."""
    await subscribe_all(desk)
    ops = desk.channels["ops"] = desk.town.guild.create_text_channel("ops")
    await desk.resources.store.write(guilds.save, GuildSettings(desk.town.guild.id, ops_channel_id=ops.id))
    for number in (1, 1, 1, 2, 3):
        await desk.poll(number)
    await fill_archive(desk)
    desk.channels["desk"] = desk.town.guild.create_text_channel("desk")
    for minutes in (0, 9 * 60, 24 * 60 - 3):  # the digest is due at eight, and at last quiet hours are over
        await desk.tick(later=timedelta(minutes=minutes))


@dataclass(frozen=True, slots=True)
class Shown:
    """A message in a channel, as one person sees it."""

    channel: Any
    viewer: Any
    message: Any


def sent(name: str, *words: str) -> Scene:
    """The last message of a channel in whose text all of `words` stand."""

    async def find(desk: Newsdesk) -> Shown:
        channel = desk.channels[name]
        found = [each for each in channel.history() if all(word in text_of(each) for word in words)]
        if not found:
            raise LookupError(
                f"no message in {name} holds {words}: {[text_of(each)[:90] for each in channel.history()]}"
            )
        return Shown(channel, desk.town.manager, found[-1])

    return find


def asked(command: str, *, manager: bool = False, **options: Any) -> Scene:
    """The answer to a command; a value "#name" is that channel."""

    async def ask(desk: Newsdesk) -> Shown:
        person, where = desk.town.manager if manager else desk.town.reader, desk.channels["desk"]
        given = {name: desk.channels[each[1:]] if str(each)[:1] == "#" else each for name, each in options.items()}
        return Shown(where, person, (await person.slash(where, command, **given)))

    return ask


def pressed(under: Scene, label: str) -> Scene:
    """The answer to a button under the message of another scene."""

    async def press(desk: Newsdesk) -> Shown:
        shown = await under(desk)
        message = shown.message if isinstance(shown.message, discord.Message) else shown.message.response
        return replace(shown, message=await shown.viewer.click(message, label=label))

    return press


ALERT = sent("full", "robot mules")
FEED = "http://127.0.0.1:18145/defence-ledger.xml"
SCENES: dict[str, Scene] = {
    "alert": ALERT,
    "alert-compact": sent("compact", "minehunting"),
    "update": sent("full", "UPDATE"),
    "follow-up": sent("full", "million contract"),
    "digest": sent("digest"),
    "catch-up": sent("quiet"),
    "notice": sent("ops"),
    "why": pressed(ALERT, "Why?"),
    "sources": pressed(ALERT, "Sources"),
    "key-points": pressed(ALERT, "Key points"),
    "not-relevant": pressed(ALERT, "Not relevant"),
    "news-latest": asked("news latest"),
    "news-search": asked("news search", query="language models"),
    "news-top": asked("news top", window="7d"),
    "news-digest": asked("news digest"),
    "news-trends": asked("news trends", window="30d"),
    "story-view": asked("story view", story="million contract"),
    "story-sources": asked("story sources", story="minehunting"),
    "story-timeline": asked("story timeline", story="million contract"),
    "entity-info": asked("entity info", name="Tallowmere AI"),
    "entity-compare": asked("entity compare", a="Tallowmere AI", b="Skerrivane Marine", window="12w"),
    "alerts-add": asked("alerts add", manager=True, channel="#desk", events="contract, funding", mode="both"),
    "alerts-list": asked("alerts list", manager=True),
    "alerts-watch": asked("alerts watch", manager=True, words="NATO"),
    "feeds-check": asked("feeds check", manager=True, url=FEED),
    "feeds-list": asked("feeds list", manager=True),
    "feeds-health": asked("feeds health", manager=True, feed="Defence Ledger"),
    "settings": asked("settings", manager=True, timezone="Europe/Berlin"),
    "admin-why": asked("admin why", manager=True, story="robot mules"),
    "refusal": asked("alerts list"),
    "status": asked("status"),
    "about": asked("about"),
    "help": asked("help"),
}


async def picture(desk: Newsdesk, shown: Shown, target: Path) -> None:
    """The message, cut to what there is."""
    people = [desk.town.manager, desk.town.reader]
    preview = desk.town.env.preview(shown.channel, viewers=people, display="fixed", width=WIDTH, height=HEIGHT)
    async with preview as page:
        report = await page.screenshot(
            None, viewer=shown.viewer, target=shown.message, mode="surface", allow_incomplete=True
        )
    target.write_bytes(small(report.png or b""))
    size = target.stat().st_size
    print(f"{target.name}: {size} bytes{' – too large' if size > LARGEST else ''}")  # noqa: T201


@contextmanager
def a_likeness_of_discord() -> Iterator[None]:
    """What simcord offers no option for: the chromium of this machine, and how Discord draws what simcord draws
    otherwise: channels named in embeds, empty lines between paragraphs."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    browsers, launch = playwright.async_api.BrowserType, playwright.async_api.BrowserType.launch
    contexts, new_context = playwright.async_api.Browser, playwright.async_api.Browser.new_context

    async def launched(self: Any, **options: Any) -> Any:
        return await launch(self, **(options | {"executable_path": path}))

    async def styled(self: Any, **options: Any) -> Any:
        context = await new_context(self, **options)
        await context.add_init_script(STYLED)
        return context

    policies = {name: dict(_markdown._FIELD_POLICIES[name]) for name in EMBEDS}
    browsers.launch, contexts.new_context = launched, styled
    for name in EMBEDS:
        _markdown._FIELD_POLICIES[name]["mentions"] = True
    try:
        yield
    finally:
        browsers.launch, contexts.new_context = launch, new_context
        _markdown._FIELD_POLICIES.update(policies)


def small(png: bytes, *, margin: int = 16) -> bytes:
    """Takes the empty borders off and keeps the colours to a palette."""
    image = Image.open(BytesIO(png)).convert("RGB")
    empty = Image.new("RGB", image.size, image.getpixel((image.width - 2, image.height - 2)))
    content = image.crop(ImageChops.difference(image, empty).getbbox())
    framed = Image.new("RGB", (content.width + 2 * margin, content.height + 2 * margin), empty.getpixel((0, 0)))
    framed.paste(content, (margin, margin))
    out = BytesIO()
    framed.quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, sys.argv[2:]))
