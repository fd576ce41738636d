"""Explained: the whole way of one article as Discord shows it: every gate with its value, then votes and corrections.

What the parts say is told by account and reasons; it looks nothing up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.account import Fate, Trace, channel_label
from bot.core.alert import Subscription
from bot.core.corrected import Correction, correction_line
from bot.core.escape import UNTITLED, escape, safe_link
from bot.core.message import ACCENT, LIMITS, Field, Message, counted, excess, joined
from bot.core.reasons import Line, Part, weighed
from bot.core.voting import Tally, needed

LINES_SHOWN = 8
_ROOMS = (1000, 700, 500, 350)  # characters of a part, until all of them fit


def account_message(trace: Trace, parts: Sequence[Part], own: Sequence[Part], *, others: int = 0) -> Message:
    """One article's way. `parts` are drawn escaped; the lines of `own` are drawn as they are. `others` is how many more
    reports the question was about."""
    more = (
        f"The story has {others} more report{'s' if others > 1 else ''}; ask for one by its address." if others else ""
    )
    for room in _ROOMS:
        fields = [Field(escape(part.name, 200), _drawn(part, room), inline=False) for part in parts]
        fields += [Field(part.name, _own(part, room), inline=False) for part in own]
        message = Message(
            author="Why?",
            title=escape(trace.title, LIMITS["title"]) or UNTITLED,
            url=safe_link(trace.link),
            description=more,
            fields=tuple(fields),
            colour=ACCENT,
        )
        if not excess(message):
            return message
    return replace(message, fields=tuple(fields[:6]))


def votes_part(tally: Tally, *, added: float, threshold: float) -> Part:
    """What the server's people said of the story, and what its votes add to the score that stories need."""
    counts = (
        ("not relevant", tally.managers_against, tally.readers_against),
        ("relevant", tally.managers_for, tally.readers_for),
    )
    said = [
        f"{name}: {counted(managers, 'manager')}, {counted(readers, 'reader')}"
        for name, managers, readers in counts
        if managers + readers
    ]
    if tally.wrong_merge:
        said.append(f"wrong merge: {tally.wrong_merge}")
    return Part("Votes in this server", "; ".join(said) or "None.", (Line(needed(added, threshold)),))


def corrections_part(made: Sequence[Correction], *, elsewhere: int) -> Part | None:
    """What was corrected: by this server with who and when, by other servers as a number."""
    lines = [Line(correction_line(each)) for each in made]
    if elsewhere:
        lines.append(Line(f"{elsewhere} by managers of other servers"))
    return Part("Corrections", "", tuple(lines)) if lines else None


def named_channels(
    parts: Sequence[Part], fates: Sequence[Fate], wishes: Sequence[Subscription], names: Mapping[int, str]
) -> list[Part]:
    """The parts with channels called by their names, as one server knows them."""
    known = [(each.guild_id, each.channel_id, each.subscription_id) for each in fates]
    known += [(each.guild_id, each.channel_id, each.id) for each in wishes]
    labels = {
        channel_label(guild, channel, id): f"#{names.get(channel, channel)} (subscription {id})"
        for guild, channel, id in known
    }
    return [
        replace(part, lines=tuple(replace(line, label=labels.get(line.label, line.label)) for line in part.lines))
        for part in parts
    ]


def _drawn(part: Part, room: int) -> str:
    """The verdict, then what was found, what spoke for it and what against it, each with its weight."""
    blocks = [escape(part.verdict, 300)] if part.verdict else []
    for heading, lines in weighed(part.lines):
        shown = [_line(line) for line in lines[:LINES_SHOWN]]
        hidden = len(lines) - len(shown)
        rest = [f"- … and {hidden} more"] if hidden else []
        blocks += [*([f"*{heading}:*"] if heading else []), *shown, *rest]
    return joined(blocks, "\n", room) or "–"


def _line(line: Line) -> str:
    weight = f"`{line.weight:+.2f}` " if line.weight else ""
    words = f": {escape(line.words, 150)}" if line.words else ""
    return f"- {weight}**{escape(line.label, 80) or '–'}**{words}"


def _own(part: Part, room: int) -> str:
    return (
        joined([*([part.verdict] if part.verdict else []), *(f"- {line.label}" for line in part.lines)], "\n", room)
        or "–"
    )
