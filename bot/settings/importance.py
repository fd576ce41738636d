"""The configuration of importance: `importance.toml` as ImportanceRules, checked."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from bot.core.event import EventType, Stage
from bot.core.importance import ImportanceRules, Rarity, Step
from bot.core.phrases import build
from bot.settings.phrases import Phrase, Text
from bot.settings.toml import Table, read_toml

Finite = Annotated[float, Field(allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=-5, le=5)]
Gain = Annotated[float, Field(ge=0, le=5)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class StepTable(Table):
    """One step: `{ at = …, weight = … }`"""

    at: Annotated[Finite, Field(gt=0)]
    weight: Gain


def _rising(what: str) -> Callable[[tuple[StepTable, ...]], tuple[StepTable, ...]]:
    """A check that more never weighs less."""

    def check(steps: tuple[StepTable, ...]) -> tuple[StepTable, ...]:
        for before, after in pairwise(steps):
            if after.at <= before.at or after.weight < before.weight:
                raise ValueError(
                    f"the step at {after.at:g} must follow a lower one that weighs no more; sort the steps by {what}"
                )
        return steps

    return check


class LevelsTable(Table):
    """`[levels]`"""

    notable: Finite
    high: Finite
    critical: Finite

    @model_validator(mode="after")
    def _in_order(self) -> "LevelsTable":
        if not self.notable < self.high < self.critical:
            raise ValueError("notable, high and critical must rise in this order; correct the scores")
        return self


class AmountTable(Table):
    """`[amount]`"""

    currency: Currency
    deals: tuple[EventType, ...] = ()
    elsewhere: Annotated[float, Field(ge=0, le=1)] = 1.0
    steps: Annotated[tuple[StepTable, ...], AfterValidator(_rising("amount"))]


class RatesTable(Table):
    """`[rates]`"""

    date: date
    source: Text
    worth: dict[Currency, Annotated[Finite, Field(gt=0)]]


class SourcesTable(Table):
    """`[sources]`"""

    outlets: Annotated[tuple[StepTable, ...], AfterValidator(_rising("number of outlets"))]
    official: Gain
    anonymous: Annotated[float, Field(ge=-5, le=0)]
    anonymous_phrases: tuple[Phrase, ...] = ()


class PartiesTable(Table):
    """`[parties]`"""

    frontier: tuple[Text, ...] = ()
    buyer: dict[Text, Weight] = Field(default_factory=dict)
    seller: dict[Text, Weight] = Field(default_factory=dict)
    named: dict[Text, Weight] = Field(default_factory=dict)


class RarityTable(Table):
    """`[rarity]`"""

    usual: Annotated[Finite, Field(gt=0)]
    halving: Gain
    most: Gain


class ImportanceFile(Table):
    """`importance.toml`"""

    follow_up: Gain
    watched: Gain
    levels: LevelsTable
    events: dict[EventType, Weight]
    stages: dict[Stage, Weight]
    amount: AmountTable
    rates: RatesTable
    sources: SourcesTable
    parties: PartiesTable
    rarity: RarityTable


def read_importance(path: Path) -> ImportanceRules:
    """The rules of importance. Raises ConfigurationError with every mistake in the file."""
    table = read_toml(path, ImportanceFile)
    return ImportanceRules(
        levels={"notable": table.levels.notable, "high": table.levels.high, "critical": table.levels.critical},
        events={str(event): weight for event, weight in table.events.items()},
        stages={str(stage): weight for stage, weight in table.stages.items()},
        currency=table.amount.currency,
        rates=dict(table.rates.worth),
        amounts=_steps(table.amount.steps),
        deals=frozenset(table.amount.deals),
        elsewhere=table.amount.elsewhere,
        outlets=_steps(table.sources.outlets),
        official=table.sources.official,
        anonymous=table.sources.anonymous,
        anonymous_phrases=build({phrase: (phrase,) for phrase in table.sources.anonymous_phrases}),
        buyers=dict(table.parties.buyer),
        sellers=dict(table.parties.seller),
        named=dict(table.parties.named),
        frontier=frozenset(table.parties.frontier),
        follow_up=table.follow_up,
        watched=table.watched,
        rarity=Rarity(**dict(table.rarity)),
    )


def _steps(tables: tuple[StepTable, ...]) -> tuple[Step, ...]:
    return tuple(Step(table.at, table.weight) for table in tables)
