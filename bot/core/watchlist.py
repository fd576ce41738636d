"""What a whole server watches for or does not want to hear of: read from what people type, and told in words.

How watched words weigh is told by importance, that muted ones are not alerted by owing.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from bot.core.digest import Ranked
from bot.core.escape import escape, length, plain
from bot.core.importance import held_words
from bot.core.message import counted, relative
from bot.core.subscribing import moment
from bot.errors import TocsinError

Kind = Literal["watch", "mute"]

MOST_WORDS = 50
"""Words that one server may watch for, and as many that it may mute."""

LONGEST = 80
_LATEST = timedelta(days=366 * 5)
_SPAN = re.compile(r"(\d{1,4})\s*(m|min|h|d|w)", re.IGNORECASE)
_UNITS = {
    "m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}  # fmt: skip


def read_words(typed: str) -> str:
    """An organisation, outlet or phrase as it is kept. Raises TocsinError for what could never stand in a story."""
    words = plain(typed)
    if length(words) > LONGEST:
        raise TocsinError(f"That is {length(words)} characters long; give at most {LONGEST}, such as a name.")
    if sum(character.isalnum() for character in words) < 2:
        raise TocsinError("Give a name, an outlet such as reuters.com, or a phrase of at least two letters.")
    return words


def read_until(words: str, now: datetime, zone: tzinfo) -> datetime:
    """The end that "8h", "3d", "2026-12-24" (as that day begins) or "2026-12-24 18:00" names, in local time `zone`.

    Raises TocsinError for anything else, for the past and for what is more than five years off.
    """
    until = _end(words.strip(), now, zone)
    if until is None:
        raise TocsinError(f"“{escape(words, 40)}” is no end; write 8h, 3d, 2w, or a date such as 2026-12-24.")
    if not now < until <= now + _LATEST:
        raise TocsinError("The end has to be in the future, and within five years; leave it out for no end.")
    return until


def _end(words: str, now: datetime, zone: tzinfo) -> datetime | None:
    span = _SPAN.fullmatch(words)
    if span:
        return now + int(span[1]) * _UNITS[span[2].lower()]
    try:
        end = datetime.fromisoformat(words)
        return (end if end.tzinfo else end.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def effect(kind: Kind, words: str, stories: Iterable[Ranked], days: int) -> str:
    """How many stories the words would have met lately."""
    looked = list(stories)
    met = sum(bool(held_words(ranked.story, (words,))) for ranked in looked)
    told = f"{counted(met, 'story', 'stories')} of {len(looked)} in the last {counted(days, 'day')}"
    if kind == "mute":
        return f"It would have kept {told} from this server's channels." if met else f"It would have met {told}."
    return f"It would have raised {told}." if met else f"It would have met {told}; watch its spelling."


def entry(words: str, until: datetime | None) -> str:
    """One of the words, escaped, with its end: "Acme (until in 3 hours)"."""
    return escape(words, LONGEST) + (f" (ends {relative(until)})" if until else "")


def listed_lines(kind: Kind, words: str, until: datetime | None, *, other: bool) -> Sequence[str]:
    """What was written down: "Muted: Acme, until …". `other` says that the words stood on the other list before."""
    shown = f"**{escape(words, LONGEST)}**"
    end = f"until {moment(until)}" if until else "until `/alerts unmute`"
    if kind == "mute":
        lifted = "It is no longer watched for." if other else ""
        return (f"No channel of this server is told stories that name {shown}, {end}.", lifted)
    lifted = "It is no longer muted." if other else ""
    return (f"Stories that name {shown} matter more in this server, {end}.", lifted)
