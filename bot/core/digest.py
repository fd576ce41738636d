"""Digest: which stories a digest holds, and in what order.

Its stories are those that a subscription has not been told yet, not those of a window of time: a clock that jumps can
make a digest early or late, never lose a story. When it is due is told by hours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.core.event import EventType
from bot.core.hours import DigestPlan
from bot.core.importance import Importance
from bot.core.story import Story


@dataclass(frozen=True, slots=True)
class Ranked:
    """A story as a digest lists it."""

    story: Story
    importance: Importance


@dataclass(frozen=True, slots=True)
class Group:
    """The listed stories of one type of event, the most important first."""

    event: EventType
    stories: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What one digest shows: `groups`, the one with the most important story first. `left_out` are the ids of the
    stories that found no place, the most important first: they are counted, and they have been told as well."""

    period: str
    groups: tuple[Group, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def left_out_count(self) -> int:
        return len(self.left_out)

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of all stories that this digest settles, the listed ones first."""
        listed = (ranked.story.id for group in self.groups for ranked in group.stories)
        return (*listed, *self.left_out)


def compose(weighed: Iterable[tuple[Story, Importance]], plan: DigestPlan, *, period: str) -> Digest:
    """The digest of stories that were not told yet; without any it has no groups, and nothing is to be sent.

    The order in which they are given does not matter: of two that weigh the same, the one with later news comes first,
    then the one with the smaller id. A story that is given twice counts once.
    """
    ranked = sorted((Ranked(story, weight) for story, weight in weighed), key=_rank)
    first: dict[str, Ranked] = {}
    for one in ranked:
        first.setdefault(one.story.id, one)
    distinct = list(first.values())
    listed, rest = distinct[: plan.top], distinct[plan.top :]
    events = dict.fromkeys(one.story.event for one in listed)
    groups = (Group(event, tuple(one for one in listed if one.story.event == event)) for event in events)
    return Digest(period, tuple(groups), tuple(one.story.id for one in rest))


def _rank(ranked: Ranked) -> tuple[float, timedelta, str]:
    age = datetime.max.replace(tzinfo=UTC) - ranked.story.last_seen
    return -ranked.importance.score, age, ranked.story.id
