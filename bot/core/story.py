"""Story: the reports of one development; which story a report joins, and which earlier one it follows.

It compares reports with open stories; it stores nothing and owes nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.analysis import Analysis
from bot.core.article import Article
from bot.core.event import Amount, EventType, Party, Stage
from bot.core.relevance import Reason


@dataclass(frozen=True, slots=True)
class Report:
    """An article with its analysis: what merging compares."""

    article: Article
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Source:
    """One report as a story lists it. `copy` marks a syndicated text, which counts once with its original."""

    outlet: str
    title: str
    link: str | None
    first_seen: datetime
    feed_kind: str = "press"
    copy: bool = False
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The reports of one development, and what an alert shows of it.

    `revision` grows by one whenever something shown changes. `profile` is what merging compares, JSON-able
    (term weights and counts). `reasons` say why the newest report joined. `topic` and `relevance` come from the
    most relevant report.
    """

    id: str
    title: str
    link: str | None
    topic: str
    relevance: float
    because: tuple[Reason, ...]
    event: EventType
    stage: Stage | None
    first_seen: datetime
    last_seen: datetime
    revision: int = 1
    amounts: tuple[Amount, ...] = ()
    buyer: Party | None = None
    seller: Party | None = None
    organisations: tuple[str, ...] = ()
    key_points: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    follows: str | None = None
    language: str = "en"
    profile: Mapping[str, object] = field(default_factory=dict)

    @property
    def outlets(self) -> tuple[str, ...]:
        """The independent outlets, in the order of their first report; copies are left out."""
        return tuple(dict.fromkeys(source.outlet for source in self.sources if not source.copy))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a report goes: the story as it stands with it, whether it is new, and why."""

    story: Story
    is_new: bool
    similarity: float
    reasons: tuple[Reason, ...] = ()
