"""Finding: one thing that was looked at, how it is, and what to do where it is not well."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.errors import ConfigurationError

Level = Literal["ok", "warning", "wrong"]
FAILED, WRONG_CONFIGURATION = 1, 78


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is the piece that was looked at, `says` one sentence. `configured` marks what only the operator's
    settings can right; `link` is an address that goes with it."""

    about: str
    level: Level
    says: str
    configured: bool = False
    link: str | None = None


def exit_code(findings: Iterable[Finding]) -> int:
    """0 where nothing is wrong, 78 where a setting is, else 1; a warning is nothing wrong."""
    wrong = [each for each in findings if each.level == "wrong"]
    if any(each.configured for each in wrong):
        return WRONG_CONFIGURATION
    return FAILED if wrong else 0


def of_mistakes(error: ConfigurationError) -> list[Finding]:
    """Every mistake in the configuration."""
    return [Finding("configuration", "wrong", str(mistake), configured=True) for mistake in error.mistakes]
