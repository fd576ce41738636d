"""The configuration of what was learned about events: `learned.toml` as LearnedRules, checked.

`python -m bot.fit.event` writes that file; nobody needs to edit it. Weights of a pattern that `events.toml` does not
hold are without effect, so that patterns may be taken out there.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bot.core.event import EventType, LearnedRules, Stage
from bot.core.wording import Learned
from bot.settings.phrases import Text
from bot.settings.toml import Table

Weight = Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)]
Sharpness = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]


class SharesTable(Table):
    """`[shares]`"""

    title: float = Field(gt=0, le=1)
    lead: float = Field(gt=0, le=1)
    rest: float = Field(gt=0, le=1)


class TypeTable(Table):
    """`[type]`"""

    sharpness: Sharpness
    start: dict[EventType, Weight] = Field(default_factory=dict)
    weights: dict[Text, dict[EventType, Weight]] = Field(default_factory=dict)


class StageTable(Table):
    """`[stage]`"""

    sharpness: Sharpness
    start: dict[Stage, Weight] = Field(default_factory=dict)
    weights: dict[Text, dict[Stage, Weight]] = Field(default_factory=dict)


class LearnedFile(Table):
    """`learned.toml`"""

    shares: SharesTable
    type: TypeTable
    stage: StageTable


def learned_rules(file: LearnedFile) -> LearnedRules:
    """What was learned, as the reading of events takes it."""
    return LearnedRules(type=_learned(file.type), stage=_learned(file.stage), shares=dict(file.shares))


def _learned(table: TypeTable | StageTable) -> Learned:
    start = {str(answer): weight for answer, weight in table.start.items()}
    weights: Mapping[str, Mapping[str, float]] = {
        cue: {str(answer): weight for answer, weight in own.items()} for cue, own in table.weights.items()
    }
    return Learned(weights, start, table.sharpness)
