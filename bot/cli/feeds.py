"""`tocsin feeds …`: the feeds that are polled, in and out."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table
from rich.text import Text

from bot.cli.options import (
    ConfigOption,
    DatabaseOption,
    FeedsOption,
    JsonOption,
    open_store,
    results,
    run_async,
    settings_for,
)
from bot.core.escape import plain
from bot.core.feed import Feed, FeedState, StoredFeed
from bot.core.message import counted
from bot.errors import ConfigurationError, TocsinError
from bot.opml import write_opml
from bot.settings import Settings, sort_opml
from bot.settings.files import LONGEST_NAME, check_feed_url
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


def show(
    config: ConfigOption = None, database: DatabaseOption = None, feeds: FeedsOption = None, as_json: JsonOption = False
) -> None:
    """Lists the feeds with what their last polls found."""
    listed = run_async(_listed(settings_for(config=config, database=database, feeds=feeds, quiet=True)))
    if as_json:
        for stored in listed:
            typer.echo(json.dumps(_row(stored)))
    else:
        results().print(_table(listed))


def add(
    url: Annotated[str, typer.Argument(help="The feed's address.")],
    name: Annotated[str, typer.Option(help="How to call it; without it, its address.")] = "",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Adds a feed; its first poll is silent."""
    settings = settings_for(config=config, database=database, quiet=True)
    feed = _feed(url, name)
    new = run_async(_add(settings, (feed,)))
    then = "its first poll only learns what is already there" if new else "nothing is changed"
    typer.echo(f"{'Added' if new else 'There already:'} {feed.url}; {then}.")


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
    typer.echo(f"Removed {url}; its stories stay.")


def take_in(
    file: Annotated[Path, typer.Argument(help="An OPML list.")],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Adds every feed of an OPML list; says of each that cannot be polled why it is left out, and exits 1 then."""
    settings = settings_for(config=config, database=database, quiet=True)
    try:
        listed, refused = sort_opml(file)
    except ConfigurationError as error:
        raise TocsinError(str(error)) from error
    new = run_async(_add(settings, listed))
    typer.echo(f"Added {counted(len(new), 'feed')} from {file}; there already: {len(listed) - len(new)}.")
    if refused:
        raise TocsinError("\n".join(f"Left out: {mistake}." for mistake in refused))


def give_out(config: ConfigOption = None, database: DatabaseOption = None, feeds: FeedsOption = None) -> None:
    """Prints the feeds as an OPML list."""
    listed = run_async(_listed(settings_for(config=config, database=database, feeds=feeds, quiet=True)))
    typer.echo(write_opml([stored.feed for stored in listed]), nl=False)


def _feed(url: str, name: str) -> Feed:
    """The feed, if its address is one that a feed may have. Raises BadParameter."""
    try:
        address = check_feed_url(url)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return Feed(url=address, name=plain(name)[:LONGEST_NAME] or address[:LONGEST_NAME])


async def _listed(settings: Settings) -> list[StoredFeed]:
    """The feeds of the database, then those of the configuration that no poll has brought there yet."""
    async with open_store(settings, alone=False) as store:
        known = await store.read(stored_feeds.listed)
    urls = {stored.feed.url for stored in known}
    return [*known, *(StoredFeed(0, feed, FeedState()) for feed in settings.feeds if feed.url not in urls)]


async def _add(settings: Settings, listed: Sequence[Feed]) -> list[Feed]:
    """Those of `listed` that were not there; all are added in one transaction."""
    now = datetime.now(UTC)
    async with open_store(settings, alone=False) as store:
        known = {stored.feed.url for stored in await store.read(stored_feeds.listed)}
        known |= {feed.url for feed in settings.feeds}
        new = [feed for feed in listed if feed.url not in known]
        await store.write(lambda connection: [stored_feeds.add(connection, feed, now) for feed in new])
    return new


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
    columns = (Column(name, overflow="fold") for name in ("feed", "state", "address"))
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for stored in listed:
        state = stored.state
        words = state.error or ("not polled yet" if state.last_polled_at is None else state.status)
        # As Text: a name of strangers is no markup.
        table.add_row(*map(Text, (stored.feed.name, words, stored.feed.url)))
    return table
