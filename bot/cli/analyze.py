"""`tocsin analyze`: documents as JSON lines in, what Tocsin makes of each out, in order, as a stream."""

import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.app import open_language
from bot.cli.feeding import in_batches
from bot.cli.options import ConfigOption, run_async, settings_for
from bot.core.merging import OpenStories
from bot.core.stream import Finding, documents, found, story_ids
from bot.errors import TocsinError
from bot.language import Language
from bot.settings import Settings


def analyze(
    file: Annotated[str, typer.Argument(metavar="[FILE or -]", help="JSON lines; - is standard input.")] = "-",
    config: ConfigOption = None,
) -> None:
    """Reads documents {id, title, text, url, outlet, date} and prints one object for each, as soon as it is known."""
    settings = settings_for(config=config, quiet=True)
    with _lines_of(file) as lines:
        run_async(_analyze(settings, lines))


async def _analyze(settings: Settings, lines: Iterable[str]) -> None:
    async with open_language(settings) as language:
        async for row in rows(settings, language, lines, now=datetime.now(UTC)):
            # ASCII: lone surrogates of a document must not break the encoding of the pipe.
            sys.stdout.write(f"{json.dumps(row)}\n")
            sys.stdout.flush()


async def rows(
    settings: Settings, language: Language, lines: Iterable[str], *, now: datetime
) -> AsyncIterator[dict[str, object]]:
    """What Tocsin prints for each line, in order. Raises TocsinError at the first bad line, after those before it."""
    async for finding in read(settings, language, lines, now=now):
        yield finding.row


async def read(
    settings: Settings, language: Language, lines: Iterable[str], *, now: datetime
) -> AsyncIterator[Finding]:
    """What Tocsin makes of each line, as values."""
    stories, new_id = OpenStories(rules=settings.merging), story_ids()
    async for batch in in_batches(documents(lines, now=now, stop=settings.knowledge.stop)):
        analyses = await language.analyse([document.article for document in batch])
        for finding in found(zip(batch, analyses, strict=True), stories, new_id=new_id):
            yield finding


@contextmanager
def _lines_of(file: str) -> Iterator[Iterable[str]]:
    """The lines of a file or of standard input, as UTF-8 whatever the locale; bytes that are not are replaced."""
    if file == "-" and sys.stdin is None:
        raise TocsinError("Standard input is closed; name a file of JSON lines, or give some to standard input.")
    try:
        source = open(sys.stdin.fileno(), "rb", closefd=False) if file == "-" else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise TocsinError(f"{file} cannot be read ({error.strerror}); name a file of JSON lines, or - .") from error
    with source:
        yield (line.decode("utf-8", errors="replace") for line in source)
