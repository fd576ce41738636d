"""Story: the reports of one development, and what a reader is shown of it as reports join.

It does not say which story a report joins (see merging); it stores nothing and owes nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
    """One report as a story lists it. `copy` marks a syndicated text, which counts once with its original; `credit` is
    whom the text names as its origin, `published` the publisher's claim."""

    outlet: str
    title: str
    link: str | None
    first_seen: datetime
    feed_kind: str = "press"
    copy: bool = False
    fingerprint: str = ""
    published: datetime | None = None
    credit: str = ""


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
    """Where a report goes: the story as it stands with it, whether it is new, and why.

    `similarity` is the likeness to the best story it was compared with (0 without one), `related` are the stories
    that are alike but were not joined, the likest first. `material` says what changed so much that readers of the story
    should hear of it (a denial, another sum or main party); "" for nothing.
    """

    story: Story
    is_new: bool
    similarity: float
    reasons: tuple[Reason, ...] = ()
    related: tuple[str, ...] = ()
    material: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """How much a word weighs by where it stands; `recap` is for what only recalls earlier events."""

    title: float = 3.0
    lead: float = 2.0
    body: float = 0.75
    recap: float = 0.3


@dataclass(frozen=True, slots=True)
class Weights:
    """What each kind of evidence adds to the likeness of a report and a story.

    `words` and `names` multiply a cosine of 0…1, `covered` the share of the shorter side's words that the other side
    has too, `day` the days since the story's last report; the others count once. Two stages that have nothing in common
    ("in talks", "signed") count `other_stage` on the day of the story's first report, when it is likely that an outlet
    chose its words badly, and `later_stage` from a day after it, when it is likely that things went on; stages nearer
    to each other in proportion. `foreign` is for a report in a language that the story was not yet told in: the two can
    share little.
    """

    words: float = 1.0
    covered: float = 0.13
    names: float = 0.16
    special: float = 0.12
    other_special: float = -0.12
    foreign: float = 0.1
    foreign_words: float = 0.85
    foreign_special: float = 0.38
    same_amount: float = 0.14
    other_amount: float = -0.3
    other_title_amount: float = -0.4
    same_event: float = 0.0
    akin_event: float = -0.05
    other_event: float = -0.1
    other_stage: float = -0.2
    later_stage: float = -0.8
    same_step: float = 0.03
    other_step: float = -0.6
    other_party: float = -0.4
    new_name: float = -0.09
    lost_name: float = -0.05
    day: float = -0.06


@dataclass(frozen=True, slots=True)
class FollowWeights:
    """What makes a later story a step further of an earlier one, on the scale on which the cosine of words counts 1.

    `special` is for names and long numbers in common, `recalled` for words of the earlier story in clauses that recall
    something; `same_event`, `same_amount`, `new_name`, `lost_name`, `other_special` and `other_party` are the evidence
    of the same name in Weights; `likest` is for the story that shares most words of all that were compared, `newer` for
    each case in which a later story is nearly as like, `year` for each year between.
    Above `told_words` a report of the same event at the same stage tells the step again, and follows nothing by it.
    """

    words: float = 1.0
    names: float = 0.24
    special: float = 0.25
    recalled: float = 0.09
    same_event: float = 0.04
    same_amount: float = 0.05
    likest: float = 0.08
    new_name: float = -0.04
    lost_name: float = -0.14
    other_special: float = -0.05
    other_party: float = -0.1
    newer: float = -0.15
    year: float = -0.03
    told_words: float = 0.5


@dataclass(frozen=True, slots=True)
class MergingRules:
    """What merging goes by, as `config/merging.toml` states it.

    A story takes reports until none has come for `idle`; for `follow` after its last report a later step may name it.
    `merge_at`, `related_at` and `follow_at` are likenesses; `copy_at` is a share of common word triples. `common`
    words say little, `ignored` ones nothing; `recap_clauses` and `recap_sentences` introduce what only recalls earlier
    events; `steps` map the name of a step in a longer affair to phrases that tell it; `concepts` map an English word to
    words of other languages that say the same; `part_of` maps an organisation to the one that it is a part of.
    `customers` are the kinds of organisation that are party to so much that sharing one says little; `agencies` are
    wire services, whose texts others copy.
    """

    idle: timedelta = timedelta(hours=120)
    follow: timedelta = timedelta(days=1095)
    merge_at: float = 0.2
    related_at: float = 0.1
    follow_at: float = 0.36
    copy_at: float = 0.8
    weights: Weights = field(default_factory=Weights)
    follow_weights: FollowWeights = field(default_factory=FollowWeights)
    places: Places = field(default_factory=Places)
    common: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    recap_clauses: tuple[str, ...] = ()
    recap_sentences: tuple[str, ...] = ()
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    part_of: Mapping[str, str] = field(default_factory=dict)
    customers: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
