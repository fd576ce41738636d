"""The configuration of events: `events.toml` as EventRules, checked."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from bot.core.event import EventRules, EventType, Stage, Turn
from bot.core.patterns import Mood
from bot.errors import Mistake
from bot.settings.phrases import Expression, Lines, PatternTable, Text, patterns, repeated
from bot.settings.toml import Table


class EventPatternTable(PatternTable):
    """`[[event]]`"""

    value: EventType


class StagePatternTable(PatternTable):
    """`[[stage]]`"""

    value: Stage


class MoodTable(Table):
    """`[[mood]]`: `before` are the expressions, `reach` words at most before the pattern that they turn."""

    id: Text
    before: tuple[Expression, ...]
    reach: int = Field(ge=0, le=12)
    stages: dict[Stage, Stage | Literal[""]] = Field(default_factory=dict)
    events: tuple[EventType, ...] = ()


class ZonesTable(Table):
    """`[zones]`"""

    title: float = Field(gt=0)
    lead: float = Field(gt=0)
    rest: float = Field(gt=0)


class EventsFile(Table):
    """`events.toml`"""

    zones: ZonesTable
    priors: dict[EventType, float] = Field(default_factory=dict)
    usual: dict[EventType, dict[Stage, float]] = Field(default_factory=dict)
    mood: tuple[MoodTable, ...] = ()
    event: tuple[EventPatternTable, ...] = ()
    stage: tuple[StagePatternTable, ...] = ()


def event_rules(file: EventsFile) -> EventRules:
    """How type and stage are read."""
    return EventRules(
        events=patterns(file.event),
        stages=patterns(file.stage),
        zones=dict(file.zones),
        priors={str(kind): weight for kind, weight in file.priors.items()},
        usual={str(kind): {str(stage): weight for stage, weight in own.items()} for kind, own in file.usual.items()},
        turns=tuple(_turn(table) for table in file.mood),
    )


def _turn(table: MoodTable) -> Turn:
    mood = Mood(table.id, table.before, table.reach)
    return Turn(mood, {str(stage): str(turned) for stage, turned in table.stages.items()}, frozenset(table.events))


def event_mistakes(lines: Lines, file: EventsFile) -> Iterable[Mistake]:
    """What is wrong between the file's tables."""
    yield from repeated(lines, "mood", file.mood)
    yield from repeated(lines, "event", file.event)
    yield from repeated(lines, "stage", file.stage)
