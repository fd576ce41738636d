"""Conditions: what is wrong for a server just now, and which changes of it have not been told yet.

A condition is told once when it begins and once when it is over, however often it is looked at; what was told is read
from the notices themselves. It looks nothing up and sends nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.bulletin import Bulletin, Content
from bot.core.escape import cut, escape
from bot.core.feed import StoredFeed
from bot.core.message import relative

FAILING_FROM = 5
"""Failures in a row after which a feed counts as failing: about two hours, as feeds back off."""

SHOWN = 10
BAD, GOOD = "🔴", "🟢"
OVER = ""
TITLE = "For those who manage Tocsin"
WITHOUT_WORDS = "what it tells is not looked at any more"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something wrong: `subject` names it for ever ("feed:12"), `begins` and `over` are the sentences for people."""

    subject: str
    begins: str
    over: str


def feed_condition(feed: StoredFeed) -> Condition | None:
    """What is wrong with a feed, if it is wrong for long enough. One that somebody paused is not wrong."""
    state, name = feed.state, escape(feed.feed.name, 100)
    if state.status == "paused":
        return None
    if state.status != "active":
        begins = f"The feed **{name}** is {escape(state.status, 20)} and no longer read: {_why(state.error)}"
    elif state.failures >= FAILING_FROM:
        last = f", last read {relative(state.last_success_at)}" if state.last_success_at else ""
        begins = f"The feed **{name}** fails{last}: {_why(state.error)} It is tried again by itself."
    else:
        return None
    return Condition(feed_subject(feed.id), begins, f"The feed **{name}** works again.")


def database_condition(problem: str) -> Condition:
    """The database could not be used for a while: what was in hand was given up and is done again."""
    begins = f"The database could not be used: {_why(problem)} Nothing is lost; what was given up is done again."
    return Condition("database", begins, "The database can be used again.")


def model_condition(problem: str) -> Condition:
    """Articles are read without the language model."""
    begins = f"Articles are read by rules alone, so some names are missed: {_why(problem)}"
    return Condition("model", begins, "Articles are read with the language model again.")


OWN_SUBJECTS = frozenset(["database", "model"])
"""What may be wrong with Tocsin itself."""


def channel_condition(channel_id: int, reason: str, since: datetime, *, closed: bool = False) -> Condition:
    """A channel that could not be written into, or (`closed`) that is gone."""
    then = "What is owed there is not told any more; remove its subscriptions or give them another channel."
    begins = f"Nothing can be sent to <#{channel_id}> since {relative(since)}: {_why(reason)} "
    begins += then if closed else "What is owed there waits."
    return Condition(channel_subject(channel_id), begins, f"<#{channel_id}> gets its alerts again.")


def feed_subject(feed_id: int) -> str:
    """What a feed is called for ever."""
    return f"feed:{feed_id}"


def channel_subject(channel_id: int) -> str:
    """What a channel is called for ever."""
    return f"channel:{channel_id}"


def told_so_far(notices: Iterable[Content]) -> dict[str, str]:
    """The subjects that were told and are not over, each with its closing sentence; `notices` the oldest first."""
    told: dict[str, str] = {}
    for subject, over in (pair for content in notices for pair in content.subjects):
        if over == OVER:
            told.pop(subject, None)
        else:
            told[subject] = over
    return told


def changes(
    current: Sequence[Condition], told: Mapping[str, str], watched: Collection[str] | None = None
) -> Content | None:
    """What has begun and what is over since it was told; None where nothing has changed.

    `watched` are the subjects that were looked at (None: all). What is no longer looked at, such as a feed that was
    removed, is over without a line: nobody knows that it works again.
    """
    begun = [condition for condition in current if condition.subject not in told]
    ended = sorted(told.keys() - {condition.subject for condition in current})
    known = [subject for subject in ended if watched is None or subject in watched]
    if not begun and not ended:
        return None
    lines = [f"{BAD} {condition.begins}" for condition in begun] + [f"{GOOD} {told[subject]}" for subject in known]
    more = [f"… and {len(lines) - SHOWN} changes more; see `/feeds health`."] if len(lines) > SHOWN else []
    subjects = [(each.subject, each.over) for each in begun] + [(subject, OVER) for subject in ended]
    return Content(title=TITLE, lines=(*lines[:SHOWN], *more), subjects=tuple(subjects))


def notice(guild_id: int, channel_id: int, key: str, content: Content) -> Bulletin:
    """The message to a server's ops channel; `key` keeps it from being made twice. One without lines is only written
    down."""
    suppressed = None if content.lines else WITHOUT_WORDS
    return Bulletin(guild_id, channel_id, "notice", key, content, suppressed=suppressed)


def storm_content(feed: str, count: int) -> Content:
    """A feed's storm of entries, which is guarded."""
    line = (
        f"The feed **{escape(feed, 100)}** showed {count} old entries as new; they are listed in one message at most."
    )
    return Content(title="For those who manage Tocsin", lines=(f"{BAD} {line}",))


def _why(error: str | None) -> str:
    words = escape(cut(error or "the reason is not known", 200), 250).rstrip(".")
    return f"{words}."
