"""`tocsin check SOURCE…`: is it a feed, and what is in it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bot.app import open_fetcher, open_parser
from bot.cli.options import ConfigOption, JsonOption, results, run_async, settings_for
from bot.core.entry import Entry, ParsedFeed
from bot.core.message import counted
from bot.core.text import plain_text
from bot.errors import FeedError, TocsinError
from bot.fetch import Fetched, Fetcher
from bot.language import Language
from bot.settings import Settings

SHOWN_ENTRIES = 3


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
        for source in sources:
            checked = await _check_one(source, fetcher=fetcher, language=language, now=now)
            every = every and checked.feed is not None
            _print(checked, as_json=as_json)
    return every


async def _check_one(source: str, *, fetcher: Fetcher, language: Language, now: datetime) -> Checked:
    try:
        body, content_type, url = await _read(source, fetcher)
        feed = await language.parse(body, url=url, content_type=content_type, now=now)
    except TocsinError as error:
        return Checked(source, None, str(error))
    return Checked(source, feed, None)


async def _read(source: str, fetcher: Fetcher) -> tuple[bytes, str | None, str]:
    if not source.lower().startswith(("http://", "https://")):
        return await asyncio.to_thread(_read_file, source), None, ""
    answer = await fetcher.fetch(source)
    if not isinstance(answer, Fetched):
        raise FeedError(f"{source} answered that nothing has changed although nothing was known of it.")
    return answer.body, answer.content_type, answer.url


def _read_file(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise FeedError(f"{source} cannot be read ({reason}); name a file or an http(s) address.") from error


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
        "text": plain_text(entry.markup),
    }


def in_words(checked: Checked) -> str:
    """What a person reads, as rich markup."""
    if checked.feed is None:
        return f"[red]✗[/red] {escape(checked.source)}\n  {escape(checked.error or '')}"
    feed = checked.feed
    lines = [
        f"[green]✓[/green] {escape(checked.source)}",
        f"  {escape(feed.title or 'no title')} · {feed.format} · {counted(len(feed.entries), 'entry', 'entries')}",
        *(f"  • {escape(entry.title or '(no title)')}" for entry in feed.entries[:SHOWN_ENTRIES]),
    ]
    return "\n".join(lines)
