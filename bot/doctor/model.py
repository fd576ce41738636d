"""The language model, loaded as a running Tocsin loads it: in a worker, within its limits."""

from collections.abc import Sequence

from bot.app import open_language
from bot.doctor.finding import Finding
from bot.settings import Settings

ABOUT = "language model"


async def check(settings: Settings) -> Sequence[Finding]:
    """Raises LanguageError where no worker starts."""
    async with open_language(settings) as language:
        warning, name = await language.warning(), await language.model()
    if warning:
        return [Finding(ABOUT, "warning", warning.rstrip(".") + ".")]
    return [Finding(ABOUT, "ok", f"The language model {name} loads.")]
