"""Draws messages in the terminal as Discord would show them, and takes alerts where there is no Discord.

The markup of a Message is read back: escaped characters, bold, masked links, moments. It is plain text where the
output is no terminal. It remembers nothing over a restart.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bot.core.message import Button, Field, Message, duration
from bot.core.recalling import Said

Clock = Callable[[], datetime]
WIDTH = 88  # about as wide as Discord draws an embed

_MARKUP = re.compile(
    r"\\(?P<literal>[^0-9A-Za-z\s])"
    r"|\*\*(?P<bold>(?:\\.|[^\\*])+)\*\*"
    r"|\[(?P<label>(?:\\.|[^\\\]])+)\]\((?P<url>[^)\s]+)\)"
    r"|<t:(?P<moment>\d+):R>"
    r"|<#(?P<channel>\d+)>"
    r"|`(?P<code>[^`]+)`"
    r"|\u2060"
)


class TerminalSender:
    """Writes alerts to a console. `clock` tells how long ago a moment was; without it moments are absolute."""

    def __init__(self, console: Console, *, clock: Clock | None = None) -> None:
        self._console = console
        self._clock = clock
        self._ids = count(1)

    async def create(
        self, channel_id: int, message: Message, *, nonce: str, reply_to: int | None = None, guild_id: int | None = None
    ) -> int:
        """Prints the message; its id is a number that runs on."""
        message_id = next(self._ids)
        self._print(f"message {message_id}" + (f", a reply to message {reply_to}" if reply_to else ""), message)
        return message_id

    async def create_post(
        self, forum_id: int, message: Message, *, name: str, tag: str = "", guild_id: int | None = None
    ) -> int:
        """Prints the message; a terminal has no posts."""
        return await self.create(forum_id, message, nonce="", guild_id=guild_id)

    async def open_thread(self, channel_id: int, message_id: int, name: str) -> int:
        """The message itself; a terminal has no threads."""
        return message_id

    async def publish(self, channel_id: int, message_id: int) -> None:
        """Nothing: what is printed is public."""

    async def is_forum(self, channel_id: int) -> bool:
        """False."""
        return False

    async def edit(self, channel_id: int, message_id: int, message: Message) -> None:
        """Prints what the message shows from now on."""
        self._print(f"message {message_id}, edited", message)

    async def find(self, channel_id: int, mark: str, after: datetime) -> int | None:
        """None: what was printed cannot be looked up."""
        return None

    async def said(self, channel_id: int, *, after: datetime, before: datetime) -> Sequence[Said]:
        """Nothing that could be read again."""
        return ()

    def _print(self, heading: str, message: Message) -> None:
        now = self._clock() if self._clock else None
        self._console.print(Text(heading, style="dim"), draw(message, now=now), "", sep="\n", highlight=False)


def draw(message: Message, *, now: datetime | None = None) -> RenderableType:
    """A message as a rich renderable: content, the embed behind its colour bar, the buttons."""
    parts: list[RenderableType] = [formatted(message.content, now=now)] if message.content else []
    embed = list(_embed(message, now))
    if embed:
        parts.append(_Barred(Group(*embed), message.colour))
    if message.buttons:
        parts.append(_buttons(message.buttons))
    return Group(*parts)


def formatted(markup: str, *, now: datetime | None = None, style: str = "") -> Text:
    """Discord's markup, as far as messages use it, as styled text."""
    text, end = Text(style=style), 0
    for match in _MARKUP.finditer(markup):
        text.append(markup[end : match.start()])
        text.append_text(_piece(match, now))
        end = match.end()
    return text.append(markup[end:])


def ago(moment: datetime, now: datetime) -> str:
    """ "3 h ago", as Discord would count it."""
    seconds = (now - moment).total_seconds()
    return (
        "just now"
        if abs(seconds) < 30
        else f"{duration(abs(now - moment))} ago"
        if seconds > 0
        else f"in {duration(abs(now - moment))}"
    )


def _piece(match: "re.Match[str]", now: datetime | None) -> Text:
    found = match.groupdict()
    if found["literal"]:
        return Text(found["literal"])
    if found["bold"]:
        return formatted(found["bold"], now=now, style="bold")
    if found["label"]:
        return formatted(found["label"], now=now, style=f"underline link {found['url']}")
    if found["moment"]:
        moment = datetime.fromtimestamp(int(found["moment"]), UTC)
        return Text(ago(moment, now) if now else f"{moment:%Y-%m-%d %H:%M} UTC", style="dim")
    if found["channel"]:
        return Text(f"#{found['channel']}", style="cyan")
    return Text(found["code"] or "", style="cyan")


def _embed(message: Message, now: datetime | None) -> Iterator[RenderableType]:
    if message.author:
        yield Text(message.author, style="bold")
    if message.title:
        link = f" link {message.url}" if message.url else ""
        yield formatted(message.title, style=f"bold blue{link}")
    if message.description:
        yield _lines(message.description, now)
    if message.fields:
        yield ""
        yield from _fields(message.fields, now)
    if message.footer:
        yield Text(message.footer, style="dim")


def _fields(fields: Sequence[Field], now: datetime | None) -> Iterator[RenderableType]:
    """Inline fields side by side, three to a row as Discord has them; the others across."""
    row: list[Field] = []
    for field in fields:
        if row and (not field.inline or len(row) == 3):
            yield _row(row, now)
            row = []
        if field.inline:
            row.append(field)
        else:
            yield _row([field], now)
    if row:
        yield _row(row, now)


def _row(fields: Sequence[Field], now: datetime | None) -> RenderableType:
    table = Table.grid(padding=(0, 3, 0, 0), expand=False)
    table.add_row(*(Text(field.name, style="bold") for field in fields))
    table.add_row(*(_lines(field.value, now) for field in fields))
    return table


def _lines(markup: str, now: datetime | None) -> RenderableType:
    """Text with lists: what begins a line with "- " hangs behind a dot."""
    return Group(
        *(_listed(line[2:], now) if line.startswith("- ") else formatted(line, now=now) for line in markup.split("\n"))
    )


def _listed(markup: str, now: datetime | None) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row("•", formatted(markup, now=now))
    return table


def _buttons(buttons: Sequence[Button]) -> RenderableType:
    drawn = [
        Text(f"[ {button.label} ↗ ]", style=f"link {button.url}") if button.url else Text(f"[ {button.label} ]")
        for button in buttons
    ]
    return Columns(drawn, padding=(0, 1))


class _Barred:
    """What it is given, behind a bar of one colour."""

    def __init__(self, inside: RenderableType, colour: int) -> None:
        self._inside = inside
        self._style = Style(color=f"#{colour:06x}")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, WIDTH)
        for line in console.render_lines(self._inside, options.update(width=max(width - 2, 1)), pad=False):
            yield Segment("▌ ", self._style)
            yield from line
            yield Segment.line()
