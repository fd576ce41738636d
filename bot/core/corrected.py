"""Corrected: what people read who merge stories, take reports out of them, or take that back.

It draws; how a story looks after a correction is told by correction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.escape import UNTITLED, cut, escape
from bot.core.message import ACCENT, LIMITS, Button, Message, counted, joined, relative
from bot.core.story import Story
from bot.core.voting import Tally

REPORTS_SHOWN = 10
SPLITS_OFFERED = 5

# What the buttons under these answers carry.
SPLITTING = r"correct:split:(?P<article>\d{1,18})"
UNDOING = r"correct:undo:(?P<correction>\d{1,18})"


@dataclass(frozen=True, slots=True)
class Titled:
    """A report of a story by its row id; `began` marks the one that began the story."""

    id: int
    outlet: str
    title: str
    first_seen: datetime
    began: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction as it is kept: what was done, in words, by whom and when, and whether it was taken back."""

    id: int
    what: str
    made_by: int
    made_at: datetime
    undone_by: int | None = None
    undone_at: datetime | None = None


def wrong_merge_message(
    story: Story, tally: Tally, reports: Sequence[Titled], *, is_new: bool, manager: bool
) -> Message:
    """The answer to Wrong merge: counted for readers; for managers the reports, with buttons that take one out."""
    people = counted(tally.wrong_merge, "person", "people")
    said = f"{people} here found reports in this story that do not belong together."
    opening = f"Thank you, that is counted: {said}" if is_new else f"You have said so before: {said}"
    if not manager:
        return about(story, "Wrong merge", [opening, "Managers can take a report out with `/admin split`."])
    if len(reports) < 2:
        return about(story, "Wrong merge", [opening, "It has one report only, so there is none to take out."])
    shown = reports[-REPORTS_SHOWN:]
    lines = [f"{number}. {escape(each.outlet, 60)}: {escape(each.title, 150)}" for number, each in enumerate(shown, 1)]
    end = "Which does not belong here? It becomes a story of its own, which alerts nobody; that can be undone."
    offered = list(enumerate(shown, 1))[-SPLITS_OFFERED:]
    buttons = tuple(
        Button(cut(f"Take out {number}: {each.outlet}", 60), custom_id=f"correct:split:{each.id}")
        for number, each in offered
    )
    return about(story, "Wrong merge", [opening, "", *lines, "", end], buttons)


def done_message(title: str, lines: Sequence[str], *, correction_id: int | None = None) -> Message:
    """What a correction did, with Undo where it can be taken back. `lines` are escaped."""
    undo = (Button("Undo", custom_id=f"correct:undo:{correction_id}"),) if correction_id is not None else ()
    text = joined(list(lines), "\n", LIMITS["description"])
    return Message(title=title, description=text, colour=ACCENT, buttons=undo)


def correction_line(correction: Correction) -> str:
    """A correction in one line, escaped."""
    told = f"{correction.id}. {escape(correction.what, 250)}, by <@{correction.made_by}> {relative(correction.made_at)}"
    if correction.undone_at is None:
        return told
    by = f" by <@{correction.undone_by}>" if correction.undone_by else ""
    return f"{told}; taken back{by} {relative(correction.undone_at)}"


def about(story: Story, what: str, lines: Sequence[str], buttons: tuple[Button, ...] = ()) -> Message:
    """An answer about one story."""
    return Message(
        author=what,
        title=escape(story.title, LIMITS["title"]) or UNTITLED,
        description=joined(list(lines), "\n", LIMITS["description"]),
        colour=ACCENT,
        buttons=buttons,
    )
