"""Time zones by their IANA names. It reads the machine's zone files; what a zone means for a digest is core/hours'."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.errors import TocsinError


def zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises TocsinError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TocsinError(f"There is no time zone {name[:60]!r}; write one such as Europe/Berlin.") from error


@cache
def zone_names() -> tuple[str, ...]:
    """Every name that `zone` knows, continents first; the machine's aliases and oddities are left out. They are looked
    for once, in hundreds of files."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix")))
    return ("UTC", *places)
