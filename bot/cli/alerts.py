"""`tocsin alerts …`: subscriptions without Discord's commands."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, get_args

import typer
from rich import box
from rich.table import Column, Table
from rich.text import Text

from bot.cli.options import ConfigOption, DatabaseOption, JsonOption, open_store, results, run_async, settings_for
from bot.core.alert import TERMINAL, Mode, Subscription
from bot.core.escape import cut
from bot.core.event import EventType
from bot.core.importance import LEVELS, Level
from bot.core.wishes import LANGUAGES, MODES, plan_words, planned, same_wish, wish
from bot.errors import TocsinError
from bot.settings import Settings
from bot.settings.zones import zone
from bot.store import guilds, plans, subscriptions
from bot.terminal import formatted

LARGEST_ID = 2**63 - 1  # of Discord's snowflakes, and of an integer in the database
COLUMNS = (
    "id", "guild_id", "channel_id", "topic", "organisations", "events", "languages", "min_importance", "mode", "paused",
)  # fmt: skip


def group() -> typer.Typer:
    """The group with its commands."""
    tree = typer.Typer(name="alerts", help="Subscriptions: which channels get which stories.", no_args_is_help=True)
    tree.command("list")(show)
    tree.command("add")(add)
    tree.command("remove")(remove)
    return tree


def show(config: ConfigOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Lists every subscription."""
    settings = settings_for(config=config, database=database, quiet=True)
    listed = run_async(_listed(settings))
    if as_json:
        for subscription in listed:
            typer.echo(json.dumps(_row(subscription)))
    elif not listed:
        typer.echo("No channel is subscribed yet. Add one with: tocsin alerts add --guild ID --channel ID")
    else:
        results().print(_table(listed))


def add(
    guild: Annotated[int, typer.Option(help="The server's id.", min=1, max=LARGEST_ID)],
    channel: Annotated[int, typer.Option(help="The channel's id.", min=1, max=LARGEST_ID)],
    topic: Annotated[str | None, typer.Option(help="A topic of topics.toml; without it, every topic.")] = None,
    organisations: Annotated[str, typer.Option(help="Only stories that name one of these, comma-separated.")] = "",
    events: Annotated[str, typer.Option(help="Only these event types, comma-separated.")] = "",
    min_importance: Annotated[
        str, typer.Option(help=f"Only stories that matter this much or more: {', '.join(LEVELS)}.")
    ] = LEVELS[0],
    languages: Annotated[
        str, typer.Option(help="Only stories told in these languages, as codes, comma-separated.")
    ] = "",
    mode: Annotated[str, typer.Option(help=f"How stories come: {', '.join(MODES)}.")] = "alerts",
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Subscribes a channel and prints the subscription's id."""
    settings = settings_for(config=config, database=database, quiet=True)
    wanted = Subscription(
        id=0,
        guild_id=guild,
        channel_id=channel,
        topic=_topic(topic, settings),
        organisations=_organisations(organisations, settings),
        events=_events(events),
        languages=_languages(languages),
        min_importance=_level(min_importance),
        mode=_mode(mode),
        created_at=datetime.now(UTC),
    )
    added = run_async(_add(settings, wanted))
    if added.digest_plan:
        typer.echo(
            f"Its digest comes {plan_words(added.digest_plan, shown=cut)}; `/alerts digest` changes that.", err=True
        )
    typer.echo(added.id)


def remove(
    subscription: Annotated[int, typer.Argument(help="The id that `alerts list` shows.", min=1, max=LARGEST_ID)],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Ends a subscription; what it was still owed is suppressed, with that reason."""
    settings = settings_for(config=config, database=database, quiet=True)
    if not run_async(_remove(settings, subscription)):
        raise TocsinError(f"There is no subscription {subscription}; `tocsin alerts list` shows which there are.")
    typer.echo(f"Subscription {subscription} has ended.")


async def _listed(settings: Settings) -> list[Subscription]:
    async with open_store(settings, alone=False) as store:
        return await store.read(subscriptions.listed)


async def _add(settings: Settings, wanted: Subscription) -> Subscription:
    async with open_store(settings, alone=False) as store:
        timezone = (await store.read(guilds.settings, wanted.guild_id)).timezone or "UTC"
        wanted = planned(wanted, timezone)
        return await store.write(
            plans.add, wanted, datetime.now(UTC), zone(timezone), lambda others: _require_new(others, wanted)
        )


def _require_new(others: Sequence[Subscription], wanted: Subscription) -> None:
    for existing in others:
        if same_wish(existing, wanted):
            raise TocsinError(f"The channel has that already: it is subscription {existing.id}.")


async def _remove(settings: Settings, subscription: int) -> bool:
    async with open_store(settings, alone=False) as store:
        return await store.write(subscriptions.remove, subscription)


def _topic(name: str | None, settings: Settings) -> str | None:
    known = [topic.id for topic in settings.knowledge.topics]
    if name is not None and name not in known:
        raise typer.BadParameter(f"there is no topic {name!r}; topics.toml has {', '.join(known)}")
    return name


def _events(names: str) -> tuple[EventType, ...]:
    wanted = _split(names)
    for name in wanted:
        if name not in get_args(EventType):
            raise typer.BadParameter(f"{name!r} is no event type; there are {', '.join(get_args(EventType))}")
    return tuple(event for event in get_args(EventType) if event in wanted)


def _organisations(names: str, settings: Settings) -> tuple[str, ...]:
    """The names under which Tocsin knows the organisations, of which an alias or another case may have been typed."""
    known = {form.casefold(): each.name for each in settings.knowledge.organisations for form in each.aliases}
    known |= {each.name.casefold(): each.name for each in settings.knowledge.organisations}
    for name in _split(names):
        if name.casefold() not in known:
            like = ", ".join(dict.fromkeys(known[form] for form in get_close_matches(name.casefold(), known)))
            hint = f"did you mean {like}?" if like else "organisations.toml has those that it knows"
            raise typer.BadParameter(f"Tocsin knows no organisation {name!r}; {hint}")
    return tuple(dict.fromkeys(known[name.casefold()] for name in _split(names)))


def _level(name: str) -> Level:
    if name not in LEVELS:
        raise typer.BadParameter(f"{name!r} is no level of importance; there are {', '.join(LEVELS)}")
    return name


def _mode(name: str) -> Mode:
    if name not in MODES:
        raise typer.BadParameter(f"{name!r} is no mode; there are {', '.join(MODES)}")
    return name


def _languages(names: str) -> tuple[str, ...]:
    for name in _split(names):
        if name.lower() not in LANGUAGES:
            raise typer.BadParameter(f"{name!r} is no language that Tocsin knows; there are {', '.join(LANGUAGES)}")
    return tuple(dict.fromkeys(name.lower() for name in _split(names)))


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _row(subscription: Subscription) -> dict[str, object]:
    """Ids as strings: a snowflake does not fit the numbers of every JSON reader."""
    row = asdict(subscription)
    return {name: str(row[name]) if name in ("guild_id", "channel_id") else row[name] for name in COLUMNS}


def _wants(subscription: Subscription) -> str:
    plan = subscription.digest_plan
    if plan is None:
        return wish(subscription)
    told = "digest" if subscription.mode == "digest" else "alerts and a digest"
    return f"{wish(subscription)} · {told} {plan_words(plan)}"


def _table(listed: list[Subscription]) -> Table:
    """Ids in full, for they are what the other commands are given; the rest in the room that is left."""
    ids = (Column(name, no_wrap=True, overflow="fold") for name in ("id", "server", "channel"))
    words = (Column(name, overflow="fold") for name in ("wants", "paused"))
    table = Table(*ids, *words, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for each in listed:
        terminal = each.guild_id == TERMINAL.guild_id
        where = ("–", "this terminal") if terminal else (str(each.guild_id), str(each.channel_id))
        table.add_row(str(each.id), *where, formatted(_wants(each)), Text(each.paused or "–"))
    return table
