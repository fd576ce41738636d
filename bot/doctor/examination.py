"""The whole examination: each piece by itself and side by side, so that one that hangs or fails keeps no other from
being looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from structlog.typing import Processor

from bot.doctor import configuration, database, discord, feeds, health, model
from bot.doctor.finding import Finding
from bot.errors import TocsinError
from bot.logs import redactor
from bot.settings import Settings

Check = Callable[[], Awaitable[Sequence[Finding]]]
PIECES = 6


async def examine(
    settings: Settings, *, network: bool = True, done: Callable[[], object] = lambda: None
) -> list[Finding]:
    """All findings, in the order of what rests on what; `done` is called after each of the `PIECES`. Without `network`
    nothing is asked of Discord and of feeds. No secret is in them."""
    archive = await asyncio.to_thread(database.look_at, settings)
    checks: Mapping[str, Check] = {
        "configuration": lambda: configuration.check(settings),
        "database": lambda: database.check(archive),
        "language model": lambda: model.check(settings),
        "Discord": lambda: discord.check(settings, archive, network=network),
        "feeds": lambda: feeds.check(settings, archive, network=network),
        "health": lambda: health.check(settings),
    }
    found = await asyncio.gather(*(_surely(about, check, done) for about, check in checks.items()))
    clean = redactor(settings.secrets())
    return [_clean(each, clean) for findings in found for each in findings]


async def _surely(about: str, check: Check, done: Callable[[], object]) -> Sequence[Finding]:
    try:
        return await check()
    except TocsinError as error:
        return [Finding(about, "wrong", str(error))]
    except Exception as error:  # a fault of ours in one piece must not hide what the others have to say
        return [Finding(about, "wrong", f"Tocsin itself failed to look at this ({error!r}); please report it.")]
    finally:
        done()


def _clean(finding: Finding, clean: Processor) -> Finding:
    told = clean(None, "", {"says": finding.says})
    return replace(finding, says=str(told["says"])) if isinstance(told, dict) else finding
