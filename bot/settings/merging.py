"""The configuration of merging: `merging.toml` as MergingRules, checked."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bot.core.story import FollowWeights, MergingRules, Places, Weights
from bot.settings.phrases import Phrase, Text
from bot.settings.toml import Table, read_toml

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(ge=-5, le=5)]
PlaceWeight = Annotated[float, Field(gt=0, le=10)]


class WeightsTable(Table):
    """`[weights]`"""

    words: Weight
    covered: Weight
    names: Weight
    special: Weight
    other_special: Weight
    foreign: Weight
    foreign_words: Weight
    foreign_special: Weight
    same_amount: Weight
    other_amount: Weight
    other_title_amount: Weight
    same_event: Weight
    akin_event: Weight
    other_event: Weight
    other_stage: Weight
    later_stage: Weight
    same_step: Weight
    other_step: Weight
    other_party: Weight
    new_name: Weight
    lost_name: Weight
    day: Weight


class FollowTable(Table):
    """`[follow]`"""

    words: Weight
    names: Weight
    special: Weight
    recalled: Weight
    same_event: Weight
    same_amount: Weight
    likest: Weight
    new_name: Weight
    lost_name: Weight
    other_special: Weight
    other_party: Weight
    newer: Weight
    year: Weight
    told_words: Share


class PlacesTable(Table):
    """`[places]`"""

    title: PlaceWeight
    lead: PlaceWeight
    body: PlaceWeight
    recap: PlaceWeight


class WordsTable(Table):
    """`[words]`"""

    common: str
    ignored: str = ""


class OrganisationsTable(Table):
    """`[organisations]`"""

    customers: tuple[Text, ...] = ()
    agencies: tuple[Text, ...] = ()


class RecapTable(Table):
    """`[recap]`"""

    clauses: tuple[Phrase, ...] = ()
    sentences: tuple[Phrase, ...] = ()


class MergingFile(Table):
    """`merging.toml`"""

    merge_at: Share
    related_at: Share
    follow_at: Share
    copy_at: Share
    idle_hours: Annotated[float, Field(gt=0, le=24 * 60)]
    follow_days: Annotated[float, Field(gt=0, le=3660)]
    weights: WeightsTable
    follow: FollowTable
    places: PlacesTable
    words: WordsTable
    organisations: OrganisationsTable = OrganisationsTable()
    recap: RecapTable = RecapTable()
    steps: dict[Text, tuple[Phrase, ...]] = Field(default_factory=dict)
    concepts: dict[Text, tuple[Phrase, ...]] = Field(default_factory=dict)


def read_merging(path: Path) -> MergingRules:
    """The rules of merging. Raises ConfigurationError with every mistake in the file."""
    table = read_toml(path, MergingFile)
    return MergingRules(
        idle=timedelta(hours=table.idle_hours),
        follow=timedelta(days=table.follow_days),
        merge_at=table.merge_at,
        related_at=table.related_at,
        follow_at=table.follow_at,
        copy_at=table.copy_at,
        weights=Weights(**dict(table.weights)),
        follow_weights=FollowWeights(**dict(table.follow)),
        places=Places(**dict(table.places)),
        common=tuple(table.words.common.split()),
        ignored=tuple(table.words.ignored.split()),
        customers=table.organisations.customers,
        agencies=table.organisations.agencies,
        recap_clauses=table.recap.clauses,
        recap_sentences=table.recap.sentences,
        steps=dict(table.steps),
        concepts=dict(table.concepts),
    )
