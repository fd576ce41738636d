"""`tocsin check SOURCE…`: is it a feed, and what is in it."""

import asyncio
import json
import os
import select
import stat
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from typing import Annotated

import structlog
import typer
from rich.markup import escape

from bot.app import open_fetcher, open_parser
from bot.cli.options import ConfigOption, JsonOption, results, run_async, settings_for
from bot.core.body import LONGEST_BODY
from bot.core.entry import Entry, ParsedFeed
from bot.core.message import counted
from bot.core.text import fold, scrub
from bot.errors import FeedError, TocsinError
from bot.fetch import Fetched, Fetcher
from bot.language import Language
from bot.settings import Settings

SHOWN_ENTRIES = 3

AT_ONCE = 8
"""Sources that are looked at side by side: the next ones are read while a worker is busy with a hard one."""

PATIENCE = 10.0
"""Seconds in which a pipe or a device must come to its end."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found at one source: a feed, or one sentence that says why not."""

    source: str
    feed: ParsedFeed | None
    error: str | None


def check(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="An address or a file each.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Says of each address or file whether it is a feed and what is in it."""
    settings = settings_for(config=config, quiet=True)
    if not run_async(_check(settings, sources, as_json=as_json)):
        raise typer.Exit(1)


async def _check(settings: Settings, sources: list[str], *, as_json: bool) -> bool:
    """Prints what each source is, in order; True if every one is a feed."""
    now, every = datetime.now(UTC), True
    async with open_fetcher(settings) as fetcher, open_parser(settings) as language:

        async def look_at(source: str) -> Checked:
            return await _check_one(source, fetcher=fetcher, language=language, now=now)

        async with aclosing(_in_order(sources, look_at)) as found:
            async for checked in found:
                every = every and checked.feed is not None
                _print(checked, as_json=as_json)
    return every


async def _in_order(
    sources: Iterable[str], look_at: Callable[[str], Coroutine[object, object, Checked]]
) -> AsyncGenerator[Checked, None]:
    """What stands at `sources`, several looked at side by side, in their order."""
    begun: deque[asyncio.Task[Checked]] = deque()
    try:
        for source in sources:
            begun.append(asyncio.create_task(look_at(source)))
            if len(begun) >= AT_ONCE:
                yield await begun.popleft()
        while begun:
            yield await begun.popleft()
    finally:
        for task in begun:
            task.cancel()


async def _check_one(source: str, *, fetcher: Fetcher, language: Language, now: datetime) -> Checked:
    name = _written(source)
    try:
        body, content_type, url = await _read(source, fetcher)
        feed = await language.parse(body, url=url, content_type=content_type, now=now)
    except TocsinError as error:
        return Checked(name, None, fold(scrub(str(error))))
    except Exception as error:  # a bug of ours must not cost the sources after this one their lines
        log.exception("check.abandoned", source=name)
        why = f"Tocsin itself failed on this source ({type(error).__name__}): please report it with the source."
        return Checked(name, None, why)
    return Checked(name, feed, None)


def _written(source: str) -> str:
    """The argument as valid Unicode: the name of a file may be any bytes."""
    return os.fsencode(source).decode("utf-8", "backslashreplace")


async def _read(source: str, fetcher: Fetcher) -> tuple[bytes, str | None, str]:
    if not source.lower().startswith(("http://", "https://")):
        return await asyncio.to_thread(_read_file, source), None, ""
    answer = await fetcher.fetch(source)
    if not isinstance(answer, Fetched):
        raise FeedError(f"{source} answered that nothing has changed although nothing was known of it.")
    return answer.body, answer.content_type, answer.url


def _read_file(source: str) -> bytes:
    """What stands in anything that can be opened, up to a byte more than a feed may hold: devices are endless."""
    try:
        with open(source, "rb", buffering=0, opener=_without_waiting) as file:
            return _read_on(file, time.monotonic() + PATIENCE)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FeedError(f"{_written(source)} cannot be read ({reason}); name a file or an http(s) address.") from error


def _without_waiting(path: str, flags: int) -> int:
    """Opens a pipe that nobody writes to as well, which would hold up the program else."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_on(file: FileIO, until: float) -> bytes:
    body = bytearray()
    is_plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    while len(body) <= LONGEST_BODY:
        if not is_plain and not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
            raise OSError(None, f"it did not come to an end within {PATIENCE:g} seconds")
        chunk = file.read(LONGEST_BODY + 1 - len(body))
        if not chunk:
            break
        body += chunk
    return bytes(body)


def _print(checked: Checked, *, as_json: bool) -> None:
    if as_json:
        # ASCII: what a stranger's feed holds must not break the encoding of the terminal or the pipe.
        typer.echo(json.dumps(as_row(checked)))
    else:
        results().print(in_words(checked), soft_wrap=True)


def as_row(checked: Checked) -> dict[str, object]:
    """The object that `--json` prints."""
    feed = checked.feed
    return {
        "source": checked.source,
        "ok": feed is not None,
        "error": checked.error,
        "format": feed.format if feed else None,
        "title": feed.title if feed else None,
        "entries": [_entry_row(entry) for entry in feed.entries] if feed else [],
    }


def _entry_row(entry: Entry) -> Mapping[str, object]:
    return {
        "id": entry.guid,
        "link": entry.link,
        "title": entry.title,
        "published": entry.published.isoformat() if entry.published else None,
        "text": entry.text,
    }


def in_words(checked: Checked) -> str:
    """What a person reads, as rich markup."""
    source = escape(fold(scrub(checked.source)))
    if checked.feed is None:
        return f"[red]✗[/red] {source}\n  {escape(checked.error or '')}"
    feed = checked.feed
    lines = [
        f"[green]✓[/green] {source}",
        f"  {escape(feed.title or 'no title')} · {feed.format} · {counted(len(feed.entries), 'entry', 'entries')}",
        *(f"  • {escape(entry.title or '(no title)')}" for entry in feed.entries[:SHOWN_ENTRIES]),
    ]
    return "\n".join(lines)
