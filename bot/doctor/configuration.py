"""What is set up. Mistakes end the examination before it gets here (see finding.of_mistakes)."""

import stat
from collections.abc import Sequence
from pathlib import Path

from bot.core.message import counted
from bot.doctor.finding import Finding
from bot.settings import Settings

ABOUT = "configuration"
SECRETS = Path(".env")


async def check(settings: Settings) -> Sequence[Finding]:
    """How much there is, and who may read the secrets."""
    known = settings.knowledge
    amounts = (
        counted(len(settings.feeds), "feed"),
        counted(len(known.organisations), "organisation"),
        counted(len(known.topics), "topic"),
    )
    found = [Finding(ABOUT, "ok", f"The configuration is right: {', '.join(amounts)}.")]
    found += [Finding(ABOUT, "warning", f"{each}.") for each in settings.unread]
    if not settings.feeds:
        found.append(Finding(ABOUT, "warning", "No feed is configured: list some in feeds.toml, or name an OPML list."))
    if settings.token is not None and _others_may_read(SECRETS):
        says = "Other accounts of this machine can read .env, which may hold the token: run chmod 600 .env."
        found.append(Finding(ABOUT, "warning", says))
    return found


def _others_may_read(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False
