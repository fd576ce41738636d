"""Lists and notices: pages of stories, a server's subscriptions, the bot's health, help, refusals.

It draws; what stands on a page is looked up by the handlers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.alert import AlertState, Subscription
from bot.core.details import wish
from bot.core.escape import cut, escape, length, masked_link
from bot.core.event import EventType
from bot.core.message import (
    LIMITS,
    LOOKS,
    Button,
    Field,
    Message,
    counted,
    event_name,
    joined,
    kind_of,
    outlets_line,
    relative,
)
from bot.core.story import Story

PAGE = 5
ACCENT = 0x37474F
REFUSAL = 0xB71C1C
LINE = "\n\n"
# What has become of a server's alerts, in a reader's words; rows that are being sent are still on their way.
FATES: tuple[tuple[str, tuple[AlertState, ...]], ...] = (
    ("sent", ("sent",)),
    ("on their way", ("owed", "sending")),
    ("in digests", ("digested",)),
    ("not needed", ("suppressed",)),
    ("given up", ("dead",)),
)
FEEDS = {"waiting": "not polled yet"}
PURPOSE = "Watches news feeds for stories where AI meets defence and tells each one once, with its reasons."

# What a paging button carries: the page, how far back in hours (0: no bound), event, topic and organisation.
LAST_PAGE = 9_999
PAGING = r"latest:(?P<page>\d{1,4}):(?P<hours>\d{1,4}):(?P<event>\w*):(?P<topic>[^:]*):(?P<organisation>.*)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `/news latest` was asked for; None means no bound."""

    hours: int | None = None
    event: EventType | None = None
    topic: str | None = None
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is: feeds by health, the failing ones with their error, a server's alerts by state."""

    version: str
    feeds: Mapping[str, int]
    failing: tuple[tuple[str, str], ...]
    last_polled: datetime | None
    alerts: Mapping[AlertState, int]
    stories: int
    paused_here: int = 0


def latest_message(stories: Sequence[Story], *, page: int, total: int, wanted: Wanted) -> Message:
    """One page of stories, the newest first; `page` counts from 0, `total` counts stories."""
    if not stories:
        return notice(
            f"No story {escape(_asked(wanted))}. Ask for a longer time or fewer conditions.", title="Latest stories"
        )
    pages = max(-(-total // PAGE), 1)
    lines = joined([_story_line(story) for story in stories], "\n\n", LIMITS["description"])
    footer = f"Page {page + 1} of {pages} · {counted(total, 'story', 'stories')} {_asked(wanted)}"
    buttons = _turning(page, pages, wanted)
    if pages > 1 and not buttons:
        footer = f"The latest {len(stories)} of {counted(total, 'story', 'stories')}; ask for less to see the others"
    return Message(
        title="Latest stories",
        description=lines,
        footer=cut(footer, 300),
        colour=ACCENT,
        buttons=buttons,
    )


def turn(page: int, wanted: Wanted) -> str | None:
    """The custom_id that asks for a page, or None where the conditions are too long for one."""
    parts = (page, wanted.hours or 0, wanted.event or "", wanted.topic or "", wanted.organisation or "")
    custom_id = "latest:" + ":".join(map(str, parts))
    return custom_id if page <= LAST_PAGE and length(custom_id) <= LIMITS["custom_id"] else None


def subscriptions_message(subscriptions: Sequence[Subscription]) -> Message:
    """A server's subscriptions, each with its number, channel and wishes."""
    if not subscriptions:
        return notice("No channel of this server gets alerts yet. Add one with `/alerts add`.", title="Subscriptions")
    lines = [_subscription_line(subscription) for subscription in subscriptions]
    shown = joined(lines, LINE, LIMITS["description"] - 50)
    hidden = len(lines) - len(shown.split(LINE))
    return Message(
        title="Subscriptions",
        description=shown + (f"{LINE}… and {hidden} more, with higher numbers" if hidden else ""),
        footer=counted(len(lines), "subscription"),
        colour=ACCENT,
    )


def added_message(subscription: Subscription) -> Message:
    """A subscription was added."""
    return notice(
        f"<#{subscription.channel_id}> gets alerts from now on: {wish(subscription)}.\n"
        "What is known already stays silent; such a story is told here with its next report.",
        title=f"Subscription {subscription.id} added",
    )


def status_message(health: Health) -> Message:
    """Feeds, deliveries and version."""
    states = [f"{number} {FEEDS.get(state, state)}" for state, number in health.feeds.items() if number]
    fates = [(name, sum(health.alerts.get(state, 0) for state in states)) for name, states in FATES]
    failing = [f"- {escape(name, 80)}: {escape(error, 150)}" for name, error in health.failing]
    fields = [
        Field("Feeds", " · ".join(states) or "none yet"),
        Field("Last poll", relative(health.last_polled) if health.last_polled else "not yet"),
        Field("Stories", str(health.stories)),
        Field("Alerts", " · ".join(f"{number} {name}" for name, number in fates if number) or "none yet", inline=False),
    ]
    if failing:
        shown = joined(failing, "\n", 900)
        more = len(failing) - shown.count("\n") - 1
        fields.append(Field("Failing feeds", shown + (f"\n… and {more} more" if more else ""), inline=False))
    if health.paused_here:
        text = f"{counted(health.paused_here, 'subscription')} of this server: see `/alerts list`"
        fields.append(Field("Paused", text, inline=False))
    return Message(title="Status", fields=tuple(fields), footer=f"Tocsin {cut(health.version, 40)}", colour=ACCENT)


def help_message(commands: Sequence[tuple[str, str]]) -> Message:
    """The commands, (name, description), in the order given."""
    lines = [f"`/{name}` — {escape(description, 120)}" for name, description in commands]
    return Message(
        title="Tocsin",
        description=PURPOSE + "\n\n" + joined(lines, "\n", 3500),
        footer="Buttons under an alert: Read · Sources · Key points · Why?",
        colour=ACCENT,
    )


def notice(text: str, *, title: str = "") -> Message:
    """One sentence or two for the person who asked; `text` is ours, with strangers' words in it escaped."""
    return Message(title=title, description=text, colour=ACCENT)


def refusal(text: str) -> Message:
    """Why something was not done, and what to do."""
    return Message(description=text, colour=REFUSAL)


def _turning(page: int, pages: int, wanted: Wanted) -> tuple[Button, ...]:
    back, on = turn(max(page - 1, 0), wanted), turn(page + 1, wanted)
    newer = (Button("Newer", custom_id=back),) if back and page > 0 else ()
    older = (Button("Older", custom_id=on),) if on and page + 1 < pages else ()
    return newer + older


def _story_line(story: Story) -> str:
    mark = LOOKS[story.event][0]
    where = escape(outlets_line(story), 120)
    return f"{mark} **{kind_of(story)}**\n{masked_link(story.title, story.link)}\n{where} · {relative(story.last_seen)}"


def _subscription_line(subscription: Subscription) -> str:
    paused = f"\n  ⏸ paused: {escape(subscription.paused, 200)}" if subscription.paused else ""
    return f"**{subscription.id}** · <#{subscription.channel_id}> · {wish(subscription)}{paused}"


def _asked(wanted: Wanted) -> str:
    """The conditions in words, plain text."""
    parts = [f"in the last {_span(wanted.hours)}"] if wanted.hours else []
    parts += [f"of the kind {event_name(wanted.event)}"] if wanted.event else []
    parts += [f"on {wanted.topic}"] if wanted.topic else []
    parts += [f"naming {wanted.organisation}"] if wanted.organisation else []
    return cut(" ".join(parts) or "so far", 250)


def _span(hours: int) -> str:
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"
