"""Settings: the configuration files and the environment as one frozen value, checked as a whole.

Every mistake in any of them is reported at once, with its file and line, before anything else happens.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from bot.core.analysis import Knowledge
from bot.core.escape import plain
from bot.core.feed import Feed
from bot.core.importance import ImportanceRules
from bot.core.newfeed import FeedLimits
from bot.core.story import MergingRules
from bot.errors import ConfigurationError, Mistake, TocsinError
from bot.opml import read_opml
from bot.settings.environment import Environment, forget_secrets, read_environment, secrets_of
from bot.settings.files import (
    LONGEST_NAME,
    ArchiveTable,
    DeliverTable,
    DiscordTable,
    FeedsFile,
    HealthTable,
    LanguageTable,
    LogTable,
    Network,
    PollTable,
    SettingsFile,
    check_database_url,
    check_feed_url,
    find_file,
    unread_files,
)
from bot.settings.importance import read_importance
from bot.settings.knowledge import read_knowledge
from bot.settings.merging import read_merging
from bot.settings.toml import Table, line_of, read_toml

__all__ = ["Overrides", "Settings", "forget_secrets", "load_settings"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the options of one call change: `--config`, `--database`, `--feeds`."""

    config: Path | None = None
    database: str | None = None
    feeds: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator chose. The tables are those of `settings.toml`, environment applied; `unread` are
    files beside them that nobody reads, which he may have meant to be."""

    token: SecretStr | None
    database_url: SecretStr
    discord: DiscordTable
    poll: PollTable
    deliver: DeliverTable
    language: LanguageTable
    archive: ArchiveTable
    log: LogTable
    health: HealthTable
    feeds: tuple[Feed, ...]
    knowledge: Knowledge
    merging: MergingRules
    importance: ImportanceRules
    feed_limits: FeedLimits
    unread: tuple[Mistake, ...] = ()

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, as it is: the token and the database's password."""
        token = self.token.get_secret_value() if self.token else None
        return secrets_of(token, [self.database_url.get_secret_value()])


class _Mistakes:
    """Collects the mistakes of several readings, so that all are reported together."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []

    def reading(self, read: Callable[[], Value]) -> Value | None:
        try:
            return read()
        except ConfigurationError as error:
            self.found.extend(error.mistakes)
            return None


def load_settings(overrides: Overrides = Overrides()) -> Settings:
    """The whole configuration. Raises ConfigurationError with every mistake in every file and the environment."""
    mistakes = _Mistakes()
    environment = mistakes.reading(read_environment)
    folder = overrides.config or (environment.config if environment else None)
    mistakes.reading(lambda: _check_folder(folder))
    tables = mistakes.reading(lambda: read_toml(find_file("settings.toml", folder), SettingsFile))
    feeds = mistakes.reading(lambda: read_feeds(overrides.feeds or find_file("feeds.toml", folder)))
    knowledge = mistakes.reading(lambda: read_knowledge(lambda name: find_file(name, folder)))
    merging = mistakes.reading(lambda: read_merging(find_file("merging.toml", folder)))
    importance = mistakes.reading(lambda: read_importance(find_file("importance.toml", folder)))
    database = mistakes.reading(lambda: _check_database(overrides.database))
    if mistakes.found or not (environment and tables and knowledge and merging and importance and feeds is not None):
        raise ConfigurationError(tuple(mistakes.found))
    return Settings(
        token=environment.discord_token,
        database_url=SecretStr(database) if database else environment.database_url or SecretStr(tables.database.url),
        discord=_discord(tables.discord, environment),
        poll=_poll(tables.poll, environment),
        deliver=tables.deliver,
        language=tables.language,
        archive=tables.archive,
        log=tables.log,
        health=_with(tables.health, port=environment.health_port),
        feeds=feeds,
        knowledge=knowledge,
        merging=replace(merging, part_of={each.name: each.part_of for each in knowledge.organisations if each.part_of}),
        importance=importance,
        feed_limits=FeedLimits(**tables.feeds.model_dump()),
        unread=tuple(unread_files(folder, but=overrides.feeds)) if folder else (),
    )


def read_feeds(path: Path) -> tuple[Feed, ...]:
    """The feeds of a TOML file, or of an OPML list if its name ends so. Raises ConfigurationError."""
    if path.suffix.lower() in (".opml", ".xml"):
        return _read_opml_file(path)
    feeds = tuple(table.feed() for table in read_toml(path, FeedsFile).feed)
    _refuse_repeated(path, feeds)
    return feeds


def _read_opml_file(path: Path) -> tuple[Feed, ...]:
    feeds, refused = sort_opml(path)
    if refused:
        raise ConfigurationError(refused)
    return feeds


def sort_opml(path: Path) -> tuple[tuple[Feed, ...], tuple[Mistake, ...]]:
    """The feeds of an OPML list, and a mistake for each that cannot be polled. Raises ConfigurationError where the
    file is no such list."""
    try:
        listed = read_opml(path.read_bytes())
    except (OSError, TocsinError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError((Mistake(str(path), None, f"cannot be used: {what}"),)) from error
    feeds: dict[str, Feed] = {}
    refused = []
    for number, feed in enumerate(listed, 1):
        try:
            url = check_feed_url(feed.url)
            feeds.setdefault(url, replace(feed, url=url, name=plain(feed.name)[:LONGEST_NAME] or url[:LONGEST_NAME]))
        except ValueError as error:
            refused.append(Mistake(str(path), None, f"feed {number} ({plain(feed.name)[:LONGEST_NAME]}): {error}"))
    return tuple(feeds.values()), tuple(refused)


def _refuse_repeated(path: Path, feeds: tuple[Feed, ...]) -> None:
    text = path.read_text(encoding="utf-8")
    first: dict[str, int] = {}
    repeated = []
    for number, feed in enumerate(feeds):
        if first.setdefault(feed.url, number) != number:
            line = line_of(text, ("feed", number, "url"))
            repeated.append(Mistake(str(path), line, f"{feed.url} is listed twice; take one of them out"))
    if repeated:
        raise ConfigurationError(tuple(repeated))


def _check_folder(folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise ConfigurationError((Mistake(str(folder), None, "is not a folder; name one that holds *.toml files"),))
    if folder is not None and not os.access(folder, os.R_OK | os.X_OK):
        raise ConfigurationError((Mistake(str(folder), None, "cannot be read; allow Tocsin to read this folder"),))


def _check_database(url: str | None) -> str | None:
    try:
        return check_database_url(url) if url is not None else None
    except ValueError as error:
        raise ConfigurationError((Mistake("--database", None, str(error)),)) from error


def _discord(table: DiscordTable, environment: Environment) -> DiscordTable:
    return _with(
        table,
        allowed_guilds=environment.allowed_guilds,
        api_base=environment.discord_api_base,
        gateway_url=environment.discord_gateway_url,
    )


def _poll(table: PollTable, environment: Environment) -> PollTable:
    return _with(table, allowed_networks=environment.allowed_networks)


ATable = TypeVar("ATable", bound=Table)


def _with(table: ATable, **changes: object) -> ATable:
    """`table` with the changes that are set."""
    return table.model_copy(update={name: value for name, value in changes.items() if value is not None})


def with_feeds(
    settings: Settings, feeds: tuple[Feed, ...], *, database: str | None = None, network: Network | None = None
) -> Settings:
    """The settings with other feeds, and if given another database and one more network that feeds may live on
    (the demo brings its own)."""
    url = SecretStr(check_database_url(database)) if database else settings.database_url
    networks = (*settings.poll.allowed_networks, network) if network else settings.poll.allowed_networks
    return replace(settings, feeds=feeds, database_url=url, poll=_with(settings.poll, allowed_networks=networks))
