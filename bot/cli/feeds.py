"""`tocsin feeds …`: the feeds that are polled, in and out."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app import open_store
from bot.cli.options import ConfigOption, DatabaseOption, JsonOption, run_async, settings_for
from bot.core.feed import Feed, StoredFeed
from bot.errors import ConfigurationError, TocsinError
from bot.opml import write_opml
from bot.settings import Settings, read_feeds
from bot.settings.files import FeedTable
from bot.settings.toml import check
from bot.store import feeds as stored_feeds


def group() -> typer.Typer:
    """The group with its commands."""
    tree = typer.Typer(name="feeds", help="The feeds that are polled.", no_args_is_help=True)
    tree.command("list")(show)
    tree.command("add")(add)
    tree.command("remove")(remove)
    tree.command("import")(take_in)
    tree.command("export")(give_out)
    return tree


def show(config: ConfigOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Lists the feeds with what their last polls found."""
    listed = run_async(_listed(settings_for(config=config, database=database, quiet=True)))
    if as_json:
        for stored in listed:
            typer.echo(json.dumps(_row(stored), ensure_ascii=False))
    else:
        Console().print(_table(listed))


def add(
    url: Annotated[str, typer.Argument(help="The feed's address.")],
    name: Annotated[str, typer.Option(help="How to call it; without it, its address.")] = "",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Adds a feed; its first poll is silent."""
    settings = settings_for(config=config, database=database, quiet=True)
    run_async(_add(settings, (_checked(url, name or url[:100]),)))
    typer.echo(f"Added {url}; its first poll only learns what is already there.")


def remove(
    url: Annotated[str, typer.Argument(help="The feed's address.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Stops polling a feed; its stories stay."""
    settings = settings_for(config=config, database=database, quiet=True)
    if url in {feed.url for feed in settings.feeds}:
        raise TocsinError(f"{url} stands in feeds.toml; take it out there, or it comes back at the next start.")
    if not run_async(_remove(settings, url)):
        raise TocsinError(f"No feed has the address {url}; `tocsin feeds list` shows which there are.")


def take_in(
    file: Annotated[Path, typer.Argument(help="An OPML list.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Adds every feed of an OPML list."""
    settings = settings_for(config=config, database=database, quiet=True)
    listed = tuple(_checked(feed.url, feed.name[:100]) for feed in read_feeds(file))
    run_async(_add(settings, listed))
    typer.echo(f"Read {len(listed)} feeds from {file}.")


def give_out(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Prints the feeds as an OPML list."""
    listed = run_async(_listed(settings_for(config=config, database=database, quiet=True)))
    typer.echo(write_opml([stored.feed for stored in listed]).decode(), nl=False)


def _checked(url: str, name: str) -> Feed:
    """The feed, if its address is one that a feed may have. Raises TocsinError."""
    try:
        return check({"url": url, "name": name}, FeedTable, path=Path(url), text="").feed()
    except ConfigurationError as error:
        raise TocsinError(str(error)) from error


async def _listed(settings: Settings) -> list[StoredFeed]:
    async with open_store(settings, alone=False) as store:
        return await store.read(stored_feeds.listed)


async def _add(settings: Settings, listed: tuple[Feed, ...]) -> None:
    now = datetime.now(UTC)
    async with open_store(settings, alone=False) as store:
        for feed in listed:
            await store.write(stored_feeds.add, feed, now)


async def _remove(settings: Settings, url: str) -> bool:
    async with open_store(settings, alone=False) as store:
        return await store.write(stored_feeds.remove, url)


def _row(stored: StoredFeed) -> dict[str, object]:
    feed, state = stored.feed, stored.state
    return {
        "url": feed.url,
        "name": feed.name,
        "kind": feed.kind,
        "country": feed.country,
        "language": feed.language,
        "status": state.status,
        "failures": state.failures,
        "error": state.error,
        "last_success": state.last_success_at.isoformat() if state.last_success_at else None,
        "due": state.due_at.isoformat() if state.due_at else None,
    }


def _table(listed: list[StoredFeed]) -> Table:
    table = Table("name", "kind", "country", "state", "address")
    for stored in listed:
        state = stored.state
        words = state.error or ("not polled yet" if state.last_polled_at is None else state.status)
        table.add_row(stored.feed.name, stored.feed.kind, stored.feed.country, words, stored.feed.url)
    return table
