"""Timeline: the chain of stories that a story stands in, and each of its reports, in the order of time.

It draws; the chain is looked up by the story handler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.core.escape import UNTITLED, escape, host, length, masked_link
from bot.core.message import LIMITS, LOOKS, Button, Message, counted, joined, kind_of, remarks
from bot.core.story import Source, Story

REPORTS_A_PAGE = 10
CHAIN_SHOWN = 5
"""Stories before, and stories after, that a timeline names: those nearest to the story."""

# What a button that turns a timeline's pages carries: the page, the story.
TURNING = r"timeline:(?P<page>\d{1,4}):(?P<story>[^:\s]{1,60})"
# Without links the longest chain and the longest page of reports find room for certain.
_CHAIN_ROOM = 1_690
_REPORTS_ROOM = LIMITS["description"] - _CHAIN_ROOM - 60


Line: TypeAlias = tuple[str, str]  # without and with its link


@dataclass(frozen=True, slots=True)
class Chain:
    """The stories that a story continues, oldest first, and those that continue it."""

    before: Sequence[Story] = ()
    after: Sequence[Story] = ()


def timeline_message(story: Story, chain: Chain, *, page: int = 0) -> Message:
    """One page of the story's reports, oldest first, with the chain of stories around it on every page."""
    reports = sorted(story.sources, key=lambda source: source.first_seen)
    pages = max(-(-len(reports) // REPORTS_A_PAGE), 1)
    page = max(0, min(page, pages - 1))
    shown = reports[page * REPORTS_A_PAGE : (page + 1) * REPORTS_A_PAGE]
    told = _fitting([_report(source) for source in shown], _REPORTS_ROOM) or "No report is kept any more."
    outlets = counted(len(story.outlets), "independent outlet")
    return Message(
        author="Timeline",
        title=escape(story.title, LIMITS["title"]) or UNTITLED,
        description="\n\n".join(filter(None, (_steps(story, chain), f"**Reports**\n{told}"))),
        footer=f"Page {page + 1} of {pages} · {counted(len(reports), 'report')} by {outlets}",
        colour=LOOKS[story.event][1],
        buttons=_turning(story, page, pages),
    )


def turn(page: int, story_id: str) -> str:
    """The custom_id that asks for a page."""
    return f"timeline:{page}:{story_id}"


def _steps(story: Story, chain: Chain) -> str:
    """The stories in order, this one marked; nothing for a story that stands alone."""
    if not (chain.before or chain.after):
        return ""
    before, after = chain.before[-CHAIN_SHOWN:], chain.after[:CHAIN_SHOWN]
    lines = [
        *([("… earlier steps", "")] if len(chain.before) > len(before) else []),
        *map(_step, before),
        (f"▶ {day(story.first_seen)} **{kind_of(story)}**: this story", ""),
        *map(_step, after),
        *([("… later steps", "")] if len(chain.after) > len(after) else []),
    ]
    return "**Steps**\n" + _fitting(lines, _CHAIN_ROOM)


def _step(story: Story) -> Line:
    before = f"▫️ {day(story.first_seen)} {kind_of(story)}: "
    return before + masked_link(story.title, None, limit=90), before + masked_link(story.title, story.link, limit=90)


def _report(source: Source) -> Line:
    outlet = escape(source.outlet, 60) or escape(host(source.link), 60)
    before, after = f"{moment(source.first_seen)} {outlet}: ", remarks(source)
    plain, linked = masked_link(source.title, None, limit=100), masked_link(source.title, source.link, limit=100)
    return before + plain + after, before + linked + after


def _fitting(lines: Sequence[Line], room: int) -> str:
    """All lines with their links if there is room, else without."""
    linked = "\n".join(linked or plain for plain, linked in lines)
    return linked if length(linked) <= room else joined([plain for plain, _ in lines], "\n", room)


def _turning(story: Story, page: int, pages: int) -> tuple[Button, ...]:
    before = (Button("Earlier", custom_id=turn(page - 1, story.id)),) if page > 0 else ()
    after = (Button("Later", custom_id=turn(page + 1, story.id)),) if page + 1 < pages else ()
    return tuple(each for each in before + after if length(each.custom_id or "") <= LIMITS["custom_id"])


def day(when: datetime) -> str:
    """A moment as Discord draws it in each reader's own day: "4 March 2026"."""
    return f"<t:{int(when.timestamp())}:D>"


def moment(when: datetime) -> str:
    """The same with the time of day."""
    return f"<t:{int(when.timestamp())}:f>"
