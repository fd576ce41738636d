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
    LIMITS,
    Field,
    Message,
    counted,
    joined,
    listed,
    relative,
)
from bot.core.vitals import Seen

REFUSAL = 0xB71C1C
# What has become of a server's alerts, in a reader's words; rows that are being sent are still on their way.
FATES: tuple[tuple[str, tuple[AlertState, ...]], ...] = (
    ("sent", ("sent",)),
    ("on their way", ("owed", "sending")),
    ("in digests", ("digested",)),
    ("not needed", ("suppressed",)),
    ("given up", ("dead",)),
)
_HELP_ROOM = 4_900  # for the lines of all commands; headings and the rest need the others of 6,000 characters
ROLES = {"poll": "reads feeds", "deliver": "sends alerts", "gateway": "answers commands"}
MOST_RUNNERS = 6  # lines
SLOW = 1.0  # seconds of lateness that people notice
BUTTONS = ("Read", "Sources", "Key points", "Why?", "Not relevant")
FEEDS = {"waiting": "not polled yet"}
PURPOSE = "Watches news feeds for stories where AI meets defence and tells each one once, with its reasons."


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is: feeds by health, the failing ones with their error, a server's alerts by state, since when the
    `oldest` of them is owed that could go out, how many requests Discord `refused` lately, and who is `at_work`."""

    version: str
    feeds: Mapping[str, int]
    failing: tuple[tuple[str, str], ...]
    last_polled: datetime | None
    alerts: Mapping[AlertState, int]
    stories: int
    paused_here: int = 0
    oldest: datetime | None = None
    refused: int = 0
    at_work: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Commands that belong together, (name, description), under a heading."""

    heading: str
    commands: Sequence[tuple[str, str]]


def status_message(health: Health) -> Message:
    """Feeds, deliveries and version."""
    states = [f"{number} {FEEDS.get(state, state)}" for state, number in health.feeds.items() if number]
    failing = [f"- {escape(name, 80)}: {escape(error, 150)}" for name, error in health.failing]
    fields = [
        Field("Feeds", " · ".join(states) or "none yet"),
        Field("Last poll", relative(health.last_polled) if health.last_polled else "not yet"),
        Field("Stories", str(health.stories)),
        Field("Alerts", _alerts(health), inline=False),
    ]
    if health.at_work:
        fields.append(Field("At work", "\n".join(_at_work(health.at_work)), inline=False))
    if health.refused:
        text = f"{counted(health.refused, 'request')} in the last ten minutes"
        fields.append(Field("Discord refused", text, inline=False))
    if failing:
        fields.append(Field("Failing feeds", listed(failing, "\n", 900), inline=False))
    if health.paused_here:
        text = f"{counted(health.paused_here, 'subscription')} of this server: see `/alerts list`"
        fields.append(Field("Paused", text, inline=False))
    return Message(title="Status", fields=tuple(fields), footer=f"Tocsin {cut(health.version, 40)}", colour=ACCENT)


def _alerts(health: Health) -> str:
    """What has become of them, and how long the first of those on their way has waited."""
    fates = [(name, sum(health.alerts.get(state, 0) for state in states)) for name, states in FATES]
    told = " · ".join(f"{number} {name}" for name, number in fates if number) or "none yet"
    return f"{told}\nThe oldest that can go out was owed {relative(health.oldest)}" if health.oldest else told


def _at_work(seen: Sequence[Seen]) -> list[str]:
    """A line for all runners that do the same: what that is, when one was last seen, and how they are."""
    groups: dict[tuple[str, ...], list[Seen]] = {}
    for each in seen:
        groups.setdefault(each.roles, []).append(each)
    return [_runners(roles, group) for roles, group in groups.items()][:MOST_RUNNERS]


def _runners(roles: Sequence[str], group: Sequence[Seen]) -> str:
    """ "✅ reads feeds, sends, answers · seen 4 seconds ago"."""
    well, lag = all(each.well for each in group), max(each.lag for each in group)
    parts = [", ".join(ROLES.get(role, escape(role, 20)) for role in roles)]
    parts += [f"{len(group)} of them"] if len(group) > 1 else []
    parts.append(f"seen {relative(max(each.at for each in group))}")
    parts += [] if lag < SLOW else [f"up to {lag:.0f} s late"]
    return f"{'✅' if well else '⚠️'} {' · '.join(parts)}"


def help_message(sections: Sequence[Section], menu: Sequence[str], *, others: Sequence[str] = ()) -> Message:
    """The commands by their sections, in the order given, and what stands under an alert; `menu` are the entries of a
    message's menu, `others` the commands of those who manage the server."""
    number = sum(len(section.commands) for section in sections)
    room = min(_HELP_ROOM // max(number, 1) - 30, 100)
    fields = [field for section in sections for field in _section(section, room)]
    under = [f"Buttons: {' · '.join(BUTTONS)}"]
    if menu:
        under.append(f"Its menu, under Apps: {' · '.join(escape(name, 40) for name in menu)}")
    fields.append(Field("Under every alert", "\n".join(under), inline=False))
    if others:
        named = " · ".join(f"`/{name}`" for name in others)
        fields.append(Field("For those who manage this server", f"{named}; they read more in `/help`", inline=False))
    return Message(title="What Tocsin can do here", description=PURPOSE, fields=tuple(fields), colour=ACCENT)


def _section(section: Section, room: int) -> Sequence[Field]:
    """As many fields as the lines of a section need, the first with its heading."""
    lines = [f"`/{name}` {escape(description, max(room, 10))}" for name, description in section.commands]
    fields: list[Field] = []
    while lines:
        shown = joined(lines, "\n", LIMITS["field value"])
        heading = f"{section.heading.partition(' · ')[0]} · more" if fields else section.heading
        fields.append(Field(heading, shown, inline=False))
        lines = lines[shown.count("\n") + 1 :]
    return fields


def notice(text: str, *, title: str = "") -> Message:
    """One sentence or two for the person who asked; `text` is ours, with strangers' words in it escaped."""
    return Message(title=title, description=text, colour=ACCENT)


def refusal(text: str) -> Message:
    """Why something was not done, and what to do."""
    return Message(description=text, colour=REFUSAL)
