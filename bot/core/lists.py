"""Lists of stories, page by page: the latest, the most important, what a search found. And what their buttons carry.

It draws; what stands on a page is looked up by the news handler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.escape import cut, escape, length, masked_link
from bot.core.event import EventType
from bot.core.importance import Level
from bot.core.message import (
    ACCENT,
    LIMITS,
    LOOKS,
    Button,
    Message,
    counted,
    event_name,
    joined,
    kind_of,
    outlets_line,
    relative,
)
from bot.core.query import cleaned
from bot.core.story import Story

PAGE = 5
UNBOUND = "in the archive"
ListKind = Literal["latest", "top", "search"]
TITLES: dict[ListKind, str] = {"latest": "Latest stories", "top": "Top stories", "search": "Search"}

# What a paging button carries: the list, the page, how far back in hours (0: no bound), event, topic, organisation,
# and for a search whether the newest come first and the query.
LAST_PAGE = 9_999
PAGING = (
    r"(?P<kind>latest|top|search):(?P<page>\d{1,4}):(?P<hours>\d{1,4}):(?P<event>\w*):(?P<topic>[^:|]*)"
    r":(?P<organisation>[^|]*)(?:\|(?P<sort>[bn])\|(?P<query>.*))?"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list was asked for; None and "" mean no bound. `newest` puts the newest of a search first."""

    hours: int | None = None
    event: EventType | None = None
    topic: str | None = None
    organisation: str | None = None
    kind: ListKind = "latest"
    query: str = ""
    newest: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A story in a list: how much it matters, where that is told, and the words of a report that were searched for."""

    story: Story
    level: Level | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: `number` counts from 0, `total` counts stories; `more` says that only the newest reports
    that match were looked through."""

    listed: Sequence[Listed]
    number: int
    total: int
    more: bool = False


def list_message(page: Page, wanted: Wanted) -> Message:
    """One page of stories in the order given."""
    title = escape(f"{TITLES[wanted.kind]}: {wanted.query}", LIMITS["title"]) if wanted.query else TITLES[wanted.kind]
    if not page.listed:
        return Message(title=title, description=_nothing(wanted), colour=ACCENT)
    lines = "\n\n".join(_line(each) for each in page.listed)
    if length(lines) > LIMITS["description"]:  # without excerpts the longest page finds room for certain
        lines = joined(
            [story_line(each.story, level=each.level) for each in page.listed], "\n\n", LIMITS["description"]
        )
    buttons = turning(page.number, page.total, wanted)
    return Message(
        title=title, description=lines, footer=_footer(page, wanted, buttons), colour=ACCENT, buttons=buttons
    )


def turn(page: int, wanted: Wanted) -> str | None:
    """The custom_id that asks for a page, or None where the conditions do not fit into one."""
    name = wanted.organisation or ""
    parts = (wanted.kind, page, wanted.hours or 0, wanted.event or "", wanted.topic or "", name)
    searched = f"|{'n' if wanted.newest else 'b'}|{wanted.query}" if wanted.kind == "search" else ""
    custom_id = ":".join(map(str, parts)) + searched
    fits = page <= LAST_PAGE and "|" not in name and length(custom_id) <= LIMITS["custom_id"]
    return custom_id if fits else None


def turning(page: int, total: int, wanted: Wanted) -> tuple[Button, ...]:
    """The buttons to the pages before and after, where there are such."""
    words = ("Newer", "Older") if wanted.kind == "latest" else ("Back", "More")
    back, on = turn(max(page - 1, 0), wanted), turn(page + 1, wanted)
    before = (Button(words[0], custom_id=back),) if back and page > 0 else ()
    after = (Button(words[1], custom_id=on),) if on and page + 1 < pages_of(total) else ()
    return before + after


def pages_of(total: int) -> int:
    """How many pages `total` stories take; at least one."""
    return max(-(-total // PAGE), 1)


def asked(wanted: Wanted) -> str:
    """The conditions in words, plain text."""
    parts = [f"in the last {span(wanted.hours)}"] if wanted.hours else []
    parts += [f"of the kind {event_name(wanted.event)}"] if wanted.event else []
    parts += [f"on {wanted.topic}"] if wanted.topic else []
    parts += [f"naming {wanted.organisation}"] if wanted.organisation else []
    return cut(" ".join(parts) or UNBOUND, 250)


def span(hours: int) -> str:
    """ "24 h", "7 days"."""
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"


def hours_of(chosen: str | None) -> int | None:
    """A choice of a command in hours: "6h" is 6, "3d" is 72, "12w" is 2016; None has no bound."""
    return None if chosen is None else int(chosen[:-1]) * {"h": 1, "d": 24, "w": 168}[chosen[-1]]


def story_line(story: Story, *, level: Level | None = None) -> str:
    """A story in three lines: what it is, its title with the link, who told it and when."""
    weight = f" · **{level}**" if level in ("high", "critical") else ""
    where = escape(outlets_line(story), 120)
    link = masked_link(story.title, story.link)
    return f"{LOOKS[story.event][0]} **{kind_of(story)}**{weight}\n{link}\n{where} · {relative(story.last_seen)}"


def _line(each: Listed) -> str:
    excerpt = escape(each.excerpt, 240)
    return story_line(each.story, level=each.level) + (f"\n> {excerpt}" if excerpt else "")


def _footer(page: Page, wanted: Wanted, buttons: Sequence[Button]) -> str:
    stories, pages = counted(page.total, "story", "stories"), pages_of(page.total)
    if pages > 1 and not buttons:
        first = "latest" if wanted.kind == "latest" else "first"
        return cut(f"The {first} {len(page.listed)} of {stories}; ask for less to see the others", 300)
    among = "among the newest reports that match · " if page.more else ""
    return cut(f"Page {page.number + 1} of {pages} · {among}{stories} {asked(wanted)}", 300)


def _nothing(wanted: Wanted) -> str:
    """That there is none, and what to do."""
    if wanted.kind != "search" and asked(wanted) == UNBOUND:
        return "No story yet. Stories come once the feeds are polled; `/status` tells when that was."
    if wanted.kind != "search":
        return f"No story {escape(asked(wanted))}. Ask for a longer time or fewer conditions."
    bounds = f" {escape(asked(wanted))}" if asked(wanted) != UNBOUND else ""
    return (
        f"No report{bounds} holds all of “{escape(cleaned(wanted.query), 200)}”. Ask with fewer words, or with others: "
        "Tocsin looks for them as they are written."
    )
