"""Notices and lists of what is no story: the bot's health, help, refusals.

It draws; what stands on a page is looked up by the handlers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.alert import AlertState
from bot.core.escape import cut, escape
from bot.core.message import (
    ACCENT,
    Field,
    Message,
    counted,
    joined,
    relative,
)

REFUSAL = 0xB71C1C
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
        footer="Buttons under an alert: Read · Sources · Key points · Why? · Not relevant\n"
        "In its menu, under Apps: Why this alert? · Wrong merge · Not relevant",
        colour=ACCENT,
    )


def notice(text: str, *, title: str = "") -> Message:
    """One sentence or two for the person who asked; `text` is ours, with strangers' words in it escaped."""
    return Message(title=title, description=text, colour=ACCENT)


def refusal(text: str) -> Message:
    """Why something was not done, and what to do."""
    return Message(description=text, colour=REFUSAL)
