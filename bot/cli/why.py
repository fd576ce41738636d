"""`tocsin why URL`: the whole way of one article, every gate with its value, posted or not."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.options import ConfigOption, DatabaseOption, JsonOption, open_store, results, run_async, settings_for
from bot.core.account import Standards, Trace, account
from bot.core.alert import Subscription
from bot.core.escape import cut, plain
from bot.core.importance import Importance, importance
from bot.core.link import spellings
from bot.core.reasons import Line, Part, weighed
from bot.errors import TocsinError
from bot.settings import Settings
from bot.store import subscriptions, traces

Account = tuple[Trace, tuple[Part, ...]]


def why(
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of an article, as a feed gave it.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tells why an article was alerted or not: every gate that it went through, with its value."""
    settings = settings_for(config=config, database=database, quiet=True)
    accounts = run_async(_accounts(settings, url))
    if as_json:
        for trace, parts in accounts:
            typer.echo(json.dumps(as_row(trace, parts)))
    else:
        results().print(*(drawn(trace, parts) for trace, parts in accounts), sep="\n")


async def _accounts(settings: Settings, url: str) -> list[Account]:
    links = spellings(url)
    if not links:
        raise TocsinError(f"{plain(url)[:200]} is no address of a web page; give one that begins with https:// .")
    async with open_store(settings, alone=False) as store:
        found = await store.read(traces.of_link, links)
        wishes = await store.read(subscriptions.listed)
    if not found:
        raise TocsinError(
            f"No feed has brought {plain(url)[:200]} so far; `tocsin feeds list` shows which feeds are polled, and "
            "`tocsin check FEED` what one of them holds."
        )
    return [(trace, _account(trace, wishes, settings)) for trace in found]


def _account(trace: Trace, wishes: Sequence[Subscription], settings: Settings) -> tuple[Part, ...]:
    standards = Standards(
        settings.knowledge.topics, settings.merging.merge_at, timedelta(days=settings.poll.stale_after)
    )
    return account(trace, subscriptions=wishes, importance=_importance(trace, settings), standards=standards)


def _importance(trace: Trace, settings: Settings) -> Importance | None:
    if trace.story is None:
        return None
    kinds = {each.name: each.kind for each in settings.knowledge.organisations}
    return importance(trace.story, settings.importance, kinds=kinds)


def as_row(trace: Trace, parts: Iterable[Part]) -> dict[str, Any]:
    """The object that `--json` prints."""
    relevance = trace.report.analysis.relevance if trace.report else None
    return {
        "link": trace.link,
        "title": trace.title,
        "feed": trace.feed,
        "first_seen": trace.first_seen.isoformat(),
        "relevant": relevance.relevant if relevance else None,
        "score": relevance.score if relevance else None,
        "story": trace.story.id if trace.story else None,
        "parts": [
            {
                "name": part.name,
                "verdict": part.verdict,
                "lines": [{"label": line.label, "words": line.words, "weight": line.weight} for line in part.lines],
            }
            for part in parts
        ],
    }


def drawn(trace: Trace, parts: Iterable[Part]) -> RenderableType:
    """What a person reads of one article."""
    title = Text(cut(trace.title, 300) or "(no title)", style="bold")
    return Group(title, Text(cut(trace.link or "", 300), style="dim"), "", *(_part(part) for part in parts))


def _part(part: Part) -> RenderableType:
    lines = [each for heading, group in weighed(part.lines) for each in _group(heading, group)]
    return Group(Text(plain(part.name), style="bold cyan"), Text(plain(part.verdict)), *lines, "")


def _group(heading: str, lines: Sequence[Line]) -> Iterator[RenderableType]:
    if heading:
        yield Padding(Text(f"{heading}:", style="dim"), (0, 0, 0, 2))
    table = Table.grid(padding=(0, 1))
    for line in lines:
        weight = Text(f"{line.weight:+.2f}" if line.weight else "", style="dim")
        table.add_row("  •", weight, _told(line))
    yield table


def _told(line: Line) -> Text:
    told = Text(plain(line.label), style="bold")
    return told.append(f": {plain(line.words)}", style="not bold") if line.words else told
